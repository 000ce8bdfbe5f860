/** @file The blocked Hadamard transform: orthonormal, its own inverse and its own gradient. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad } from "../../kernel/autodiff/grad";
import { mul } from "../../kernel/graph/ops/elementwise";
import { matmul } from "../../kernel/graph/ops/linalg";
import { ones } from "../../kernel/graph/ops/movement";
import { sum } from "../../kernel/graph/ops/reduction";
import type { Tensor } from "../../kernel/graph/tensor";
import { hadamard } from "../../kernel/numerics/index";
import { EXECUTORS, float32, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();
const wave = (count: number, phase = 0): number[] => Array.from({ length: count }, (_, i) => Math.sin(i * 1.3 + phase));

/** Butterflies over one block, in float64. */
function reference(x: readonly number[]): number[] {
  const y = [...x];
  for (let half = 1; half < y.length; half *= 2)
    for (let i = 0; i < y.length; i++)
      if ((i & half) === 0) [y[i], y[i + half]] = [y[i] + y[i + half], y[i] - y[i + half]];
  return y.map((value) => value / Math.sqrt(y.length));
}

const expectClose = (got: ArrayLike<number>, want: readonly number[]): void => {
  expect(got.length).toBe(want.length);
  want.forEach((value, i) => expect(Math.abs(got[i] - value)).toBeLessThan(1e-5 * (1 + Math.abs(value))));
};

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it("is the butterflies of each block, and its own inverse", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, 4, 16, 32, 128), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), async (block, blocks, rows) => {
        const x = wave(rows * blocks * block);
        const [once, twice] = await valuesOn(name, () => {
          const y = hadamard(float32(x, [rows, blocks * block]), { block });
          return [y, hadamard(y, { block })];
        });
        expectClose(once, Array.from({ length: rows * blocks }, (_, i) => reference(x.slice(i * block, (i + 1) * block))).flat());
        expectClose(twice, x);
      }),
      { numRuns: 12 },
    );
  });

  it("its gradient is itself; with signs, signs times itself", async () => {
    const [x, weights] = [wave(64), wave(64, 2)];
    const signs = Array.from({ length: 32 }, (_, i) => (i % 3 === 0 ? -1 : 1));
    const loss = (options: Parameters<typeof hadamard>[1]) => grad((t: Tensor) => sum(mul(hadamard(t, options), float32(weights))));
    const [plain, signed] = await valuesOn(name, () => [loss({})(float32(x)), loss({ signs: float32(signs) })(float32(x))]);
    const back = [0, 32].flatMap((at) => reference(weights.slice(at, at + 32)));
    expectClose(plain, back);
    expectClose(signed, back.map((value, i) => value * signs[i % 32]));
  });

  it("leaves products along the blocks' axis as they are", async () => {
    const [rotated, plain] = await valuesOn(name, () => {
      const [a, b] = [float32(wave(3 * 64), [3, 64]), float32(wave(5 * 64, 1), [5, 64])];
      return [matmul(hadamard(a), hadamard(b), { transB: true }), matmul(a, b, { transB: true })];
    });
    expectClose(rotated, [...plain]);
  });
});

describe("wrong operands", () => {
  it.each<readonly [string, () => unknown]>([
    ["a block that is no power of two", () => hadamard(ones([12]), { block: 12 })],
    ["a block that does not divide", () => hadamard(ones([33]))],
    ["a huge block", () => hadamard(ones([4096]), { block: 4096 })],
    ["signs of another length", () => hadamard(ones([32]), { signs: ones([16]) })],
    ["integers", () => hadamard(ones([32], "int32"))],
  ])("%s: an error of three lines", (_, call) => {
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });
});
