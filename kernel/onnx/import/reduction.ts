/** @file Reductions, scans and order. */
import { abs, add, cast, equal, exp, log, neg, scalar, sqrt, square, stopGradient, sub, where } from "../../graph/ops/elementwise";
import { flip, reshape } from "../../graph/ops/movement";
import { argMax, cumSum, max, mean, min, prod, sum, topK } from "../../graph/ops/reduction";
import { isFloat, type Dtype } from "../../graph/dtype";
import { normalizeAxes, reducedShape } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorRule, OperatorTable } from "./nodeCall";

type Reduce = (x: Tensor, axes: readonly number[]) => Tensor;

/** Axes are an operand from some version on, an attribute before. `fn` keeps the reduced axes with size 1. */
const reduce =
  (fn: Reduce): OperatorRule =>
  (call) => {
    const x = call.x();
    const given = call.intsAt(1, "axes");
    const axes = given === undefined || given.length === 0 ? (call.flag("noop_with_empty_axes") ? [] : undefined) : given;
    const normal = normalizeAxes(axes, x.rank, call.node.opType);
    return reshape(fn(x, normal), reducedShape(x.shape, normal, call.flag("keepdims", true)));
  };

/** bool has no order; its extremes are those of 0 and 1. */
const ofNumbers =
  (fn: Reduce): Reduce =>
  (x, axes) =>
    x.dtype === "bool" ? cast(fn(cast(x, "uint8"), axes), "bool") : fn(x, axes);

/** log Σ e^x along axes. Where the largest is infinite, nothing is subtracted: the result is as infinite. */
function logSumExp(x: Tensor, axes: readonly number[]): Tensor {
  const peak = stopGradient(max(x, axes, { keep: true }));
  const shift = where(equal(abs(peak), Infinity), scalar(0, x.dtype), peak);
  return add(log(sum(exp(sub(x, shift)), axes, { keep: true })), shift);
}

const meanOf: Reduce = (x, axes) =>
  isFloat(x.dtype) ? mean(x, axes, { keep: true }) : cast(mean(cast(x, "float32"), axes, { keep: true }), x.dtype);

const arg =
  (order: (x: Tensor) => Tensor): OperatorRule =>
  (call) => {
    const x = order(comparable(call.x()));
    const [axis] = normalizeAxes(call.int("axis", 0), x.rank, call.node.opType);
    const last = call.flag("select_last_index");
    const first = argMax(last ? flip(x, axis) : x, axis);
    const index = last ? sub(x.shape[axis] - 1, first) : first;
    return call.flag("keepdims", true) ? reshape(index, x.shape.with(axis, 1)) : index;
  };

/** Small integers in a dtype that has a negative of each. */
const WIDE: Partial<Record<Dtype, Dtype>> = { int8: "int32", uint8: "int32", bool: "int32" };
const comparable = (x: Tensor): Tensor => cast(x, WIDE[x.dtype] ?? x.dtype);

function topKOf(call: NodeCall): readonly Tensor[] {
  const x = call.x();
  const k = call.opset >= 10 ? call.known(1)[0] : call.int("k");
  if (k === undefined) throw call.bad('attribute "k" is missing');
  const { values, indices } = topK(x, k, { axis: call.int("axis", -1), largest: call.flag("largest", true) });
  return [values, indices];
}

export const reduction: OperatorTable = {
  ArgMax: arg((x) => x),
  ArgMin: arg((x) => neg(x)),
  CumSum: (call) => cumSum(call.x(), call.known(1)[0], { exclusive: call.flag("exclusive"), reverse: call.flag("reverse") }),
  ReduceL1: reduce((x, axes) => sum(abs(x), axes, { keep: true })),
  ReduceL2: reduce((x, axes) => sqrt(sum(square(x), axes, { keep: true }))),
  ReduceLogSum: reduce((x, axes) => log(sum(x, axes, { keep: true }))),
  ReduceLogSumExp: reduce(logSumExp),
  ReduceMax: reduce(ofNumbers((x, axes) => max(x, axes, { keep: true }))),
  ReduceMean: reduce(meanOf),
  ReduceMin: reduce(ofNumbers((x, axes) => min(x, axes, { keep: true }))),
  ReduceProd: reduce((x, axes) => prod(x, axes, { keep: true })),
  ReduceSum: reduce((x, axes) => sum(x, axes, { keep: true })),
  ReduceSumSquare: reduce((x, axes) => sum(square(x), axes, { keep: true })),
  TopK: topKOf,
};
