/** @file Singular values of a matrix, on the host. */
import { Matrix, SVD } from "ml-matrix";
import { ShapeError } from "../errors";
import type { Tensor } from "./tensor";

/**
 * All singular values of a matrix [M, N], largest first, in float64.
 * @throws {ShapeError} unless `x` has two axes.
 */
export async function singularValues(x: Tensor): Promise<Float64Array> {
  if (x.rank !== 2) throw new ShapeError(`singularValues: ${x.toString()} is no matrix`, { help: "reshape it to two axes" });
  const values = await x.numbers();
  const [rows, columns] = x.shape;
  const matrix = Matrix.from1DArray(rows, columns, values);
  const { diagonal } = new SVD(matrix, { computeLeftSingularVectors: false, computeRightSingularVectors: false, autoTranspose: true });
  return Float64Array.from(diagonal).sort((a, b) => b - a);
}
