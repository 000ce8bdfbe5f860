/** @file Plain arrays of numbers with a shape, and the loops that reference functions are written with. */
import { hostArrayFrom, isFloat, type Dtype, type HostTensor } from "../../kernel/graph/dtype";

/** Elements row-major as numbers, in float64 whatever the dtype. */
export interface Nd {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly data: readonly number[];
}

export const nd = (shape: readonly number[], data: readonly number[], dtype: Dtype = "float64"): Nd => ({ shape, dtype, data });

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** All indices of a shape, row-major. */
export function indices(shape: readonly number[]): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index.unshift(rest % shape[axis]);
      rest = Math.floor(rest / shape[axis]);
    }
    return index;
  });
}

/** The element at `index`; axes of size 1 stretch and missing leading axes are added, as in broadcasting. */
export function at(x: Nd, index: readonly number[]): number {
  const lead = index.length - x.shape.length;
  let flat = 0;
  x.shape.forEach((size, axis) => (flat = flat * size + (size === 1 ? 0 : index[axis + lead])));
  return x.data[flat];
}

export const build = (shape: readonly number[], fill: (index: number[]) => number, dtype: Dtype = "float64"): Nd => nd(shape, indices(shape).map(fill), dtype);

export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).reduce((a, b) => (a === 1 ? b : a)));
}

/** Numbers that repeat run after run, between `low` and `high`; whole ones for integers. */
export function sample(shape: readonly number[], { seed = 1, low = -2, high = 2, dtype = "float64" }: { readonly seed?: number; readonly low?: number; readonly high?: number; readonly dtype?: Dtype } = {}): Nd {
  let state = (seed * 2654435761) >>> 0;
  const next = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
  const value = (): number => low + next() * (high - low);
  return nd(
    shape,
    Array.from({ length: sizeOf(shape) }, () => (dtype === "bool" ? Math.round(next()) : isFloat(dtype) ? value() : Math.round(value()))),
    dtype,
  );
}

export const hostOf = ({ shape, dtype, data }: Nd): HostTensor => ({ shape, dtype, data: hostArrayFrom(dtype, data) });
