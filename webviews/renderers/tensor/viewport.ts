/** @file Which part of a slice is seen, how large, and how it is averaged where many cells share a pixel. Pure. */
import type { Slice } from "./slice";

/** Where the first cell begins and how large cells are, in CSS pixels of the map. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
}
export interface Size {
  readonly width: number;
  readonly height: number;
}
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Cells are square until the slice is this many times longer one way: then they are stretched to be seen. */
const MAX_STRETCH = 12;
/** A vector of thousands is a band that can be seen. */
const THIN_PX = 120;
const MAX_FIT_CELL_PX = 48;
export const MAX_CELL_PX = 96;

/** All of the slice, as large as it gets, from the upper left. */
export function fit({ rows, columns }: Pick<Slice, "rows" | "columns">, { width, height }: Size): Viewport {
  const [w, h] = [width / Math.max(1, columns), height / Math.max(1, rows)];
  const side = Math.min(w, h, MAX_FIT_CELL_PX);
  const stretched = (room: number, count: number): number => Math.min(room, MAX_FIT_CELL_PX, Math.max(side * MAX_STRETCH, THIN_PX / Math.max(1, count)));
  return { x: 0, y: 0, cellWidth: stretched(w, columns), cellHeight: stretched(h, rows) };
}

/** Zoomed by `factor` around a point; never smaller than fitted. */
export function zoomed(view: Viewport, { factor, at, fitted }: { readonly factor: number; readonly at: { readonly x: number; readonly y: number }; readonly fitted: Viewport }): Viewport {
  const cellWidth = Math.min(Math.max(MAX_CELL_PX, fitted.cellWidth), Math.max(fitted.cellWidth, view.cellWidth * factor));
  const cellHeight = Math.min(Math.max(MAX_CELL_PX, fitted.cellHeight), Math.max(fitted.cellHeight, view.cellHeight * factor));
  return {
    x: at.x - ((at.x - view.x) * cellWidth) / view.cellWidth,
    y: at.y - ((at.y - view.y) * cellHeight) / view.cellHeight,
    cellWidth,
    cellHeight,
  };
}

/** Moved back so that no side is left empty. */
export function clamped(view: Viewport, { rows, columns }: Pick<Slice, "rows" | "columns">, { width, height }: Size): Viewport {
  const keep = (at: number, whole: number, room: number): number => (whole <= room ? 0 : Math.min(0, Math.max(room - whole, at)));
  return { ...view, x: keep(view.x, view.cellWidth * columns, width), y: keep(view.y, view.cellHeight * rows, height) };
}

/** Moved so that the cell is seen. */
export function revealing(view: Viewport, { row, column }: Cell, { width, height }: Size): Viewport {
  const move = (at: number, from: number, size: number, room: number): number => (from < 0 ? at - from : from + size > room ? at - (from + size - room) : at);
  return { ...view, x: move(view.x, view.x + column * view.cellWidth, view.cellWidth, width), y: move(view.y, view.y + row * view.cellHeight, view.cellHeight, height) };
}

export function cellAt(view: Viewport, { rows, columns }: Pick<Slice, "rows" | "columns">, at: { readonly x: number; readonly y: number }): Cell | undefined {
  const row = Math.floor((at.y - view.y) / view.cellHeight);
  const column = Math.floor((at.x - view.x) / view.cellWidth);
  return row >= 0 && column >= 0 && row < rows && column < columns ? { row, column } : undefined;
}

/** Cells that one pixel shows: [first, end). */
function spans(count: number, { from, size, pixels }: { readonly from: number; readonly size: number; readonly pixels: number }): Int32Array {
  const out = new Int32Array(pixels * 2);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const first = Math.floor((pixel - from) / size);
    const end = Math.max(first + 1, Math.floor((pixel + 1 - from) / size));
    out[pixel * 2] = Math.min(count, Math.max(0, first));
    out[pixel * 2 + 1] = Math.min(count, Math.max(0, end));
  }
  return out;
}

/** Paints what is seen into `out` (RGBA, `width` × `height` device pixels). Cells that share a pixel are averaged; one that is not finite shows through. */
export function paint(slice: Slice, { view, ratio, table, out, width, height }: Size & { readonly view: Viewport; readonly ratio: number; readonly table: Uint8ClampedArray; readonly out: Uint8ClampedArray }): void {
  const across = spans(slice.columns, { from: view.x * ratio, size: view.cellWidth * ratio, pixels: width });
  const down = spans(slice.rows, { from: view.y * ratio, size: view.cellHeight * ratio, pixels: height });
  out.fill(0);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = [down[y * 2], down[y * 2 + 1]];
    if (top >= bottom) continue;
    // Rows of large cells repeat.
    if (y > 0 && down[y * 2 - 2] === top && down[y * 2 - 1] === bottom) {
      out.copyWithin(y * width * 4, (y - 1) * width * 4, y * width * 4);
      continue;
    }
    for (let x = 0; x < width; x++) {
      const [left, right] = [across[x * 2], across[x * 2 + 1]];
      if (left >= right) continue;
      const byte = meanOf(slice, { left, right, top, bottom });
      const at = (y * width + x) * 4;
      for (let channel = 0; channel < 4; channel++) out[at + channel] = table[byte * 4 + channel];
    }
  }
}

function meanOf({ bytes, columns }: Slice, { left, right, top, bottom }: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }): number {
  if (right - left === 1 && bottom - top === 1) return bytes[top * columns + left];
  let sum = 0;
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      const byte = bytes[row * columns + column];
      if (byte === 255) return 255;
      sum += byte;
    }
  return Math.round(sum / ((right - left) * (bottom - top)));
}
