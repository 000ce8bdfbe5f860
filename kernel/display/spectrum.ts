/** @file Singular-value spectra of layers over training, with effective rank, stable rank and tail exponent. */
import { ArgumentError } from "../errors";
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { evenIndices, pick } from "./downsample";
import { plural, significant } from "./format";
import { directLabels, directLabelWidth, legendEntries } from "./legend";
import { panel, plotArea } from "./panel";
import { domainOf } from "./scale";
import type { AxisPayload, LineMark, Numbers, SpectrumLayer, SpectrumPayload } from "./schema";
import { element, group, label, type SvgNode } from "./svg";
import { hexOfRgb, mapColour, MUTED_INK, seriesStyle } from "./theme";
import { effectiveRank, stableRank, tailExponent } from "./spectrumMeasures";
import { jsonNumber, jsonNumbers, numbersOf, type NumberSource } from "./values";

export interface SpectrumSeries {
  /** Layer path: "blocks.2.mlp.up.weight". */
  readonly name: string;
  /** Training step of each spectrum, rising. Default 0, 1, 2, … */
  readonly steps?: readonly number[];
  /** For each step all singular values of the matrix, in any order. */
  readonly singularValues: readonly NumberSource[];
}

export interface SpectrumOptions {
  readonly layers: readonly SpectrumSeries[];
  readonly title?: string;
}

/** Numbers kept in one payload, about 8 bytes each. */
const MAX_KEPT_VALUES = 12_000;
const MAX_LAYERS = 64;
const MAX_PANELS = 6;
const MAX_CURVES = 8;

/**
 * Spectra of some layers over training. Left: singular values by rank, early steps dark, late steps bright; right: effective rank by step.
 * Ranks and exponents are computed from all values, also where the curves keep fewer.
 *
 * @throws {ArgumentError} without layers, or when steps and spectra differ in number.
 */
export function spectrumView({ layers, title = "" }: SpectrumOptions): Display<"spectrum"> {
  if (layers.length === 0)
    throw new ArgumentError("a spectrum view without layers", { help: "give at least one layer: { name, steps, singularValues }" });
  const shown = layers.slice(0, MAX_LAYERS);
  const cuts = layers.length > shown.length ? [`the first ${shown.length} of ${layers.length} layers`] : [];
  const perLayer = Math.floor(MAX_KEPT_VALUES / shown.length);
  const built = shown.map((layer) => buildLayer(layer, { perLayer, cuts }));
  const payload: SpectrumPayload = { version: 1, title: title.slice(0, 300), finding: findingOf(built), cuts: [...new Set(cuts)], layers: built };
  return new Display({ view: "spectrum", payload, still: { "image/svg+xml": drawSpectrum(payload) }, text: plainText(payload, layerLines(built)) });
}

function buildLayer(
  { name, steps, singularValues }: SpectrumSeries,
  { perLayer, cuts }: { readonly perLayer: number; readonly cuts: string[] },
): SpectrumLayer {
  const at = steps ?? singularValues.map((_, i) => i);
  if (at.length !== singularValues.length || at.length === 0)
    throw new ArgumentError(`layer ${name}: ${at.length} steps for ${singularValues.length} spectra`, {
      help: "give one list of singular values for each step, at least one",
    });
  const sorted = singularValues.map((values) => numbersOf(values).sort((a, b) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : b - a)));
  const fullRank = Math.max(...sorted.map((values) => values.length));
  const keptSteps = evenIndices(at.length, Math.max(2, Math.min(40, Math.floor(perLayer / 16))));
  const ranks = rankSelection(fullRank, Math.max(8, Math.floor(perLayer / keptSteps.length)));
  if (keptSteps.length < at.length) cuts.push(`spectra of ${keptSteps.length} of ${at.length} steps`);
  if (ranks.length < fullRank) cuts.push(`${ranks.length} of ${fullRank} singular values in the curves; ranks and exponents are from all`);
  const measure = (of: (values: Float64Array) => number): Numbers => keptSteps.map((i) => jsonNumber(of(sorted[i])));
  return {
    name: name.slice(0, 120),
    steps: pick(at, keptSteps).map((step) => jsonNumber(step, 12) ?? 0),
    singularValues: keptSteps.map((i) =>
      jsonNumbers(
        ranks.map((rank) => sorted[i][rank - 1] ?? NaN),
        4,
      ),
    ),
    ranks,
    fullRank,
    effectiveRank: measure(effectiveRank),
    stableRank: measure(stableRank),
    tailExponent: measure(tailExponent),
  };
}

