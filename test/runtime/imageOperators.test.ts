/** @file Convolutions and pooling of our library: each equals its decomposition and onnxruntime's, forward and gradient, on images of any kind. */
import fc, { array, assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import "../../kernel/runtime/realize";
import { vjp } from "../../kernel/autodiff/grad";
import { maxPoolWhole } from "../../kernel/graph/composites/maxPool";
import { abs } from "../../kernel/graph/ops/elementwise";
import { conv, convTranspose } from "../../kernel/graph/ops/linalg";
import { fromHost, node, type Tensor } from "../../kernel/graph/tensor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { difference, expectEqual, floats, onEveryEngine, withAndWithout } from "./operatorChecks";

const before = await executor();
afterAll(() => setExecutor(before));
setExecutor(nativeExecutor());

const seed = integer({ min: 1, max: 1000 });

/** The gradient of the kernel equals its decomposition, to what the terms of its long sums lose: some steps of float32, of which Winograd's way adds a few. */
async function expectKernelGradient(convolved: (image: Tensor, by: Tensor) => Tensor, { x, w, seed: at }: { readonly x: Tensor; readonly w: Tensor; readonly seed: number }): Promise<void> {
  const gradient = (image: Tensor, seeds: Tensor): readonly Tensor[] => vjp([convolved(image, w)], { seeds: [seeds], wrt: [w] });
  const g = floats(convolved(x, w).shape, at);
  await expectEqual(gradient(x, g), { names: ["ConvKernelGradient"], tolerance: 4e-6, ofMagnitudes: gradient(abs(x), abs(g)) });
}

const axis = record({ kernel: integer({ min: 1, max: 5 }), stride: integer({ min: 1, max: 3 }), dilation: integer({ min: 1, max: 3 }), padding: integer({ min: 0, max: 3 }), out: integer({ min: 1, max: 20 }), rest: integer({ min: 0, max: 2 }) });
const cases = record({ axes: array(axis, { minLength: 1, maxLength: 2 }), images: integer({ min: 1, max: 4 }), groups: constantFrom(1, 1, 2, 3), channels: integer({ min: 1, max: 20 }), results: integer({ min: 1, max: 40 }), seed });

describe("convolutions", () => {
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
      await expectEqual(vjp([y], { seeds: [floats(y.shape, 2)], wrt: [x] }), { names: ["ConvImageGradient"], tolerance: 1e-5 });
      await expectKernelGradient((image, by) => conv(image, by, { padding: 1 }), { x, w, seed: 2 });
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
        await expectEqual(vjp([y], { seeds: [floats(y.shape, at + 2)], wrt: [x] }), { names: ["ConvImageGradient"], tolerance: 1e-5 });
        await expectKernelGradient(convolved, { x, w, seed: at + 2 });
      }),
      { numRuns: 25 },
    );
  }, 240_000);
});

onEveryEngine(() => {
  describe("gradients of convolutions", () => {
    test("have kernels whose gradients equal their decomposition, for transposed ones, too", async () => {
      await assert(
        asyncProperty(cases, async ({ axes, images, groups, channels, results, seed: at }) => {
          // The image that gives `out` pixels, with up to stride - 1 more that no window reaches.
          const size = axes.map(({ kernel, stride, dilation, padding, out, rest }) => (out - 1) * stride + (kernel - 1) * dilation + 1 - 2 * padding + (rest % stride));
          fc.pre(size.every((pixels) => pixels > 0));
          const kernel = axes.map((a) => a.kernel);
          const [stride, dilation, padding] = [axes.map((a) => a.stride), axes.map((a) => a.dilation), axes.map((a) => a.padding)];
          const [x, w] = [floats([images, channels * groups, ...size], at), floats([results * groups, channels, ...kernel], at + 1)];
          const convolved = (image: Tensor, by: Tensor): Tensor => conv(image, by, { stride, dilation, padding, groups });
          await expectKernelGradient(convolved, { x, w, seed: at + 2 });
          const outputPadding = axes.map((a) => a.rest % a.stride);
          await expectKernelGradient((image, by) => convTranspose(image, by, { stride, dilation, padding, groups, outputPadding }), { x: convolved(x, w), w, seed: at + 3 });
        }),
        { numRuns: 40 },
      );
    }, 240_000);

    test("by their images equal their decompositions, where the stride is 1", async () => {
      await assert(
        asyncProperty(cases, async ({ axes, images, channels, results, seed: at }) => {
          const size = axes.map(({ kernel, dilation, padding, out }) => out - 1 + (kernel - 1) * dilation + 1 - 2 * padding);
          fc.pre(size.every((pixels) => pixels > 0) && axes.some(({ kernel }) => kernel > 1));
          const [x, w] = [floats([images, channels, ...size], at), floats([results, channels, ...axes.map((a) => a.kernel)], at + 1)];
          const y = conv(x, w, { dilation: axes.map((a) => a.dilation), padding: axes.map((a) => a.padding) });
          fc.pre(axes.every(({ kernel, dilation, padding }) => padding <= (kernel - 1) * dilation));
          await expectEqual(vjp([y], { seeds: [floats(y.shape, at + 2)], wrt: [x] }), { names: ["ConvImageGradient"], tolerance: 1e-5 });
        }),
        { numRuns: 25 },
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
          await expectEqual([y], { names: ["MaxPool"], tolerance: 1e-12 });
          await expectEqual(gradient, { names: ["MaxPoolGradient"] });
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
});
