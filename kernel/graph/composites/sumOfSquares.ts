/** @file The sum of squares of many tensors, as the norm of all gradients together takes it. */
import { composite } from "../composite";
import { add, square } from "../ops/elementwise";
import { sum } from "../ops/reduction";
import type { Tensor } from "../tensor";

const sumOfSquaresOf = composite<Record<never, never>>({
  name: "SumOfSquares",
  decompose: (tensors) => tensors.map((x) => sum(square(x))).reduce((total, part) => add(total, part)),
});

/** Σ x² over all elements of all tensors, at least one, of one floating dtype: a scalar. */
export const sumOfSquares = (tensors: readonly Tensor[]): Tensor => sumOfSquaresOf(tensors, {});
