/** @file What the runs panel shows, computed from its runs and the user's choices: curves, the common budget, the values there. */
import { commonBudget, curveOf, cutAt, smooth, valueAt, type Curve } from "../../../kernel/runs/series";
import { AXES, type Axis, type MetricRow } from "../../../kernel/runs/schema";
import type { PanelRun, PanelSeries } from "../runsMessages";

export interface Choices {
  readonly metric: string;
  readonly axis: Axis;
  /** 0…0.99. */
  readonly smoothing: number;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Cut all curves where the shortest ends. */
  readonly equal: boolean;
}

export interface ComparedRun {
  readonly run: PanelRun;
  /** Two runs of one name are told apart by when they began. */
  readonly label: string;
  /** As measured. */
  readonly raw: Curve;
  /** As drawn. */
  readonly curve: Curve;
  /** Smoothed value where the shortest run ends; undefined when the run has none there. */
  readonly atBudget: number | undefined;
  /** Where the run ends on the axis, cut or not. */
  readonly spent: number | undefined;
  readonly last: number | undefined;
  readonly best: number | undefined;
}

export interface Comparison {
  readonly runs: readonly ComparedRun[];
  /** Where the shortest run ends on the axis; undefined when no run has points. */
  readonly budget: number | undefined;
}

/** The metrics of all runs, those of the first run first. */
export const metricsOf = (runs: readonly PanelRun[]): string[] => [...new Set(runs.flatMap(({ metrics }) => Object.keys(metrics)))];

/** Axes that every run with the metric knows. */
export const axesOf = (runs: readonly PanelRun[], metric: string): Axis[] =>
  AXES.filter((axis) => {
    const series = runs.flatMap((run) => run.metrics[metric] ?? []);
    return series.length > 0 && series.every((one) => one[axis].some((value) => value !== null));
  });

export function compare(runs: readonly PanelRun[], { metric, axis, smoothing, logX, equal }: Choices): Comparison {
  const labels = labelsOf(runs);
  const found = runs.map((run) => {
    const raw = rawCurve(run.metrics[metric], metric, axis);
    // A logarithm has no place for the start at 0.
    return { run, raw: logX ? { x: raw.x.filter((x) => x > 0), y: raw.y.filter((_, i) => raw.x[i] > 0) } : raw };
  });
  const budget = commonBudget(found.map(({ raw }) => raw));
  return {
    budget,
    runs: found.map(({ run, raw }, index) => {
      const smoothed = smooth(raw, smoothing);
      return {
        run,
        label: labels[index],
        raw: equal && budget !== undefined ? cutAt(raw, budget) : raw,
        curve: equal && budget !== undefined ? cutAt(smoothed, budget) : smoothed,
        atBudget: budget === undefined ? undefined : valueAt(smoothed, budget),
        spent: raw.x.at(-1),
        last: raw.y.at(-1),
        best: raw.y.length === 0 ? undefined : raw.y.reduce((least, value) => Math.min(least, value)),
      };
    }),
  };
}

function rawCurve(series: PanelSeries | undefined, metric: string, axis: Axis): Curve {
  if (series === undefined) return { x: [], y: [] };
  const rows = series.value.map((value, i): MetricRow => ({ step: series.step[i], seconds: series.seconds[i], flops: series.flops[i] ?? undefined, tokens: series.tokens[i] ?? undefined, values: { [metric]: value } }));
  return curveOf(rows, metric, axis);
}

function labelsOf(runs: readonly PanelRun[]): string[] {
  return runs.map((run) => {
    const same = runs.filter(({ name }) => name === run.name);
    if (same.length === 1) return run.name;
    const groups = new Set(same.map(({ group }) => group));
    const time = run.started.slice(11, 19);
    return `${run.name} (${groups.size === same.length && run.group !== "" ? run.group : run.id.split("-").at(-1) + " " + time})`;
  });
}
