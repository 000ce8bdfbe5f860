/** @file The map of one head: tokens on both axes, sums beside it, zoom, and the cell in question. */
import { sharpContext } from "../../shared/canvas";
import { html, uniqueId } from "../../shared/dom";
import type { Theme } from "../../shared/renderer";
import { paint, type sums, type Weights } from "./grids";
import type { AttentionModel } from "./model";
import { cellAt, mapLayout, type MapLayout } from "./mapLayout";
import { labelWidth, paintFocus, paintMap } from "./paintMap";
import { isWhole, pan, type Window, zoom } from "./window";

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
  /** The map with its labels, without what is under the pointer. */
  readonly canvas: HTMLCanvasElement;
  draw(state: MapState, size: { readonly width: number; readonly height: number }): void;
  focus(): void;
}

const DRAG_PX = 4;
const WHEEL_ZOOM = 1.0015;

export function headMap({ hover, press, key, look }: MapActions, signal: AbortSignal): HeadMap {
  const ground = html("canvas", { "aria-hidden": "true" });
  // What the pointer changes stands on a canvas of its own: the map below it is painted only when something else changes.
  const canvas = html("canvas", { "aria-hidden": "true", class: "attention-over" });
  const cellId = uniqueId("attention-cell");
  const cell = html("div", { role: "gridcell", id: cellId, class: "iso-hidden" });
  const row = html("div", { role: "row" }, cell);
  const grid = html(
    "div",
    {
      role: "grid",
      tabindex: 0,
      class: "attention-map",
      "aria-label": "Map: rows are queries, columns the keys they attend to",
      "aria-activedescendant": cellId,
    },
    ground,
    canvas,
    row,
  );
  let state: MapState | undefined;
  let layout: MapLayout | undefined;
  let image: { readonly of: Weights | undefined; readonly colours: Uint32Array; readonly canvas: OffscreenCanvas } | undefined;
  let over: CanvasRenderingContext2D | undefined;
  let painted: (Pick<MapState, "weights" | "colours" | "theme" | "sums"> & { readonly key: readonly number[] }) | undefined;
  let drag: { readonly x: number; readonly y: number; readonly window: Window; moved: boolean } | undefined;

  const at = (event: MouseEvent): Focus => {
    if (state === undefined || layout === undefined) return { row: undefined, column: undefined };
    const box = canvas.getBoundingClientRect();
    const found = cellAt(layout, state.window, { x: event.clientX - box.left, y: event.clientY - box.top });
    return { row: found?.row, column: found?.column };
  };
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      if (state === undefined || event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, window: state.window, moved: false };
      canvas.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      if (drag === undefined || state === undefined || layout === undefined || isWhole(drag.window, state.model)) return hover(at(event));
      const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
      drag.moved ||= Math.hypot(x, y) > DRAG_PX;
      if (drag.moved) look(pan(drag.window, state.model, { rows: -y / layout.cell.height, columns: -x / layout.cell.width }));
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerup",
    (event) => {
      const moved = drag?.moved ?? true;
      drag = undefined;
      if (moved) return;
      grid.focus({ preventScroll: true });
      press(at(event));
    },
    { signal },
  );
  canvas.addEventListener("pointercancel", () => (drag = undefined), { signal });
  canvas.addEventListener("pointerleave", () => (drag === undefined ? hover({ row: undefined, column: undefined }) : undefined), { signal });
  canvas.addEventListener(
    "wheel",
    (event) => {
      // Without the key the page scrolls: a view must not catch the wheel of one who is only passing by.
      if (state === undefined || layout === undefined || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      const share = (value: number): number => Math.min(1, Math.max(0, value));
      const { plot } = layout;
      look(
        zoom(state.window, state.model, {
          factor: WHEEL_ZOOM ** -event.deltaY,
          x: share((event.clientX - box.left - plot.x) / plot.width),
          y: share((event.clientY - box.top - plot.y) / plot.height),
        }),
      );
    },
    { signal, passive: false },
  );
  grid.addEventListener("keydown", key, { signal });

  return {
    element: grid,
    canvas: ground,
    focus: () => grid.focus({ preventScroll: true }),
    draw(next, size) {
      state = next;
      const { model, weights, colours, window, focus } = next;
      if (image === undefined || image.of !== weights || image.colours !== colours) {
        image = { of: weights, colours, canvas: new OffscreenCanvas(Math.max(1, model.columns), Math.max(1, model.rows)) };
        if (weights !== undefined)
          image.canvas.getContext("2d")?.putImageData(new ImageData(paint(weights, next), weights.columns, weights.rows), 0, 0);
      }
      grid.setAttribute("aria-rowcount", String(model.rows));
      grid.setAttribute("aria-colcount", String(model.columns));
      row.setAttribute("aria-rowindex", String((focus.row ?? 0) + 1));
      cell.setAttribute("aria-colindex", String((focus.column ?? 0) + 1));
      if (cell.textContent !== next.spoken) cell.textContent = next.spoken;
      const { theme, sums, low, high } = next;
      const key = [size.width, size.height, ...Object.values(window), low, high, globalThis.devicePixelRatio];
      if (
        painted === undefined ||
        painted.weights !== weights ||
        painted.colours !== colours ||
        painted.theme !== theme ||
        painted.sums !== sums ||
        painted.key.some((value, i) => value !== key[i])
      ) {
        const context = sharpContext(ground, size);
        if (context === undefined) return;
        const fits = size.width / 1.5 / window.columns >= 8;
        layout = mapLayout({ ...size, label: Math.min(fits ? 76 : 40, labelWidth(context, next)), window });
        paintMap(context, { state: next, layout, image: image.canvas });
        painted = { weights, colours, theme, sums, key };
        over = sharpContext(canvas, size);
      }
      if (over === undefined || layout === undefined) return;
      over.clearRect(0, 0, size.width, size.height);
      paintFocus(over, next, layout);
    },
  };
}
