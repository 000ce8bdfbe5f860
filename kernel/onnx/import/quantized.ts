/** @file Quantized operators, computed in float32 and rounded as their definitions say. */
import { isFloat, type Dtype } from "../../graph/dtype";
import { add, cast, clip, div, maximum, minimum, mul, round, sub } from "../../graph/ops/elementwise";
import { matmul } from "../../graph/ops/linalg";
import { broadcastTo, expandDims, reshape, slice } from "../../graph/ops/movement";
import { max, min } from "../../graph/ops/reduction";
import { normalizeAxis } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import { convolve, perChannel } from "./convolution";
import type { NodeCall, OperatorTable } from "./nodeCall";

/** Smallest and largest value of the dtypes that quantization produces. */
const RANGE: Partial<Record<Dtype, readonly [number, number]>> = { int8: [-128, 127], uint8: [0, 255] };

/** Scales or zero points beside `x`: one for all, one for each position along an axis, or one for each block of it. */
function beside(call: NodeCall, values: Tensor, x: Tensor): Tensor {
  if (values.size === 1 && values.rank <= 1) return reshape(values, []);
  const axis = normalizeAxis(call.int("axis", 1), x.rank, call.node.opType);
  const block = call.int("block_size", 0);
  if (block === 0 || values.rank !== x.rank) return perChannel(values, x, axis);
  const wide = expandDims(values, axis + 1);
  const repeated = reshape(broadcastTo(wide, wide.shape.with(axis + 1, block)), values.shape.with(axis, values.shape[axis] * block));
  return slice(repeated, { axis, end: x.shape[axis] });
}

function dequantize(call: NodeCall): Tensor {
  const [x, scale] = [call.x(0), beside(call, call.x(1), call.x(0))];
  const value = cast(x, "float32");
  const centred = call.has(2) ? sub(value, cast(beside(call, call.x(2), x), "float32")) : value;
  return cast(mul(centred, cast(scale, "float32")), scale.dtype);
}

function quantize(call: NodeCall): Tensor {
  const x = call.x();
  const scale = beside(call, call.x(1), x);
  const zero = call.has(2) ? beside(call, call.x(2), x) : undefined;
  return toGrid(call, isFloat(x.dtype) ? x : cast(x, scale.dtype), {
    scale: cast(scale, isFloat(x.dtype) ? x.dtype : scale.dtype),
    zero,
    to: zero?.dtype ?? call.dtype("output_dtype", "uint8"),
  });
}

interface Grid {
  readonly scale: Tensor;
  readonly zero: Tensor | undefined;
  readonly to: Dtype;
}

/** round(x / scale) + zero, held within the dtype; halves go to even. */
function toGrid(call: NodeCall, x: Tensor, { scale, zero, to }: Grid): Tensor {
  const range = RANGE[to];
  if (range === undefined) throw call.unsupported(`quantization to ${to}`);
  const steps = round(div(x, scale));
  return cast(cast(clip(zero === undefined ? steps : add(steps, cast(zero, x.dtype)), ...range), "int32"), to);
}

/** Scale and zero point of uint8 that hold the range of `x` and 0. */
function dynamicQuantize(call: NodeCall): readonly Tensor[] {
  const x = call.x();
  const [low, high] = [minimum(min(x), 0), maximum(max(x), 0)];
  const scale = div(sub(high, low), 255);
  const zero = cast(cast(clip(round(div(sub(0, low), scale)), 0, 255), "int32"), "uint8");
  return [toGrid(call, x, { scale, zero, to: "uint8" }), scale, zero];
}

/** An operand less its zero point, times its scale: operands `at`, `at + 1` (scale) and `at + 2` (zero point). */
function real(call: NodeCall, at: number, axis: number): Tensor {
  const [x, scale, zero] = [call.x(at), call.x(at + 1), call.x(at + 2)];
  const shaped = (values: Tensor): Tensor => (values.size === 1 ? reshape(values, []) : perChannel(values, x, axis));
  return mul(sub(cast(x, "float32"), cast(shaped(zero), "float32")), shaped(scale));
}

function qLinearMatMul(call: NodeCall): Tensor {
  const product = matmul(real(call, 0, call.x(0).rank - 2), real(call, 3, call.x(3).rank - 1));
  return toGrid(call, product, { scale: reshape(call.x(6), []), zero: reshape(call.x(7), []), to: call.x(7).dtype });
}

function qLinearConv(call: NodeCall): Tensor {
  const out = convolve(call, real(call, 0, 1), real(call, 3, 0));
  // The bias is given in steps of (scale of x) × (scale of w).
  const step = mul(reshape(call.x(1), []), call.x(4));
  const biased = call.has(8) ? add(out, perChannel(mul(cast(call.x(8), "float32"), step), out)) : out;
  return toGrid(call, biased, { scale: reshape(call.x(6), []), zero: reshape(call.x(7), []), to: call.x(7).dtype });
}

export const quantized: OperatorTable = {
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  QLinearConv: qLinearConv,
  QLinearMatMul: qLinearMatMul,
  QuantizeLinear: quantize,
};
