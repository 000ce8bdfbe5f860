/** @file The map of one head: tokens on both axes, sums beside it, zoom, and the cell in question. */
import { sharpContext } from "../../shared/canvas";
import { html, uniqueId } from "../../shared/dom";
import { type Theme } from "../../shared/renderer";
import { paint, type sums, type Weights } from "./grids";
import { columnOfRow, type AttentionModel } from "./model";
import { AXIS_FONT_PX, cellAt, cornerOf, mapLayout, type MapLayout } from "./mapLayout";
import { isWhole, labelEvery, pan, type Window, zoom } from "./window";

export interface Focus {
  readonly row: number | undefined;
  readonly column: number | undefined;
}
export interface MapState {
  readonly model: AttentionModel;
  readonly theme: Theme;
  /** What is drawn: weights, or a difference. */
  readonly weights: Weights | undefined;
  readonly sums: ReturnType<typeof sums> | undefined;
  readonly colours: Uint32Array;
  readonly low: number;
  readonly high: number;
  readonly window: Window;
  readonly focus: Focus;
  readonly locked: Focus;
  /** Said of the cell in question. */
  readonly spoken: string;
}
export interface MapActions {
  readonly hover: (focus: Focus) => void;
  readonly press: (focus: Focus) => void;
  readonly key: (event: KeyboardEvent) => void;
  readonly look: (window: Window) => void;
}
export interface HeadMap {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  draw(state: MapState, size: { readonly width: number; readonly height: number }): void;
  focus(): void;
}

const DRAG_PX = 4;
const WHEEL_ZOOM = 1.0015;

export function headMap({ hover, press, key, look }: MapActions, signal: AbortSignal): HeadMap {
  const canvas = html("canvas", { "aria-hidden": "true" });
  const cellId = uniqueId("attention-cell");
  const cell = html("div", { role: "gridcell", id: cellId, class: "iso-hidden" });
  const row = html("div", { role: "row" }, cell);
  const grid = html("div", { role: "grid", tabindex: 0, class: "attention-map", "aria-label": "Map: rows are queries, columns the keys they attend to", "aria-activedescendant": cellId }, canvas, row);
  let state: MapState | undefined;
  let layout: MapLayout | undefined;
  let image: { readonly of: Weights | undefined; readonly colours: Uint32Array; readonly canvas: OffscreenCanvas } | undefined;
  let drag: { readonly x: number; readonly y: number; readonly window: Window; moved: boolean } | undefined;

  const at = (event: MouseEvent): Focus => {
    if (state === undefined || layout === undefined) return { row: undefined, column: undefined };
    const box = canvas.getBoundingClientRect();
    const found = cellAt(layout, state.window, { x: event.clientX - box.left, y: event.clientY - box.top });
    return { row: found?.row, column: found?.column };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (state === undefined || event.button !== 0) return;
    drag = { x: event.clientX, y: event.clientY, window: state.window, moved: false };
    canvas.setPointerCapture(event.pointerId);
  }, { signal });
  canvas.addEventListener("pointermove", (event) => {
    if (drag === undefined || state === undefined || layout === undefined || isWhole(drag.window, state.model)) return hover(at(event));
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    drag.moved ||= Math.hypot(x, y) > DRAG_PX;
    if (drag.moved) look(pan(drag.window, state.model, { rows: -y / layout.cell.height, columns: -x / layout.cell.width }));
  }, { signal });
  canvas.addEventListener("pointerup", (event) => {
    const moved = drag?.moved ?? true;
    drag = undefined;
    if (moved) return;
    grid.focus({ preventScroll: true });
    press(at(event));
  }, { signal });
  canvas.addEventListener("pointercancel", () => (drag = undefined), { signal });
  canvas.addEventListener("pointerleave", () => (drag === undefined ? hover({ row: undefined, column: undefined }) : undefined), { signal });
  canvas.addEventListener("wheel", (event) => {
    // Without the key the page scrolls: a view must not catch the wheel of one who is only passing by.
    if (state === undefined || layout === undefined || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    const share = (value: number): number => Math.min(1, Math.max(0, value));
    const { plot } = layout;
    look(zoom(state.window, state.model, { factor: WHEEL_ZOOM ** -event.deltaY, x: share((event.clientX - box.left - plot.x) / plot.width), y: share((event.clientY - box.top - plot.y) / plot.height) }));
  }, { signal, passive: false });
  grid.addEventListener("keydown", key, { signal });

  return {
    element: grid,
    canvas,
    focus: () => grid.focus({ preventScroll: true }),
    draw(next, size) {
      state = next;
      const { model, weights, colours, window, focus } = next;
      if (image === undefined || image.of !== weights || image.colours !== colours) {
        image = { of: weights, colours, canvas: new OffscreenCanvas(Math.max(1, model.columns), Math.max(1, model.rows)) };
        if (weights !== undefined) image.canvas.getContext("2d")?.putImageData(new ImageData(paint(weights, next), weights.columns, weights.rows), 0, 0);
      }
      grid.setAttribute("aria-rowcount", String(model.rows));
      grid.setAttribute("aria-colcount", String(model.columns));
      row.setAttribute("aria-rowindex", String((focus.row ?? 0) + 1));
      cell.setAttribute("aria-colindex", String((focus.column ?? 0) + 1));
      if (cell.textContent !== next.spoken) cell.textContent = next.spoken;
      const context = sharpContext(canvas, size);
      if (context === undefined) return;
      const fits = size.width / 1.5 / window.columns >= 8;
      const widest = measure(context, next);
      layout = mapLayout({ ...size, label: Math.min(fits ? 76 : 40, widest), window });
      paintMap(context, { state: next, layout, image: image.canvas });
    },
  };
}

