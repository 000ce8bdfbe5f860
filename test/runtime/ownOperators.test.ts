/** @file Operators of our library: each equals its decomposition, forward and gradient, on shapes of any kind. */
import { assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import "../../kernel/runtime/realize";
import { vjp } from "../../kernel/autodiff/grad";
import { softmaxCrossEntropy } from "../../kernel/graph/composites/crossEntropy";
import { topological } from "../../kernel/graph/rewrite";
import { fromHost, realize, type Tensor } from "../../kernel/graph/tensor";
import { lower } from "../../kernel/graph/passes/lower";
import { isComposite } from "../../kernel/graph/composite";
import { fusedByLibrary } from "../../kernel/onnx/fused";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { expandAll } from "../contract/run";

const before = await executor();
afterAll(() => setExecutor(before));
setExecutor(nativeExecutor());

/** Numbers that look random, most of them within ±scale. */
function floats(shape: readonly number[], seed: number, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, i) => scale * Math.sin(seed * 12.9898 + i * 78.233) * (1 + Math.cos(i * seed))) });
}

/** Largest difference, as a part of the largest number; NaN and infinities must stand at equal places. */
function difference(got: Float64Array, want: Float64Array): number {
  const size = want.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1e-30);
  return got.reduce((most, value, i) => {
    if (Number.isFinite(want[i])) return Math.max(most, Number.isFinite(value) ? Math.abs(value - want[i]) / size : Infinity);
    return Object.is(value, want[i]) ? most : Infinity;
  }, 0);
}

/** `outputs` and their decompositions agree; the former use the operator `name`. */
async function expectEqual(outputs: readonly Tensor[], { name, tolerance = 2e-6 }: { readonly name: string; readonly tolerance?: number }): Promise<void> {
  const used = topological(lower(outputs, { fused: fusedByLibrary, fuse: true })).some((node) => node.storage === undefined && isComposite(node, name));
  expect(used).toBe(true);
  const expanded = expandAll(outputs);
  await realize([...outputs, ...expanded]);
  for (const [i, output] of outputs.entries()) expect(difference(await output.numbers(), await expanded[i].numbers())).toBeLessThan(tolerance);
}

const seed = integer({ min: 1, max: 1000 });

describe("softmax cross-entropy", () => {
  const classes = (shape: readonly number[], count: number, dtype: "int32" | "int64"): Tensor => {
    const at = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7919) % count);
    return fromHost(dtype === "int32" ? { dtype, shape, data: Int32Array.from(at) } : { dtype, shape, data: BigInt64Array.from(at, BigInt) });
  };
  const shapes = record({ batch: integer({ min: 0, max: 3 }), rows: integer({ min: 0, max: 70 }), columns: integer({ min: 1, max: 300 }), scale: constantFrom(0.1, 3, 60, 1e4, 1e30), dtype: constantFrom("int32", "int64"), seed });

  test("and its gradient equal their decompositions", async () => {
    await assert(
      asyncProperty(shapes, async ({ batch, rows, columns, scale, dtype, seed: at }) => {
        const shape = batch === 0 ? [rows] : [batch, rows];
        const logits = floats([...shape, columns], at, scale);
        const loss = softmaxCrossEntropy(logits, classes(shape, columns, dtype));
        const [gradient] = vjp([loss], { seeds: [floats(shape, at + 1)], wrt: [logits] });
        await expectEqual([loss], { name: "SoftmaxCrossEntropy" });
        if (gradient !== null) await expectEqual([gradient], { name: "SoftmaxCrossEntropyGradient" });
      }),
      { numRuns: 40 },
    );
  });

  test("carries NaN on, in its row only", async () => {
    const logits = fromHost({ dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 2, NaN, 0, 3, 1) });
    const loss = await softmaxCrossEntropy(logits, classes([3], 2, "int32")).numbers();
    expect([...loss].map(Number.isNaN)).toEqual([false, true, false]);
  });

  test.each([-1, 5, 2 ** 30])("refuses %s as a class of five", async (bad) => {
    const loss = softmaxCrossEntropy(floats([2, 5], 1), fromHost({ dtype: "int32", shape: [2], data: Int32Array.of(0, bad) }));
    await expect(loss.numbers()).rejects.toThrow(`target ${bad} is no class of 5`);
  });
});
