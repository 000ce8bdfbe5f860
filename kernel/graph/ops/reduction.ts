/** @file Sums, extremes, order and scans along axes. */
import { normalizeAxes, normalizeAxis } from "../shape";
import { node, type Tensor } from "../tensor";
import type { ReductionOp, TopKAttrs } from "../op";
import { add, div, log, exp, mul, neg, requireFloat, sqrt, square, stopGradient, sub } from "./elementwise";
import { squeeze } from "./movement";

export type Axes = number | readonly number[];
export interface ReduceOptions {
  /** Keep reduced axes with size 1. Default false. */
  readonly keep?: boolean;
}

const reduce =
  (op: ReductionOp) =>
  /** @param axes - default all. */
  (x: Tensor, axes?: Axes, { keep = false }: ReduceOptions = {}): Tensor => {
    const normal = normalizeAxes(axes, x.rank, op);
    return normal.length === 0 ? x : node(op, [x], { axes: normal, keep });
  };

export const sum = reduce("ReduceSum");
/** Largest element; its gradient is shared equally among equals. */
export const max = reduce("ReduceMax");
export const min = reduce("ReduceMin");
export const prod = reduce("ReduceProd");

/** Number of elements that a reduction over `axes` joins. */
export const countOf = (x: Tensor, axes?: Axes): number => normalizeAxes(axes, x.rank, "mean").reduce((product, axis) => product * x.shape[axis], 1);

export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  requireFloat(x, "mean");
  return mul(sum(x, axes, options), 1 / countOf(x, axes));
}

/** Mean squared distance from the mean.
 * @param options.correction - subtracted from the count: 0 for the population (default), 1 for the unbiased estimate. */
export function variance(x: Tensor, axes?: Axes, { keep = false, correction = 0 }: ReduceOptions & { readonly correction?: number } = {}): Tensor {
  const centred = sub(x, mean(x, axes, { keep: true }));
  return mul(sum(square(centred), axes, { keep }), 1 / (countOf(x, axes) - correction));
}

/** Euclidean norm of all elements, or along `axes`. */
export const norm = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor => sqrt(sum(square(x), axes, options));

/** log Σ e^x along `axis`, without overflow. */
export function logSumExp(x: Tensor, axis: number, { keep = false }: ReduceOptions = {}): Tensor {
  const peak = stopGradient(max(x, axis, { keep: true }));
  const out = add(log(sum(exp(sub(x, peak)), axis, { keep: true })), peak);
  return keep ? out : squeeze(out, axis);
}

/** Index of the largest element along `axis`, the first of equals. int64. */
export const argMax = (x: Tensor, axis = -1): Tensor => node("ArgMax", [x], { axis: normalizeAxis(axis, x.rank, "argMax") });
export const argMin = (x: Tensor, axis = -1): Tensor => argMax(neg(x), axis);

export interface TopKOptions {
  readonly axis?: number;
  /** Largest (default) or smallest. */
  readonly largest?: boolean;
}

/** The k largest elements along `axis` (default the last), best first, and their indices (int64). */
export function topK(x: Tensor, k: number, { axis = -1, largest = true }: TopKOptions = {}): { readonly values: Tensor; readonly indices: Tensor } {
  const attrs: TopKAttrs = { k, axis: normalizeAxis(axis, x.rank, "topK"), largest };
  return { values: node("TopKValues", [x], attrs), indices: node("TopKIndices", [x], attrs) };
}

/** Elements in ascending order along `axis`, with the indices that order them. */
export const sort = (x: Tensor, axis = -1): { readonly values: Tensor; readonly indices: Tensor } => topK(x, x.shape[normalizeAxis(axis, x.rank, "sort")], { axis, largest: false });
export const argSort = (x: Tensor, axis = -1): Tensor => sort(x, axis).indices;

export interface CumSumOptions {
  /** Leave out the element itself. Default false. */
  readonly exclusive?: boolean;
  /** From the end. Default false. */
  readonly reverse?: boolean;
}

/** Running sum along `axis`. */
export const cumSum = (x: Tensor, axis: number, { exclusive = false, reverse = false }: CumSumOptions = {}): Tensor => node("CumSum", [x], { axis: normalizeAxis(axis, x.rank, "cumSum"), exclusive, reverse });

/** `x` scaled to unit length along `axis`. */
export const normalize = (x: Tensor, axis = -1, epsilon = 1e-12): Tensor => div(x, sqrt(add(sum(square(x), axis, { keep: true }), epsilon)));
