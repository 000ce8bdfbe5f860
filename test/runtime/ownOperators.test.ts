/** @file Operators of our library: each equals its decomposition, forward and gradient, on shapes of any kind. */
import fc, { array, assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import "../../kernel/runtime/realize";
import { vjp } from "../../kernel/autodiff/grad";
import { scaledDotProductAttention } from "../../kernel/graph/composites/attention";
import { gatherGradient } from "../../kernel/graph/composites/gatherGradient";
import { maxPoolWhole } from "../../kernel/graph/composites/maxPool";
import { sumOfSquares } from "../../kernel/graph/composites/sumOfSquares";
import { gather } from "../../kernel/graph/ops/indexing";
import { conv, convTranspose, matmul } from "../../kernel/graph/ops/linalg";
import { softmaxCrossEntropy } from "../../kernel/graph/composites/crossEntropy";
import { topological } from "../../kernel/graph/rewrite";
import { fromHost, node, realize, type Tensor } from "../../kernel/graph/tensor";
import { lower } from "../../kernel/graph/passes/lower";
import { isComposite } from "../../kernel/graph/composite";
import { fusedByLibrary } from "../../kernel/onnx/fused";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { compile } from "../../kernel/runtime/compile";
import type { Executor } from "../../kernel/runtime/executor";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { expandAll } from "../contract/run";
import { operandShapes, type BiasKind } from "./attentionCases";

const before = await executor();
afterAll(() => setExecutor(before));
setExecutor(nativeExecutor());

/** Numbers that look random, most of them within ±scale. */
function floats(shape: readonly number[], seed: number, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return fromHost({ dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, i) => scale * Math.sin(seed * 12.9898 + i * 78.233) * (1 + Math.cos(i * seed))) });
}

/** Largest difference, as a part of the largest number (at least 1, so that sums that cancel are not compared digit by digit); NaN and infinities must stand at equal places. */
function difference(got: Float64Array, want: Float64Array): number {
  const size = want.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
  return got.reduce((most, value, i) => {
    if (Number.isFinite(want[i])) return Math.max(most, Number.isFinite(value) ? Math.abs(value - want[i]) / size : Infinity);
    return Object.is(value, want[i]) ? most : Infinity;
  }, 0);
}

/** `outputs` and their decompositions agree; the former use the operator `name`, where given. */
async function expectEqual(outputs: readonly Tensor[], { name, tolerance = 2e-6 }: { readonly name?: string; readonly tolerance?: number }): Promise<void> {
  const used = topological(lower(outputs, { fused: fusedByLibrary, fuse: true })).some((node) => node.storage === undefined && isComposite(node, name));
  if (name !== undefined) expect(used).toBe(true);
  const expanded = expandAll(outputs);
  await realize([...outputs, ...expanded]);
  for (const [i, output] of outputs.entries()) expect(difference(await output.numbers(), await expanded[i].numbers())).toBeLessThan(tolerance);
}

const seed = integer({ min: 1, max: 1000 });

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
        await expectEqual([out], { name: "Attention", tolerance: 2e-5 });
        await expectEqual(gradients.slice(0, 3), { name: "AttentionGradient", tolerance: 5e-5 });
        if (added !== undefined) await expectEqual(gradients.slice(3), { tolerance: 5e-5 });
      }),
      { numRuns: 30 },
    );
  }, 240_000);

  test("of huge scores is that of the largest", async () => {
    const [q, k, v] = [floats([2, 70, 8], 1, 1e15), floats([2, 70, 8], 2, 1e15), floats([2, 70, 8], 3)];
    await expectEqual([scaledDotProductAttention({ q, k, v })], { name: "Attention" });
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
    await expectEqual([scaledDotProductAttention({ q, k, v }, { bias })], { name: "Attention" });
  });
});

/** Results with products of our own, and with onnxruntime's. */
async function withAndWithout(results: (...xs: readonly Tensor[]) => Tensor, ...xs: readonly Tensor[]): Promise<readonly Float64Array[]> {
  const run = (native: Executor) => {
    setExecutor(native);
    return compile((...args: readonly Tensor[]) => results(...args))(...xs).then((result) => result.numbers());
  };
  try {
    return [await run(nativeExecutor()), await run({ ...nativeExecutor(), ownProducts: false })];
  } finally {
    setExecutor(nativeExecutor());
  }
}

