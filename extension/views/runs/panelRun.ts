/** @file A run as the comparison panel takes it: columns of few enough points. */
import { metricNames, thin } from "../../../kernel/runs/series";
import type { MetricRow, RunData } from "../../../kernel/runs/schema";
import type { PanelRun, PanelSeries } from "../../../webviews/panels/runsMessages";

/** Of one metric of one run: twice the pixels of a wide plot. */
const MAX_POINTS = 3000;
const MAX_METRICS = 60;

export function panelRun({ id, name, group, status, started, seconds, config, environment, cost, rows }: RunData): PanelRun {
  const metrics = metricNames(rows).slice(0, MAX_METRICS);
  const notFinite = rows.reduce((sum, { values }) => sum + Object.values(values).filter((value) => !Number.isFinite(value)).length, 0);
  return {
    id,
    name,
    group,
    status,
    started,
    seconds,
    config,
    environment,
    stepFlops: cost?.flops ?? null,
    parameters: cost?.parameters ?? null,
    metrics: Object.fromEntries(metrics.flatMap((metric) => seriesOf(rows, metric) ?? [])),
    notFinite,
  };
}

function seriesOf(rows: readonly MetricRow[], metric: string): readonly (readonly [string, PanelSeries])[] | undefined {
  const with_ = rows.filter(({ values }) => Number.isFinite(values[metric]));
  if (with_.length === 0) return undefined;
  // Thinned by place among the rows, so that the same rows serve every axis.
  const kept = thin({ x: with_.map((_, index) => index), y: with_.map(({ values }) => values[metric]) }, MAX_POINTS).x.map((index) => with_[index]);
  return [
    [
      metric,
      {
        step: kept.map(({ step }) => step),
        seconds: kept.map((row) => row.seconds),
        flops: kept.map(({ flops }) => flops ?? null),
        tokens: kept.map(({ tokens }) => tokens ?? null),
        value: kept.map(({ values }) => values[metric]),
      },
    ],
  ];
}
