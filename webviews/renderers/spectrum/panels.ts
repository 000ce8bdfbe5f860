/** @file Panels of spectra: one layer with its first and last spectrum behind, many small ones, several over each other; and measures over steps. */
import type { SpectrumLayer } from "../../../kernel/display/schema";
import { type Box, linePath, plot, type Plot } from "../../shared/chart/plot";
import { domainOf, type Range, type ScaleKind } from "../../shared/chart/scale";
import { svg } from "../../shared/dom";
import type { Theme } from "../../shared/renderer";
import { FEW_LAYERS } from "./layerColours";
import { type MeasureKey, spectrumAt, tailLine, visibleValues } from "./series";

export interface SpectrumStyle {
  readonly theme: Theme;
  /** Of the ranks; values are always on a logarithmic axis. */
  readonly rankScale: ScaleKind;
  readonly step: number;
  /** Colour of the layer with this index. */
  readonly colour: (index: number) => string;
}

export interface SpectrumPanel {
  readonly plot: Plot;
  readonly layers: readonly { readonly layer: SpectrumLayer; readonly index: number }[];
  /** Moves the curves to another step. */
  readonly show: (step: number) => void;
}

interface Curves {
  readonly box: Box;
  readonly title?: string;
  readonly layers: readonly { readonly layer: SpectrumLayer; readonly index: number }[];
  /** Which axes have titles. */
  readonly titled: { readonly x: boolean; readonly y: boolean };
  /** One of many: thinner, without the line of the tail exponent. */
  readonly small?: boolean;
  /** Pixels left of the plot: the same for panels below each other. */
  readonly left?: number;
  /** The same for all panels that are compared. */
  readonly values?: Range;
}

/** Spectra of layers at a step. A single layer has its first and last spectrum behind it. */
export function spectrumPanel({ box, title, layers, titled, small = false, left, values }: Curves, { theme, rankScale, step, colour }: SpectrumStyle): SpectrumPanel {
  const all = layers.map(({ layer }) => layer);
  const full = Math.max(2, ...all.map(({ fullRank, ranks }) => Math.max(Math.min(fullRank, 1e9), ranks.at(-1) ?? 1)));
  const made = plot({
    box,
    theme,
    title,
    left,
    x: { label: titled.x ? "rank index" : "", kind: rankScale, domain: rankScale === "log" ? [1, full] : [0, full] },
    y: { label: titled.y ? "singular value" : "", kind: "log", domain: values ?? domainOf(visibleValues(all), { kind: "log", pad: 0.05 }) },
  });
  const single = layers.length === 1;
  const ghost = (layer: SpectrumLayer, at: number, dash: string): SVGPathElement =>
    svg("path", {
      d: linePath(made, layer.ranks, layer.singularValues[at] ?? []),
      fill: "none",
      stroke: theme.muted,
      "stroke-width": 1.4,
      "stroke-dasharray": dash,
      opacity: 0.8,
    });
  if (single && all[0].steps.length > 1) made.layer.append(ghost(all[0], 0, "2 3"), ghost(all[0], all[0].steps.length - 1, "7 3"));
  const tail = svg("path", { fill: "none", stroke: theme.foreground, "stroke-width": 1.8, "stroke-dasharray": "1 4", "stroke-linecap": "round" });
  if (single && !small) made.layer.append(tail);
  const lines = layers.map(({ index }) =>
    svg("path", {
      fill: "none",
      stroke: colour(index),
      "stroke-width": small ? 1.8 : 2.2,
      "stroke-linejoin": "round",
    }),
  );
  made.layer.append(...lines);
  if (visibleValues(all).length === 0)
    made.layer.append(
      svg(
        "text",
        { x: made.area.width / 2, y: made.area.height / 2, "text-anchor": "middle", fill: theme.muted, "font-size": 12, "font-family": theme.font },
        "no finite values above 0",
      ),
    );
  const show = (now: number): void =>
    layers.forEach(({ layer }, i) => {
      const at = spectrumAt(layer, now);
      lines[i].setAttribute("d", linePath(made, layer.ranks, layer.singularValues[at] ?? []));
      if (!single) return;
      const line = tailLine(layer, at);
      tail.setAttribute("d", line === undefined ? "" : linePath(made, line.x, line.y));
    });
  show(step);
  return { plot: made, layers, show };
}

export interface MeasurePanel {
  readonly plot: Plot;
  readonly key: MeasureKey;
  readonly show: (step: number) => void;
}

interface Measured {
  readonly box: Box;
  readonly title: string;
  readonly key: MeasureKey;
  readonly layers: readonly { readonly layer: SpectrumLayer; readonly index: number }[];
  /** Index of the layer that stands out; undefined for none. */
  readonly bold: number | undefined;
}

/** A measure over training, with a line at the step shown. */
export function measurePanel({ box, title, key, layers, bold }: Measured, { theme, step, colour }: SpectrumStyle): MeasurePanel {
  const steps = layers.flatMap(({ layer }) => layer.steps);
  const made = plot({
    box,
    theme,
    title,
    x: { label: "step", kind: "linear", domain: domainOf(steps, { kind: "linear", pad: 0.01 }) },
    y: {
      label: "",
      kind: "linear",
      domain: domainOf(
        layers.flatMap(({ layer }) => layer[key]),
        { kind: "linear", pad: 0.08 },
      ),
    },
  });
  const cursor = svg("line", { y1: 0, y2: made.area.height, stroke: theme.foreground, "stroke-width": 1, "stroke-dasharray": "3 3" });
  made.layer.append(cursor);
  for (const { layer, index } of layers)
    made.layer.append(
      svg("path", {
        d: linePath(made, layer.steps, layer[key]),
        fill: "none",
        stroke: colour(index),
        "stroke-width": bold === index ? 3 : layers.length > FEW_LAYERS ? 1.2 : 1.7,
        opacity: bold === undefined || bold === index ? 1 : 0.35,
      }),
    );
  const dots = layers.map(({ index }) => svg("circle", { r: layers.length > FEW_LAYERS ? 2.5 : 3.5, fill: colour(index), stroke: theme.background, "stroke-width": 1 }));
  made.layer.append(...dots);
  const show = (now: number): void => {
    const x = made.x.at(now);
    for (const name of ["x1", "x2"]) cursor.setAttribute(name, String(Number.isFinite(x) ? x : -10));
    layers.forEach(({ layer }, i) => {
      const at = spectrumAt(layer, now);
      const [cx, cy] = [made.x.at(layer.steps[at] ?? NaN), made.y.at(layer[key][at] ?? NaN)];
      const known = Number.isFinite(cx) && Number.isFinite(cy);
      dots[i].setAttribute("transform", known ? `translate(${cx} ${cy})` : "translate(-99 -99)");
    });
  };
  show(step);
  return { plot: made, key, show };
}