describe("convolutions", () => {
  const axis = record({ kernel: integer({ min: 1, max: 5 }), stride: integer({ min: 1, max: 3 }), dilation: integer({ min: 1, max: 3 }), padding: integer({ min: 0, max: 3 }), out: integer({ min: 1, max: 20 }), rest: integer({ min: 0, max: 2 }) });
  const cases = record({ axes: array(axis, { minLength: 1, maxLength: 2 }), images: integer({ min: 1, max: 4 }), groups: constantFrom(1, 1, 2, 3), channels: integer({ min: 1, max: 20 }), results: integer({ min: 1, max: 40 }), seed });

  test("equal onnxruntime's, and so do the gradients of their images", async () => {
    await assert(
      asyncProperty(cases, async ({ axes, images, channels, results, seed: at }) => {
        const size = axes.map(({ kernel, stride, dilation, padding, out, rest }) => (out - 1) * stride + (kernel - 1) * dilation + 1 - 2 * padding + (rest % stride));
        fc.pre(size.every((pixels) => pixels > 0));
        const [kernel, stride, dilation, padding] = [axes.map((a) => a.kernel), axes.map((a) => a.stride), axes.map((a) => a.dilation), axes.map((a) => a.padding)];
        const [x, w] = [floats([images, channels, ...size], at), floats([results, channels, ...kernel], at + 1)];
        const convolved = (image: Tensor, by: Tensor): Tensor => conv(image, by, { stride, dilation, padding });
        const [own, theirs] = await withAndWithout(convolved, x, w);
        expect(difference(own, theirs)).toBeLessThan(1e-5);
        const y = convolved(x, w);
        await expectEqual(vjp([y], { seeds: [floats(y.shape, at + 2)], wrt: [x] }), { tolerance: 1e-5 });
      }),
      { numRuns: 40 },
    );
  }, 240_000);

  test("part the channels of the result where pixels are few, and the pixels where they are many", async () => {
    for (const [images, channels, results, size] of [[1, 40, 200, 3], [5, 300, 20, 5], [1, 3, 9, 70], [2, 2, 3, 300]]) {
      const [x, w] = [floats([images, channels, size, size], size), floats([results, channels, 3, 3], channels)];
      const [own, theirs] = await withAndWithout((image, by) => conv(image, by, { padding: 1 }), x, w);
      expect(difference(own, theirs)).toBeLessThan(1e-5);
      const y = conv(x, w, { padding: 1 });
      await expectEqual(vjp([y], { seeds: [floats(y.shape, 2)], wrt: [x] }), { name: "ConvImageGradient", tolerance: 1e-5 });
      await expectEqual(vjp([y], { seeds: [floats(y.shape, 2)], wrt: [w] }), { name: "ConvKernelGradient", tolerance: 2e-5 });
    }
  });

  test("of 3 × 3 taps at every pixel, which take Winograd's way, equal onnxruntime's, for images that are no whole tiles and pads on one side, too", async () => {
    const sizes = record({ images: integer({ min: 1, max: 5 }), channels: integer({ min: 16, max: 70 }), results: integer({ min: 16, max: 70 }), height: integer({ min: 3, max: 20 }), width: integer({ min: 3, max: 40 }), pads: array(integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }), seed });
    await assert(
      asyncProperty(sizes, async ({ images, channels, results, height, width, pads, seed: at }) => {
        const [x, w] = [floats([images, channels, height, width], at), floats([results, channels, 3, 3], at + 1, 0.1)];
        const convolved = (image: Tensor, by: Tensor): Tensor => node("Conv", [image, by], { strides: [1, 1], pads, dilations: [1, 1], groups: 1 });
        const [own, theirs] = await withAndWithout(convolved, x, w);
        expect(difference(own, theirs)).toBeLessThan(1e-5);
        const y = convolved(x, w);
        const seeds = [floats(y.shape, at + 2)];
        await expectEqual(vjp([y], { seeds, wrt: [x] }), { name: "ConvImageGradient", tolerance: 1e-5 });
        await expectEqual(vjp([y], { seeds, wrt: [w] }), { name: "ConvKernelGradient", tolerance: 1e-5 });
      }),
      { numRuns: 25 },
    );
  }, 240_000);

  test("have kernels whose gradients equal their decomposition, for transposed ones, too", async () => {
    await assert(
      asyncProperty(cases, async ({ axes, images, groups, channels, results, seed: at }) => {
        // The image that gives `out` pixels, with up to stride - 1 more that no window reaches.
        const size = axes.map(({ kernel, stride, dilation, padding, out, rest }) => (out - 1) * stride + (kernel - 1) * dilation + 1 - 2 * padding + (rest % stride));
        fc.pre(size.every((pixels) => pixels > 0));
        const kernel = axes.map((a) => a.kernel);
        const [stride, dilation, padding] = [axes.map((a) => a.stride), axes.map((a) => a.dilation), axes.map((a) => a.padding)];
        const [x, w] = [floats([images, channels * groups, ...size], at), floats([results * groups, channels, ...kernel], at + 1)];
        const y = conv(x, w, { stride, dilation, padding, groups });
        await expectEqual(vjp([y], { seeds: [floats(y.shape, at + 2)], wrt: [w] }), { name: "ConvKernelGradient", tolerance: 1e-5 });
        const outputPadding = axes.map((a) => a.rest % a.stride);
        const back = convTranspose(y, w, { stride, dilation, padding, groups, outputPadding });
        await expectEqual(vjp([back], { seeds: [floats(back.shape, at + 3)], wrt: [w] }), { name: "ConvKernelGradient", tolerance: 1e-5 });
      }),
      { numRuns: 40 },
    );
  }, 240_000);
});

