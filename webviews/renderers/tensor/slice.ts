/** @file Two axes of a tensor with the others held at an index: which elements, at what place, and their statistics. */
import type { TensorStats } from "../../../kernel/display/schema";
import type { Values } from "./values";

/** Which axes run down and across; `index` holds the place along all axes (of the shown ones it is not used). */
export interface Selection {
  readonly rows: number;
  readonly columns: number;
  readonly index: readonly number[];
}

/** The last two axes, first place along the others. */
export const firstSelection = ({ shape }: Pick<Values, "shape">): Selection => ({ rows: shape.length - 2, columns: shape.length - 1, index: shape.map(() => 0) });

/** `selection` as far as it fits these values, else the first one. */
export function fitted(selection: Partial<Selection> | undefined, values: Pick<Values, "shape">): Selection {
  const { shape } = values;
  const { rows, columns, index } = selection ?? {};
  const axis = (value: unknown): value is number => typeof value === "number" && Number.isInteger(value) && value >= 0 && value < shape.length;
  const first = firstSelection(values);
  if (!axis(rows) || !axis(columns) || rows === columns || !Array.isArray(index)) return first;
  return { rows, columns, index: shape.map((size, i) => (Number.isInteger(index[i]) ? Math.min(Math.max(0, size - 1), Math.max(0, index[i])) : 0)) };
}

/** The elements along two axes, row-major. */
export interface Slice {
  readonly rows: number;
  readonly columns: number;
  readonly bytes: Uint8Array;
  readonly numbers: Float64Array;
}

export function sliceOf({ shape, bytes, numbers }: Pick<Values, "shape" | "bytes" | "numbers">, { rows, columns, index }: Selection): Slice {
  const strides = stridesOf(shape);
  const start = index.reduce((sum, at, axis) => (axis === rows || axis === columns ? sum : sum + at * strides[axis]), 0);
  const [height, width] = [shape[rows], shape[columns]];
  const slice = { rows: height, columns: width, bytes: new Uint8Array(height * width), numbers: new Float64Array(height * width) };
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const [to, from] = [row * width + column, start + row * strides[rows] + column * strides[columns]];
      slice.bytes[to] = bytes[from];
      slice.numbers[to] = numbers[from];
    }
  return slice;
}

function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** As exact as the numbers are. `nanCount` counts those of which no more is known than that they are not finite, too. */
export function statsOf({ numbers }: Slice): TensorStats {
  let [nanCount, infiniteCount, zeroCount, count, mean, squares, min, max] = [0, 0, 0, 0, 0, 0, Infinity, -Infinity];
  for (const value of numbers) {
    if (Number.isNaN(value)) nanCount++;
    else if (!Number.isFinite(value)) infiniteCount++;
    else {
      if (value === 0) zeroCount++;
      if (value < min) min = value;
      if (value > max) max = value;
      // Welford: exact enough for a small spread around a large mean.
      const delta = value - mean;
      mean += delta / ++count;
      squares += delta * (value - mean);
    }
  }
  const counts = { nanCount, infiniteCount, zeroCount };
  return count === 0 ? { min: null, max: null, mean: null, std: null, ...counts } : { min, max, mean, std: Math.sqrt(squares / count), ...counts };
}

/** Place along all axes of the tensor itself: "[3, 0, 12]"; "[]" of a scalar. */
export function placeText({ shape, rank }: Pick<Values, "shape" | "rank">, { rows, columns, index }: Selection, cell: { readonly row: number; readonly column: number }): string {
  const full = index.map((at, axis) => (axis === rows ? cell.row : axis === columns ? cell.column : at));
  return `[${full.slice(shape.length - rank).join(", ")}]`;
}

/** "[3, :, :]": what is shown. */
export function selectionText({ shape, rank }: Pick<Values, "shape" | "rank">, { rows, columns, index }: Selection): string {
  const full = index.map((at, axis) => (axis === rows || axis === columns ? ":" : String(at)));
  return `[${full.slice(shape.length - rank).join(", ")}]`;
}
