/** @file Gradient of a convolution with respect to its image, where the stride is 1. */
import { composite } from "../composite";
import type { ConvolutionAttrs } from "../op";
import { flip, reshape, transpose } from "../ops/movement";
import { node, type Tensor } from "../tensor";
import { type ConvolutionSettings, readConvolution, writtenConvolution } from "./convolutionSettings";

/** Kernel of the transposed convolution as one of the plain one: taps reversed, channel axes exchanged within groups. */
function reversed(w: Tensor, groups: number): Tensor {
  let out = w;
  for (let axis = 2; axis < w.rank; axis++) if (w.shape[axis] > 1) out = flip(out, axis);
  const parted = reshape(out, [groups, w.shape[0] / groups, ...w.shape.slice(1)]);
  return reshape(transpose(parted, [0, 2, 1, ...w.shape.slice(2).map((_, i) => 3 + i)]), [w.shape[1] * groups, w.shape[0] / groups, ...w.shape.slice(2)]);
}

/** On the CPU a convolution with the reversed kernel is faster than ConvTranspose. */
const ofResult = composite<ConvolutionSettings>({
  name: "ConvImageGradient",
  decompose([g, w], settings) {
    const { strides, pads, dilations, groups } = readConvolution(settings);
    return node("Conv", [g, reversed(w, groups)], { strides, pads, dilations, groups });
  },
});

/** Gradient of the image [N, C, ...] of a convolution of stride 1 with w [O, C / groups, ...], whose result has the gradient g [N, O, ...]. Pads are those around g. */
export const convImageGradient = (g: Tensor, w: Tensor, attrs: ConvolutionAttrs): Tensor => ofResult([g, w], writtenConvolution({ ...attrs, kernel: w.shape.slice(2) }));
