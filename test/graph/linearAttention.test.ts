/** @file Linear attention: equal to the sum over all pairs, forward and gradient. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vjp } from "../../kernel/autodiff/grad";
import { linearAttention, normalizedLinearAttention } from "../../kernel/graph/composites/linearAttention";
import { mul } from "../../kernel/graph/ops/elementwise";
import { matmul } from "../../kernel/graph/ops/linalg";
import { lowerTriangle, ones } from "../../kernel/graph/ops/movement";
import type { Tensor } from "../../kernel/graph/tensor";
import { EXECUTORS, float32, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();
const wave = (shape: readonly number[], phase: number): Tensor => float32(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 12.9898 + phase)), shape);
const close = (got: ArrayLike<number>, want: ArrayLike<number>): void => {
  expect(got.length).toBe(want.length);
  const size = Array.from(want).reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i] - want[i])).toBeLessThan(2e-5 * size);
};

/** All pairs, [T, T]. */
const quadratic = (q: Tensor, k: Tensor, v: Tensor): Tensor => matmul(mul(matmul(q, k, { transB: true }), lowerTriangle(q.shape[q.rank - 2], q.shape[q.rank - 2]).cast("float32")), v);

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it("and its gradients equal those of all pairs", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom([], [2], [2, 3]), fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 17 }), async (lead, t, d, e) => {
        const results = await valuesOn(name, () => {
          const [q, k, v, g] = [wave([...lead, t, d], 1), wave([...lead, t, d], 2), wave([...lead, t, e], 3), wave([...lead, t, e], 4)];
          return [linearAttention({ q, k, v }), quadratic(q, k, v)].flatMap((out) => [out, ...vjp([out], { seeds: [g], wrt: [q, k, v] })]);
        });
        for (let i = 0; i < 4; i++) close(results[i], results[i + 4]);
      }),
      { numRuns: 8 },
    );
  });

  it("differentiates again", async () => {
    const results = await valuesOn(name, () => {
      const [q, k, v] = [wave([70, 3], 1), wave([70, 3], 2), wave([70, 4], 3)];
      return [linearAttention({ q, k, v }), quadratic(q, k, v)].flatMap((out) => {
        const [dq] = vjp([out], { seeds: [wave([70, 4], 4)], wrt: [q] });
        return vjp([dq], { seeds: [wave([70, 3], 5)], wrt: [k, v] });
      });
    });
    for (let i = 0; i < 2; i++) close(results[i], results[i + 2]);
  });

  it("normalized, every row is a mean: of equal values that value, and the first row is the first value", async () => {
    const [constant, causal, all] = await valuesOn(name, () => {
      const [q, k] = [wave([9, 4], 1).square().add(0.1), wave([9, 4], 2).square().add(0.1)];
      return [normalizedLinearAttention({ q, k, v: ones([9, 2]).mul(3) }), normalizedLinearAttention({ q, k, v: wave([9, 2], 3) }), normalizedLinearAttention({ q, k, v: ones([9, 2]).mul(3) }, { causal: false })];
    });
    close(constant, Array.from({ length: 18 }, () => 3));
    close(all, Array.from({ length: 18 }, () => 3));
    close(causal.slice(0, 2), [Math.sin(3), Math.sin(12.9898 + 3)]);
  });
});

describe("wrong operands", () => {
  it.each<readonly [string, () => unknown]>([
    ["widths that differ", () => linearAttention({ q: ones([4, 3]), k: ones([4, 2]), v: ones([4, 3]) })],
    ["lengths that differ, causal", () => linearAttention({ q: ones([4, 3]), k: ones([5, 3]), v: ones([5, 3]) })],
    ["vectors", () => linearAttention({ q: ones([4]), k: ones([4]), v: ones([4]) })],
    ["other batches", () => linearAttention({ q: ones([2, 4, 3]), k: ones([2, 4, 3]), v: ones([3, 4, 3]) })],
  ])("%s: an error of three lines", (_, call) => {
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });
});
