/** @file Where the parts of one head's map lie: axes with tokens, the map, bars of sums; and which cell is under a pixel. */
import type { Window } from "./window";

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface MapLayout {
  readonly plot: Rect;
  /** Pixels of one cell. */
  readonly cell: { readonly width: number; readonly height: number };
  /** Length of the bars right of the map and below it. */
  readonly bars: number;
  /** Width of the longest label. */
  readonly label: number;
}

export const AXIS_FONT_PX = 11;
const BARS_PX = 26;
const BAR_GAP_PX = 4;
/** Labels above the map up to this wide (two characters) are not turned. */
const UPRIGHT_PX = 16;
export const standUpright = (label: number): boolean => label <= UPRIGHT_PX;
/** Room for axis titles. */
const TITLE_PX = 15;

/** The layout of a map in a box. `label` is the width of the longest label that is drawn; above the map they stand upright where that is short. Maps of equal sides are square. */
export function mapLayout({
  width,
  height,
  label,
  window,
}: {
  readonly width: number;
  readonly height: number;
  readonly label: number;
  readonly window: Window;
}): MapLayout {
  const left = TITLE_PX + label + 5;
  const top = TITLE_PX + (standUpright(label) ? AXIS_FONT_PX + 2 : label) + 5;
  const room = { width: Math.max(20, width - left - BARS_PX - BAR_GAP_PX - 2), height: Math.max(20, height - top - BARS_PX - BAR_GAP_PX - 2) };
  const side = Math.min(room.width, room.height);
  const plot =
    Math.abs(Math.log(window.rows / window.columns)) < 0.7 ? { width: side, height: side * Math.min(1, window.rows / window.columns) } : room;
  return { plot: { x: left, y: top, ...plot }, cell: { width: plot.width / window.columns, height: plot.height / window.rows }, bars: BARS_PX, label };
}

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** The cell under a pixel of the map, or of an axis beside it (then only its row or column); undefined elsewhere. */
export function cellAt(
  { plot, cell }: MapLayout,
  window: Window,
  { x, y }: { readonly x: number; readonly y: number },
): { readonly row?: number; readonly column?: number } | undefined {
  const across = x >= plot.x && x < plot.x + plot.width;
  const down = y >= plot.y && y < plot.y + plot.height;
  const column = across ? Math.floor(window.column + (x - plot.x) / cell.width) : undefined;
  const row = down ? Math.floor(window.row + (y - plot.y) / cell.height) : undefined;
  return row === undefined && column === undefined ? undefined : { row, column };
}

/** Pixels of a cell's upper left corner. */
export const cornerOf = ({ plot, cell }: MapLayout, window: Window, { row, column }: Cell): { readonly x: number; readonly y: number } => ({
  x: plot.x + (column - window.column) * cell.width,
  y: plot.y + (row - window.row) * cell.height,
});
