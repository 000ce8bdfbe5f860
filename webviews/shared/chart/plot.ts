/** @file One panel with axes in SVG: colours stand in attributes, so that an exported picture looks the same by itself. */
import type { Theme } from "../renderer";
import { svg } from "../dom";
import { type Range, type Scale, type ScaleKind, scaleOf } from "./scale";

export interface AxisSpec {
  readonly label: string;
  readonly kind: ScaleKind;
  readonly domain: Range;
  /** Ticks wished for; by default one for each 70 (x) or 42 (y) pixels. */
  readonly count?: number;
}
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface PlotSpec {
  readonly box: Box;
  readonly x: AxisSpec;
  readonly y: AxisSpec;
  readonly theme: Theme;
  readonly title?: string;
  /** Room left of the plot for y labels. Default: as wide as the labels. */
  readonly left?: number;
}
export interface Plot {
  readonly root: SVGGElement;
  /** Clips to the plot area; its coordinates are those of the area: x from 0, y from 0 at the top. */
  readonly layer: SVGSVGElement;
  /** The plot area in the coordinates of the picture. */
  readonly area: Box;
  /** To coordinates of the layer. */
  readonly x: Scale;
  readonly y: Scale;
}

export const LABEL_SIZE_PX = 11;
/** Mean width of a character of a proportional font, as a share of its size. */
const CHARACTER_WIDTH = 0.56;
/** Half of the last label of the x axis. */
const RIGHT_PX = 15;

/** Width that text needs, in pixels, roughly. */
export const textWidth = (text: string, size = LABEL_SIZE_PX): number => text.length * size * CHARACTER_WIDTH;

/** The text, or its start with an ellipsis where it needs more than `width` pixels. */
export function fitText(text: string, width: number, size = LABEL_SIZE_PX): string {
  const room = Math.floor(width / (size * CHARACTER_WIDTH));
  return text.length <= room ? text : room < 2 ? "" : `${text.slice(0, room - 1)}…`;
}

/** Axes, grid and labels. */
export function plot({ box, x, y, theme, title, left }: PlotSpec): Plot {
  const bottom = box.height - (x.label === "" ? 20 : 36);
  const top = title === undefined ? 8 : 24;
  const yScale = scaleOf({ ...y, range: [Math.max(1, bottom - top), 0], count: y.count ?? Math.max(2, Math.round((bottom - top) / 42)) });
  const labels = Math.max(0, ...yScale.ticks.map(({ text }) => textWidth(text)));
  const start = left ?? Math.ceil(labels) + 8 + (y.label === "" ? 0 : 18);
  const area: Box = { x: box.x + start, y: box.y + top, width: Math.max(1, box.width - start - RIGHT_PX), height: Math.max(1, bottom - top) };
  const xScale = scaleOf({ ...x, range: [0, area.width], count: x.count ?? Math.max(2, Math.round(area.width / 70)) });
  const layer = svg("svg", { x: area.x, y: area.y, width: area.width, height: area.height, overflow: "hidden" });
  const text = { fill: theme.muted, "font-size": LABEL_SIZE_PX, "font-family": theme.font };
  const faint = { stroke: theme.line, "stroke-width": 1 };
  // Lines of high-contrast themes are bright, as they are borders: a grid of them would drown the data.
  const [major, minor] = theme.kind === "high-contrast" || theme.kind === "high-contrast-light" ? [0.24, 0.08] : [0.6, 0.25];
  const root = svg(
    "g",
    {},
    svg("rect", { x: area.x, y: area.y, width: area.width, height: area.height, fill: "transparent" }),
    ...xScale.ticks.map((tick) =>
      svg("line", {
        x1: area.x + tick.at,
        x2: area.x + tick.at,
        y1: area.y,
        y2: area.y + area.height,
        ...faint,
        opacity: tick.text === "" ? minor : major,
      }),
    ),
    ...yScale.ticks.map((tick) =>
      svg("line", {
        x1: area.x,
        x2: area.x + area.width,
        y1: area.y + tick.at,
        y2: area.y + tick.at,
        ...faint,
        opacity: tick.text === "" ? minor : major,
      }),
    ),
    svg("line", { x1: area.x, x2: area.x + area.width, y1: area.y + area.height, y2: area.y + area.height, stroke: theme.muted, "stroke-width": 1 }),
    ...xScale.ticks.map((tick) =>
      tick.text === "" ? undefined : svg("text", { ...text, x: area.x + tick.at, y: area.y + area.height + 15, "text-anchor": "middle" }, tick.text),
    ),
    ...yScale.ticks.map((tick) =>
      tick.text === "" ? undefined : svg("text", { ...text, x: area.x - 6, y: area.y + tick.at + 4, "text-anchor": "end" }, tick.text),
    ),
    title === undefined
      ? undefined
      : svg(
          "text",
          { ...text, fill: theme.foreground, "font-weight": 600, "font-size": 12, x: area.x, y: box.y + 13 },
          fitText(title, area.width, 12.5),
        ),
    x.label === ""
      ? undefined
      : svg("text", { ...text, x: area.x + area.width / 2, y: area.y + area.height + 31, "text-anchor": "middle" }, fitText(x.label, area.width)),
    y.label === ""
      ? undefined
      : svg(
          "text",
          { ...text, "text-anchor": "middle", transform: `translate(${box.x + 11} ${area.y + area.height / 2}) rotate(-90)` },
          fitText(y.label, area.height + top),
        ),
    layer,
  );
  return { root, layer, area, x: xScale, y: yScale };
}

export type Values = readonly (number | null)[];

/** Path data of a line; values without a place break it. */
export function linePath({ x, y }: Pick<Plot, "x" | "y">, xs: Values, ys: Values): string {
  let out = "";
  let down = false;
  for (let i = 0; i < Math.min(xs.length, ys.length); i++) {
    const [px, py] = [x.at(xs[i] ?? NaN), y.at(ys[i] ?? NaN)];
    const known = Number.isFinite(px) && Number.isFinite(py);
    if (known) out += `${down ? "L" : "M"}${round(px)} ${round(py)}`;
    down = known;
  }
  return out;
}

/** Path data of the area between two curves, over the points at which both have a place. */
export function bandPath(
  { x, y }: Pick<Plot, "x" | "y">,
  { xs, low, high }: { readonly xs: Values; readonly low: Values; readonly high: Values },
): string {
  const known = Array.from(xs, (value, i) => [x.at(value ?? NaN), y.at(low[i] ?? NaN), y.at(high[i] ?? NaN)]).filter((point) =>
    point.every(Number.isFinite),
  );
  if (known.length < 2) return "";
  const upper = known.map(([px, , py]) => `${round(px)} ${round(py)}`);
  const lower = known.map(([px, py]) => `${round(px)} ${round(py)}`).reverse();
  return `M${upper.join("L")}L${lower.join("L")}Z`;
}

/** Far pixels are kept in range: browsers draw coordinates beyond 2²³ wrongly. */
const round = (pixel: number): number => Math.round(Math.max(-1e6, Math.min(1e6, pixel)) * 100) / 100;

/** Index of the value next to `target` on the axis; −1 when none has a place. */
export function nearest(scale: Scale, values: Values, target: number): number {
  const at = scale.at(target);
  let [best, least] = [-1, Infinity];
  values.forEach((value, i) => {
    const distance = Math.abs(scale.at(value ?? NaN) - at);
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}