/** Ranks 1…count, or about `limit` of them, spread evenly on both the linear and the logarithmic axis. */
function rankSelection(count: number, limit: number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i + 1);
  const half = Math.floor(limit / 2);
  const even = evenIndices(count, half).map((i) => i + 1);
  const logarithmic = Array.from({ length: half }, (_, i) => Math.round(count ** (i / (half - 1))));
  return [...new Set([...even, ...logarithmic])].sort((a, b) => a - b);
}

function layerLines(layers: readonly SpectrumLayer[]): string[] {
  const show = (values: Numbers): string =>
    values.length > 1 ? `${significant(values[0] ?? NaN)} → ${significant(values.at(-1) ?? NaN)}` : significant(values[0] ?? NaN);
  return layers
    .slice(0, 24)
    .map(
      (layer) =>
        `${layer.name}: effective rank ${show(layer.effectiveRank)} of ${layer.fullRank}, stable rank ${show(layer.stableRank)}, tail exponent ${show(layer.tailExponent)}`,
    );
}

/** A change of effective rank below this share is called steady. */
const STEADY_SHARE = 0.1;

function findingOf(layers: readonly SpectrumLayer[]): string {
  const known = layers.filter(({ effectiveRank: ranks }) => typeof ranks[0] === "number" && typeof ranks.at(-1) === "number");
  const bad = layers.length - known.length;
  const missing = bad === 0 ? "" : `; ${plural(bad, "layer has", "layers have")} no finite, nonzero spectrum`;
  if (known.length === 0) return "No layer has a finite, nonzero spectrum.";
  const first = ({ effectiveRank: ranks }: SpectrumLayer): number => ranks[0] ?? NaN;
  const last = ({ effectiveRank: ranks }: SpectrumLayer): number => ranks.at(-1) ?? NaN;
  const change = (layer: SpectrumLayer): number => last(layer) / first(layer) - 1;
  if (known.every(({ steps }) => steps.length === 1)) {
    const lowest = known.reduce((a, b) => (last(b) / b.fullRank < last(a) / a.fullRank ? b : a));
    const among = known.length === 1 ? "" : `, the lowest share of ${known.length} layers`;
    const alpha = lowest.tailExponent[0];
    return `${lowest.name} has effective rank ${significant(last(lowest))} of ${lowest.fullRank}${among}${alpha === null ? "" : `; its singular values fall as rank^−${significant(alpha, 2)}`}${missing}.`;
  }
  const most = known.reduce((a, b) => (Math.abs(change(b)) > Math.abs(change(a)) ? b : a));
  if (Math.abs(change(most)) < STEADY_SHARE)
    return `Effective rank is steady in ${known.length === 1 ? most.name : known.length === 2 ? "both layers" : `all ${known.length} layers`}: the largest change is ${significant(first(most))} → ${significant(last(most))} in ${most.name}${missing}.`;
  const others = known.filter((layer) => layer !== most);
  const falling = known.filter((layer) => change(layer) <= -STEADY_SHARE).length;
  const rising = known.filter((layer) => change(layer) >= STEADY_SHARE).length;
  const rest = others.length === 0 ? "" : `; of ${known.length} layers ${falling} fell and ${rising} rose by 10 % or more`;
  return `Effective rank ${change(most) < 0 ? "fell" : "rose"}${others.length === 0 ? "" : " most"} in ${most.name}: ${significant(first(most))} → ${significant(last(most))} of ${most.fullRank} over steps ${most.steps[0]}–${most.steps.at(-1)}${rest}${missing}.`;
}

/** The static twin. */
export function drawSpectrum(payload: SpectrumPayload): string {
  const { layers, title, finding, cuts } = payload;
  const panels = byChange(layers).slice(0, MAX_PANELS);
  const steps = layers.some((layer) => layer.steps.length > 1);
  const columns = panels.length === 4 ? 2 : Math.min(3, panels.length);
  const rows = Math.ceil(panels.length / columns);
  const panelHeight = panels.length === 1 ? 240 : 170;
  const ranksHeight = steps ? 190 : 0;
  const notes = [
    panels.length < layers.length ? `panels show the ${panels.length} of ${layers.length} layers that changed most` : "",
    ...cuts,
  ].filter((note) => note !== "");
  return card(
    { title, finding, caption: notes.join(" · "), height: rows * panelHeight + (rows - 1) * 12 + (steps ? 22 + ranksHeight + 14 : 0) },
    (box) => {
      const width = (box.width - (columns - 1) * 16) / columns;
      const top = box.y + (steps ? 22 : 0);
      const spectra = panels.map((layer, i) =>
        spectrumPanel(layer, {
          x: box.x + (i % columns) * (width + 16),
          y: top + Math.floor(i / columns) * (panelHeight + 12),
          width,
          height: panelHeight,
        }),
      );
      const below = top + rows * panelHeight + (rows - 1) * 12 + 14;
      return group(
        {},
        steps ? stepLegend(layers, box.x, box.y) : undefined,
        spectra,
        steps ? rankPanel(layers, { x: box.x, y: below, width: box.width, height: ranksHeight }) : undefined,
      );
    },
  );
}

