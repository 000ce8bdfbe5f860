/** @file Sentences about series: what text/plain and the alt text say about a plot. */
import { listText, plural, significant } from "./format";

export interface SeriesValues {
  readonly name: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

export interface TrendWords {
  /** As in "step". */
  readonly xName: string;
}

/** "train falls from 4.2 to 1.3 (lowest 1.28 at step 390)"; tells of NaN and infinite values. */
export function trend({ name, x, y }: SeriesValues, { xName }: TrendWords): string {
  const who = name === "" ? "the curve" : name;
  let [first, last, lowest, highest, bad, firstBad] = [-1, -1, -1, -1, 0, -1];
  for (let i = 0; i < y.length; i++) {
    if (!Number.isFinite(y[i])) {
      if (bad++ === 0) firstBad = i;
      continue;
    }
    if (first < 0) first = i;
    last = i;
    if (lowest < 0 || y[i] < y[lowest]) lowest = i;
    if (highest < 0 || y[i] > y[highest]) highest = i;
  }
  const at = (index: number): string => `at ${xName === "" ? "x =" : xName} ${significant(x[index], 4)}`;
  const gaps = bad === 0 ? "" : `; ${plural(bad, "value is", "values are")} not finite, the first ${at(firstBad)}`;
  if (first < 0) return `${who} has no finite value${y.length === 0 ? "s" : gaps}`;
  if (first === last) return `${who} is ${significant(y[first])} ${at(first)}${gaps}`;
  const span = y[highest] - y[lowest];
  const change = y[last] - y[first];
  if (span <= 1e-3 * Math.max(Math.abs(y[highest]), Math.abs(y[lowest]))) return `${who} stays at ${significant(y[last])}${gaps}`;
  const move =
    Math.abs(change) < 0.05 * span
      ? `ends where it began, near ${significant(y[last])}, between ${significant(y[lowest])} and ${significant(y[highest])}`
      : `${change < 0 ? "falls" : "rises"} from ${significant(y[first])} to ${significant(y[last])}`;
  const best = change < 0 ? lowest : highest;
  const beyond =
    Math.abs(change) >= 0.05 * span && Math.abs(y[best] - y[last]) > 0.02 * span
      ? ` (${change < 0 ? "lowest" : "highest"} ${significant(y[best])} ${at(best)})`
      : "";
  return `${who} ${move}${beyond}${gaps}`;
}

/** The first few sentences joined, and how many more there are. */
export function sentences(all: readonly string[], limit = 3): string {
  const more = all.length - limit;
  return more > 0 ? `${all.slice(0, limit).join("; ")}; and ${plural(more, "more series", "more series")}` : all.join("; ");
}

/** "highest A (3.2), lowest B (1.1)". */
export function extremes(names: readonly string[], values: ArrayLike<number>): string {
  const order = names
    .map((_, i) => i)
    .filter((i) => Number.isFinite(values[i]))
    .sort((a, b) => values[b] - values[a]);
  if (order.length === 0) return "no finite values";
  const show = (i: number): string => `${names[i]} (${significant(values[i])})`;
  if (order.length <= 3) return listText(order.map(show));
  return `highest ${show(order[0])}, lowest ${show(order[order.length - 1])} of ${order.length}`;
}

/** Pearson's r over pairs that are both finite; NaN for fewer than 3. */
export function correlation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [n, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0];
  const at = Array.from({ length: Math.min(x.length, y.length) }, (_, i) => i).filter((i) => Number.isFinite(x[i]) && Number.isFinite(y[i]));
  const [originX, originY] = [x[at[0]], y[at[0]]];
  for (const i of at) {
    const [a, b] = [x[i] - originX, y[i] - originY];
    n++;
    sx += a;
    sy += b;
    sxx += a * a;
    syy += b * b;
    sxy += a * b;
  }
  const spread = Math.sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
  return n < 3 || !(spread > 0) ? NaN : (n * sxy - sx * sy) / spread;
}