const axisFont = (theme: Theme, bold = false): string => `${bold ? "600 " : ""}${AXIS_FONT_PX}px ${theme.monospace}`;

function measure(context: CanvasRenderingContext2D, { model, theme, window }: MapState): number {
  context.font = axisFont(theme);
  const seen = model.labels.slice(Math.floor(window.column), Math.ceil(window.column + window.columns));
  return Math.ceil(seen.reduce((most, label) => (label.length <= most.length ? most : label), "").length * context.measureText("0").width) + 2;
}

interface Painting {
  readonly state: MapState;
  readonly layout: MapLayout;
  readonly image: OffscreenCanvas;
}

function paintMap(context: CanvasRenderingContext2D, { state, layout, image }: Painting): void {
  const { theme, window, weights } = state;
  const { plot, cell } = layout;
  context.fillStyle = theme.muted;
  context.globalAlpha = 0.12;
  context.fillRect(plot.x, plot.y, plot.width, plot.height);
  context.globalAlpha = 1;
  // A line of one cell vanishes when whole pixels are picked from a map larger than the screen: there neighbours are mixed.
  context.imageSmoothingEnabled = cell.width * globalThis.devicePixelRatio < 1;
  context.drawImage(image, window.column, window.row, window.columns, window.rows, plot.x, plot.y, plot.width, plot.height);
  context.strokeStyle = theme.muted;
  context.lineWidth = 1;
  context.strokeRect(plot.x - 0.5, plot.y - 0.5, plot.width + 1, plot.height + 1);
  if (weights === undefined) {
    context.fillStyle = theme.error;
    context.font = `12px ${theme.font}`;
    context.fillText("the weights of this head are damaged", plot.x + 10, plot.y + 22, plot.width - 20);
  }
  paintBars(context, state, layout);
  paintAxes(context, state, layout);
  paintFocus(context, state, layout);
}

function paintBars(context: CanvasRenderingContext2D, { sums: found, theme, window }: MapState, { plot, cell, bars }: MapLayout): void {
  if (found === undefined) return;
  const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const [across, down] = [largest(found.column), largest(found.row)];
  context.save();
  for (const [values, most, horizontal] of [[found.column, across, true], [found.row, down, false]] as const) {
    const [start, count] = horizontal ? [window.column, window.columns] : [window.row, window.rows];
    const step = horizontal ? cell.width : cell.height;
    for (let i = Math.floor(start); i < Math.min(values.length, Math.ceil(start + count)); i++) {
      const length = (bars * Math.abs(values[i])) / most;
      const from = Math.max(0, (i - start) * step);
      const thick = Math.min((i + 1 - start) * step, (horizontal ? plot.width : plot.height)) - from - (step > 4 ? 1 : 0);
      context.fillStyle = values[i] < 0 ? (theme.series[1] ?? theme.muted) : (theme.series[0] ?? theme.muted);
      if (thick <= 0) continue;
      if (horizontal) context.fillRect(plot.x + from, plot.y + plot.height + 4, thick, length);
      else context.fillRect(plot.x + plot.width + 4, plot.y + from, length, thick);
    }
  }
  context.restore();
}

