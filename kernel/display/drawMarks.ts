/** @file Marks of a figure as SVG: lines, dots, bars, bands, rules, heat maps, text. */
import { curveIndices, evenIndices, pick } from "./downsample";
import { mapImage } from "./mapImage";
import type { Scale } from "./scale";
import type {
  BandMark,
  BarMark,
  DotMark,
  HeatmapMark,
  LineMark,
  Mark,
  Numbers,
  RuleMark,
  TextMark,
} from "./schema";
import { element, group, label, polyline, round1, type SvgNode } from "./svg";
import { fitText, textWidth } from "./textWidth";
import { CARD, INK, MUTED_INK } from "./theme";
import { gridValues } from "./values";

/** Where marks are drawn: the scales, and the plot area in pixels. */
export interface PlotArea {
  readonly x: Scale;
  readonly y: Scale;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Points that one mark may draw. */
  readonly pointLimit: number;
}

const place = (values: Numbers, scale: Scale): number[] => values.map((value) => (value === null ? NaN : scale.at(value)));

function drawLine(mark: LineMark, area: PlotArea): SvgNode {
  const xs = place(mark.x, area.x);
  const ys = place(mark.y, area.y);
  const kept = curveIndices(ys, area.pointLimit);
  const d = polyline(pick(xs, kept), pick(ys, kept));
  return d === ""
    ? group({})
    : element("path", {
        d,
        fill: "none",
        stroke: mark.colour,
        "stroke-width": mark.width,
        "stroke-dasharray": mark.dash,
        "stroke-linejoin": "round",
        "stroke-linecap": "round",
      });
}

/** All dots of a series are one path of zero-length strokes with round caps: a quarter of the bytes of circles. */
function drawDots(mark: DotMark, area: PlotArea): SvgNode {
  const xs = place(mark.x, area.x);
  const ys = place(mark.y, area.y);
  const fits = xs.flatMap((x, i) => (Math.abs(x) < 1e5 && Math.abs(ys[i]) < 1e5 ? [i] : []));
  const d = pick(fits, evenIndices(fits.length, area.pointLimit))
    .map((i) => `M${round1(xs[i])} ${round1(ys[i])}h.01`)
    .join("");
  if (d === "") return group({});
  const dots = (colour: string, radius: number): SvgNode =>
    element("path", { d, fill: "none", stroke: colour, "stroke-width": radius * 2, "stroke-linecap": "round" });
  return fits.length > 300 ? dots(mark.colour, mark.radius) : group({}, dots(CARD, mark.radius + 0.8), dots(mark.colour, mark.radius));
}

function drawBars(mark: BarMark, area: PlotArea): SvgNode {
  const base = area.y.axis.scale === "log" ? area.bottom : Math.min(area.bottom, Math.max(area.top, area.y.at(0)));
  const kept = evenIndices(mark.x.length, area.pointLimit);
  return group(
    { fill: mark.colour },
    kept.map((i) => {
      const [x, y] = [mark.x[i], mark.y[i]];
      if (x === null || y === null) return undefined;
      const left = area.x.at(x - mark.width / 2);
      const right = area.x.at(x + mark.width / 2);
      const top = area.y.at(y);
      // Half a pixel between neighbours, so single bars can be told apart.
      return element("rect", {
        x: Math.min(left, right) + 0.25,
        y: Math.min(top, base),
        width: Math.max(0.5, Math.abs(right - left) - 0.5),
        height: Math.abs(base - top),
      });
    }),
  );
}

function drawBand(mark: BandMark, area: PlotArea): SvgNode {
  const xs = place(mark.x, area.x);
  const low = place(mark.low, area.y);
  const high = place(mark.high, area.y);
  const fits = xs.flatMap((x, i) => (Number.isFinite(x + low[i] + high[i]) ? [i] : []));
  const kept = pick(fits, evenIndices(fits.length, area.pointLimit));
  if (kept.length < 2) return group({});
  const back = [...kept].reverse();
  const d = `${polyline([...pick(xs, kept), ...pick(xs, back)], [...pick(high, kept), ...pick(low, back)])}Z`;
  return element("path", { d, fill: mark.colour, "fill-opacity": 0.16 });
}

