/** @file Which part of a map is seen: zoom and pan, and which cell is under a pixel. */

/** A part of the map, in cells. */
export interface Window {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

export const wholeOf = ({ rows, columns }: Size): Window => ({ row: 0, column: 0, rows, columns });

/** Fewest cells shown along an axis. */
const LEAST_CELLS = 6;

/** The window made smaller (factor > 1) or larger around a point given as shares 0…1 of the window; it stays inside of the map. */
export function zoom(window: Window, size: Size, { factor, x, y }: { readonly factor: number; readonly x: number; readonly y: number }): Window {
  const fit = (length: number, whole: number): number => Math.min(whole, Math.max(Math.min(whole, LEAST_CELLS), length / factor));
  const [rows, columns] = [fit(window.rows, size.rows), fit(window.columns, size.columns)];
  return inside({ row: window.row + y * (window.rows - rows), column: window.column + x * (window.columns - columns), rows, columns }, size);
}

/** The window moved by cells. */
export const pan = (window: Window, size: Size, by: { readonly rows: number; readonly columns: number }): Window =>
  inside({ ...window, row: window.row + by.rows, column: window.column + by.columns }, size);

/** The window moved as little as possible so that the cell is seen. */
export function reveal(window: Window, size: Size, { row, column }: { readonly row: number; readonly column: number }): Window {
  const shift = (start: number, length: number, at: number): number =>
    at < start ? at - start : at + 1 > start + length ? at + 1 - start - length : 0;
  return pan(window, size, { rows: shift(window.row, window.rows, row), columns: shift(window.column, window.columns, column) });
}

function inside(window: Window, size: Size): Window {
  const keep = (start: number, length: number, whole: number): number => Math.max(0, Math.min(whole - length, start));
  return { ...window, row: keep(window.row, window.rows, size.rows), column: keep(window.column, window.columns, size.columns) };
}

export const isWhole = (window: Window, size: Size): boolean => window.rows >= size.rows && window.columns >= size.columns;

/** A window that was stored, if it fits this map; else the whole. */
export function storedWindow(stored: unknown, size: Size): Window {
  if (typeof stored !== "object" || stored === null) return wholeOf(size);
  // SAFETY: each field is checked below.
  const { row, column, rows, columns } = stored as Partial<Record<keyof Window, unknown>>;
  const numbers = [row, column, rows, columns];
  if (!numbers.every((value): value is number => typeof value === "number" && Number.isFinite(value))) return wholeOf(size);
  const [r, c, h, w] = numbers;
  return zoom({ row: r, column: c, rows: Math.max(1, h), columns: Math.max(1, w) }, size, { factor: 1, x: 0, y: 0 });
}

/** Every how many cells a label fits when a cell is `pixels` wide and a label needs `room`. */
export function labelEvery(pixels: number, room: number): number {
  const least = room / Math.max(1e-6, pixels);
  return [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000].find((every) => every >= least) ?? 5000;
}
