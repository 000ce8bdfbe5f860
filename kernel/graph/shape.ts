/** @file Arithmetic on static shapes. */
import { ShapeError } from "../errors";
import { here } from "./trace";

/** Sizes of each axis, outermost first. A scalar has shape []. */
export type Shape = readonly number[];

/** Number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: Shape, b: Shape): boolean => a === b || (a.length === b.length && a.every((size, axis) => size === b[axis]));

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** `axis` counted from the front; negative axes count from the back.
 * @throws {ShapeError} when outside the rank. */
export function normalizeAxis(axis: number, rank: number, op: string): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw new ShapeError(`${op}: axis ${axis} is outside a tensor of rank ${rank}`, { where: here(), help: `use an axis between ${-rank} and ${rank - 1}` });
  return normal;
}

/** Sorted axes counted from the front; `undefined` means all of them. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number, op: string): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const normal = (typeof axes === "number" ? [axes] : axes).map((axis) => normalizeAxis(axis, rank, op));
  if (new Set(normal).size !== normal.length) throw new ShapeError(`${op}: an axis is named twice in [${normal.join(", ")}]`, { where: here(), help: "name each axis once" });
  return normal.sort((a, b) => a - b);
}

/** NumPy broadcasting: shapes aligned at the last axis, size 1 stretches.
 * @throws {ShapeError} naming every axis that does not fit. */
export function broadcastShapes(a: Shape, b: Shape, op: string): number[] {
  if (sameShape(a, b)) return [...a];
  const rank = Math.max(a.length, b.length);
  const bad: string[] = [];
  const out = Array.from({ length: rank }, (_, axis) => {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) bad.push(`axis ${axis - rank}: ${x} ≠ ${y}`);
    return x === 1 ? y : x;
  });
  if (bad.length > 0)
    throw new ShapeError(`${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast (${bad.join("; ")})`, {
      where: here(),
      help: "sizes must be equal or 1 when aligned at the last axis; reshape or transpose one operand",
    });
  return out;
}

/** Axes of `to` (counted from the front) along which `from` is stretched when broadcast. */
export function stretchedAxes(from: Shape, to: Shape): number[] {
  const lead = to.length - from.length;
  return to.flatMap((size, axis) => (axis < lead || (from[axis - lead] === 1 && size !== 1) ? [axis] : []));
}

/** `shape` without `axes`, or with size 1 there when `keep`. */
export const reducedShape = (shape: Shape, axes: readonly number[], keep: boolean): number[] =>
  keep ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size)) : shape.filter((_, axis) => !axes.includes(axis));

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}
