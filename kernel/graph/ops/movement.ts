/** @file Functions that move elements: shapes, axes, slices, padding, joining; and constant tensors. */
import { ShapeError } from "../../errors";
import type { Dtype } from "../dtype";
import { normalizeAxis, sameShape, showShape, type Shape } from "../shape";
import { node, type Tensor } from "../tensor";
import { scalar } from "./elementwise";
import { here } from "../trace";

/** `x` with another shape; one size may be -1 and is computed. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const full = shape.map((size) => (size === -1 ? x.size / known : size));
  if (!full.every(Number.isInteger)) throw new ShapeError(`reshape: ${showShape(x.shape)} does not part into ${showShape(shape)}`, { where: here(), help: `the sizes given multiply to ${known}, which must divide ${x.size}` });
  return sameShape(full, x.shape) ? x : node("Reshape", [x], { shape: full });
}

export const flatten = (x: Tensor): Tensor => reshape(x, [x.size]);

/** `x` with its axes in the order `perm`; by default all axes reversed. */
export function transpose(x: Tensor, perm: readonly number[] = x.shape.map((_, i) => x.rank - 1 - i)): Tensor {
  const normal = perm.map((axis) => normalizeAxis(axis, x.rank, "transpose"));
  if (new Set(normal).size !== x.rank) throw new ShapeError(`transpose: [${perm.join(", ")}] does not order the ${x.rank} axes of ${showShape(x.shape)}`, { where: here(), help: "name each axis once" });
  return normal.every((axis, i) => axis === i) ? x : node("Transpose", [x], { perm: normal });
}

/** `x` with two axes exchanged; by default the last two. */
export function swapAxes(x: Tensor, a = -1, b = -2): Tensor {
  const [i, j] = [normalizeAxis(a, x.rank, "swapAxes"), normalizeAxis(b, x.rank, "swapAxes")];
  return transpose(
    x,
    x.shape.map((_, axis) => (axis === i ? j : axis === j ? i : axis)),
  );
}

/** `x` stretched to `shape`. */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor => (sameShape(x.shape, shape) ? x : node("Broadcast", [x], { shape }));

/** `x` with an axis of size 1 put in at `axis` of the result. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank + 1, "expandDims");
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** `x` without `axis`, which must have size 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank, "squeeze");
  if (x.shape[at] !== 1) throw new ShapeError(`squeeze: axis ${axis} of ${showShape(x.shape)} has size ${x.shape[at]}`, { where: here(), help: "only axes of size 1 can go" });
  return reshape(x, x.shape.toSpliced(at, 1));
}

export interface SliceOptions {
  readonly axis: number;
  /** First index; negative counts from the end. Default 0. */
  readonly start?: number;
  /** One past the last index; negative counts from the end. Default the axis' size. */
  readonly end?: number;
  /** Positive step. Default 1. */
  readonly step?: number;
}

/** Part of `x` along one axis; bounds beyond the axis are cut. */
export function slice(x: Tensor, { axis, start = 0, end, step = 1 }: SliceOptions): Tensor {
  const at = normalizeAxis(axis, x.rank, "slice");
  const length = x.shape[at];
  const bound = (i: number): number => Math.min(length, Math.max(0, i < 0 ? i + length : i));
  const [from, to] = [bound(start), bound(end ?? length)];
  if (!Number.isInteger(step) || step < 1) throw new ShapeError(`slice: step ${step}`, { where: here(), help: "the step must be a positive integer; use flip() to reverse" });
  if (from === 0 && to === length && step === 1) return x;
  const fill = <V>(other: readonly V[], here: V): V[] => other.map((value, i) => (i === at ? here : value));
  return node("Slice", [x], { starts: fill(x.shape.map(() => 0), from), ends: fill(x.shape, Math.max(from, to)), steps: fill(x.shape.map(() => 1), step) });
}

/** The part of `x` at `index` along `axis`, without that axis. */
export function at(x: Tensor, index: number, axis = 0): Tensor {
  const dimension = normalizeAxis(axis, x.rank, "at");
  const i = index < 0 ? index + x.shape[dimension] : index;
  if (i < 0 || i >= x.shape[dimension]) throw new ShapeError(`at: index ${index} is outside axis ${axis} of ${showShape(x.shape)}`, { where: here(), help: `use an index below ${x.shape[dimension]}` });
  return squeeze(slice(x, { axis: dimension, start: i, end: i + 1 }), dimension);
}

