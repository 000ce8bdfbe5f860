/** @file Singular values of a matrix, and its decomposition, on the host in float64. */
import { Matrix, SVD } from "ml-matrix";
import { NumericError, ShapeError } from "../errors";
import type { Tensor } from "./tensor";

/** X = U diag(s) Vᵀ with K = min(M, N). The sign of a pair of vectors is not determined. */
export interface Svd {
  /** Left vectors in columns, row after row: [M, K]. */
  readonly u: Float64Array;
  /** Largest first: [K]. */
  readonly s: Float64Array;
  /** Right vectors in columns, row after row: [N, K]. */
  readonly v: Float64Array;
}

/**
 * The thin decomposition of a matrix [M, N]. Its cost grows with M N min(M, N): from 512 × 512 on it takes seconds.
 * @throws {ShapeError} unless `x` has two axes. @throws {NumericError} when an element is not finite.
 */
export async function svd(x: Tensor): Promise<Svd> {
  const matrix = await matrixOf("svd", x);
  const bad = matrix.to1DArray().findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new NumericError(`svd: element ${bad} of ${x.toString()} is not finite`, { help: "look for the step at which the values left what the dtype can hold" });
  const found = new SVD(matrix, { autoTranspose: true });
  return { u: Float64Array.from(found.leftSingularVectors.to1DArray()), s: Float64Array.from(found.diagonal), v: Float64Array.from(found.rightSingularVectors.to1DArray()) };
}

/**
 * All singular values of a matrix [M, N], largest first; NaN where an element is.
 * @throws {ShapeError} unless `x` has two axes.
 */
export async function singularValues(x: Tensor): Promise<Float64Array> {
  const { diagonal } = new SVD(await matrixOf("singularValues", x), { computeLeftSingularVectors: false, computeRightSingularVectors: false, autoTranspose: true });
  return Float64Array.from(diagonal).sort((a, b) => b - a);
}

async function matrixOf(op: string, x: Tensor): Promise<Matrix> {
  if (x.rank !== 2) throw new ShapeError(`${op}: ${x.toString()} is no matrix`, { help: "reshape it to two axes" });
  return Matrix.from1DArray(x.shape[0], x.shape[1], await x.numbers());
}
