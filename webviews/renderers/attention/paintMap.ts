/** @file Paints the map of a head: the map itself with bars and labels, and over it what is in question. */
import type { Theme } from "../../shared/renderer";
import type { Focus, MapState } from "./headMap";
import { AXIS_FONT_PX, cornerOf, type MapLayout, standUpright } from "./mapLayout";
import { columnOfRow } from "./model";
import { labelEvery } from "./window";

const axisFont = (theme: Theme, bold = false): string => `${bold ? "600 " : ""}${AXIS_FONT_PX}px ${theme.monospace}`;

/** Pixels of the longest label that is seen. */
export function labelWidth(context: CanvasRenderingContext2D, { model, theme, window }: MapState): number {
  context.font = axisFont(theme);
  const seen = model.labels.slice(Math.floor(window.column), Math.ceil(window.column + window.columns));
  return Math.ceil(seen.reduce((most, label) => (label.length <= most.length ? most : label), "").length * context.measureText("0").width) + 2;
}

interface Painting {
  readonly state: MapState;
  readonly layout: MapLayout;
  readonly image: OffscreenCanvas;
}

/** Everything but what is in question. */
export function paintMap(context: CanvasRenderingContext2D, { state, layout, image }: Painting): void {
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
  for (const [values, most, horizontal] of [
    [found.column, across, true],
    [found.row, down, false],
  ] as const) {
    const [start, count] = horizontal ? [window.column, window.columns] : [window.row, window.rows];
    const step = horizontal ? cell.width : cell.height;
    for (let i = Math.floor(start); i < Math.min(values.length, Math.ceil(start + count)); i++) {
      const length = (bars * Math.abs(values[i])) / most;
      const from = Math.max(0, (i - start) * step);
      const thick = Math.min((i + 1 - start) * step, horizontal ? plot.width : plot.height) - from - (step > 4 ? 1 : 0);
      context.fillStyle = values[i] < 0 ? (theme.series[1] ?? theme.muted) : (theme.series[0] ?? theme.muted);
      if (thick <= 0) continue;
      if (horizontal) context.fillRect(plot.x + from, plot.y + plot.height + 4, thick, length);
      else context.fillRect(plot.x + plot.width + 4, plot.y + from, length, thick);
    }
  }
  context.restore();
}

function paintAxes(context: CanvasRenderingContext2D, state: MapState, layout: MapLayout): void {
  const { theme, window } = state;
  const { plot, cell } = layout;
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
  context.font = axisFont(theme);
  const everyRow = labelEvery(cell.height, AXIS_FONT_PX + 1);
  const everyColumn = labelEvery(cell.width, standUpright(layout.label) ? layout.label + 1 : AXIS_FONT_PX + 1);
  for (let row = Math.ceil(window.row / everyRow) * everyRow; row < window.row + window.rows; row += everyRow)
    paintRowLabel(context, { state, layout, at: row });
  for (let column = Math.ceil(window.column / everyColumn) * everyColumn; column < window.column + window.columns; column += everyColumn)
    paintColumnLabel(context, { state, layout, at: column });
}

interface Label {
  readonly state: MapState;
  readonly layout: MapLayout;
  readonly at: number;
  /** Puts a ground under the label, which may cover its neighbours. */
  readonly alone?: boolean;
}

/** The text as far as it fits beside the map, in the font that is set. */
function cut(context: CanvasRenderingContext2D, text: string, { plot }: MapLayout): string {
  const most = Math.max(2, Math.floor((plot.x - 20) / context.measureText("0").width));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function paintRowLabel(context: CanvasRenderingContext2D, { state: { model, theme, window }, layout, at, alone = false }: Label): void {
  const { plot, cell } = layout;
  const y = plot.y + (at + 0.5 - window.row) * cell.height;
  if (y < plot.y || y > plot.y + plot.height) return;
  const text = cut(context, model.labels[columnOfRow(model, at)] ?? "", layout);
  const width = context.measureText(text).width;
  if (alone) ground(context, theme, { x: plot.x - 4 - width, y: y - 7, width: width + 2, height: 14 });
  context.textAlign = "right";
  context.fillStyle = alone ? theme.foreground : theme.muted;
  context.fillText(text, plot.x - 4, y);
}

function paintColumnLabel(context: CanvasRenderingContext2D, { state: { model, theme, window }, layout, at, alone = false }: Label): void {
  const { plot, cell } = layout;
  const x = plot.x + (at + 0.5 - window.column) * cell.width;
  if (x < plot.x || x > plot.x + plot.width) return;
  const text = cut(context, model.labels[at] ?? "", layout);
  context.save();
  const upright = standUpright(layout.label);
  const width = context.measureText(text).width;
  context.translate(x, plot.y - (upright ? AXIS_FONT_PX / 2 + 3 : 4));
  if (!upright) context.rotate(-Math.PI / 2);
  if (alone) ground(context, theme, { x: upright ? -width / 2 - 1 : -1, y: -7, width: width + 2, height: 14 });
  context.textAlign = upright ? "center" : "left";
  context.fillStyle = alone ? theme.foreground : theme.muted;
  context.fillText(text, 0, 0);
  context.restore();
}

function ground(
  context: CanvasRenderingContext2D,
  theme: Theme,
  { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): void {
  context.fillStyle = theme.background;
  context.fillRect(x, y, width, height);
}

/** Crosshair, lock, and the labels of both in bold. */
export function paintFocus(context: CanvasRenderingContext2D, state: MapState, layout: MapLayout): void {
  const { theme, window, focus, locked } = state;
  const { plot, cell } = layout;
  context.font = axisFont(theme, true);
  context.textBaseline = "middle";
  for (const { row, column } of [focus, locked]) {
    if (row !== undefined) paintRowLabel(context, { state, layout, at: row, alone: true });
    if (column !== undefined) paintColumnLabel(context, { state, layout, at: column, alone: true });
  }
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