function drawRule(mark: RuleMark, area: PlotArea): SvgNode {
  const vertical = mark.axis === "x";
  const at = (vertical ? area.x : area.y).at(mark.at ?? NaN);
  const line = vertical ? { x1: at, x2: at, y1: area.top, y2: area.bottom } : { x1: area.left, x2: area.right, y1: at, y2: at };
  const words = fitText(mark.label, (area.right - area.left) * 0.45, { size: 10 });
  const toLeft = vertical && at + textWidth(words, { size: 10 }) + 6 > area.right;
  // Horizontal rules are named at the left: training curves begin far from their targets and end near them.
  const anchor = toLeft ? "end" : "start";
  const spot = vertical ? { x: at + (toLeft ? -4 : 4), y: area.top + 10 } : { x: area.left + 4, y: at - 4 };
  return group(
    {},
    element("line", { ...line, stroke: mark.colour, "stroke-width": 1.2, "stroke-dasharray": "5 4" }),
    mark.label === "" || !Number.isFinite(at) ? undefined : haloed(words, { ...spot, anchor, fill: mark.colour }),
  );
}

function drawHeatmap(mark: HeatmapMark, area: PlotArea): SvgNode {
  const [x0, x1] = mark.x.map(area.x.at);
  const [y0, y1] = mark.y.map(area.y.at);
  const box = { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) };
  if (!Object.values(box).every(Number.isFinite) || mark.grid.shape.length !== 2) return group({});
  return mapImage(
    { shape: mark.grid.shape, data: gridValues(mark.grid) },
    { box, range: [mark.grid.low, mark.grid.high], map: mark.map, flip: y0 > y1, blank: true },
  );
}

interface HaloedText {
  readonly x: number;
  readonly y: number;
  readonly fill?: string;
  readonly anchor?: "start" | "middle" | "end";
}

/** Text with a halo in the colour of the card, so that lines beneath do not cross it. */
export function haloed(text: string, at: HaloedText): SvgNode {
  const { fill = INK, ...spot } = at;
  return group({ stroke: CARD, "stroke-width": 3, "stroke-linejoin": "round", "paint-order": "stroke" }, label(text, { ...spot, fill, size: 10 }));
}

/** Labels that would run over an earlier one are left out: the dot they belong to stays, and the payload has all. */
function drawTexts(mark: TextMark, area: PlotArea): SvgNode {
  const taken: { readonly left: number; readonly right: number; readonly y: number }[] = [];
  const out = place(mark.x, area.x).map((x, i) => {
    const y = area.y.at(mark.y[i] ?? NaN);
    const words = fitText(mark.text[i] ?? "", 140, { size: 10 });
    const width = textWidth(words, { size: 10 });
    const left = Math.max(area.left, Math.min(area.right - width, x + 6));
    if (!(x >= area.left - 1 && x <= area.right + 1 && y >= area.top - 1 && y <= area.bottom + 1)) return undefined;
    // Above its point, or below where there is no room above or another label stands.
    const spots = [y - 6, y + 13].filter((spot) => spot > area.top + 8 && spot < area.bottom);
    const free = spots.find((spot) => !taken.some((other) => Math.abs(other.y - spot) < 11 && left < other.right && left + width > other.left));
    if (free === undefined || taken.length >= 200) return undefined;
    taken.push({ left, right: left + width, y: free });
    return haloed(words, { x: left, y: free, fill: mark.colour === "" ? MUTED_INK : mark.colour });
  });
  return group({}, out);
}

/** One mark. */
export function drawMark(mark: Mark, area: PlotArea): SvgNode {
  switch (mark.type) {
    case "line":
      return drawLine(mark, area);
    case "dot":
      return drawDots(mark, area);
    case "bar":
      return drawBars(mark, area);
    case "band":
      return drawBand(mark, area);
    case "rule":
      return drawRule(mark, area);
    case "heatmap":
      return drawHeatmap(mark, area);
    case "text":
      return drawTexts(mark, area);
  }
}
