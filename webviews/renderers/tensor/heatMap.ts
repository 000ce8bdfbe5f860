/** @file The heat map: a slice in colours with its values where there is room, a cursor that pointer and keys move, zoom and pan. */
import { contrast, hexOfRgb, type Rgb } from "../../shared/colour";
import { sharpContext } from "../../shared/canvas";
import { html } from "../../shared/dom";
import type { Theme } from "../../shared/renderer";
import type { ColourScale } from "./colourScale";
import type { Slice } from "./slice";
import { type Cell, cellAt, clamped, fit, paint, revealing, type Size, type Viewport, zoomed } from "./viewport";

export interface HeatMapContent {
  readonly slice: Slice;
  readonly colours: ColourScale;
  /** Value of a byte as text. */
  readonly text: (byte: number) => string;
  /** Names of the axes, shown beside them. */
  readonly axes: { readonly rows: string; readonly columns: string };
}

export interface HeatMapOptions {
  readonly size: () => Size;
  readonly theme: () => Theme;
  /** A cell was pointed at or moved to; undefined when the pointer left. `moved` by keys or a click. */
  readonly onCell: (cell: Cell | undefined, moved: boolean) => void;
  readonly signal: AbortSignal;
}

/** Room for row numbers and column numbers. */
const LEFT_PX = 46;
const TOP_PX = 22;
/** Cells at least this large show their value. */
const TEXT_WIDTH_PX = 40;
const TEXT_HEIGHT_PX = 15;
const ZOOM_STEP = 1.4;
const FONT_PX = 11;

export class HeatMap {
  readonly canvas = html("canvas", { class: "iso-tensor-map", tabindex: 0, role: "application", "aria-roledescription": "heat map" });
  private content: HeatMapContent | undefined;
  private view: Viewport = { x: 0, y: 0, cellWidth: 1, cellHeight: 1 };
  /** Not zoomed: another size of the place fits all of it anew. */
  private whole = true;
  private cursor: Cell | undefined;
  private hover: Cell | undefined;
  private frame = 0;

  constructor(private readonly options: HeatMapOptions) {
    options.signal.addEventListener("abort", () => cancelAnimationFrame(this.frame));
    this.listen();
  }

  /** `keep` leaves zoom and cursor as they are: another place along the other axes, other colours. */
  show(content: HeatMapContent, { keep }: { readonly keep: boolean }): void {
    this.content = content;
    const { rows, columns } = content.slice;
    if (!keep || (this.cursor !== undefined && (this.cursor.row >= rows || this.cursor.column >= columns))) this.cursor = undefined;
    this.hover = undefined;
    this.canvas.setAttribute("aria-label", `Heat map of ${rows} rows and ${columns} columns. Arrow keys move the cursor, plus and minus zoom, 0 shows all.`);
    this.whole ||= !keep;
    this.view = this.whole ? this.fitted : clamped(this.view, content.slice, this.room);
    this.draw();
  }

  get selected(): Cell | undefined {
    return this.cursor;
  }

  resize(): void {
    if (this.content === undefined) return;
    this.view = this.whole ? this.fitted : clamped(this.view, this.content.slice, this.room);
    this.drawSoon();
  }

  zoom(direction: 1 | -1 | 0): void {
    if (this.content === undefined) return;
    const { width, height } = this.room;
    const { cursor, view } = this;
    const at = cursor === undefined ? { x: width / 2, y: height / 2 } : { x: view.x + (cursor.column + 0.5) * view.cellWidth, y: view.y + (cursor.row + 0.5) * view.cellHeight };
    this.zoomBy(direction === 0 ? 0 : ZOOM_STEP ** direction, at);
  }

