/** @file Keys and values of earlier positions, kept between steps of decoding in tensors of constant shape. */
import type { Dtype } from "../graph/dtype";
import { add, and, clip, less, lessEqual, sub, where } from "../graph/ops/elementwise";
import { gather } from "../graph/ops/indexing";
import { iota, reshape, zeros } from "../graph/ops/movement";
import { tensor, type Tensor } from "../graph/tensor";

/** Keys and values of one layer: [length, B·kvHeads, headWidth] each; rows from `position` on are not yet written. Layers may keep more beside them. */
export interface LayerCache {
  readonly k: Tensor;
  readonly v: Tensor;
}

/** What decoding carries from step to step. A tree: donate it, save it. */
export interface KeyValueCache {
  /** Number of positions written: int32 scalar. */
  readonly position: Tensor;
  readonly layers: readonly LayerCache[];
}

export interface CacheShape {
  /** Positions that fit. */
  readonly length: number;
  /** Sequences times heads of keys and values. */
  readonly rows: number;
  readonly headWidth: number;
  readonly dtype: Dtype;
}

/** An empty cache of one layer. */
export function emptyLayer({ length, rows, headWidth, dtype }: CacheShape): LayerCache {
  const empty = (): Tensor => zeros([length, rows, headWidth], dtype);
  return { k: empty(), v: empty() };
}

/** A cache of these layers, at its start. */
export const emptyCache = (layers: readonly LayerCache[]): KeyValueCache => ({ position: tensor(0, "int32"), layers });

/** A condition [N] on the rows of tensors [N, ...] of this rank. */
export const ofRows = (condition: Tensor, rank: number): Tensor => reshape(condition, [condition.size, ...new Array<number>(rank - 1).fill(1)]);

/** `before` [N, ...] with `rows` [P, ...] written from row `position` on. Rows beyond the end are dropped. */
export function writeRows(before: Tensor, rows: Tensor, position: Tensor): Tensor {
  const count = rows.shape[0];
  const offset = sub(iota(before.shape[0]), position);
  // Each row reads the new row that belongs there, if any: shapes stay constant, whatever the position.
  return where(ofRows(and(lessEqual(0, offset), less(offset, count)), before.rank), gather(rows, clip(offset, 0, count - 1)), before);
}

/** The cache with k and v [P, ...] written from row `position` on. Rows beyond the length are dropped. */
export const store = (cache: LayerCache, { k, v, position }: LayerCache & { readonly position: Tensor }): LayerCache => ({ k: writeRows(cache.k, k, position), v: writeRows(cache.v, v, position) });

/** The position after `count` more. */
export const advance = (position: Tensor, count: number): Tensor => add(position, count);
