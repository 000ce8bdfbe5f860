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

/** The cache with k and v [P, ...] written from row `position` on. Rows beyond the length are dropped. */
export function store(cache: LayerCache, { k, v, position }: LayerCache & { readonly position: Tensor }): LayerCache {
  const length = cache.k.shape[0];
  const count = k.shape[0];
  const offset = sub(iota(length), position);
  const written = reshape(and(lessEqual(0, offset), less(offset, count)), [length, 1, 1]);
  // Each row reads the new row that belongs there, if any: shapes stay constant, whatever the position.
  const source = clip(offset, 0, count - 1);
  const write = (before: Tensor, rows: Tensor): Tensor => where(written, gather(rows, source), before);
  return { k: write(cache.k, k), v: write(cache.v, v) };
}

/** The position after `count` more. */
export const advance = (position: Tensor, count: number): Tensor => add(position, count);
