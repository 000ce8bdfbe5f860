/** @file The plot of the runs panel: curves over one another, the raw ones faint behind smoothed ones, the common budget as a line. */
import type { Data, Layout } from "plotly.js";
import type { Axis } from "../../../kernel/runs/schema";
import { withAlpha } from "../../shared/colour";
import { secondsText, significant, withPrefix } from "../../shared/format";
import type { PlotSpec, Walk } from "../../shared/plot";
import { axisLayout, baseLayout, plotText } from "../../shared/plotStyle";
import type { Theme } from "../../shared/renderer";
import type { Choices, Comparison, ComparedRun } from "./comparison";

const HEIGHT_PX = 380;
export const AXIS_LABELS: Readonly<Record<Axis, string>> = { step: "steps", flops: "FLOPs", tokens: "tokens", seconds: "seconds" };
/** Dashes tell runs apart beyond the colours that there are. */
const DASHES = ["solid", "dash", "dot", "dashdot"] as const;

export const colourOf = (theme: Theme, index: number): string => theme.series[index % theme.series.length];
export const dashOf = (theme: Theme, index: number): (typeof DASHES)[number] => DASHES[Math.floor(index / theme.series.length) % DASHES.length];

/** A place on the axis in words. */
export function axisText(axis: Axis, value: number): string {
  if (axis === "seconds") return secondsText(value);
  if (axis === "flops") return withPrefix(value, "FLOP");
  return `${axis === "step" && value < 1e6 ? value : withPrefix(value)} ${AXIS_LABELS[axis]}`;
}

export interface RunsPlotParts {
  readonly comparison: Comparison;
  readonly choices: Choices;
  readonly hidden: ReadonlySet<string>;
  readonly theme: Theme;
  readonly revision: number;
}

export function runsPlot({ comparison, choices, hidden, theme, revision }: RunsPlotParts): PlotSpec {
  const { metric, axis, smoothing, logX, logY } = choices;
  const shown = comparison.runs.map((compared, index) => ({ compared, index })).filter(({ compared }) => !hidden.has(compared.label) && compared.curve.x.length > 0);
  const lines = shown.map(({ compared, index }): Data => line(compared, { index, axis, metric, theme }));
  const raw = smoothing > 0 ? shown.map(({ compared, index }): Data => faint(compared, colourOf(theme, index))) : [];
  const walks = shown.map(({ compared }, at): Walk => ({
    trace: raw.length + at,
    count: compared.curve.x.length,
    say: (point) => `${compared.label}, ${axisText(axis, compared.curve.x[point])}: ${metric} ${significant(compared.curve.y[point], 4)}`,
  }));
  return {
    height: HEIGHT_PX,
    data: [...raw, ...lines],
    walks,
    layout: {
      ...baseLayout(theme, { height: HEIGHT_PX, revision }),
      hovermode: "closest",
      xaxis: axisLayout(theme, { title: AXIS_LABELS[axis], type: logX ? "log" : "linear", side: "x", range: rangeOf(shown.flatMap(({ compared }) => [compared.curve.x, compared.raw.x]), { log: logX, room: 0.005 }) }),
      yaxis: axisLayout(theme, { title: metric, type: logY ? "log" : "linear", side: "y", range: rangeOf(shown.flatMap(({ compared }) => (smoothing > 0 ? [compared.curve.y, compared.raw.y] : [compared.curve.y])), { log: logY, room: 0.05 }) }),
      ...budgetLine({ comparison, choices, theme }),
    },
  };
}

/** Around all values, with a share of room at both ends, as plotly wants it: logarithms on a log axis. Undefined without values. */
function rangeOf(lists: readonly (readonly number[])[], { log, room }: { readonly log: boolean; readonly room: number }): readonly [number, number] | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists)
    for (const value of list) {
      const place = log ? Math.log10(value) : value;
      if (!Number.isFinite(place)) continue;
      low = Math.min(low, place);
      high = Math.max(high, place);
    }
  if (low > high) return undefined;
  const space = high > low ? (high - low) * room : Math.max(Math.abs(high) * 0.1, log ? 0.1 : 1e-9);
  return [low - space, high + space];
}

interface LineParts {
  readonly index: number;
  readonly axis: Axis;
  readonly metric: string;
  readonly theme: Theme;
}

function line({ curve, label }: ComparedRun, { index, axis, metric, theme }: LineParts): Data {
  return {
    type: "scatter",
    mode: curve.x.length === 1 ? "markers" : "lines",
    name: plotText(label),
    x: [...curve.x],
    y: [...curve.y],
    line: { color: colourOf(theme, index), width: 1.8, dash: dashOf(theme, index) },
    marker: { color: colourOf(theme, index), size: 7 },
    text: curve.x.map((x, i) => plotText(`${label}: ${metric} ${significant(curve.y[i], 4)} at ${axisText(axis, x)}`)),
    hovertemplate: "%{text}<extra></extra>",
  };
}

/** What was measured, behind its smoothed curve; the pointer passes over it. */
const faint = ({ raw }: ComparedRun, colour: string): Data => ({ type: "scatter", mode: "lines", x: [...raw.x], y: [...raw.y], line: { color: colour, width: 1 }, opacity: 0.28, hoverinfo: "skip" });

/** A vertical line where the shortest run ends, with its value; none where all end there anyway. */
function budgetLine({ comparison, choices, theme }: Pick<RunsPlotParts, "comparison" | "choices" | "theme">): Partial<Layout> {
  const { budget, runs } = comparison;
  if (budget === undefined || runs.length < 2) return {};
  const x = choices.logX ? Math.log10(budget) : budget;
  return {
    shapes: [{ type: "line", xref: "x", yref: "paper", x0: budget, x1: budget, y0: 0, y1: 1, line: { color: withAlpha(theme.foreground, 0.6), width: 1, dash: "dot" } }],
    annotations: [{ x, y: 1, xref: "x", yref: "paper", text: plotText(`equal ${AXIS_LABELS[choices.axis]}: ${axisText(choices.axis, budget)}`), showarrow: false, xanchor: "right", yanchor: "top", xshift: -4, font: { size: 11, color: theme.muted } }],
  };
}
