/** @file Locality-sensitive hashing of vectors: codes, buckets of equal codes, and means over buckets. */
import { ArgumentError, DtypeError, ShapeError } from "../errors";
import { bucketIds, crossPolytopeCode } from "../graph/composites/hashing";
import { add, cast, div, less, maximum, mul, requireFloat, scalar } from "../graph/ops/elementwise";
import { segmentSum } from "../graph/ops/indexing";
import { matmul } from "../graph/ops/linalg";
import { at, iota, ones, reshape, transpose } from "../graph/ops/movement";
import { max } from "../graph/ops/reduction";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { here } from "../graph/trace";

function projected(x: Tensor, rotations: Tensor, op: string): Tensor {
  requireFloat(x, op);
  if (x.rank !== 2 || rotations.rank !== 3 || rotations.shape[2] !== x.shape[1] || rotations.shape[1] < 1)
    throw new ShapeError(`${op}: vectors ${showShape(x.shape)} and rotations ${showShape(rotations.shape)}`, { where: here(), help: "give vectors [N, D] and rotations [H, D', D]" });
  const [hashes, width, d] = rotations.shape;
  return reshape(matmul(x, reshape(rotations, [hashes * width, d]), { transB: true }), [x.shape[0], hashes, width]);
}

/** Cross-polytope codes of x [N, D] under H rotations [H, D', D]: int64 [N, H], each from 0 to 2 D' − 1. Andoni et al. 2015. Has no gradient. */
export const crossPolytopeHash = (x: Tensor, rotations: Tensor): Tensor => crossPolytopeCode(projected(x, rotations, "crossPolytopeHash"));

/** Sides of hyperplanes [H, D', D] on which x [N, D] lies, as bits: int64 [N, H], each from 0 to 2^D' − 1. Charikar 2002. Has no gradient. */
export function hyperplaneHash(x: Tensor, planes: Tensor): Tensor {
  const sides = cast(less(scalar(0, x.dtype), projected(x, planes, "hyperplaneHash")), "int64");
  const width = planes.shape[1];
  if (width > MAX_KEY_BITS) throw new ArgumentError(`hyperplaneHash: ${width} planes in one hash`, { where: here(), help: `use at most ${MAX_KEY_BITS}, or more hashes` });
  const powers = Array.from({ length: width }, (_, bit) => mul(at(sides, bit, 2), scalar(2 ** bit, "int64")));
  return powers.reduce((a, b) => add(a, b));
}

/** Keys must be exact also where sorting compares them as doubles. */
const MAX_KEY_BITS = 52;

/** Which of the buckets each vector is in. */
export interface Buckets {
  /** int64 [N], from 0 to count − 1; in ascending order of the codes. */
  readonly ids: Tensor;
  /** Number of buckets that hold anything: int64, a scalar. At most N. */
  readonly count: Tensor;
}

/**
 * Buckets of vectors whose codes [N, H] are equal throughout. Codes of other things that must agree (the destination expert) go in as further columns.
 * @param ranges - how many values each of the H columns has: codes lie from 0 below it.
 * @throws {ArgumentError} when the ranges multiply to more than 2^52.
 */
export function buckets(codes: Tensor, ranges: readonly number[]): Buckets {
  if (codes.rank !== 2 || codes.shape[1] !== ranges.length || ranges.length === 0) throw new ShapeError(`buckets: codes ${showShape(codes.shape)} with ${ranges.length} ranges`, { where: here(), help: "give codes [N, H] and H ranges" });
  if (codes.dtype !== "int64" && codes.dtype !== "int32") throw new DtypeError(`buckets: codes are ${codes.toString()}`, { where: here(), help: "give integer codes, as the hashes return them" });
  const total = ranges.reduce((product, range) => product * range, 1);
  if (!ranges.every((range) => Number.isInteger(range) && range > 0) || total > 2 ** MAX_KEY_BITS)
    throw new ArgumentError(`buckets: ranges ${ranges.join(" · ")} make ${total} keys`, { where: here(), help: "use fewer or narrower hashes: whole numbers that multiply to at most 2^52" });
  if (codes.shape[0] === 0) throw new ShapeError("buckets: no codes", { where: here(), help: "hash at least one vector" });
  const columns = transpose(cast(codes, "int64"));
  const keys = ranges.slice(1).reduce((key, range, i) => add(mul(key, scalar(range, "int64")), at(columns, i + 1)), at(columns, 0));
  const ids = bucketIds(keys);
  return { ids, count: add(max(ids), scalar(1, "int64")) };
}

/**
 * Mean of the rows of x [N, ...] in each of `count` segments: [count, ...], 0 where a segment is empty. Each row gets its segment's gradient
 * divided by the segment's size.
 * @param ids - int64 [N] below `count`, which is static: N is always enough.
 */
export function segmentMean(x: Tensor, ids: Tensor, count: number): Tensor {
  if (ids.rank !== 1 || x.rank === 0 || ids.shape[0] !== x.shape[0]) throw new ShapeError(`segmentMean: rows ${showShape(x.shape)} with segments ${showShape(ids.shape)}`, { where: here(), help: "give one segment for each row" });
  const sizes = segmentSum(ones([x.shape[0]], x.dtype), ids, count);
  return div(segmentSum(x, ids, count), reshape(maximum(sizes, 1), [count, ...x.shape.slice(1).map(() => 1)]));
}

/** bool [size]: true for the first `count` (a tensor of one integer): which rows of a padded result are in use. */
export const inUse = (count: Tensor, size: number): Tensor => less(iota(size, "int64"), cast(reshape(count, [1]), "int64"));

