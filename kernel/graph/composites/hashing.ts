/**
 * @file Codes of locality-sensitive hashing, and numbering of what is equal.
 *
 * Cross-polytope hashing: Andoni, Indyk, Laarhoven, Razenshteyn, Schmidt, "Practical and optimal LSH for angular distance" (NeurIPS 2015),
 * section 3: a point is rotated at random, and its code is the nearest of the 2 d signed unit vectors.
 */
import { composite } from "../composite";
import { abs, add, cast, less, mul, not, scalar } from "../ops/elementwise";
import { takeAlong } from "../ops/indexing";
import { concat, reshape, slice, zeros } from "../ops/movement";
import { argMax, argSort, cumSum, sort } from "../ops/reduction";
import { node, type Tensor } from "../tensor";

const crossPolytopeCodeOf = composite<Record<never, never>>({
  name: "CrossPolytopeCode",
  decompose([x]) {
    const at = argMax(abs(x), -1);
    const value = reshape(takeAlong(x, reshape(at, [...at.shape, 1])), at.shape);
    return add(mul(at, scalar(2, "int64")), cast(less(value, 0), "int64"));
  },
  vjp: () => [null],
});

/** The nearest signed unit vector to each x [..., D]: int64 [...], 2 j + s where |x_j| is largest (the first of equals) and s = 1 if x_j < 0. */
export const crossPolytopeCode = (x: Tensor): Tensor => crossPolytopeCodeOf([x], {});

const bucketIdsOf = composite<Record<never, never>>({
  name: "BucketIds",
  decompose([keys]) {
    const n = keys.size;
    const { values, indices } = sort(keys);
    const begins = cast(not(node("Equal", [slice(values, { axis: 0, start: 1 }), slice(values, { axis: 0, end: n - 1 })], {})), "int64");
    const ranks = cumSum(concat([zeros([1], "int64"), begins]), 0);
    return takeAlong(ranks, argSort(indices));
  },
  vjp: () => [null],
});

/** Numbers the distinct keys [N] int64 from 0 in ascending order: int64 [N]. */
export const bucketIds = (keys: Tensor): Tensor => (keys.size === 0 ? keys : bucketIdsOf([keys], {}));
