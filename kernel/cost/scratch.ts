/** @file Memory that onnxruntime's CPU kernels take for themselves while they run. */
import { isComposite } from "../graph/composite";
import { bytesPerElement } from "../graph/dtype";
import type { ConvolutionAttrs } from "../graph/op";
import { sizeOf } from "../graph/shape";
import type { Tensor } from "../graph/tensor";

/** Multiply-adds for which MLAS, onnxruntime's library of products, starts one more thread, and the buffer of each. */
const WORK_PER_THREAD = 64 * 1024;
const CONV_BUFFER_BYTES = 128 * 128 * 4;

/** Sizes of the kernel's own buffers. Empty for most. */
export function scratchBytes(tensor: Tensor, threads: number): readonly number[] {
  if (tensor.op === "Conv") return convScratch(tensor, threads);
  if (tensor.op === "ConvTranspose") return transposedConvScratch(tensor);
  // Each side is picked out on its own, then both are joined.
  if (tensor.op === "Where" && tensor.dtype !== "bool") return [tensor.bytes, tensor.bytes];
  if (isComposite(tensor, "Softmax") || isComposite(tensor, "LogSoftmax")) {
    // An inner axis is moved to the end and back.
    const inner = Number(tensor.attrs.options["axis"]) !== tensor.rank - 1;
    return inner ? [tensor.bytes, tensor.bytes] : [];
  }
  return [];
}

function convScratch(tensor: Tensor, threads: number): readonly number[] {
  // SAFETY: the caller looked at the op, to which the attributes belong.
  const { groups, pads, strides } = tensor.attrs as ConvolutionAttrs;
  const w = tensor.inputs[1];
  const kernel = w.shape.slice(2);
  const pointwise = kernel.every((size) => size === 1) && pads.every((pad) => pad === 0) && strides.every((stride) => stride === 1);
  if (pointwise) return [];
  const pixels = sizeOf(tensor.shape.slice(2));
  const inner = w.shape[1] * sizeOf(kernel);
  const filters = w.shape[0] / groups;
  // More filters than pixels: the whole unfolded image is made; else it is made piece by piece, each thread in its buffer.
  if (filters > pixels) return [pixels * inner * 4];
  // Several images or groups are shared out among the threads, a single one only if it is large enough.
  const images = tensor.shape[0] * groups;
  const wanted = images > 1 ? images : Math.floor((filters * pixels * inner) / WORK_PER_THREAD) + 1;
  return [Math.min(threads, wanted) * CONV_BUFFER_BYTES];
}

/** The products of one image before they are added up. */
function transposedConvScratch(tensor: Tensor): readonly number[] {
  const [x, w] = tensor.inputs;
  return [sizeOf(w.shape.slice(1)) * sizeOf(x.shape.slice(2)) * bytesPerElement(tensor.dtype)];
}
