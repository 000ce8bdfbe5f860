/** @file Live training curves: metrics by step, one panel for each group. */
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { curveIndices, pick } from "./downsample";
import { plural } from "./format";
import { directLabels, directLabelWidth, legendEntries, legendRows } from "./legend";
import type { Box } from "./mapImage";
import { panel, plotArea } from "./panel";
import { domainOf } from "./scale";
import type { LineMark, MetricSeries, MetricsPayload } from "./schema";
import { group, type SvgNode } from "./svg";
import { seriesStyle } from "./theme";
import { sentences, trend } from "./trend";
import { jsonNumber, jsonNumbers, numbersOf, sameLength, type NumberSource } from "./values";

export interface MetricInput {
  readonly name: string;
  /** Curves of one group share a panel. Default: the part of the name after its last "/" ("train/loss" and "valid/loss" share "loss"). */
  readonly group?: string;
  readonly unit?: string;
  /** Default 0, 1, 2, … */
  readonly step?: NumberSource;
  readonly value: NumberSource;
}

export interface MetricsOptions {
  readonly title?: string;
  readonly series: readonly MetricInput[];
  /** What the x axis counts, default "step". */
  readonly stepUnit?: string;
  /** Default `linear`. */
  readonly scale?: "linear" | "log";
}

const MAX_PAYLOAD_POINTS = 5000;
const MAX_SERIES = 64;
const MAX_PANELS = 6;

/** Curves of a run so far. Values that are not finite break a curve, and the finding says at which step the first stands. */
export function metricsView({ series, title = "", stepUnit = "step", scale = "linear" }: MetricsOptions): Display<"metrics"> {
  const shown = series.slice(0, MAX_SERIES);
  const cuts = shown.length < series.length ? [`${shown.length} of ${series.length} curves`] : [];
  const limit = Math.max(24, Math.floor(MAX_PAYLOAD_POINTS / Math.max(1, shown.length)));
  const findings: string[] = [];
  const built = shown.map(({ name, group: given, unit = "", step, value }): MetricSeries => {
    const y = numbersOf(value);
    const x = step === undefined ? y.map((_, i) => i) : numbersOf(step);
    sameLength({ step: x, value: y }, `metric ${name}`);
    findings.push(y.length === 0 ? `${name} has no values yet` : trend({ name, x, y }, { xName: stepUnit }));
    const kept = curveIndices(y, limit);
    if (kept.length < y.length) cuts.push(`${name}: ${kept.length} of ${y.length} points kept`);
    return {
      name: name.slice(0, 80),
      group: (given ?? (name.includes("/") ? name.slice(name.lastIndexOf("/") + 1) : name)).slice(0, 80),
      unit: unit.slice(0, 40),
      step: pick(x, kept).map((at) => jsonNumber(at, 12) ?? 0),
      value: jsonNumbers(pick(y, kept)),
    };
  });
  const finding =
    built.length === 0 ? "No metrics yet." : `${sentences([...findings.filter(tellsOfGaps), ...findings.filter((one) => !tellsOfGaps(one))])}.`;
  const payload: MetricsPayload = { version: 1, title: title.slice(0, 300), finding, cuts, series: built, stepUnit: stepUnit.slice(0, 40), scale };
  return new Display({ view: "metrics", payload, still: { "image/svg+xml": drawMetrics(payload) }, text: plainText(payload) });
}

/** Curves that broke are told of first. */
const tellsOfGaps = (sentence: string): boolean => sentence.includes("not finite") || sentence.includes("no finite");

/** The static twin. */
export function drawMetrics(payload: MetricsPayload): string {
  const { series, title, finding, cuts } = payload;
  const groups = [...new Set(series.map((one) => one.group))];
  const shown = groups.slice(0, MAX_PANELS);
  const columns = shown.length > 1 ? 2 : 1;
  const rows = Math.max(1, Math.ceil(shown.length / columns));
  const height = columns === 1 ? 300 : 210;
  const more = groups.length - shown.length;
  const caption = [...(more > 0 ? [`${plural(more, "more group")} not drawn`] : []), ...cuts].join(" · ");
  return card({ title, finding, caption, height: rows * height + (rows - 1) * 14 }, (box) => {
    const width = (box.width - (columns - 1) * 20) / columns;
    return group(
      {},
      (shown.length === 0 ? [""] : shown).map((name, i) =>
        groupPanel(payload, name, { x: box.x + (i % columns) * (width + 20), y: box.y + Math.floor(i / columns) * (height + 14), width, height }),
      ),
    );
  });
}

function groupPanel({ series, stepUnit, scale }: MetricsPayload, name: string, box: Box): SvgNode {
  const own = series.filter((one) => one.group === name);
  const marks = own.map((one, i): LineMark => ({
    type: "line",
    name: one.name,
    facet: "",
    ...seriesStyle(i),
    x: one.step,
    y: one.value,
    width: 1.6,
  }));
  const values = own.flatMap((one) => one.value.flatMap((value) => (value === null ? [] : [value])));
  const entries = legendEntries(marks);
  const labels = directLabelWidth(entries);
  // In narrow panels names beside the lines would leave no room for the lines.
  const beside = labels !== undefined && labels < box.width * 0.3 ? labels : undefined;
  const legend = legendRows(beside === undefined && marks.length > 1 ? entries : [], { width: box.width, maxRows: 2 });
  const options = {
    x: {
      label: stepUnit,
      unit: "",
      scale: "linear",
      domain: domainOf(
        own.flatMap((one) => one.step),
        { scale: "linear" },
      ),
    } as const,
    y: { label: name, unit: own[0]?.unit ?? "", scale, domain: domainOf(values, { scale, pad: 0.05 }) },
    marks,
    box: { x: box.x, y: box.y + legend.height, width: box.width - (beside ?? 0), height: box.height - legend.height },
    pointLimit: Math.max(24, Math.min(900, Math.floor(6000 / series.length))),
    empty: values.length === 0 ? "no values yet" : undefined,
  };
  const { top, bottom, y } = plotArea(options);
  const names =
    beside === undefined
      ? undefined
      : directLabels(entries, { box: { x: box.x + box.width - beside + 4, y: top, width: beside, height: bottom - top }, at: y.at });
  return group({}, legend.draw(box.x, box.y), panel(options), names);
}
