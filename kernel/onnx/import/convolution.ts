/** @file Convolutions. */
import { add, cast, sub } from "../../graph/ops/elementwise";
import { reshape } from "../../graph/ops/movement";
import { node, type Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";
import { windowsOf } from "./windows";

/** One number for each channel, along axis 1 of `x`. */
export const perChannel = (values: Tensor, x: Tensor, axis = 1): Tensor =>
  reshape(
    values,
    x.shape.map((_, i) => (i === axis ? values.size : 1)),
  );

/** The convolution that a node describes, of other operands. */
export function convolve(call: NodeCall, x: Tensor, w: Tensor): Tensor {
  const { strides, dilations, pads } = windowsOf(call, { image: x.shape.slice(2), kernel: w.shape.slice(2) });
  return node("Conv", [x, w], { strides, dilations, pads, groups: call.int("group", 1) });
}

function conv(call: NodeCall): Tensor {
  const out = convolve(call, call.x(0), call.x(1));
  return call.has(2) ? add(out, perChannel(call.x(2), out)) : out;
}

/** Convolution of 8-bit numbers less their zero points, exact while sums stay below 2²⁴. */
function convInteger(call: NodeCall): Tensor {
  const float = (x: Tensor, zero: Tensor | undefined, axis: number): Tensor => {
    const value = cast(x, "float32");
    if (zero === undefined) return value;
    return sub(value, cast(zero.size === 1 ? reshape(zero, []) : perChannel(zero, x, axis), "float32"));
  };
  return cast(convolve(call, float(call.x(0), call.inputs[2], 1), float(call.x(1), call.inputs[3], 0)), "int32");
}

function convTranspose(call: NodeCall): Tensor {
  const [x, w] = [call.x(0), call.x(1)];
  const n = x.rank - 2;
  const ones = Array.from({ length: n }, () => 1);
  const strides = call.ints("strides") ?? ones;
  const dilations = call.ints("dilations") ?? ones;
  const outputPads = call.ints("output_padding") ?? ones.map(() => 0);
  const full = ones.map((_, i) => (x.shape[2 + i] - 1) * strides[i] + (w.shape[2 + i] - 1) * dilations[i] + 1 + outputPads[i]);
  const { pads, more } = transposePads(call, { full, strides, image: x.shape.slice(2) });
  const out = node("ConvTranspose", [x, w], {
    strides,
    dilations,
    groups: call.int("group", 1),
    pads,
    outputPads: outputPads.map((each, i) => each + more[i]),
  });
  return call.has(2) ? add(out, perChannel(call.x(2), out)) : out;
}

interface TransposeSizes {
  /** The output's sizes before anything is cut off. */
  readonly full: readonly number[];
  readonly strides: readonly number[];
  readonly image: readonly number[];
}

/** What is cut off before and after each axis, and what is added at its end where more is asked for than there is. */
function transposePads(call: NodeCall, { full, strides, image }: TransposeSizes): { readonly pads: number[]; readonly more: number[] } {
  const automatic = call.string("auto_pad", "NOTSET");
  const none = full.map(() => 0);
  const same = automatic === "SAME_UPPER" || automatic === "SAME_LOWER";
  const wanted = call.ints("output_shape")?.slice(-full.length) ?? (same ? image.map((size, i) => size * strides[i]) : undefined);
  if (wanted === undefined) return { pads: automatic === "VALID" ? [...none, ...none] : [...(call.ints("pads") ?? [...none, ...none])], more: none };
  const totals = full.map((size, i) => Math.max(0, size - wanted[i]));
  const half = totals.map((total) => Math.floor(total / 2));
  const rest = totals.map((total, i) => total - half[i]);
  return { pads: automatic === "SAME_UPPER" ? [...half, ...rest] : [...rest, ...half], more: full.map((size, i) => Math.max(0, wanted[i] - size)) };
}

export const convolution: OperatorTable = { Conv: conv, ConvInteger: convInteger, ConvTranspose: convTranspose };
