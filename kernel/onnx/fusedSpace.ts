/** @file The iteration space of a fused kernel with as few axes as possible: long rows are fast. */
import { sizeOf, type Shape } from "../graph/shape";

export type Extent = "scalar" | "full" | "row" | "strided";

/** How an operand is read. */
export type Access =
  | { readonly extent: "scalar" | "full" | "row" }
  /** Repeated: elements of a row lie side by side (1) or are one and the same (0); steps along the outer axes. */
  | { readonly extent: "strided"; readonly innerStride: number; readonly outerStrides: readonly number[] };

export interface FoldedSpace {
  readonly columns: number;
  /** Sizes of the axes over rows. */
  readonly outer: readonly number[];
  readonly access: readonly Access[];
}

interface Axis {
  readonly size: number;
  /** Step of each operand along it. */
  readonly strides: readonly number[];
}

/** `space` folded. With `rows`, its last axis stays by itself: some values have one element in each row. */
export function foldSpace(space: Shape, { operands, rows }: { readonly operands: readonly Shape[]; readonly rows: boolean }): FoldedSpace {
  const strides = operands.map((shape) => stridesIn(shape, space));
  const axes = space.map((size, axis): Axis => ({ size, strides: strides.map((of) => of[axis]) }));
  const folded: Axis[] = [];
  axes.forEach((axis, i) => {
    const own = rows && i === axes.length - 1;
    if (axis.size === 1 && !own) return;
    const before = folded.at(-1);
    // Neighbours are one axis where every operand goes through both in equal steps.
    if (before !== undefined && !own && before.strides.every((stride, k) => stride === axis.strides[k] * axis.size)) folded[folded.length - 1] = { size: before.size * axis.size, strides: axis.strides };
    else folded.push(axis);
  });
  const inner = folded.pop() ?? { size: 1, strides: operands.map(() => 0) };
  const outer = folded.map(({ size }) => size);
  return { columns: inner.size, outer, access: operands.map((shape, k) => accessOf({ shape, inner: inner.strides[k], outer: folded.map((axis) => ({ size: axis.size, stride: axis.strides[k] })), columns: inner.size })) };
}

interface Operand {
  readonly shape: Shape;
  readonly inner: number;
  readonly outer: readonly { readonly size: number; readonly stride: number }[];
  readonly columns: number;
}

function accessOf({ shape, inner, outer, columns }: Operand): Access {
  if (sizeOf(shape) === 1) return { extent: "scalar" };
  const inOrder = (step: number): boolean => {
    let expected = step;
    return outer.every((_, i) => {
      const { size, stride } = outer[outer.length - 1 - i];
      const fits = stride === expected;
      expected *= size;
      return fits;
    });
  };
  if ((inner === 1 || columns === 1) && inOrder(columns)) return { extent: "full" };
  if (inner === 0 && inOrder(1)) return { extent: "row" };
  return { extent: "strided", innerStride: inner, outerStrides: outer.map(({ stride }) => stride) };
}

/** Steps of an operand of `shape` along the axes of `space`: 0 where it is repeated. */
function stridesIn(shape: Shape, space: Shape): number[] {
  const missing = space.length - shape.length;
  let step = 1;
  const strides = new Array<number>(space.length).fill(0);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1) strides[missing + axis] = step;
    step *= shape[axis];
  }
  return strides;
}
