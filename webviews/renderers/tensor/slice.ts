/** @file Two axes of a tensor with the others held at an index: which elements, at what place, with what value. */
import type { ByteGrid, TensorPayload } from "../../../kernel/display/schema";
import { bytesOfBase64, gridValue } from "../../shared/base64";
import { significant } from "../../shared/format";

/** The values of a payload as bytes, and what is known about them. */
export interface Values {
  readonly grid: ByteGrid;
  readonly bytes: Uint8Array;
  readonly shape: readonly number[];
  /** Sizes of the whole tensor along the same axes. */
  readonly whole: readonly number[];
  /** Axes of the tensor itself; scalars and vectors are shown with axes put before. */
  readonly rank: number;
  /** Whole numbers in so small a range that a byte holds them exactly. */
  readonly exact: boolean;
}

export function valuesOf({ values: grid, shape, dtype }: Pick<TensorPayload, "values" | "shape" | "dtype">): Values {
  const whole = [...grid.shape.slice(0, grid.shape.length - shape.length).map(() => 1), ...shape];
  const integer = /^(u?int\d+|bool)$/.test(dtype);
  return { grid, bytes: bytesOfBase64(grid.data), shape: grid.shape, whole, rank: shape.length, exact: integer && grid.high - grid.low <= 254 };
}

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

/** Two axes as bytes, row-major. */
export interface Slice {
  readonly rows: number;
  readonly columns: number;
  readonly bytes: Uint8Array;
}

export function sliceOf({ shape, bytes }: Pick<Values, "shape" | "bytes">, { rows, columns, index }: Selection): Slice {
  const strides = stridesOf(shape);
  const start = index.reduce((sum, at, axis) => (axis === rows || axis === columns ? sum : sum + at * strides[axis]), 0);
  const [height, width] = [shape[rows], shape[columns]];
  const out = new Uint8Array(height * width);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) out[row * width + column] = bytes[start + row * strides[rows] + column * strides[columns]];
  return { rows: height, columns: width, bytes: out };
}

function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

export interface SliceStats {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly std: number;
  readonly notFinite: number;
  readonly zeros: number;
}

/** NaN where there is no finite element. Exact to a step of the bytes. */
export function statsOf({ bytes }: Slice, values: Values): SliceStats {
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte]++;
  let [count, sum, squares, min, max, zeros] = [0, 0, 0, NaN, NaN, 0];
  for (let byte = 0; byte < 255; byte++) {
    if (counts[byte] === 0) continue;
    const value = valueAt(values, byte);
    if (count === 0) min = value;
    max = value;
    count += counts[byte];
    sum += counts[byte] * value;
    if (value === 0) zeros += counts[byte];
  }
  const mean = count === 0 ? NaN : sum / count;
  for (let byte = 0; byte < 255; byte++) if (counts[byte] > 0) squares += counts[byte] * (valueAt(values, byte) - mean) ** 2;
  return { min, max, mean, std: count === 0 ? NaN : Math.sqrt(squares / count), notFinite: counts[255], zeros };
}

/** The value that a byte stands for; NaN for one that is not finite. */
export function valueAt({ grid, exact }: Pick<Values, "grid" | "exact">, byte: number): number {
  const value = gridValue(grid, byte);
  return exact && !Number.isNaN(value) ? Math.round(value) : value;
}

/** Distance of neighbouring bytes; 0 for exact values. */
export const stepOf = ({ grid: { low, high }, exact }: Pick<Values, "grid" | "exact">): number => (exact ? 0 : (high - low) / 254);

/** As shown: no more digits than the bytes hold. */
export function valueText(values: Pick<Values, "grid" | "exact">, byte: number): string {
  if (byte === 255) return "not finite";
  const value = valueAt(values, byte);
  const step = stepOf(values);
  if (step === 0 || value === 0) return significant(value, 6);
  if (Math.abs(value) < step / 2) return "0";
  return significant(value, Math.min(6, Math.max(1, Math.ceil(Math.log10(Math.abs(value) / step)) + 1)));
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
