/** @file Curves of runs: a metric against steps, FLOPs, tokens or seconds; smoothed; cut where all have spent the same. Pure: command line and views share it. */
import type { Axis, MetricRow } from "./schema";

/** Points with x that does not fall; no gaps, no NaN. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The metrics of the rows, "loss" first, then those with most points. */
export function metricNames(rows: readonly MetricRow[]): string[] {
  const counts = new Map<string, number>();
  for (const { values } of rows) for (const name of Object.keys(values)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const rank = (name: string): number => (name === "loss" ? Infinity : (counts.get(name) ?? 0));
  return [...counts.keys()].sort((a, b) => (rank(b) === rank(a) ? (a < b ? -1 : 1) : rank(b) - rank(a)));
}

/** A metric of a run along an axis. Rows without either are left out, and so are values that are not finite. */
export function curveOf(rows: readonly MetricRow[], metric: string, axis: Axis): Curve {
  const x: number[] = [];
  const y: number[] = [];
  for (const row of rows) {
    const at = row[axis];
    const value = row.values[metric];
    if (at === undefined || value === undefined || !Number.isFinite(at) || !Number.isFinite(value)) continue;
    x.push(at);
    y.push(value);
  }
  return { x, y };
}

/** Exponential average with weight `amount` (0…1, 0: none) on the past, corrected for its start as Adam's moments are. */
export function smooth({ x, y }: Curve, amount: number): Curve {
  if (amount <= 0) return { x, y };
  let average = 0;
  let weight = 0;
  return {
    x,
    y: y.map((value) => {
      average = amount * average + (1 - amount) * value;
      weight = amount * weight + (1 - amount);
      return average / weight;
    }),
  };
}

/** The value of a curve at `x`, on the line between its neighbours; undefined outside of the curve. */
export function valueAt({ x, y }: Curve, at: number): number | undefined {
  if (x.length === 0 || at < x[0] || at > x[x.length - 1]) return undefined;
  let low = 0;
  let high = x.length - 1;
  // The last point not beyond `at`.
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (x[middle] <= at) low = middle;
    else high = middle - 1;
  }
  if (x[low] === at || low === x.length - 1) return y[low];
  return y[low] + ((at - x[low]) / (x[low + 1] - x[low])) * (y[low + 1] - y[low]);
}

/** What all of the curves have spent: the smallest of their ends; undefined without points. */
export function commonBudget(curves: readonly Curve[]): number | undefined {
  const ends = curves.flatMap(({ x }) => x.slice(-1));
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** The part of a curve up to `end`, with the point at `end` itself where it lies between two. */
export function cutAt(curve: Curve, end: number): Curve {
  const count = curve.x.filter((x) => x <= end).length;
  const x = curve.x.slice(0, count);
  const y = curve.y.slice(0, count);
  const last = valueAt(curve, end);
  if (last !== undefined && x.at(-1) !== end) return { x: [...x, end], y: [...y, last] };
  return { x, y };
}

/** At most about `limit` points: of each stretch the lowest and the highest, in their order, so that spikes stay. */
export function thin({ x, y }: Curve, limit: number): Curve {
  if (x.length <= limit) return { x, y };
  const stretch = Math.ceil((2 * x.length) / limit);
  const kept: number[] = [];
  for (let at = 0; at < x.length; at += stretch) {
    let low = at;
    let high = at;
    for (let i = at; i < Math.min(at + stretch, x.length); i++) {
      if (y[i] < y[low]) low = i;
      if (y[i] > y[high]) high = i;
    }
    kept.push(...new Set([Math.min(low, high), Math.max(low, high)]));
  }
  if (kept[0] !== 0) kept.unshift(0);
  if (kept.at(-1) !== x.length - 1) kept.push(x.length - 1);
  return { x: kept.map((i) => x[i]), y: kept.map((i) => y[i]) };
}
