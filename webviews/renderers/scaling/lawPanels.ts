/** @file The panel of the law (points, fit, interval, what is extrapolated) and that of its residuals. */
import { svg, uniqueId } from "../../shared/dom";
import { axisTitle, percent, significant, withPrefix } from "../../shared/format";
import { bandPath, type Box, linePath, plot, type Plot } from "../../shared/chart/plot";
import { domainOf } from "../../shared/chart/scale";
import type { Theme } from "../../shared/renderer";
import type { ScalingPayload } from "../../../kernel/display/schema";
import { dot } from "./dots";
import { type Law, usablePoints } from "./refit";

export interface LawState {
  readonly payload: ScalingPayload;
  readonly theme: Theme;
  readonly law: Law;
  /** The law of all points, drawn faintly when points are taken out. */
  readonly original: Law | undefined;
  readonly removed: ReadonlySet<number>;
  /** Key of the point in question; "" for none. */
  readonly active: string;
  /** Key of the point that Tab reaches. */
  readonly tabStop: string;
}

/** Points of the law that are drawn along x. */
const CURVE_POINTS = 120;
/** How far the curve goes on beyond the data, as a share of their span of logarithms. */
const BEYOND_SHARE = 0.3;

export const pointKey = (index: number): string => `p${index}`;

export const seriesColour = ({ points }: ScalingPayload, theme: Theme, index: number): string => {
  const names = [...new Set(points.series)];
  return theme.series[names.indexOf(points.series[index]) % theme.series.length] ?? theme.foreground;
};

/** Smallest and largest x of the points in the fit. */
export function dataRange(payload: ScalingPayload, removed: ReadonlySet<number>): readonly [number, number] {
  const xs = usablePoints(payload).flatMap(({ x, index }) => (removed.has(index) ? [] : [x]));
  return xs.length === 0 ? [NaN, NaN] : [Math.min(...xs), Math.max(...xs)];
}

export function lawPanel({ payload, theme, law, original, removed, active, tabStop }: LawState, box: Box): Plot {
  const points = usablePoints(payload);
  const known = [...points.map(({ x }) => x), ...(payload.curve?.x ?? [])];
  const tight = domainOf(known, { kind: "log" });
  const data = domainOf(
    points.map(({ x }) => x),
    { kind: "log" },
  );
  const far = Math.max(tight[1], data[1] * (data[1] / data[0]) ** BEYOND_SHARE);
  const domain = domainOf([tight[0], law.predict(far) > 0 ? far : tight[1]], { kind: "log", pad: 0.03 });
  const xs = Array.from({ length: CURVE_POINTS }, (_, i) => domain[0] * (domain[1] / domain[0]) ** (i / (CURVE_POINTS - 1)));
  const ys = xs.map((x) => positive(law.predict(x)));
  const bands = xs.map((x) => law.band(x));
  const values = [
    ...points.map(({ y }) => y),
    ...ys,
    ...bands.flatMap(({ low, high }) => [positive(low), positive(high)]),
    ...(payload.curve?.y ?? []),
  ];
  const made = plot({
    box,
    theme,
    title: "Measured and fitted",
    x: { label: axisTitle(payload.x), kind: "log", domain },
    y: { label: axisTitle(payload.y), kind: "log", domain: domainOf(values, { kind: "log", pad: 0.06 }) },
  });
  const { layer, area } = made;
  const [low, high] = dataRange(payload, removed);
  const inside = (x: number): boolean => x >= low * (1 - 1e-9) && x <= high * (1 + 1e-9);
  for (const [from, to, label] of [
    [high, domain[1], true],
    [domain[0], low, false],
  ] as const) {
    const [left, right] = [made.x.at(from), made.x.at(to)];
    if (!(right - left > 3)) continue;
    layer.append(svg("rect", { x: left, y: 0, width: right - left, height: area.height, fill: hatch(layer, theme), class: "scaling-extrapolated" }));
    if (label && right - left > 74)
      layer.append(
        svg(
          "text",
          { x: right - 6, y: 14, "text-anchor": "end", "font-size": 11, "font-style": "italic", "font-family": theme.font, fill: theme.muted },
          "extrapolated",
        ),
      );
  }
  if (original !== undefined)
    layer.append(
      svg("path", {
        d: linePath(
          made,
          xs,
          xs.map((x) => positive(original.predict(x))),
        ),
        fill: "none",
        stroke: theme.muted,
        "stroke-width": 1.4,
        "stroke-dasharray": "2 3",
        class: "scaling-original",
      }),
    );
  const accent = theme.foreground;
  const band = bandPath(made, { xs, low: bands.map(({ low: value }) => positive(value)), high: bands.map(({ high: value }) => positive(value)) });
  if (band !== "")
    layer.append(
      svg("path", { d: band, fill: theme.series[0], "fill-opacity": 0.18, stroke: theme.series[0], "stroke-opacity": 0.35, "stroke-width": 1 }),
    );
  const line = { fill: "none", stroke: accent, "stroke-width": 2, "stroke-linecap": "round" } as const;
  layer.append(
    svg("path", {
      d: linePath(
        made,
        xs,
        ys.map((y, i) => (inside(xs[i]) || inside(xs[i + 1] ?? NaN) || inside(xs[i - 1] ?? NaN) ? y : null)),
      ),
      ...line,
      class: "scaling-fit",
    }),
    svg("path", {
      d: linePath(
        made,
        xs,
        ys.map((y, i) => (xs[i] >= high ? y : null)),
      ),
      ...line,
      "stroke-dasharray": "7 5",
    }),
    svg("path", {
      d: linePath(
        made,
        xs,
        ys.map((y, i) => (xs[i] <= low ? y : null)),
      ),
      ...line,
      "stroke-dasharray": "7 5",
    }),
  );
  const group = svg("g", { role: "group", "aria-label": "Measured points: Delete takes the focused one out of the fit or puts it back" });
  for (const { x, y, index } of points)
    group.append(
      dot(
        {
          key: pointKey(index),
          x: made.x.at(x),
          y: made.y.at(y),
          colour: seriesColour(payload, theme, index),
          removed: removed.has(index),
          label: pointLabel({ payload, law, index, removed }),
          shape: "circle",
          active: active === pointKey(index),
        },
        { theme, tabStop: tabStop === pointKey(index) },
      ),
    );
  layer.append(group);
  return made;
}