describe("largest pixels of windows", () => {
  test("and their gradients equal their decompositions, with ties and without", async () => {
    const sizes = record({ images: integer({ min: 1, max: 3 }), channels: integer({ min: 1, max: 5 }), rows: integer({ min: 1, max: 9 }), columns: integer({ min: 1, max: 40 }), size: integer({ min: 1, max: 4 }), levels: constantFrom(2, 1000), seed });
    await assert(
      asyncProperty(sizes, async ({ images, channels, rows, columns, size, levels, seed: at }) => {
        const pixels = await floats([images, channels, rows * size, columns * size], at, levels).numbers();
        const x = fromHost({ dtype: "float32", shape: [images, channels, rows * size, columns * size], data: Float32Array.from(pixels, Math.round) });
        const y = maxPoolWhole(x, size);
        const gradient = vjp([y], { seeds: [floats(y.shape, at + 1)], wrt: [x] });
        await expectEqual([y], { name: "MaxPool", tolerance: 1e-12 });
        await expectEqual(gradient, { name: "MaxPoolGradient" });
      }),
      { numRuns: 40 },
    );
  }, 120_000);
  test("are NaN where a pixel is", async () => {
    for (const size of [2, 3]) {
      const x = fromHost({ dtype: "float32", shape: [1, 1, size, 2 * size], data: Float32Array.from({ length: 2 * size * size }, (_, i) => (i === 1 ? NaN : -i)) });
      expect(await maxPoolWhole(x, size).numbers()).toEqual(Float64Array.of(NaN, -size));
    }
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
        await expectEqual([total], { name: "SumOfSquares", tolerance: 1e-5 });
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
        await expectEqual([sums], { name: "GatherGradient" });
        const table = floats([count, width], at + 1);
        await expectEqual(vjp([gather(table, indices)], { seeds: [floats([rows, width], at)], wrt: [table] }), { name: "GatherGradient" });
      }),
      { numRuns: 30 },
    );
  }, 240_000);

  test("refuse indices outside of the table", async () => {
    const sums = compile((rows: Tensor, indices: Tensor) => gatherGradient(rows, indices, 3));
    for (const bad of [-1, 3]) await expect(sums(floats([2, 4], 1), fromHost({ dtype: "int32", shape: [2], data: Int32Array.of(0, bad) }))).rejects.toThrow("outside of the table");
  });
});

describe("the product of matrices that share their rows", () => {
  test("equals onnxruntime's", async () => {
    const sizes = record({ rows: integer({ min: 0, max: 600 }), m: integer({ min: 0, max: 300 }), n: integer({ min: 0, max: 300 }), alpha: constantFrom(1, 0.5, -2), seed });
    await assert(
      asyncProperty(sizes, async ({ rows, m, n, alpha, seed: at }) => {
        const [own, theirs] = await withAndWithout((x, y) => matmul(x, y, { transA: true, alpha }), floats([rows, m], at), floats([rows, n], at + 1));
        // Both sum up to 600 products in float32, in other orders.
        expect(difference(own, theirs)).toBeLessThan(1e-5);
      }),
      { numRuns: 25 },
    );
  }, 240_000);
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
        await expectEqual([loss], { name: "SoftmaxCrossEntropy" });
        if (gradient !== null) await expectEqual([gradient], { name: "SoftmaxCrossEntropyGradient" });
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
    await expect(loss.numbers()).rejects.toThrow(`target ${bad} is no class of 5`);
  });
});
