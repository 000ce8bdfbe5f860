/** @file Means, quantiles, rank correlation and intervals of samples. */
import { ArgumentError } from "../errors";
import { type Random, smallRandom } from "./smallRandom";
import { studentQuantile } from "./studentT";

/** An interval that holds the quantity with probability `level` (0.95 is 95 %). */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** A mean with its interval. */
export interface Estimate extends Interval {
  readonly mean: number;
  readonly count: number;
}

/** Arithmetic mean. @throws {ArgumentError} of no values. */
export function mean(values: ArrayLike<number>): number {
  checkCount("mean", values, 1);
  return sumOf(values) / values.length;
}

/** Sample variance, dividing by n − 1. @throws {ArgumentError} of fewer than two values. */
export function variance(values: ArrayLike<number>): number {
  checkCount("variance", values, 2);
  const middle = mean(values);
  return sumOf(Array.from(values, (value) => (value - middle) ** 2)) / (values.length - 1);
}

/** Sample standard deviation: the root of `variance`. */
export const standardDeviation = (values: ArrayLike<number>): number => Math.sqrt(variance(values));

/** The value below which a share `p` in [0, 1] of the values lies, linear between order statistics (R's type 7, NumPy's default).
 * @throws {ArgumentError} of no values, of NaN, or `p` outside [0, 1]. */
export function quantile(values: ArrayLike<number>, p: number): number {
  checkCount("quantile", values, 1);
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`quantile: the share ${p} is outside 0 to 1`, { help: "0.5 is the median" });
  const sorted = Float64Array.from(values).sort();
  if (sorted.some(Number.isNaN)) throw new ArgumentError("quantile: a value is NaN", { help: "leave out runs that gave no number" });
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  if (below === at) return sorted[below];
  return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

/** The middle value; between the two middle ones for an even count. */
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

/** Mean of normal values with its Student t interval. Default level 0.95.
 * @throws {ArgumentError} of fewer than two values. */
export function tInterval(values: ArrayLike<number>, level = 0.95): Estimate {
  checkCount("tInterval", values, 2);
  checkLevel(level);
  const middle = mean(values);
  const half = studentQuantile(0.5 + 0.5 * level, values.length - 1) * Math.sqrt(variance(values) / values.length);
  return { mean: middle, low: middle - half, high: middle + half, level, count: values.length };
}

/** Mean of `a[i] − b[i]` with its t interval: two arms that share seeds, where the pairing takes the seeds' spread out.
 * @throws {ArgumentError} when the arms differ in length or have fewer than two values. */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>, level = 0.95): Estimate {
  if (a.length !== b.length)
    throw new ArgumentError(`pairedDifference: ${a.length} values against ${b.length}`, {
      help: "give one value of each arm for each seed, in the same order",
    });
  return tInterval(
    Array.from(a, (value, i) => value - b[i]),
    level,
  );
}

/** The middle `level` of the values, from quantile to quantile: the percentile interval of bootstrap replicates. */
export function percentileInterval(values: ArrayLike<number>, level = 0.95): Interval {
  checkLevel(level);
  return { low: quantile(values, 0.5 - 0.5 * level), high: quantile(values, 0.5 + 0.5 * level), level };
}

export interface BootstrapMeanOptions {
  /** Resamples drawn. Default 2000. */
  readonly samples?: number;
  /** Default 0.95. */
  readonly level?: number;
  /** Default `smallRandom(0)`. */
  readonly random?: Random;
}

/** Mean with the percentile interval of the means of resamples: no normality assumed, but too narrow below about ten values. */
export function bootstrapMean(
  values: ArrayLike<number>,
  { samples = 2000, level = 0.95, random = smallRandom(0) }: BootstrapMeanOptions = {},
): Estimate {
  checkCount("bootstrapMean", values, 2);
  const means = Array.from({ length: samples }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(random() * values.length)];
    return sum / values.length;
  });
  return { mean: mean(values), ...percentileInterval(means, level), count: values.length };
}

/** Spearman's rank correlation of pairs, in −1 to 1; equal values share their mean rank. NaN when one side is constant.
 * @throws {ArgumentError} when lengths differ or there are fewer than two pairs. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  checkCount("spearman", a, 2);
  if (a.length !== b.length) throw new ArgumentError(`spearman: ${a.length} values against ${b.length}`, { help: "give pairs" });
  return correlation(ranks(a), ranks(b));
}

/** Pearson's correlation; NaN when one side is constant. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const both = sumOf(Array.from(a, (value, i) => (value - meanA) * (b[i] - meanB)));
  const spread = (values: ArrayLike<number>, middle: number): number => sumOf(Array.from(values, (value) => (value - middle) ** 2));
  return both / Math.sqrt(spread(a, meanA) * spread(b, meanB));
}

/** Share of the spread of `observed` that `predicted` explains: 1 − residual over total sum of squares. NaN for constant observations. */
export function rSquared(observed: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const middle = mean(observed);
  const total = sumOf(Array.from(observed, (value) => (value - middle) ** 2));
  const left = sumOf(Array.from(observed, (value, i) => (value - predicted[i]) ** 2));
  return total === 0 ? NaN : 1 - left / total;
}

function ranks(values: ArrayLike<number>): number[] {
  const order = Array.from(values, (_, i) => i).sort((i, j) => values[i] - values[j]);
  const out = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) out[order[k]] = (start + end + 1) / 2;
    start = end;
  }
  return out;
}

/** Neumaier's compensated sum: means of thousands of losses keep all their digits. */
function sumOf(values: ArrayLike<number>): number {
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < values.length; i++) {
    const next = sum + values[i];
    lost += Math.abs(sum) >= Math.abs(values[i]) ? sum - next + values[i] : values[i] - next + sum;
    sum = next;
  }
  return Number.isFinite(lost) ? sum + lost : sum;
}

function checkCount(name: string, values: ArrayLike<number>, least: number): void {
  if (values.length < least)
    throw new ArgumentError(`${name}: ${values.length} values, at least ${least} are needed`, {
      help: "run more seeds, or look at the single values",
    });
}

/** @throws {ArgumentError} when `level` is not between 0 and 1. */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw new ArgumentError(`confidence level ${level} is not between 0 and 1`, { help: "write 95 % as 0.95" });
}
