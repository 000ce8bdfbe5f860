/** @file Normalization: batch, layer, group, instance, local response. */
import { layerNorm, rmsNorm } from "../../graph/composites/normalization";
import { abs, add, cast, div, mul, pow, reciprocal, sqrt, square, sub } from "../../graph/ops/elementwise";
import { broadcastTo, ones, pad, reshape, slice, zeros } from "../../graph/ops/movement";
import { mean, sum } from "../../graph/ops/reduction";
import { normalizeAxis, sameShape, sizeOf, type Shape } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import { perChannel } from "./convolution";
import type { NodeCall, OperatorTable } from "./nodeCall";

const inverseRoot = (variance: Tensor, epsilon: number): Tensor => reciprocal(sqrt(add(variance, epsilon)));

/** The outputs used in training are the running statistics, updated. */
function batchNormalization(call: NodeCall): readonly Tensor[] {
  const x = call.x();
  const [scale, bias, runningMean, runningVariance] = [1, 2, 3, 4].map((i) => perChannel(cast(call.x(i), x.dtype), x));
  const epsilon = call.float("epsilon", 1e-5);
  const normal = (centre: Tensor, variance: Tensor): Tensor => add(mul(mul(sub(x, centre), inverseRoot(variance, epsilon)), scale), bias);
  if (!call.flag("training_mode")) return [normal(runningMean, runningVariance)];
  const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
  const centre = mean(x, axes, { keep: true });
  const variance = mean(square(sub(x, centre)), axes, { keep: true });
  const momentum = call.float("momentum", 0.9);
  const running = (old: Tensor, now: Tensor): Tensor => reshape(add(mul(old, momentum), mul(now, 1 - momentum)), [x.shape[1]]);
  return [normal(centre, variance), running(runningMean, centre), running(runningVariance, variance)];
}

/** `x` with mean 0 and deviation 1 over `axes`. */
function standardized(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const centred = sub(x, mean(x, axes, { keep: true }));
  return mul(centred, inverseRoot(mean(square(centred), axes, { keep: true }), epsilon));
}

const spatial = (x: Tensor): number[] => x.shape.map((_, axis) => axis).slice(2);

function instanceNormalization(call: NodeCall): Tensor {
  const x = call.x();
  return add(mul(standardized(x, spatial(x), call.float("epsilon", 1e-5)), perChannel(call.x(1), x)), perChannel(call.x(2), x));
}

/** Until version 20 scale and bias were given for each group, since 21 for each channel. */
function groupNormalization(call: NodeCall): Tensor {
  const x = call.x();
  const groups = call.int("num_groups", 1);
  const [n, c, ...rest] = x.shape;
  const grouped = reshape(x, [n, groups, (c / groups) * sizeOf(rest)]);
  const normal = standardized(grouped, [2], call.float("epsilon", 1e-5));
  const each = (values: Tensor): Tensor =>
    perChannel(values.size === c ? values : reshape(broadcastTo(reshape(values, [groups, 1]), [groups, c / groups]), [c]), x);
  return add(mul(reshape(normal, x.shape), each(call.x(1))), each(call.x(2)));
}

/** The axes from `axis` on are normalized together, as one row. */
function layerNormalization(call: NodeCall): readonly Tensor[] {
  const x = call.x();
  const axis = normalizeAxis(call.int("axis", -1), x.rank, "LayerNormalization");
  const inner = x.shape.slice(axis);
  const epsilon = call.float("epsilon", 1e-5);
  const rows = reshape(x, [...x.shape.slice(0, axis), sizeOf(inner)]);
  const row = (values: Tensor): Tensor => reshape(sameShape(values.shape, inner) ? values : broadcastTo(values, inner), [sizeOf(inner)]);
  const bias = call.has(2) ? row(call.x(2)) : zeros([sizeOf(inner)], x.dtype);
  const out = reshape(layerNorm(rows, { weight: row(call.x(1)), bias, epsilon }), x.shape);
  if (!call.wants(1) && !call.wants(2)) return [out];
  const kept = [...x.shape.slice(0, axis), ...inner.map(() => 1)];
  const centre = mean(rows, -1, { keep: true });
  const scale = inverseRoot(mean(square(sub(rows, centre)), -1, { keep: true }), epsilon);
  return [out, reshape(centre, kept), reshape(scale, kept)];
}

/** Divided by the root of the mean square over the axes from `axis` on. */
export function rmsNormalization(call: NodeCall): Tensor {
  const x = call.x();
  const axis = normalizeAxis(call.int("axis", -1), x.rank, call.node.opType);
  const inner: Shape = x.shape.slice(axis);
  const weight = call.has(1) ? reshape(broadcastTo(call.x(1), inner), [sizeOf(inner)]) : ones([sizeOf(inner)], x.dtype);
  return reshape(rmsNorm(reshape(x, [...x.shape.slice(0, axis), sizeOf(inner)]), { weight, epsilon: call.float("epsilon", 1e-5) }), x.shape);
}

/** Each channel divided by a power of the mean square of its neighbours. */
function localResponse(call: NodeCall): Tensor {
  const x = call.x();
  const size = call.bounded(call.int("size", 1), "a neighbourhood");
  const before = Math.floor((size - 1) / 2);
  const squares = pad(
    square(x),
    x.shape.map((_, axis): [number, number] => (axis === 1 ? [before, size - 1 - before] : [0, 0])),
  );
  const total = Array.from({ length: size }, (_, k) => slice(squares, { axis: 1, start: k, end: k + x.shape[1] })).reduce(add);
  return div(x, pow(add(mul(total, call.float("alpha", 1e-4) / size), call.float("bias", 1)), call.float("beta", 0.75)));
}

function meanVariance(call: NodeCall): Tensor {
  const x = call.x();
  const axes = call.ints("axes") ?? [0, 2, 3];
  const centred = sub(x, mean(x, axes, { keep: true }));
  return div(centred, add(sqrt(mean(square(centred), axes, { keep: true })), 1e-9));
}

function lpNormalization(call: NodeCall): Tensor {
  const x = call.x();
  const axis = normalizeAxis(call.int("axis", -1), x.rank, "LpNormalization");
  const length = call.int("p", 2) === 1 ? sum(abs(x), axis, { keep: true }) : sqrt(sum(square(x), axis, { keep: true }));
  return div(x, length);
}

export const normalization: OperatorTable = {
  BatchNormalization: batchNormalization,
  GroupNormalization: groupNormalization,
  InstanceNormalization: instanceNormalization,
  LRN: localResponse,
  LayerNormalization: layerNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVariance,
  RMSNormalization: rmsNormalization,
  SimplifiedLayerNormalization: rmsNormalization,
};
