/** @file What a tensor holds: range, mean, spread, NaN and infinite counts, histogram. */
import type { TensorStats } from "./schema";
import { extentOf, jsonNumber } from "./values";

/** Statistics of the finite elements, and counts of the others. */
export function tensorStats(values: Float64Array): TensorStats {
  let [nanCount, infiniteCount, zeroCount, count, mean, squares] = [0, 0, 0, 0, 0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) nanCount++;
    else if (!Number.isFinite(value)) infiniteCount++;
    else {
      if (value === 0) zeroCount++;
      // Welford: exact enough for a small spread around a large mean.
      const delta = value - mean;
      mean += delta / ++count;
      squares += delta * (value - mean);
    }
  }
  const extent = extentOf(values);
  return {
    min: jsonNumber(extent?.[0] ?? NaN, 7),
    max: jsonNumber(extent?.[1] ?? NaN, 7),
    mean: jsonNumber(count === 0 ? NaN : mean, 7),
    std: jsonNumber(count === 0 ? NaN : Math.sqrt(squares / count), 7),
    nanCount,
    infiniteCount,
    zeroCount,
  };
}

/** Counts of the finite elements in equal bins; whole numbers with few values get a bin each. Empty without finite elements. */
export function histogram(values: Float64Array, bins = 40): { readonly edges: readonly number[]; readonly counts: readonly number[] } {
  const extent = extentOf(values);
  if (extent === undefined) return { edges: [], counts: [] };
  const [low, high] = extent;
  const whole =
    high - low < bins &&
    Math.max(Math.abs(low), Math.abs(high)) < 2 ** 50 &&
    values.every((value) => !Number.isFinite(value) || Number.isInteger(value));
  const size = Math.max(Math.abs(low), Math.abs(high), 1e-290);
  const room = whole ? 0.5 : high / 2 - low / 2 > size * 1e-12 ? 0 : size * 0.5;
  // The largest float64 values leave no room around them.
  const [from, to] = [Math.max(-Number.MAX_VALUE, low - room), Math.min(Number.MAX_VALUE, high + room)];
  const count = whole ? high - low + 1 : room > 0 ? 9 : bins;
  const counts = new Array<number>(count).fill(0);
  const span = to / 2 - from / 2;
  for (const value of values)
    if (Number.isFinite(value)) counts[Math.min(count - 1, Math.max(0, Math.floor(((value / 2 - from / 2) / span) * count)))]++;
  return { edges: Array.from({ length: count + 1 }, (_, i) => jsonNumber(from * (1 - i / count) + to * (i / count), 7) ?? 0), counts };
}
