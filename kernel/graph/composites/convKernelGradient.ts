/** @file Gradient of a convolution with respect to its kernel. */
import { composite } from "../composite";
import type { ConvolutionAttrs } from "../op";
import { concat, pad, reshape, slice, swapAxes } from "../ops/movement";
import { sum } from "../ops/reduction";
import { sizeOf } from "../shape";
import { node, type Tensor } from "../tensor";
import { type ConvolutionSettings, readConvolution, writtenConvolution } from "./convolutionSettings";

/** [N, C, ...] with channels parted into groups first: [G, N, C/G, ...]. */
const byGroup = (x: Tensor, groups: number): Tensor => swapAxes(reshape(x, [x.shape[0], groups, x.shape[1] / groups, ...x.shape.slice(2)]), 0, 1);

/** For each tap of the kernel, the product of g with the image shifted to that tap, summed over images: k² batched matrix products. */
const ofImage = composite<ConvolutionSettings>({
  name: "ConvKernelGradient",
  decompose([x, g], settings) {
    const { kernel, strides, dilations, pads, groups } = readConvolution(settings);
    const rank = kernel.length;
    const padded = pad(x, [[0, 0], [0, 0], ...kernel.map((_, i) => [pads[i], pads[rank + i]] as const)]);
    const out = g.shape.slice(2);
    const [n, o] = g.shape;
    const c = x.shape[1];
    const rowsOf = (t: Tensor, channels: number): Tensor => (groups === 1 ? reshape(t, [n, channels, sizeOf(out)]) : reshape(byGroup(t, groups), [groups, n, channels / groups, sizeOf(out)]));
    const gRows = rowsOf(g, o);
    const parts = Array.from({ length: sizeOf(kernel) }, (_, tap) => {
      let rest = tap;
      let window = padded;
      for (let i = rank - 1; i >= 0; i--) {
        const start = (rest % kernel[i]) * dilations[i];
        rest = Math.floor(rest / kernel[i]);
        window = slice(window, { axis: 2 + i, start, end: start + (out[i] - 1) * strides[i] + 1, step: strides[i] });
      }
      const products = node("MatMul", [gRows, rowsOf(window, c)], { transA: false, transB: true, leadA: false, leadB: false, alpha: 1 });
      return reshape(sum(products, groups === 1 ? 0 : 1), [o * (c / groups), 1]);
    });
    return reshape(concat(parts, 1), [o, c / groups, ...kernel]);
  },
});

/** Gradient of the kernel [O, C / groups, ...kernel] of a convolution of x [N, C, ...], whose result has the gradient g [N, O, ...]. */
export const convKernelGradient = (x: Tensor, g: Tensor, attrs: ConvolutionAttrs & { readonly kernel: readonly number[] }): Tensor => ofImage([x, g], writtenConvolution(attrs));
