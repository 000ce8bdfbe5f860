/** @file The general plot: lines, dots, bars, bands, rules, heat maps and text on linear, logarithmic or category axes. */
import { ArgumentError } from "../errors";
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { buildAxis, buildMarks, type FigureOptions, type MarkInput } from "./figureOptions";
import { plural, significant } from "./format";
import { directLabels, directLabelWidth, legendEntries, legendRows } from "./legend";
import type { Box } from "./mapImage";
import { panel, plotArea } from "./panel";
import { axisTitle } from "./scale";
import type { AxisPayload, FigurePayload, Mark } from "./schema";
import { group, type SvgNode } from "./svg";
import { CARD_WIDTH_PX, CARD_PADDING_PX } from "./theme";
import { correlation, extremes, sentences, trend } from "./trend";
import { arrayOf, numbersOf } from "./values";

const DEFAULT_HEIGHT_PX = 320;
/** SVG points of all marks together: about 11 bytes each, a third of an output. */
const MAX_DRAWN_POINTS = 6000;

/**
 * A figure of marks. Marks are drawn in their order; names make the legend.
 *
 * @example figureView({ x: "step", y: { label: "loss", unit: "nats" }, marks: [{ type: "line", y: losses, name: "train" }] })
 * @throws {ArgumentError} when lists that belong together differ in length.
 */
export function figureView(options: FigureOptions): Display<"figure"> {
  const { title = "", caption = "", height = DEFAULT_HEIGHT_PX } = options;
  if (!(height >= 80 && height <= 2000)) throw new ArgumentError(`a figure of height ${height}`, { help: "give 80 to 2000 pixels" });
  const { marks, cuts, categories, facets } = buildMarks(options.marks);
  const x = buildAxis(options.x, marks, { side: "x", categories });
  const y = buildAxis(options.y, marks, { side: "y", categories });
  const payload: FigurePayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: (options.finding ?? findingOf(options.marks, { x, y })).slice(0, 1000),
    cuts,
    x,
    y,
    marks,
    facets,
    caption: caption.slice(0, 1000),
  };
  return new Display({
    view: "figure",
    payload,
    still: { "image/svg+xml": drawFigure(payload, height) },
    text: plainText(payload, axesText(payload)),
  });
}

const axesText = ({ x, y, caption }: FigurePayload): string[] => [
  ...(axisTitle(x) + axisTitle(y) === ""
    ? []
    : [`x: ${axisTitle(x) || (x.scale === "category" ? "name" : "index")}, ${x.scale}; y: ${axisTitle(y) || "value"}, ${y.scale}`]),
  ...(caption === "" ? [] : [caption]),
];

/** The static twin of a figure payload. */
export function drawFigure(payload: FigurePayload, height = DEFAULT_HEIGHT_PX): string {
  const { title, finding, caption, cuts, facets, marks } = payload;
  const columns = Math.min(3, facets.length);
  const rows = Math.max(1, Math.ceil(facets.length / 3));
  const entries = legendEntries(marks);
  const inner = CARD_WIDTH_PX - 2 * CARD_PADDING_PX;
  const direct = facets.length === 0 ? directLabelWidth(entries) : undefined;
  const legend = legendRows(direct === undefined ? entries : [], { width: inner });
  const body = legend.height + (facets.length > 3 ? rows * Math.max(150, height * 0.6) : height);
  const foot = [caption, ...cuts].filter((line) => line !== "").join(" · ");
  return card({ title, finding, caption: foot, height: body }, (box) => {
    const plots = { ...box, y: box.y + legend.height, height: box.height - legend.height };
    return group(
      {},
      legend.draw(box.x, box.y),
      facets.length > 0 ? facetPanels(payload, { plots, columns, rows }) : onePanel(payload, { plots, direct }),
    );
  });
}

const emptyText = (marks: readonly Mark[]): string | undefined =>
  marks.some(hasPlace) ? undefined : marks.length === 0 ? "no data" : "no finite data";

function hasPlace(mark: Mark): boolean {
  if (mark.type === "rule" || mark.type === "heatmap") return true;
  return (mark.type === "band" ? mark.low : mark.y).some((value) => value !== null);
}

function onePanel({ x, y, marks }: FigurePayload, { plots, direct }: { readonly plots: Box; readonly direct: number | undefined }): SvgNode {
  const box = { ...plots, width: plots.width - (direct ?? 0) };
  const options = { x, y, marks, box, pointLimit: pointLimit(marks.length), empty: emptyText(marks) };
  if (direct === undefined) return panel(options);
  const { top, bottom, y: scale } = plotArea(options);
  return group(
    {},
    panel(options),
    directLabels(legendEntries(marks), { box: { x: box.x + box.width + 4, y: top, width: direct, height: bottom - top }, at: scale.at }),
  );
}