/** `x` with zeros (or `value`) added: `widths[axis] = [before, after]`. */
export function pad(x: Tensor, widths: readonly (readonly [number, number])[], value = 0): Tensor {
  if (widths.length !== x.rank) throw new ShapeError(`pad: ${widths.length} widths for ${showShape(x.shape)}`, { where: here(), help: "give [before, after] for every axis" });
  if (widths.every(([before, after]) => before === 0 && after === 0)) return x;
  return node("Pad", [x], { before: widths.map(([before]) => before), after: widths.map(([, after]) => after), value });
}

/** Tensors joined along an axis they have. */
export function concat(parts: readonly Tensor[], axis = 0): Tensor {
  if (parts.length === 0) throw new ShapeError("concat: nothing to join", { where: here(), help: "pass at least one tensor" });
  // A copy: a list that its owner lengthens later must not lengthen the node.
  return parts.length === 1 ? parts[0] : node("Concat", [...parts], { axis: normalizeAxis(axis, parts[0].rank, "concat") });
}

/** Tensors of equal shape joined along a new axis. */
export const stack = (parts: readonly Tensor[], axis = 0): Tensor => concat(parts.map((part) => expandDims(part, axis)), axis < 0 ? axis + parts[0].rank + 1 : axis);

/** `x` parted along `axis` into `count` equal parts, or into parts of the given sizes. */
export function split(x: Tensor, count: number | readonly number[], axis = 0): Tensor[] {
  const dimension = normalizeAxis(axis, x.rank, "split");
  const length = x.shape[dimension];
  const sizes = typeof count === "number" ? Array.from({ length: count }, () => length / count) : count;
  if (!sizes.every(Number.isInteger) || sizes.reduce((a, b) => a + b, 0) !== length)
    throw new ShapeError(`split: axis ${axis} of ${showShape(x.shape)} does not part into ${typeof count === "number" ? `${count} equal parts` : showShape(count)}`, { where: here(), help: `the parts must add up to ${length}` });
  let start = 0;
  return sizes.map((size) => slice(x, { axis: dimension, start, end: (start += size) }));
}

/** `x` with the order along `axis` reversed. */
export function flip(x: Tensor, axis: number): Tensor {
  const dimension = normalizeAxis(axis, x.rank, "flip");
  const length = x.shape[dimension];
  return node("Gather", [x, node("Sub", [scalar(length - 1, "int64"), iota(length, "int64")], {})], { axis: dimension });
}

/** `x` turned around along `axis`: element i moves to i + shift. */
export function roll(x: Tensor, shift: number, axis: number): Tensor {
  const length = x.shape[normalizeAxis(axis, x.rank, "roll")];
  const cut = ((-shift % length) + length) % length;
  return cut === 0 ? x : concat([slice(x, { axis, start: cut }), slice(x, { axis, end: cut })], axis);
}

/** `x` repeated `times` along `axis`: a a a b b b. */
export function repeat(x: Tensor, times: number, axis: number): Tensor {
  const dimension = normalizeAxis(axis, x.rank, "repeat");
  const wide = expandDims(x, dimension + 1);
  return reshape(broadcastTo(wide, wide.shape.with(dimension + 1, times)), x.shape.with(dimension, x.shape[dimension] * times));
}

/** 0, 1, …, length - 1. */
export const iota = (length: number, dtype: Dtype = "int32"): Tensor => node("Iota", [], { length, dtype });

export const full = (shape: Shape, value: number, dtype: Dtype = "float32"): Tensor => broadcastTo(scalar(value, dtype), shape);
export const zeros = (shape: Shape, dtype: Dtype = "float32"): Tensor => full(shape, 0, dtype);
export const ones = (shape: Shape, dtype: Dtype = "float32"): Tensor => full(shape, 1, dtype);
export const zerosLike = (x: Tensor): Tensor => zeros(x.shape, x.dtype);
export const onesLike = (x: Tensor): Tensor => ones(x.shape, x.dtype);
/** Ones on the diagonal. */
export const eye = (n: number, dtype: Dtype = "float32"): Tensor => node("Cast", [node("Equal", [reshape(iota(n), [n, 1]), iota(n)], {})], { to: dtype });
/** [rows, columns] of bool: true where column ≤ row + offset. */
export const lowerTriangle = (rows: number, columns: number, offset = 0): Tensor => node("LessEqual", [iota(columns), node("Add", [reshape(iota(rows), [rows, 1]), scalar(offset, "int32")], {})], {});