const positive = (value: number): number | null => (value > 0 && Number.isFinite(value) ? value : null);

function hatch(layer: SVGSVGElement, theme: Theme): string {
  const id = uniqueId("hatch");
  layer.append(
    svg(
      "defs",
      {},
      svg(
        "pattern",
        { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        svg("line", { x1: 0, x2: 0, y1: 0, y2: 7, stroke: theme.muted, "stroke-width": 1.2, "stroke-opacity": 0.28 }),
      ),
    ),
  );
  return `url(#${id})`;
}

/** Relative distance of a point from the law. */
export function residual(law: Law, { x, y }: { readonly x: number; readonly y: number }): number {
  const at = law.predict(x);
  return (y - at) / at;
}

interface Labelled {
  readonly payload: ScalingPayload;
  readonly law: Law;
  readonly index: number;
  readonly removed: ReadonlySet<number>;
}

/** "parameters 400k, loss 2.81, 3.0 % above the fit". */
export function pointLabel({ payload, law, index, removed }: Labelled): string {
  const [x, y] = [payload.points.x[index] ?? NaN, payload.points.y[index] ?? NaN];
  const off = residual(law, { x, y });
  const series = payload.points.series[index] ?? "";
  const where = Number.isFinite(off) ? `, ${percent(Math.abs(off))} ${off >= 0 ? "above" : "below"} the fit` : "";
  return `${series === "" ? "" : `${series}: `}${payload.x.label} ${withPrefix(x)}, ${payload.y.label} ${significant(y, 4)}${where}${removed.has(index) ? ", not in the fit" : ""}`;
}

/** Residuals in percent against x, as sticks from zero. */
export function residualPanel({ payload, theme, law, removed, active }: LawState, box: Box): Plot {
  const points = usablePoints(payload).map((point) => ({ ...point, off: 100 * residual(law, point) }));
  const most = Math.max(1e-6, ...points.flatMap(({ off }) => (Number.isFinite(off) ? [Math.abs(off)] : []))) * 1.2;
  const made = plot({
    box,
    theme,
    title: "Residuals",
    x: {
      label: axisTitle(payload.x),
      kind: "log",
      domain: domainOf(
        points.map(({ x }) => x),
        { kind: "log", pad: 0.08 },
      ),
    },
    y: { label: "measured / fit − 1 (%)", kind: "linear", domain: [-most, most] },
  });
  const zero = made.y.at(0);
  made.layer.append(svg("line", { x1: 0, x2: made.area.width, y1: zero, y2: zero, stroke: theme.foreground, "stroke-width": 1.2 }));
  for (const { x, off, index } of points) {
    const at = { x: made.x.at(x), y: made.y.at(off) };
    if (!Number.isFinite(at.x) || !Number.isFinite(at.y)) continue;
    const out = removed.has(index);
    const colour = out ? theme.muted : seriesColour(payload, theme, index);
    made.layer.append(
      svg("line", {
        x1: at.x,
        x2: at.x,
        y1: zero,
        y2: at.y,
        stroke: colour,
        "stroke-width": 1.6,
        "stroke-dasharray": out ? "2 2" : undefined,
        opacity: 0.7,
      }),
      svg("circle", {
        cx: at.x,
        cy: at.y,
        r: active === pointKey(index) ? 5.5 : 4,
        fill: out ? theme.background : colour,
        stroke: active === pointKey(index) ? theme.foreground : colour,
        "stroke-width": 1.5,
      }),
    );
  }
  return made;
}
