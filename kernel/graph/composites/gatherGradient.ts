/** @file Gradient of `gather`: rows are added up by index. */
import { composite } from "../composite";
import { gather, oneHotOf, segmentSum } from "../ops/indexing";
import { matmul } from "../ops/linalg";
import type { Tensor } from "../tensor";

/** Above this vocabulary, adding rows by index is cheaper than a product with one-hot rows: onnxruntime adds element by element. */
const ONE_HOT_ROWS = 4096;

const gatherGradientOf = composite<{ readonly count: number }>({
  name: "GatherGradient",
  decompose([rows, indices], { count }) {
    if (count <= ONE_HOT_ROWS && indices.size > 1) return matmul(oneHotOf(indices, count, rows.dtype), rows, { transA: true });
    return segmentSum(rows, indices, count);
  },
  vjp: ({ inputs: [, indices], g }) => [gather(g, indices), null],
});

/** Sums of the rows [N, D] that share an index, which [N] holds: [count, D]. */
export const gatherGradient = (rows: Tensor, indices: Tensor, count: number): Tensor => gatherGradientOf([rows, indices], { count });
