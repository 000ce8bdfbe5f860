/** @file The compressed branch in codes of few bits: keys by channel over groups of tokens, values by token over their channels. */
import { add, and, clip, greaterEqual, less, mod, mul, sub, where } from "../../graph/ops/elementwise";
import { gather } from "../../graph/ops/indexing";
import { full, iota, pad, repeat, reshape, slice, zeros } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import { ofRows, writeRows, type LayerCache } from "../../nn/kvCache";
import { affineCodes, affineRange, affineValues, type AffineRange } from "../../numerics/affine";
import { packNibbles, unpackNibbles } from "../../numerics/encode";
import { inGroups, type CacheQuantization } from "./fit";

/** Beside the codes, which are uint8 [length, B, c], or [length, B, ⌈c / 2⌉] where two go into a byte. */
export interface Ranges {
  /** [length / group, 1, B, c] */
  readonly k: AffineRange;
  /** [length, B, 1] */
  readonly v: AffineRange;
  /** Compressed keys of the group that is not full yet, row i mod group that of token i: [group, B, c]. */
  readonly pending: Tensor;
}

/** Of one layer: `k` and `v` are codes. */
export interface QuantizedCache extends LayerCache {
  readonly ranges: Ranges;
}

interface Sizes extends CacheQuantization {
  readonly length: number;
  readonly batch: number;
  readonly kWidth: number;
  readonly vWidth: number;
}

const packs = (bits: number): boolean => bits <= 4;
const even = (x: Tensor): Tensor => (x.shape[2] % 2 === 0 ? x : pad(x, [[0, 0], [0, 0], [0, 1]]));
const packed = (codes: Tensor, bits: number): Tensor => (packs(bits) ? packNibbles(even(codes)) : codes);
const unpacked = (codes: Tensor, { bits, width }: { readonly bits: number; readonly width: number }): Tensor => (packs(bits) ? slice(unpackNibbles(codes), { axis: 2, end: width }) : codes);

/** Room for `length` tokens, filled up to whole groups. */
export function emptyQuantized({ bits, group, length, batch, kWidth, vWidth }: Sizes): QuantizedCache {
  const groups = Math.ceil(length / group);
  const codes = (count: number, width: number): Tensor => zeros([count, batch, packs(bits) ? Math.ceil(width / 2) : width], "uint8");
  const range = (...shape: number[]): AffineRange => ({ scale: full(shape, 1), zero: zeros(shape) });
  return { k: codes(groups * group, kWidth), v: codes(length, vWidth), ranges: { k: range(groups, 1, batch, kWidth), v: range(length, batch, 1), pending: zeros([group, batch, kWidth]) } };
}

/** The cache with compressed keys and values [P, B, c] of tokens from `position` on. Keys become codes when their group is full; values at once. */
export function writeQuantized({ k: kCodes, v: vCodes, ranges }: QuantizedCache, { k, v, position }: LayerCache & { readonly position: Tensor }, { bits, group }: CacheQuantization): QuantizedCache {
  const total = add(position, k.shape[0]);
  const vRange = affineRange(v, { bits, axes: -1 });
  // As far as keys are known in full: the fresh ones, and those of the group that was not full before them. Rows elsewhere mean nothing.
  const rows = writeRows(gather(ranges.pending, mod(iota(kCodes.shape[0]), group)), k, position);
  const kRange = affineRange(inGroups(rows, group), { bits, axes: 1 });
  const codes = reshape(affineCodes(inGroups(rows, group), kRange, bits), rows.shape);
  // Groups whose last token is among the fresh ones.
  const ends = mul(add(iota(rows.shape[0] / group), 1), group);
  const done = and(less(position, ends), greaterEqual(total, ends));
  const update = (before: Tensor, now: Tensor, condition: Tensor): Tensor => where(ofRows(condition, before.rank), now, before);
  // The newest token that belongs into each pending row.
  const newest = sub(sub(total, 1), mod(sub(sub(total, 1), iota(group)), group));
  return {
    k: update(kCodes, packed(codes, bits), repeat(done, group, 0)),
    v: writeRows(vCodes, packed(affineCodes(v, vRange, bits), bits), position),
    ranges: {
      k: { scale: update(ranges.k.scale, kRange.scale, done), zero: update(ranges.k.zero, kRange.zero, done) },
      v: { scale: writeRows(ranges.v.scale, vRange.scale, position), zero: writeRows(ranges.v.zero, vRange.zero, position) },
      pending: gather(rows, clip(newest, 0, rows.shape[0] - 1)),
    },
  };
}

/** Compressed keys and values [length, B, c] as they come back after `total` tokens. Keys whose group is not full are exact. */
export function readQuantized({ k, v, ranges }: QuantizedCache, { total, vWidth, bits, group }: CacheQuantization & { readonly total: Tensor; readonly vWidth: number }): LayerCache {
  const codes = unpacked(k, { bits, width: ranges.pending.shape[2] });
  const rounded = reshape(affineValues(inGroups(codes, group), ranges.k), codes.shape);
  const token = iota(codes.shape[0]);
  const keys = where(ofRows(less(token, sub(total, mod(total, group))), 3), rounded, gather(ranges.pending, mod(token, group)));
  return { k: slice(keys, { axis: 0, end: v.shape[0] }), v: affineValues(unpacked(v, { bits, width: vWidth }), ranges.v) };
}
