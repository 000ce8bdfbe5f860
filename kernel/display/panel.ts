/** @file One plot: axes with ticks and labels around its marks. */
import { drawMark, type PlotArea } from "./drawMarks";
import { colourBar, type Box } from "./mapImage";
import { axisTitle, scaleOf, type Scale } from "./scale";
import type { AxisPayload, HeatmapMark, Mark } from "./schema";
import { element, group, label, type SvgChild, type SvgNode } from "./svg";
import { fitText, textWidth } from "./textWidth";
import { AXIS, GRID, INK, MUTED_INK } from "./theme";

export interface PanelOptions {
  readonly x: AxisPayload;
  readonly y: AxisPayload;
  readonly marks: readonly Mark[];
  /** All of it: axes, labels and plot. */
  readonly box: Box;
  /** Above the plot, bold. */
  readonly title?: string;
  /** Points that one mark may draw, default 600. */
  readonly pointLimit?: number;
  /** Said where there is nothing to draw. */
  readonly empty?: string;
}

const TICK_SIZE = 10;
const COLOUR_BAR_PX = 62;
const MAX_CATEGORY_LABEL_PX = 120;
const SLOPE = (-38 * Math.PI) / 180;

interface Margins {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const widest = (texts: readonly string[], limit: number): number =>
  Math.min(limit, Math.max(0, ...texts.map((text) => textWidth(text, { size: TICK_SIZE }))));

/** Whether category names need a slope to stand side by side. */
const sloped = (axis: AxisPayload, width: number): boolean =>
  axis.scale === "category" && widest(axis.categories ?? [], MAX_CATEGORY_LABEL_PX) + 6 > width / Math.max(1, axis.categories?.length ?? 1);

function marginsOf({ x, y, box, title = "", marks }: PanelOptions): Margins {
  const ticks = scaleOf(y, { range: [box.height, 0], count: yCount(box.height) }).ticks;
  const left =
    widest(
      ticks.map((tick) => tick.text),
      MAX_CATEGORY_LABEL_PX,
    ) + 9;
  const right = marks.some((mark) => mark.type === "heatmap") ? COLOUR_BAR_PX : 10;
  const slopes = sloped(x, box.width - left - right);
  const xLabels = slopes ? Math.min(80, widest(x.categories ?? [], MAX_CATEGORY_LABEL_PX) * Math.sin(-SLOPE) + 10) : 16;
  return {
    left,
    right,
    top: 8 + (title === "" ? 0 : 17) + (axisTitle(y) === "" && !marks.some((mark) => mark.type === "heatmap" && mark.valueLabel !== "") ? 0 : 17),
    bottom: xLabels + (axisTitle(x) === "" ? 4 : 19),
  };
}

const yCount = (height: number): number => Math.max(2, Math.min(7, Math.floor(height / 34)));

function yAxis(scale: Scale, { left, right }: { readonly left: number; readonly right: number }): SvgNode {
  const shown = withoutOverlap(scale, 12);
  return group(
    {},
    shown.map(({ at, text }) => [
      scale.axis.scale === "category" ? undefined : element("line", { x1: left, x2: right, y1: at, y2: at, stroke: GRID }),
      label(fitText(text, MAX_CATEGORY_LABEL_PX, { size: TICK_SIZE, cut: "middle" }), {
        x: left - 6,
        y: at + 3.5,
        size: TICK_SIZE,
        fill: MUTED_INK,
        anchor: "end",
      }),
    ]),
  );
}

/** Labelled ticks with at least `room` pixels between them. */
function withoutOverlap(scale: Scale, room: number | ((text: string) => number)): Scale["ticks"] {
  const out: Scale["ticks"][number][] = [];
  for (const tick of scale.ticks) {
    const last = out.at(-1);
    if (tick.text === "" || !Number.isFinite(tick.at)) continue;
    const needed = typeof room === "number" ? room : (room(tick.text) + room(last?.text ?? "")) / 2 + 6;
    if (last === undefined || Math.abs(tick.at - last.at) >= needed) out.push(tick);
  }
  return out;
}

function xAxis(
  scale: Scale,
  { bottom, left, right, slopes }: { readonly bottom: number; readonly left: number; readonly right: number; readonly slopes: boolean },
): SvgNode {
  const shown = withoutOverlap(scale, slopes ? 11 : (text) => textWidth(text, { size: TICK_SIZE }));
  const marks: SvgChild[] =
    scale.axis.scale === "category"
      ? []
      : scale.ticks.map(({ at, text }) => element("line", { x1: at, x2: at, y1: bottom, y2: bottom + (text === "" ? 2.5 : 4), stroke: AXIS }));
  return group(
    {},
    element("line", { x1: left, x2: right, y1: bottom, y2: bottom, stroke: AXIS }),
    marks,
    shown.map(({ at, text }) =>
      slopes
        ? label(fitText(text, MAX_CATEGORY_LABEL_PX, { size: TICK_SIZE }), {
            x: at + 4,
            y: bottom + 12,
            size: TICK_SIZE,
            fill: MUTED_INK,
            anchor: "end",
            rotate: -38,
          })
        : label(text, { x: at, y: bottom + 15, size: TICK_SIZE, fill: MUTED_INK, anchor: "middle" }),
    ),
  );
}

const isHeatmap = (mark: Mark): mark is HeatmapMark => mark.type === "heatmap";

/** Scales and edges of the plot inside its box. */
export function plotArea(options: PanelOptions): PlotArea {
  const { x, y, box, pointLimit = 600 } = options;
  const margins = marginsOf(options);
  const left = box.x + margins.left;
  const right = Math.max(left + 10, box.x + box.width - margins.right);
  const top = box.y + margins.top;
  const bottom = Math.max(top + 10, box.y + box.height - margins.bottom);
  const xScale = scaleOf(x, { range: [left, right], count: Math.max(2, Math.min(8, Math.floor((right - left) / 70))) });
  return { x: xScale, y: scaleOf(y, { range: [bottom, top], count: yCount(bottom - top) }), left, right, top, bottom, pointLimit };
}

/** The plot in its box. Marks are clipped at the plot's edge. */
export function panel(options: PanelOptions): SvgNode {
  const { x, y, marks, box, title = "", empty } = options;
  const area = plotArea(options);
  const { left, right, top, bottom } = area;
  const slopes = sloped(x, right - left);
  const heat = marks.find(isHeatmap);
  const margin = 4;
  // A nested svg clips without an id, which could clash with another picture in the same page.
  const clip = { x: left - margin, y: top - margin, width: right - left + 2 * margin, height: bottom - top + 2 * margin };
  return group(
    {},
    title === ""
      ? undefined
      : label(fitText(title, box.width, { size: 11.5, weight: "bold", cut: "middle" }), {
          x: box.x,
          y: box.y + 11,
          size: 11.5,
          weight: "bold",
          fill: INK,
        }),
    axisTitle(y) === ""
      ? undefined
      : label(fitText(axisTitle(y), right - box.x - (heat ? 60 : 0), { size: TICK_SIZE }), { x: box.x, y: top - 10, size: TICK_SIZE, fill: INK }),
    yAxis(area.y, { left, right }),
    element(
      "svg",
      { ...clip, viewBox: [clip.x, clip.y, clip.width, clip.height].map((value) => value.toFixed(2)).join(" "), overflow: "hidden" },
      marks.map((mark) => drawMark(mark, area)),
    ),
    xAxis(area.x, { left, right, bottom, slopes }),
    axisTitle(x) === ""
      ? undefined
      : label(fitText(axisTitle(x), right - left, { size: TICK_SIZE }), {
          x: (left + right) / 2,
          y: box.y + box.height - 4,
          size: TICK_SIZE,
          fill: INK,
          anchor: "middle",
        }),
    heat === undefined
      ? undefined
      : colourBar({
          box: { x: right + 10, y: top, width: 10, height: bottom - top },
          range: [heat.grid.low, heat.grid.high],
          map: heat.map,
          title: heat.valueLabel,
        }),
    empty === undefined ? undefined : label(empty, { x: (left + right) / 2, y: (top + bottom) / 2 + 4, size: 12, fill: MUTED_INK, anchor: "middle" }),
  );
}
