/** @file Fewer points that look the same: min–max buckets for curves, even strides for dots, block means for maps. */
import type { NumberArray } from "./values";

/**
 * Indices of at most `limit` (at least 8) points of a curve: first, last, and the lowest, highest and a non-finite one of each of
 * equal buckets, so spikes and gaps survive. All indices when there are few enough.
 */
export function curveIndices(values: ArrayLike<number>, limit: number): number[] {
  const count = values.length;
  if (count <= Math.max(8, limit)) return Array.from({ length: count }, (_, i) => i);
  const buckets = Math.max(2, Math.floor((Math.max(8, limit) - 2) / 3));
  const kept = new Set([0, count - 1]);
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * count) / buckets);
    const to = Math.floor(((bucket + 1) * count) / buckets);
    let lowest = -1;
    let highest = -1;
    let gap = -1;
    for (let i = from; i < to; i++) {
      if (!Number.isFinite(values[i])) gap = i;
      else {
        if (lowest < 0 || values[i] < values[lowest]) lowest = i;
        if (highest < 0 || values[i] > values[highest]) highest = i;
      }
    }
    for (const index of [lowest, highest, gap]) if (index >= 0) kept.add(index);
  }
  return [...kept].sort((a, b) => a - b);
}

/** At most `limit` indices, evenly spread, first and last among them. */
export function evenIndices(count: number, limit: number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i);
  if (limit < 2) return limit === 1 ? [0] : [];
  return Array.from({ length: limit }, (_, i) => Math.round((i * (count - 1)) / (limit - 1)));
}

/** `values` at `indices`. */
export const pick = <T>(values: ArrayLike<T>, indices: readonly number[]): T[] => indices.map((index) => values[index]);

export interface Pooling {
  /** Cells joined along rows and columns. */
  readonly rows: number;
  readonly columns: number;
  /** Along the columns: sum of finite values, or their mean. Rows are always averaged. */
  readonly across: "sum" | "mean";
}

/** A [rows, columns] array joined into blocks; a block with no finite value is NaN. The last blocks may be smaller. */
export function pool({ shape, data }: NumberArray, { rows, columns, across }: Pooling): NumberArray {
  const [height, width] = shape;
  if (rows === 1 && columns === 1) return { shape, data };
  const out = new Float64Array(Math.ceil(height / rows) * Math.ceil(width / columns));
  const outWidth = Math.ceil(width / columns);
  for (let i = 0; i < out.length; i++) {
    const top = Math.floor(i / outWidth) * rows;
    const left = (i % outWidth) * columns;
    const bottom = Math.min(height, top + rows);
    const right = Math.min(width, left + columns);
    let sum = 0;
    let count = 0;
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        const value = data[y * width + x];
        if (!Number.isFinite(value)) continue;
        sum += value;
        count++;
      }
    out[i] = count === 0 ? NaN : across === "mean" ? sum / count : sum / (bottom - top);
  }
  return { shape: [Math.ceil(height / rows), outWidth], data: out };
}
