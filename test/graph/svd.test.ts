/** @file The singular value decomposition: what it is made of multiplies to the matrix. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { random, singularValues, svd, tensor, ShapeError, NumericError } from "../../kernel/index";

it("gives orthonormal vectors and falling values that multiply to the matrix, whatever its shape and rank", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 }), fc.nat(), async (rows, columns, rank, seed) => {
      const [a, b] = random.split(random.key(seed));
      // A product of inner width `rank`: lower ranks have several singular values of zero.
      const x = rank === 0 ? random.normal(a, [rows, columns]) : random.normal(a, [rows, rank]).matmul(random.normal(b, [rank, columns]));
      const { u, s, v } = await svd(x);
      const kept = Math.min(rows, columns);
      expect([u.length, s.length, v.length]).toEqual([rows * kept, kept, columns * kept]);
      const values = await x.numbers();
      const scale = Math.max(1, s[0]);
      for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) expect(Array.from(s).reduce((sum, value, k) => sum + u[i * kept + k] * value * v[j * kept + k], 0) / scale).toBeCloseTo(values[i * columns + j] / scale, 9);
      for (const [vectors, length] of [[u, rows], [v, columns]] as const)
        for (let k = 0; k < kept; k++)
          for (let l = 0; l <= k; l++) expect(Array.from({ length }, (_, i) => vectors[i * kept + k] * vectors[i * kept + l]).reduce((sum, value) => sum + value, 0)).toBeCloseTo(k === l ? 1 : 0, 9);
      const alone = await singularValues(x);
      Array.from(s).forEach((value, k) => expect(value / scale).toBeCloseTo(alone[k] / scale, 9));
    }),
  );
});

it("refuses what has no decomposition", async () => {
  await expect(svd(tensor([1, 2]))).rejects.toThrow(ShapeError);
  await expect(svd(tensor([[1, NaN]]))).rejects.toThrow(NumericError);
});
