/** @file Resize and Upsample: each axis is a product with a matrix of weights, or a choice of positions. */
import { cast, scalar, where } from "../../graph/ops/elementwise";
import { gather } from "../../graph/ops/indexing";
import { matmul } from "../../graph/ops/linalg";
import { swapAxes } from "../../graph/ops/movement";
import { isFloat } from "../../graph/dtype";
import { normalizeAxis } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";
import { constant } from "./shapes";

interface Axis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  /** Part of the axis that is shown, as fractions, for crops. */
  readonly roi: readonly [number, number];
}

interface Settings {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubic: number;
  readonly excludeOutside: boolean;
  readonly antialias: boolean;
  readonly extrapolation: number;
}

/** Where output position `i` lies in the input. */
function source(i: number, { from, to, scale, roi }: Axis, { coordinates }: Settings): number | undefined {
  switch (coordinates) {
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
    case "half_pixel_symmetric": {
      // Scales that were rounded are centred again.
      const adjustment = to / (scale * from);
      return (from / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case "pytorch_half_pixel":
      return to > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "align_corners":
      // As ONNX's reference does it: the length that the scale gives, before it is rounded to `to`.
      return i === 0 ? 0 : (i * (from - 1)) / (scale * from - 1);
    case "asymmetric":
      return i / scale;
    case "tf_half_pixel_for_nn":
      return (i + 0.5) / scale;
    case "tf_crop_and_resize":
      return to > 1 ? roi[0] * (from - 1) + (i * (roi[1] - roi[0]) * (from - 1)) / (to - 1) : 0.5 * (roi[0] + roi[1]) * (from - 1);
    default:
      return undefined;
  }
}

function nearestOf(x: number, mode: string): number {
  if (mode === "floor") return Math.floor(x);
  if (mode === "ceil") return Math.ceil(x);
  return mode === "round_prefer_ceil" ? Math.floor(x + 0.5) : Math.ceil(x - 0.5);
}

/** Weight at distance `d`: a triangle, or Keys' cubic with parameter `a` (1981). */
function weightAt(d: number, { mode, cubic: a }: Settings): number {
  const t = Math.abs(d);
  if (mode === "linear") return Math.max(0, 1 - t);
  if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
  return t < 2 ? a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a : 0;
}

/** Weights [to, from] of the inputs in each output, and which outputs lie outside of the input. */
function weightsOf(call: NodeCall, axis: Axis, settings: Settings): { readonly rows: Float64Array[]; readonly outside: boolean[] } {
  const reach = settings.mode === "linear" ? 1 : 2;
  // Shrinking with anti-aliasing widens the filter by as much.
  const stretch = settings.antialias ? Math.max(1, 1 / axis.scale) : 1;
  const outside: boolean[] = [];
  const rows = Array.from({ length: axis.to }, (_, i) => {
    const x = source(i, axis, settings);
    if (x === undefined) throw call.unsupported(`coordinate_transformation_mode ${JSON.stringify(settings.coordinates)}`);
    outside.push(settings.coordinates === "tf_crop_and_resize" && (x < 0 || x > axis.from - 1));
    const row = new Float64Array(axis.from);
    let total = 0;
    const add = (at: number, weight: number): void => {
      const inside = at >= 0 && at < axis.from;
      if (settings.excludeOutside && !inside) return;
      row[Math.min(axis.from - 1, Math.max(0, at))] += weight;
      total += weight;
    };
    for (let at = Math.floor(x - reach * stretch) - 1; at <= Math.ceil(x + reach * stretch) + 1; at++) {
      const weight = weightAt((x - at) / stretch, settings);
      if (weight !== 0) add(at, weight);
    }
    return row.map((weight) => weight / total);
  });
  return { rows, outside };
}

function resizeAxis(
  call: NodeCall,
  x: Tensor,
  { index, axis, settings }: { readonly index: number; readonly axis: Axis; readonly settings: Settings },
): Tensor {
  call.bounded(axis.to * (settings.mode === "nearest" ? 1 : axis.from), "a table of weights");
  if (settings.mode === "nearest") {
    const positions = Array.from({ length: axis.to }, (_, i) => {
      const at = source(i, axis, settings);
      if (at === undefined) throw call.unsupported(`coordinate_transformation_mode ${JSON.stringify(settings.coordinates)}`);
      return Math.min(axis.from - 1, Math.max(0, nearestOf(at, settings.nearest)));
    });
    return gather(x, constant("int64", [axis.to], positions), index);
  }
  const { rows, outside } = weightsOf(call, axis, settings);
  const flat = rows.flatMap((row) => [...row]);
  const weights = constant(x.dtype, [axis.to, axis.from], flat);
  const last = matmul(swapAxes(x, index, -1), weights, { transB: true });
  const out = swapAxes(last, index, -1);
  return outside.includes(true) ? extrapolated(out, { index, outside, value: settings.extrapolation }) : out;
}

function extrapolated(
  x: Tensor,
  { index, outside, value }: { readonly index: number; readonly outside: readonly boolean[]; readonly value: number },
): Tensor {
  const column = x.shape.map((_, i) => (i === index ? outside.length : 1));
  const mask = constant("bool", column, outside.map(Number));
  return where(mask, scalar(value, x.dtype), x);
}

function resize(call: NodeCall): Tensor {
  const x = call.x();
  const axes = (call.ints("axes") ?? x.shape.map((_, i) => i)).map((axis) => normalizeAxis(axis, x.rank, "Resize"));
  const early = call.opset < 11;
  const scales = nonEmpty(call.knownIfGiven(early ? 1 : 2));
  const sizes = early ? undefined : nonEmpty(call.knownIfGiven(3));
  const roi = early ? undefined : nonEmpty(call.knownIfGiven(1));
  const mode = call.string("mode", "nearest");
  if (!["nearest", "linear", "cubic"].includes(mode)) throw call.unsupported(`mode ${JSON.stringify(mode)}`);
  const settings: Settings = {
    mode,
    coordinates: call.string("coordinate_transformation_mode", early ? "asymmetric" : "half_pixel"),
    nearest: call.string("nearest_mode", early ? "floor" : "round_prefer_floor"),
    cubic: call.float("cubic_coeff_a", -0.75),
    excludeOutside: call.flag("exclude_outside"),
    antialias: call.flag("antialias"),
    extrapolation: call.float("extrapolation_value", 0),
  };
  return resized(call, x, {
    axes,
    settings,
    plan: axes.map((axis, i) => planOf(call, x.shape[axis], { i, scales, sizes: fittedSizes(call, { sizes, axes, x }), roi, count: axes.length })),
  });
}

const nonEmpty = (values: number[] | undefined): number[] | undefined => (values === undefined || values.length === 0 ? undefined : values);

/** Sizes as asked for, or, where the aspect ratio is to be kept, those of the scale that fits. */
function fittedSizes(
  call: NodeCall,
  { sizes, axes, x }: { readonly sizes: number[] | undefined; readonly axes: readonly number[]; readonly x: Tensor },
): { readonly sizes: number[]; readonly scale?: number } | undefined {
  if (sizes === undefined) return undefined;
  const policy = call.string("keep_aspect_ratio_policy", "stretch");
  if (policy === "stretch") return { sizes };
  const ratios = sizes.map((size, i) => size / x.shape[axes[i]]);
  const scale = policy === "not_larger" ? Math.min(...ratios) : Math.max(...ratios);
  return { sizes: axes.map((axis) => Math.floor(scale * x.shape[axis] + 0.5)), scale };
}

interface PlanInput {
  readonly i: number;
  readonly scales: number[] | undefined;
  readonly sizes: { readonly sizes: number[]; readonly scale?: number } | undefined;
  readonly roi: number[] | undefined;
  readonly count: number;
}

function planOf(call: NodeCall, from: number, { i, scales, sizes, roi, count }: PlanInput): Axis {
  const part: readonly [number, number] = roi === undefined ? [0, 1] : [roi[i], roi[i + count]];
  if (sizes !== undefined) return { from, to: sizes.sizes[i], scale: sizes.scale ?? sizes.sizes[i] / from, roi: part };
  if (scales === undefined) throw call.bad("neither scales nor sizes are given");
  const crop = call.string("coordinate_transformation_mode", "") === "tf_crop_and_resize" ? part[1] - part[0] : 1;
  return { from, to: Math.floor(from * crop * scales[i]), scale: scales[i], roi: part };
}

function resized(
  call: NodeCall,
  x: Tensor,
  { axes, settings, plan }: { readonly axes: readonly number[]; readonly settings: Settings; readonly plan: readonly Axis[] },
): Tensor {
  const wide = settings.mode === "nearest" || isFloat(x.dtype) ? x : cast(x, "float32");
  const out = axes.reduce((part, index, i) => {
    const axis = plan[i];
    const whole = axis.from === axis.to && axis.scale === 1 && settings.coordinates !== "tf_crop_and_resize";
    return whole ? part : resizeAxis(call, part, { index, axis, settings });
  }, wide);
  return out.dtype === x.dtype ? out : cast(out, x.dtype);
}

function upsample(call: NodeCall): Tensor {
  const x = call.x();
  const scales = call.opset >= 9 ? call.known(1) : [...(call.floats("scales") ?? [])];
  const settings: Settings = {
    mode: call.string("mode", "nearest"),
    coordinates: "asymmetric",
    nearest: "floor",
    cubic: -0.75,
    excludeOutside: false,
    antialias: false,
    extrapolation: 0,
  };
  const axes = x.shape.map((_, i) => i);
  return resized(call, x, {
    axes,
    settings,
    plan: axes.map((axis): Axis => ({ from: x.shape[axis], to: Math.floor(x.shape[axis] * scales[axis]), scale: scales[axis], roi: [0, 1] })),
  });
}

export const resizing: OperatorTable = { Resize: resize, Upsample: upsample };