  /** The map alone, as PNG-ready canvas, cells at least `cellPx` large. */
  picture(cellPx = 4): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    if (this.content === undefined) return canvas;
    const { slice, colours } = this.content;
    const scale = Math.max(1, Math.min(32, Math.floor(Math.min(cellPx * 8, 640 / Math.max(slice.rows, slice.columns))) || 1));
    const width = Math.min(4096, Math.max(1, slice.columns * scale));
    const height = Math.min(4096, Math.max(1, slice.rows * scale));
    const view = { x: 0, y: 0, cellWidth: width / Math.max(1, slice.columns), cellHeight: height / Math.max(1, slice.rows) };
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const image = context?.createImageData(width, height);
    if (context === null || image === undefined) return canvas;
    paint(slice, { view, ratio: 1, table: colours.table, out: image.data, width, height });
    context.putImageData(image, 0, 0);
    return canvas;
  }

  drawSoon(): void {
    if (this.frame !== 0 || this.options.signal.aborted) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  private get room(): Size {
    const { width, height } = this.options.size();
    return { width: Math.max(20, width - LEFT_PX), height: Math.max(20, height - TOP_PX) };
  }

  private get fitted(): Viewport {
    return this.content === undefined ? this.view : fit(this.content.slice, this.room);
  }

  private zoomBy(factor: number, at: { readonly x: number; readonly y: number }): void {
    if (this.content === undefined) return;
    const { fitted } = this;
    this.view = factor === 0 ? fitted : clamped(zoomed(this.view, { factor, at, fitted }), this.content.slice, this.room);
    this.whole = this.view.cellWidth <= fitted.cellWidth * 1.01 && this.view.cellHeight <= fitted.cellHeight * 1.01;
    this.drawSoon();
  }

  private move(cell: Cell): void {
    if (this.content === undefined) return;
    const { rows, columns } = this.content.slice;
    if (rows * columns === 0) return;
    this.cursor = { row: Math.min(rows - 1, Math.max(0, cell.row)), column: Math.min(columns - 1, Math.max(0, cell.column)) };
    this.view = clamped(revealing(this.view, this.cursor, this.room), this.content.slice, this.room);
    this.options.onCell(this.cursor, true);
    this.drawSoon();
  }

  private listen(): void {
    const { canvas } = this;
    const { signal } = this.options;
    const on = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void): void => canvas.addEventListener(type, act, { signal });
    const point = (event: MouseEvent): { readonly x: number; readonly y: number } => {
      const box = canvas.getBoundingClientRect();
      return { x: event.clientX - box.left - LEFT_PX, y: event.clientY - box.top - TOP_PX };
    };
    let drag: { readonly x: number; readonly y: number; readonly view: Viewport; moved: boolean } | undefined;
    on("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      drag = { ...point(event), view: this.view, moved: false };
    });
    on("pointermove", (event) => {
      const at = point(event);
      if (this.content === undefined) return;
      if (drag !== undefined && (drag.moved || Math.hypot(at.x - drag.x, at.y - drag.y) > 3)) {
        drag.moved = true;
        this.view = clamped({ ...drag.view, x: drag.view.x + at.x - drag.x, y: drag.view.y + at.y - drag.y }, this.content.slice, this.room);
        this.drawSoon();
        return;
      }
      const cell = at.x < 0 || at.y < 0 ? undefined : cellAt(this.view, this.content.slice, at);
      if (cell?.row === this.hover?.row && cell?.column === this.hover?.column) return;
      this.hover = cell;
      this.options.onCell(cell ?? this.cursor, false);
      this.drawSoon();
    });
    on("pointerup", (event) => {
      const cell = drag?.moved === false && this.content !== undefined ? cellAt(this.view, this.content.slice, point(event)) : undefined;
      drag = undefined;
      if (cell !== undefined) this.move(cell);
    });
    on("pointercancel", () => (drag = undefined));
    on("pointerleave", () => {
      this.hover = undefined;
      this.options.onCell(this.cursor, false);
      this.drawSoon();
    });
    on("dblclick", (event) => this.zoomBy(ZOOM_STEP ** 2, point(event)));
    // The wheel alone scrolls the notebook.
    on("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY / 250), point(event));
    });
    on("keydown", (event) => this.key(event));
    on("focus", () => {
      if (this.cursor === undefined && canvas.matches(":focus-visible")) this.move({ row: 0, column: 0 });
    });
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.content === undefined) return;
    const { row, column } = this.cursor ?? { row: 0, column: 0 };
    const { columns } = this.content.slice;
    const by = event.shiftKey ? 10 : 1;
    const steps: Readonly<Record<string, Cell>> = {
      ArrowUp: { row: row - by, column },
      ArrowDown: { row: row + by, column },
      ArrowLeft: { row, column: column - by },
      ArrowRight: { row, column: column + by },
      Home: { row, column: 0 },
      End: { row, column: columns - 1 },
    };
    const zooms: Readonly<Record<string, 1 | -1 | 0>> = { "+": 1, "=": 1, "-": -1, "0": 0 };
    if (Object.hasOwn(steps, event.key)) this.move(steps[event.key]);
    else if (Object.hasOwn(zooms, event.key)) this.zoom(zooms[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private draw(): void {
    const { content, canvas, view } = this;
    const { width, height } = this.options.size();
    const theme = this.options.theme();
    const context = sharpContext(canvas, { width, height });
    if (context === undefined || content === undefined) return;
    context.clearRect(0, 0, width, height);
    context.font = `${FONT_PX}px ${theme.font}`;
    const { rows, columns } = content.slice;
    const shownWidth = Math.min(this.room.width, view.x + columns * view.cellWidth);
    const shownHeight = Math.min(this.room.height, view.y + rows * view.cellHeight);
    if (rows * columns === 0) {
      context.fillStyle = theme.muted;
      context.fillText("no elements", LEFT_PX, TOP_PX + 16);
      return;
    }
    this.drawCells(context, content, { width: shownWidth, height: shownHeight });
    context.strokeStyle = theme.line;
    context.strokeRect(LEFT_PX - 0.5, TOP_PX - 0.5, shownWidth + 1, shownHeight + 1);
    this.drawTicks(context, content, { theme, width: shownWidth, height: shownHeight });
    for (const [cell, colour] of [[this.hover, theme.foreground], [this.cursor, theme.focus]] as const) if (cell !== undefined) this.drawMark(context, cell, { colour, ground: theme.background, width: shownWidth, height: shownHeight });
  }

  private drawCells(context: CanvasRenderingContext2D, { slice, colours, text }: HeatMapContent, { width, height }: Size): void {
    const { view } = this;
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
    for (let row = Math.max(0, Math.floor(-view.y / view.cellHeight)); row < slice.rows && view.y + row * view.cellHeight < height; row++)
      for (let column = Math.max(0, Math.floor(-view.x / view.cellWidth)); column < slice.columns && view.x + column * view.cellWidth < width; column++) {
        const byte = slice.bytes[row * slice.columns + column];
        context.fillStyle = inkOn([colours.table[byte * 4], colours.table[byte * 4 + 1], colours.table[byte * 4 + 2]]);
        context.fillText(byte === 255 ? "NaN/∞" : text(byte), LEFT_PX + view.x + (column + 0.5) * view.cellWidth, TOP_PX + view.y + (row + 0.5) * view.cellHeight, view.cellWidth - 4);
      }
    context.restore();
  }

  private drawTicks(context: CanvasRenderingContext2D, { slice, axes }: HeatMapContent, { theme, width, height }: Size & { readonly theme: Theme }): void {
    const { view } = this;
    context.fillStyle = theme.muted;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const row of ticks({ count: slice.rows, from: view.y, size: view.cellHeight, room: height, gap: 18 })) context.fillText(String(row), LEFT_PX - 5, TOP_PX + view.y + (row + 0.5) * view.cellHeight);
    context.textAlign = "center";
    for (const column of ticks({ count: slice.columns, from: view.x, size: view.cellWidth, room: width, gap: 34 })) context.fillText(String(column), LEFT_PX + view.x + (column + 0.5) * view.cellWidth, TOP_PX - 10);
    context.textAlign = "left";
    context.fillText([axes.rows === "" ? "" : `${axes.rows}↓`, axes.columns === "" ? "" : `${axes.columns}→`].join(" ").trim(), 0, TOP_PX - 10, LEFT_PX - 4);
  }

  private drawMark(context: CanvasRenderingContext2D, { row, column }: Cell, { colour, ground, width, height }: Size & { readonly colour: string; readonly ground: string }): void {
    const { view } = this;
    const [x, y] = [view.x + column * view.cellWidth, view.y + row * view.cellHeight];
    if (x + view.cellWidth <= 0 || y + view.cellHeight <= 0 || x >= width || y >= height) return;
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
