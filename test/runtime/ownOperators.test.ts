/** @file Operators of our library: each equals its decomposition, forward and gradient, on shapes of any kind. */
import { array, assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import "../../kernel/runtime/realize";
import { vjp } from "../../kernel/autodiff/grad";
import { abs } from "../../kernel/graph/ops/elementwise";
import { scaledDotProductAttention } from "../../kernel/graph/composites/attention";
import { gatherGradient } from "../../kernel/graph/composites/gatherGradient";
import { sumOfSquares } from "../../kernel/graph/composites/sumOfSquares";
import { gather } from "../../kernel/graph/ops/indexing";
import { matmul } from "../../kernel/graph/ops/linalg";
import { softmaxCrossEntropy } from "../../kernel/graph/composites/crossEntropy";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { compile } from "../../kernel/runtime/compile";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { operandShapes, type BiasKind } from "./attentionCases";
import { difference, largest, expectEqual, floats, onEveryEngine, withAndWithout } from "./operatorChecks";

const before = await executor();
afterAll(() => setExecutor(before));
setExecutor(nativeExecutor());

const seed = integer({ min: 1, max: 1000 });

onEveryEngine(() => {
  describe("attention", () => {
    const cases = record({
      heads: integer({ min: 1, max: 3 }),
      group: constantFrom(1, 1, 2, 3),
      batch: integer({ min: 1, max: 2 }),
      queries: integer({ min: 1, max: 150 }),
      more: constantFrom(0, 0, 1, 63, 70),
      width: integer({ min: 1, max: 40 }),
      valueWidth: integer({ min: 1, max: 40 }),
      causal: constantFrom(true, false),
      timeFirst: constantFrom(true, false),
      bias: constantFrom<BiasKind[]>("none", "all", "keys", "heads", "batch", "one"),
      scale: constantFrom(0.3, 1, 4),
      seed,
    });
    test("and its gradients equal their decompositions", async () => {
      await assert(
        asyncProperty(cases, async ({ causal, scale, seed: at, ...one }) => {
          const shapes = operandShapes(one);
          const [q, k, v] = [floats(shapes.q, at, scale), floats(shapes.k, at + 1), floats(shapes.v, at + 2)];
          const added = shapes.bias && floats(shapes.bias, at + 3, 2);
          const out = scaledDotProductAttention({ q, k, v }, { causal, timeFirst: one.timeFirst, bias: added });
          const gradients = vjp([out], { seeds: [floats(out.shape, at + 4)], wrt: added === undefined ? [q, k, v] : [q, k, v, added] });
          await expectEqual([out], { names: ["Attention"], tolerance: 2e-5 });
          await expectEqual(gradients.slice(0, 3), { names: ["AttentionGradient"], tolerance: 5e-5 });
          if (added !== undefined) await expectEqual(gradients.slice(3), { tolerance: 5e-5 });
        }),
        { numRuns: 30 },
      );
    }, 240_000);

    test("of huge scores is that of the largest", async () => {
      const [q, k, v] = [floats([2, 70, 8], 1, 1e15), floats([2, 70, 8], 2, 1e15), floats([2, 70, 8], 3)];
      await expectEqual([scaledDotProductAttention({ q, k, v })], { names: ["Attention"] });
    });

    test("carries NaN on, to the queries that read it", async () => {
      const data = Float32Array.from({ length: 100 * 4 }, (_, i) => (i === 3 * 4 ? NaN : Math.sin(i)));
      const q = fromHost({ dtype: "float32", shape: [1, 100, 4], data });
      const rows = await scaledDotProductAttention({ q, k: floats([1, 100, 4], 1), v: floats([1, 100, 1], 2) }).numbers();
      expect([...rows].flatMap((value, i) => (Number.isNaN(value) ? [i] : []))).toEqual([3]);
    });

    test("is not NaN where a bias of -infinity hides all keys of a tile, but not all", async () => {
      const hidden = Float32Array.from({ length: 130 }, (_, i) => (i < 100 ? -Infinity : 0));
      const [q, k, v] = [1, 2, 3].map((at) => floats([2, 130, 8], at));
      const bias = fromHost({ dtype: "float32", shape: [1, 1, 1, 130], data: hidden });
      await expectEqual([scaledDotProductAttention({ q, k, v }, { bias })], { names: ["Attention"] });
    });
  });

  describe("the sum of squares of many tensors", () => {
    test("equals its decomposition, and so do its gradients", async () => {
      const sizes = record({ shapes: array(array(integer({ min: 0, max: 200 }), { maxLength: 2 }), { minLength: 1, maxLength: 12 }), large: constantFrom(0, 0, 100_000), seed });
      await assert(
        asyncProperty(sizes, async ({ shapes, large, seed: at }) => {
          const tensors = [...shapes, [large]].map((shape, i) => floats(shape, at + i));
          const total = sumOfSquares(tensors);
          const gradients = vjp([total], { seeds: [floats([], at)], wrt: tensors });
          // Its decomposition adds 100,000 numbers one after the other on one lane of the simulated device.
          await expectEqual([total], { names: ["SumOfSquares"], tolerance: 1e-4 });
          const exact = (await Promise.all(tensors.map((x) => x.numbers()))).reduce((sum, values) => values.reduce((part, value) => part + value * value, sum), 0);
          expect(Math.abs((await total.item()) - exact)).toBeLessThanOrEqual(1e-6 * exact);
          await expectEqual(gradients, { tolerance: 1e-6 });
        }),
        { numRuns: 40 },
      );
    }, 120_000);
    test("is infinite or NaN where an element is", async () => {
      const of = (value: number): Promise<number> => sumOfSquares([floats([100], 1), fromHost({ dtype: "float32", shape: [2], data: Float32Array.of(value, 1) })]).item();
      expect(await of(Infinity)).toBe(Infinity);
      expect(await of(NaN)).toBeNaN();
      expect(await of(1e30)).toBe(Infinity);
    });
  });

  describe("rows added by index", () => {
    test("equal their decomposition, for tables of any size, and so do their gradients", async () => {
      const sizes = record({ rows: integer({ min: 0, max: 200 }), width: integer({ min: 1, max: 70 }), count: constantFrom(1, 7, 300, 5000), dtype: constantFrom<"int32" | "int64">("int32", "int64"), seed });
      await assert(
        asyncProperty(sizes, async ({ rows, width, count, dtype, seed: at }) => {
          const places = Array.from({ length: rows }, (_, i) => Math.floor(Math.abs(Math.sin(at + i * i)) * count) % count);
          const indices = fromHost(dtype === "int32" ? { dtype, shape: [rows], data: Int32Array.from(places) } : { dtype, shape: [rows], data: BigInt64Array.from(places, BigInt) });
          const sums = gatherGradient(floats([rows, width], at), indices, count);
          await expectEqual([sums], { names: ["GatherGradient"] });
          const table = floats([count, width], at + 1);
          await expectEqual(vjp([gather(table, indices)], { seeds: [floats([rows, width], at)], wrt: [table] }), { names: ["GatherGradient"] });
        }),
        { numRuns: 30 },
      );
    }, 240_000);

    test("refuse indices outside of the table", async () => {
      const sums = compile((rows: Tensor, indices: Tensor) => gatherGradient(rows, indices, 3));
      for (const bad of [-1, 3]) await expect(sums(floats([2, 4], 1), fromHost({ dtype: "int32", shape: [2], data: Int32Array.of(0, bad) })).then((sum) => sum.numbers())).rejects.toThrow(/outside of (the|its) table/);
    });
  });

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
          await expectEqual([loss], { names: ["SoftmaxCrossEntropy"] });
          if (gradient !== null) await expectEqual([gradient], { names: ["SoftmaxCrossEntropyGradient"] });
        }),
        { numRuns: 25 },
      );
    }, 240_000);

    test("carries NaN on, in its row only", async () => {
      const logits = fromHost({ dtype: "float32", shape: [3, 2], data: Float32Array.of(1, 2, NaN, 0, 3, 1) });
      const loss = await softmaxCrossEntropy(logits, classes([3], 2, "int32")).numbers();
      expect([...loss].map(Number.isNaN)).toEqual([false, true, false]);
    });

    test.each([-1, 5, 2 ** 30])("refuses %s as a class of five", async (bad) => {
      const loss = softmaxCrossEntropy(floats([2, 5], 1), fromHost({ dtype: "int32", shape: [2], data: Int32Array.of(0, bad) }));
      await expect(loss.numbers()).rejects.toThrow(/target .*is no class/);
    });
  });
});

describe("the product of matrices that share their rows", () => {
  test("equals onnxruntime's", async () => {
    const sizes = record({ rows: integer({ min: 0, max: 600 }), m: integer({ min: 0, max: 300 }), n: integer({ min: 0, max: 300 }), alpha: constantFrom(1, 0.5, -2), seed });
    await assert(
      asyncProperty(sizes, async ({ rows, m, n, alpha, seed: at }) => {
        const [x, y] = [floats([rows, m], at), floats([rows, n], at + 1)];
        const [own, theirs] = await withAndWithout((a, b) => matmul(a, b, { transA: true, alpha }), x, y);
        // Both sum up to 600 products in float32, in other orders: they differ by what the terms lose, however much of them cancels.
        const terms = await matmul(abs(x), abs(y), { transA: true, alpha }).numbers();
        expect(difference(own, theirs, largest(terms))).toBeLessThan(1e-6);
      }),
      { numRuns: 25 },
    );
  }, 240_000);
});
