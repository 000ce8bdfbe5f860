/** @file Draws a heat map: a slice in colours with its values where there is room, numbers of rows and columns beside it, the marked cells. */
import { contrast, hexOfRgb, type Rgb } from "../../shared/colour";
import type { Theme } from "../../shared/renderer";
import type { ColourScale } from "./colourScale";
import type { Slice } from "./slice";
import { type Cell, paint, type Size, type Viewport } from "./viewport";

export interface HeatMapContent {
  readonly slice: Slice;
  readonly colours: ColourScale;
  /** Text of the element at a place in the slice, for about so many characters. */
  readonly text: (at: number, characters: number) => string;
  /** Names of the axes, shown beside them. */
  readonly axes: { readonly rows: string; readonly columns: string };
}

/** How the content is seen. */
interface Scene {
  readonly view: Viewport;
  /** Of the map, in CSS pixels. */
  readonly room: Size;
  readonly theme: Theme;
  readonly hover: Cell | undefined;
  readonly cursor: Cell | undefined;
}

/** Room for row numbers and column numbers. */
export const LEFT_PX = 46;
export const TOP_PX = 22;
/** Cells at least this large show their value. */
const TEXT_WIDTH_PX = 40;
const TEXT_HEIGHT_PX = 15;
const FONT_PX = 11;

/** Onto an empty canvas whose unit is the CSS pixel. */
export function drawHeatMap(context: CanvasRenderingContext2D, content: HeatMapContent, scene: Scene): void {
  const { view, room, theme, hover, cursor } = scene;
  const { rows, columns } = content.slice;
  context.font = `${FONT_PX}px ${theme.font}`;
  if (rows * columns === 0) {
    context.fillStyle = theme.muted;
    context.fillText("no elements", LEFT_PX, TOP_PX + 16);
    return;
  }
  const shown = { width: Math.min(room.width, view.x + columns * view.cellWidth), height: Math.min(room.height, view.y + rows * view.cellHeight) };
  drawCells(context, content, { view, shown });
  context.strokeStyle = theme.line;
  context.strokeRect(LEFT_PX - 0.5, TOP_PX - 0.5, shown.width + 1, shown.height + 1);
  drawTicks(context, content, { view, shown, theme });
  if (hover !== undefined) drawMark(context, hover, { view, shown, colour: theme.foreground, ground: theme.background });
  if (cursor !== undefined) drawMark(context, cursor, { view, shown, colour: theme.focus, ground: theme.background });
}

/** The part of the map that cells cover. */
interface Shown {
  readonly view: Viewport;
  readonly shown: Size;
}

function drawCells(context: CanvasRenderingContext2D, { slice, colours, text }: HeatMapContent, { view, shown: { width, height } }: Shown): void {
  const ratio = context.getTransform().a;
  const pixels = { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) };
  const image = context.createImageData(pixels.width, pixels.height);
  paint(slice, { view, ratio, table: colours.table, out: image.data, ...pixels });
  context.putImageData(image, Math.round(LEFT_PX * ratio), Math.round(TOP_PX * ratio));
  if (view.cellWidth < TEXT_WIDTH_PX || view.cellHeight < TEXT_HEIGHT_PX) return;
  context.save();
  context.beginPath();
  context.rect(LEFT_PX, TOP_PX, width, height);
  context.clip();
  context.textAlign = "center";
  context.textBaseline = "middle";
  const characters = Math.floor((view.cellWidth - 4) / context.measureText("0").width);
  for (let row = Math.max(0, Math.floor(-view.y / view.cellHeight)); row < slice.rows && view.y + row * view.cellHeight < height; row++)
    for (let column = Math.max(0, Math.floor(-view.x / view.cellWidth)); column < slice.columns && view.x + column * view.cellWidth < width; column++) {
      const at = row * slice.columns + column;
      const byte = slice.bytes[at];
      context.fillStyle = inkOn([colours.table[byte * 4], colours.table[byte * 4 + 1], colours.table[byte * 4 + 2]]);
      context.fillText(text(at, characters), LEFT_PX + view.x + (column + 0.5) * view.cellWidth, TOP_PX + view.y + (row + 0.5) * view.cellHeight, view.cellWidth - 4);
    }
  context.restore();
}

function drawTicks(context: CanvasRenderingContext2D, { slice, axes }: HeatMapContent, { view, shown, theme }: Shown & { readonly theme: Theme }): void {
  context.fillStyle = theme.muted;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const row of ticks({ count: slice.rows, from: view.y, size: view.cellHeight, room: shown.height, gap: 18 })) context.fillText(String(row), LEFT_PX - 5, TOP_PX + view.y + (row + 0.5) * view.cellHeight);
  context.textAlign = "center";
  for (const column of ticks({ count: slice.columns, from: view.x, size: view.cellWidth, room: shown.width, gap: 34 })) context.fillText(String(column), LEFT_PX + view.x + (column + 0.5) * view.cellWidth, TOP_PX - 10);
  context.textAlign = "left";
  context.fillText([axes.rows === "" ? "" : `${axes.rows}↓`, axes.columns === "" ? "" : `${axes.columns}→`].join(" ").trim(), 0, TOP_PX - 10, LEFT_PX - 4);
}

function drawMark(context: CanvasRenderingContext2D, { row, column }: Cell, { view, shown, colour, ground }: Shown & { readonly colour: string; readonly ground: string }): void {
  const [x, y] = [view.x + column * view.cellWidth, view.y + row * view.cellHeight];
  if (x + view.cellWidth <= 0 || y + view.cellHeight <= 0 || x >= shown.width || y >= shown.height) return;
  // Cells smaller than the mark get one around them.
  const [w, h] = [Math.max(5, view.cellWidth), Math.max(5, view.cellHeight)];
  const box = [LEFT_PX + x + (view.cellWidth - w) / 2, TOP_PX + y + (view.cellHeight - h) / 2, w, h] as const;
  context.lineWidth = 3.5;
  context.strokeStyle = ground;
  context.strokeRect(...box);
  context.lineWidth = 2;
  context.strokeStyle = colour;
  context.strokeRect(...box);
  context.lineWidth = 1;
}

const inkOn = (ground: Rgb): string => (contrast(ground, [0, 0, 0]) > contrast(ground, [255, 255, 255]) ? hexOfRgb([0, 0, 0]) : hexOfRgb([255, 255, 255]));

/** Numbers of cells that are labelled: 1, 2 or 5 times a power of ten apart, at least `gap` pixels. */
function ticks({ count, from, size, room, gap }: { readonly count: number; readonly from: number; readonly size: number; readonly room: number; readonly gap: number }): number[] {
  const least = gap / size;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const step = [1, 2, 5, 10].map((part) => part * power).find((each) => each >= least) ?? 1;
  const out: number[] = [];
  const first = Math.max(0, Math.ceil((-from / size - 0.5) / step)) * step;
  for (let index = first; index < count && from + (index + 0.5) * size <= room; index += step) out.push(index);
  return out;
}
