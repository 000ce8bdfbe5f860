/** @file The heat map: a cursor that pointer and keys move, zoom and pan. ./drawHeatMap draws it. */
import { sharpContext } from "../../shared/canvas";
import { html } from "../../shared/dom";
import type { Theme } from "../../shared/renderer";
import { drawHeatMap, type HeatMapContent, LEFT_PX, TOP_PX } from "./drawHeatMap";
import { type Cell, cellAt, clamped, fit, paint, revealing, type Size, type Viewport, zoomed } from "./viewport";

export interface HeatMapOptions {
  readonly size: () => Size;
  readonly theme: () => Theme;
  /** A cell was pointed at or moved to; undefined when the pointer left. `moved` by keys or a click. */
  readonly onCell: (cell: Cell | undefined, moved: boolean) => void;
  readonly signal: AbortSignal;
}

const ZOOM_STEP = 1.4;

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
    const context = sharpContext(this.canvas, this.options.size());
    const { content, view, room, hover, cursor } = this;
    if (context !== undefined && content !== undefined) drawHeatMap(context, content, { view, room, hover, cursor, theme: this.options.theme() });
  }
}
