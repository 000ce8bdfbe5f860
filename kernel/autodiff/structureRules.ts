/** @file Gradients of reductions, movement and indexing. */
import type { ReductionOp } from "../graph/op";
import { cast, div, equal, mul } from "../graph/ops/elementwise";
import { gatherGradient } from "../graph/composites/gatherGradient";
import { scatterAdd, takeAlong } from "../graph/ops/indexing";
import { broadcastTo, concat, pad, reshape, slice, transpose, zerosLike } from "../graph/ops/movement";
import { cumSum, sum } from "../graph/ops/reduction";
import { reducedShape, sizeOf } from "../graph/shape";
import { node, type Tensor } from "../graph/tensor";
import { none, unbroadcast, type VjpCall, type VjpRule, type VjpRules } from "./rule";

/** `reduced` (without the axes) stretched back to the operand's shape. */
function spread({ inputs: [x], attrs: { axes } }: Pick<VjpCall<ReductionOp>, "inputs" | "attrs">, reduced: Tensor): Tensor {
  return broadcastTo(reshape(reduced, reducedShape(x.shape, axes, true)), x.shape);
}

/** max and min: g is shared equally among equals. */
const extreme: VjpRule<"ReduceMax" | "ReduceMin"> = (call) => {
  const { inputs: [x], attrs: { axes }, output, g } = call;
  const hit = cast(equal(x, spread(call, output)), x.dtype);
  const count = sum(hit, axes, { keep: true });
  return [mul(hit, div(spread(call, g), count))];
};

type StructureOp = ReductionOp | "ArgMax" | "CumSum" | "Reshape" | "Transpose" | "Broadcast" | "Slice" | "Pad" | "Concat" | "Gather" | "TakeAlong" | "ScatterAdd" | "TopKValues" | "TopKIndices";

export const structureRules: VjpRules<StructureOp> = {
  ReduceSum: (call) => [spread(call, call.g)],
  ReduceMax: extreme,
  ReduceMin: extreme,
  // Products without the element itself, from both sides, so that zeros are exact.
  ReduceProd: (call) => {
    const { inputs: [x], attrs: { axes }, g } = call;
    const rest = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const order = [...rest, ...axes];
    const moved = transpose(x, order);
    const [count, length] = [rest, axes].map((group) => sizeOf(group.map((axis) => x.shape[axis])));
    if (length < 2) return [spread(call, g)];
    const rows = reshape(moved, [count, length]);
    const others = Array.from({ length }, (_, i) => {
      const without = concat([slice(rows, { axis: 1, end: i }), slice(rows, { axis: 1, start: i + 1 })].filter((part) => part.shape[1] > 0), 1);
      return node("ReduceProd", [without], { axes: [1], keep: true });
    });
    const back = transpose(reshape(concat(others, 1), moved.shape), order.map((_, i) => order.indexOf(i)));
    return [mul(back, spread(call, g))];
  },
  ArgMax: none,
  CumSum: ({ attrs: { axis, exclusive, reverse }, g }) => [cumSum(g, axis, { exclusive, reverse: !reverse })],
  Reshape: ({ inputs: [x], g }) => [reshape(g, x.shape)],
  Transpose: ({ attrs: { perm }, g }) => [transpose(g, perm.map((_, axis) => perm.indexOf(axis)))],
  Broadcast: ({ inputs: [x], g }) => [unbroadcast(g, x.shape)],
  Slice: ({ inputs: [x], attrs: { starts, steps }, g }) => [
    pad(
      dilate(g, steps),
      x.shape.map((size, axis) => [starts[axis], size - starts[axis] - (g.shape[axis] === 0 ? 0 : (g.shape[axis] - 1) * steps[axis] + 1)] as const),
    ),
  ],
  Pad: ({ inputs: [x], attrs: { before }, g }) => [before.reduce((part, start, axis) => slice(part, { axis, start, end: start + x.shape[axis] }), g)],
  Concat: ({ inputs, attrs: { axis }, g, wanted }) => {
    let start = 0;
    return inputs.map((part, i) => {
      const from = start;
      start += part.shape[axis];
      return wanted[i] ? slice(g, { axis, start: from, end: start }) : null;
    });
  },
  Gather: ({ inputs: [x, indices], attrs: { axis }, g }) => {
    // Bring the gathered axis to the front: rows of g [count, rest] add into rows of x.
    const k = indices.rank;
    const order = [...Array.from({ length: k }, (_, i) => axis + i), ...g.shape.map((_, i) => i).filter((i) => i < axis || i >= axis + k)];
    const rest = x.shape.filter((_, i) => i !== axis);
    const rows = reshape(transpose(g, order), [indices.size, sizeOf(rest)]);
    const total = gatherGradient(rows, reshape(indices, [indices.size]), x.shape[axis]);
    const back = x.shape.map((_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
    return [transpose(reshape(total, [x.shape[axis], ...rest]), back), null];
  },
  TakeAlong: ({ inputs: [x, indices], attrs: { axis }, g }) => [scatterAdd(zerosLike(x), indices, { updates: g, axis }), null],
  ScatterAdd: ({ inputs: [, indices], attrs: { axis }, g }) => [g, null, takeAlong(g, indices, axis)],
  TopKValues: ({ inputs: [x], attrs, g }) => [scatterAdd(zerosLike(x), node("TopKIndices", [x], attrs), { updates: g, axis: attrs.axis })],
  TopKIndices: none,
};

/** Zeros put between elements: size n becomes (n − 1)·step + 1. */
function dilate(x: Tensor, steps: readonly number[]): Tensor {
  let out = x;
  steps.forEach((step, axis) => {
    const size = out.shape[axis];
    if (step === 1 || size <= 1) return;
    const split = [...out.shape.slice(0, axis + 1), 1, ...out.shape.slice(axis + 1)];
    const padded = pad(reshape(out, split), split.map((_, i): readonly [number, number] => (i === axis + 1 ? [0, step - 1] : [0, 0])));
    out = slice(reshape(padded, out.shape.with(axis, size * step)), { axis, end: (size - 1) * step + 1 });
  });
  return out;
}