const byChange = (layers: readonly SpectrumLayer[]): readonly SpectrumLayer[] => {
  const change = ({ effectiveRank: ranks }: SpectrumLayer): number => Math.abs(Math.log((ranks.at(-1) ?? NaN) / (ranks[0] ?? NaN))) || 0;
  if (layers.length <= MAX_PANELS) return layers;
  return [...layers].sort((a, b) => change(b) - change(a));
};

/** The bright end of the map is too pale for lines on the card. */
const STEP_MAP_END = 0.86;
const stepColour = (share: number): string => hexOfRgb(mapColour("sequential", share * STEP_MAP_END));

interface PanelBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function spectrumPanel(layer: SpectrumLayer, box: PanelBox): SvgNode {
  const shown = evenIndices(layer.steps.length, MAX_CURVES);
  const curves = shown.map((step, i): LineMark => ({
    type: "line",
    name: "",
    facet: "",
    colour: shown.length === 1 ? stepColour(0.35) : stepColour(i / (shown.length - 1)),
    x: layer.ranks,
    y: layer.singularValues[step],
    width: 1.5,
  }));
  const values = curves.flatMap(({ y }) => y.flatMap((value) => (value !== null && value > 0 ? [value] : [])));
  const top = Math.max(...values, 0);
  // Values at rounding level would squeeze all others into the top of the panel.
  const y: AxisPayload = {
    label: "σ",
    unit: "",
    scale: "log",
    domain: domainOf(
      values.filter((value) => value > top * 1e-7),
      { scale: "log", pad: 0.05 },
    ),
  };
  const x: AxisPayload = { label: "rank", unit: "", scale: "log", domain: domainOf([1, Math.max(2, layer.fullRank)], { scale: "log" }) };
  return panel({ x, y, marks: curves, box, title: layer.name, pointLimit: 150, empty: values.length === 0 ? "no finite values" : undefined });
}

function stepLegend(layers: readonly SpectrumLayer[], x: number, y: number): SvgNode {
  const steps = layers.flatMap((layer) => layer.steps);
  const cells = 24;
  const first = `step ${significant(Math.min(...steps), 6)}`;
  return group(
    {},
    label(first, { x, y: y + 10, size: 10.5, fill: MUTED_INK }),
    Array.from({ length: cells }, (_, i) =>
      element("rect", { x: x + first.length * 7 + 6 + i * 4, y: y + 2, width: 4.4, height: 9, fill: stepColour(i / (cells - 1)) }),
    ),
    label(significant(Math.max(...steps), 6), { x: x + first.length * 7 + 12 + cells * 4, y: y + 10, size: 10.5, fill: MUTED_INK }),
  );
}

function rankPanel(layers: readonly SpectrumLayer[], box: PanelBox): SvgNode {
  const shown = byChange(layers).slice(0, MAX_CURVES);
  const marks = shown.map((layer, i): LineMark => ({
    type: "line",
    name: layer.name,
    facet: "",
    colour: seriesStyle(i).colour,
    dash: seriesStyle(i).dash,
    x: layer.steps,
    y: layer.effectiveRank,
    width: 1.8,
  }));
  const names = legendEntries(marks);
  const width = directLabelWidth(names) ?? 0;
  const values = marks.flatMap((mark) => mark.y.flatMap((value) => (value === null ? [] : [value])));
  const options = {
    x: {
      label: "step",
      unit: "",
      scale: "linear",
      domain: domainOf(
        marks.flatMap((mark) => mark.x.map(Number)),
        { scale: "linear" },
      ),
    } as const,
    y: { label: "effective rank", unit: "", scale: "linear", domain: domainOf(values, { scale: "linear", pad: 0.08 }) } as const,
    marks,
    box: { ...box, width: box.width - width },
    pointLimit: 100,
  };
  const { top, bottom, y } = plotArea(options);
  return group(
    {},
    panel(options),
    width === 0 ? undefined : directLabels(names, { box: { x: box.x + box.width - width + 4, y: top, width, height: bottom - top }, at: y.at }),
  );
}