function paintAxes(context: CanvasRenderingContext2D, state: MapState, { plot, cell }: MapLayout): void {
  const { model, theme, window, focus } = state;
  context.textBaseline = "middle";
  context.fillStyle = theme.muted;
  context.font = `11px ${theme.font}`;
  context.textAlign = "left";
  context.fillText("keys →", plot.x, 7);
  context.save();
  context.translate(7, plot.y);
  context.rotate(-Math.PI / 2);
  context.textAlign = "right";
  context.fillText("← queries", 0, 0);
  context.restore();
  const room = plot.x - 20;
  const label = (bold: boolean, place: () => void): void => {
    context.font = axisFont(theme, bold);
    context.fillStyle = bold ? theme.foreground : theme.muted;
    place();
  };
  const cut = (text: string): string => {
    const most = Math.max(2, Math.floor(room / context.measureText("0").width));
    return text.length > most ? `${text.slice(0, most - 1)}…` : text;
  };
  const down = (row: number, bold: boolean): void => {
    const y = plot.y + (row + 0.5 - window.row) * cell.height;
    if (y >= plot.y && y <= plot.y + plot.height) label(bold, () => {
      context.textAlign = "right";
      const text = cut(model.labels[columnOfRow(model, row)] ?? "");
      if (bold) ground(context, theme, { x: plot.x - 4 - context.measureText(text).width, y: y - 7, width: context.measureText(text).width + 2, height: 14 });
      context.fillText(text, plot.x - 4, y);
    });
  };
  const acrossAt = (column: number, bold: boolean): void => {
    const x = plot.x + (column + 0.5 - window.column) * cell.width;
    if (x >= plot.x && x <= plot.x + plot.width) label(bold, () => {
      context.save();
      context.translate(x, plot.y - 4);
      context.rotate(-Math.PI / 2);
      context.textAlign = "left";
      const text = cut(model.labels[column] ?? "");
      if (bold) ground(context, theme, { x: -1, y: -7, width: context.measureText(text).width + 2, height: 14 });
      context.fillText(text, 0, 0);
      context.restore();
    });
  };
  const everyRow = labelEvery(cell.height, AXIS_FONT_PX + 1);
  const everyColumn = labelEvery(cell.width, AXIS_FONT_PX + 1);
  for (let row = Math.ceil(window.row / everyRow) * everyRow; row < window.row + window.rows; row += everyRow) down(row, false);
  for (let column = Math.ceil(window.column / everyColumn) * everyColumn; column < window.column + window.columns; column += everyColumn) acrossAt(column, false);
  for (const { row, column } of [focus, state.locked]) {
    if (row !== undefined) down(row, true);
    if (column !== undefined) acrossAt(column, true);
  }
}

function ground(context: CanvasRenderingContext2D, theme: Theme, { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }): void {
  context.fillStyle = theme.background;
  context.fillRect(x, y, width, height);
  context.fillStyle = theme.foreground;
}

function paintFocus(context: CanvasRenderingContext2D, { theme, window, focus, locked }: MapState, layout: MapLayout): void {
  const { plot, cell } = layout;
  context.save();
  context.beginPath();
  context.rect(plot.x - 2, plot.y - 2, plot.width + 4, plot.height + 4);
  context.clip();
  const frame = (at: Focus, colour: string, thick: number): void => {
    const { x, y } = cornerOf(layout, window, { row: at.row ?? 0, column: at.column ?? 0 });
    context.strokeStyle = colour;
    context.lineWidth = thick;
    if (at.row !== undefined) context.strokeRect(plot.x, y, plot.width, cell.height);
    if (at.column !== undefined) context.strokeRect(x, plot.y, cell.width, plot.height);
  };
  frame(focus, theme.muted, 1);
  frame(locked, theme.focus, 2);
  if (focus.row !== undefined && focus.column !== undefined) {
    const { x, y } = cornerOf(layout, window, { row: focus.row, column: focus.column });
    context.strokeStyle = theme.foreground;
    context.lineWidth = 2;
    context.strokeRect(x - 1, y - 1, Math.max(4, cell.width + 2), Math.max(4, cell.height + 2));
  }
  context.restore();
}