const pointLimit = (marks: number): number => Math.max(12, Math.min(1200, Math.floor(MAX_DRAWN_POINTS / Math.max(1, marks))));

function facetPanels(
  { x, y, marks, facets }: FigurePayload,
  { plots, columns, rows }: { readonly plots: Box; readonly columns: number; readonly rows: number },
): SvgNode {
  const gap = 18;
  const width = (plots.width - gap * (columns - 1)) / columns;
  const height = (plots.height - gap * (rows - 1)) / rows;
  return group(
    {},
    facets.map((facet, i) => {
      const box = { x: plots.x + (i % columns) * (width + gap), y: plots.y + Math.floor(i / columns) * (height + gap), width, height };
      // Marks without a facet (reference rules, say) stand in every panel.
      const own = marks.filter((mark) => mark.facet === facet || mark.facet === "");
      return panel({ x, y, marks: own, box, title: facet, pointLimit: pointLimit(marks.length), empty: emptyText(own) });
    }),
  );
}

/** What the data say, mark by mark. */
function findingOf(inputs: readonly MarkInput[], { x, y }: { readonly x: AxisPayload; readonly y: AxisPayload }): string {
  const xName = x.label === "" ? "x =" : x.label;
  const all = inputs.flatMap((mark, index): string[] => {
    const facet = mark.facet === undefined ? "" : ` (${mark.facet})`;
    const name = `${mark.name ?? ""}${facet}`.trim();
    switch (mark.type) {
      case "line": {
        const values = numbersOf(mark.y);
        const xs = mark.x === undefined ? values.map((_, i) => i) : numbersOf(mark.x);
        // An unnamed line beside named marks is decoration, such as a guide.
        return name === "" && inputs.some((other) => other.name !== undefined) ? [] : [trend({ name: name || y.label, x: xs, y: values }, { xName })];
      }
      case "dot": {
        const ys = numbersOf(mark.y);
        const xs = mark.x === undefined ? ys.map((_, i) => i) : numbersOf(mark.x);
        if (inputs.some((other, at) => at !== index && other.type === "line" && other.name === mark.name)) return [];
        return [dotsText(name, logged(xs, x), logged(ys, y))];
      }
      case "bar": {
        const ys = numbersOf(mark.y);
        const given = mark.x;
        const names = Array.isArray(given)
          ? given.map((place) => (typeof place === "number" ? significant(place) : String(place)))
          : Array.from(ys, (_, i) => String(i));
        return [`${name === "" ? "" : `${name}: `}${extremes(names, ys)}`];
      }
      case "heatmap":
        return [heatText(mark)];
      default:
        return [];
    }
  });
  const impossible = x.scale === "log" || y.scale === "log" ? notPositive(inputs, { x, y }) : 0;
  const text = sentences(all.filter((sentence) => sentence !== ""));
  return `${text === "" ? (inputs.length === 0 ? "No data" : "A figure") : text}${impossible === 0 ? "" : `; ${plural(impossible, "value is", "values are")} not above 0 and cannot stand on a log axis`}.`;
}

const logged = (values: Float64Array, axis: AxisPayload): Float64Array => (axis.scale === "log" ? values.map(Math.log) : values);

function dotsText(name: string, x: Float64Array, y: Float64Array): string {
  const r = correlation(x, y);
  return `${name === "" ? "" : `${name}: `}${plural(y.length, "point")}${Number.isNaN(r) ? "" : `, correlation ${significant(r, 2)}`}`;
}

function heatText(mark: MarkInput & { type: "heatmap" }): string {
  const { shape, data } = arrayOf(mark.values, "heat map");
  const best = data.reduce((at, value, i) => (Number.isFinite(value) && !(data[at] >= value) ? i : at), 0);
  const bad = data.filter((value) => !Number.isFinite(value)).length;
  return `${shape.join(" × ")} values, the highest ${significant(data[best])} in row ${Math.floor(best / shape[1])}, column ${best % shape[1]}${bad === 0 ? "" : `; ${plural(bad, "value is", "values are")} not finite`}`;
}

function notPositive(inputs: readonly MarkInput[], { x, y }: { readonly x: AxisPayload; readonly y: AxisPayload }): number {
  let count = 0;
  for (const mark of inputs) {
    if (mark.type !== "line" && mark.type !== "dot" && mark.type !== "bar") continue;
    if (y.scale === "log") count += numbersOf(mark.y).filter((value) => value <= 0).length;
    if (x.scale === "log" && mark.x !== undefined && mark.type !== "bar") count += numbersOf(mark.x).filter((value) => value <= 0).length;
  }
  return count;
}
