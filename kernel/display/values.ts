/** @file Numbers of any source as Float64Array, and the compact forms that payloads carry: rounded lists, byte grids, exact elements. */
import { ArgumentError, ShapeError } from "../errors";
import { isFloat, toNumbers, type Dtype, type HostTensor } from "../graph/dtype";
import { showShape, sizeOf } from "../graph/shape";
import type { ByteGrid, ExactElements, MaybeNumber } from "./schema";

/** What views take as a list of numbers. */
export type NumberSource = ArrayLike<number> | ArrayLike<bigint> | HostTensor;
/** What views take as an array with axes: a HostTensor, or nested arrays of equal lengths. */
export type ArraySource = HostTensor | NestedNumbers;
export type NestedNumbers = readonly (number | ArrayLike<number> | NestedNumbers)[];

export function isHostTensor(value: unknown): value is HostTensor {
  return (
    typeof value === "object" &&
    value !== null &&
    "dtype" in value &&
    "shape" in value &&
    "data" in value &&
    Array.isArray(value.shape) &&
    ArrayBuffer.isView(value.data)
  );
}

/** The elements as numbers, row-major. */
export function numbersOf(source: NumberSource): Float64Array {
  return isHostTensor(source) ? toNumbers(source) : Float64Array.from<number | bigint>(source, Number);
}

/** An array of numbers with axes. */
export interface NumberArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** @throws {ShapeError} when nested arrays are ragged, or data and shape disagree. */
export function arrayOf(source: ArraySource, what: string): NumberArray {
  if (isHostTensor(source)) {
    if (sizeOf(source.shape) !== source.data.length)
      throw new ShapeError(`${what}: shape ${showShape(source.shape)} needs ${sizeOf(source.shape)} elements, the data has ${source.data.length}`, {
        help: "give data and shape that agree",
      });
    return { shape: source.shape, data: toNumbers(source) };
  }
  const shape: number[] = [];
  let level: unknown = source;
  while (isList(level)) {
    shape.push(level.length);
    level = level[0];
  }
  const data: number[] = [];
  collect(source, { shape, depth: 0, data, what });
  return { shape, data: Float64Array.from(data) };
}

const isList = (value: unknown): value is ArrayLike<unknown> => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

interface Collecting {
  readonly shape: readonly number[];
  readonly depth: number;
  readonly data: number[];
  readonly what: string;
}

function collect(value: unknown, at: Collecting): void {
  const { shape, depth, data, what } = at;
  const expected = shape[depth];
  if (isList(value) ? value.length !== expected : expected !== undefined)
    throw new ShapeError(`${what}: nested arrays of unequal length at depth ${depth}`, {
      help: `make all of them ${showShape(shape)}, as the first ones are`,
    });
  if (!isList(value)) data.push(Number(value));
  else for (let i = 0; i < value.length; i++) collect(value[i], { ...at, depth: depth + 1 });
}

/** `value` to 5 significant digits for JSON; NaN and infinite become null, −0 becomes 0 (JSON has neither). */
export function jsonNumber(value: number, digits = 5): MaybeNumber {
  if (!Number.isFinite(value)) return null;
  const rounded = Number(value.toPrecision(digits)) + 0;
  // The largest float64 rounds up to infinity.
  return Number.isFinite(rounded) ? rounded : value;
}

export const jsonNumbers = (values: ArrayLike<number>, digits = 5): MaybeNumber[] => Array.from(values, (value) => jsonNumber(value, digits));

/** Smallest and largest finite value that `keep` accepts, or undefined when there is none. */
export function extentOf(values: ArrayLike<number>, keep: (value: number) => boolean = () => true): readonly [number, number] | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value) || !keep(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

/** Highest byte that stands for a value; 255 is "not finite". */
export const BYTE_LEVELS = 254;

/** Bytes 0…254 of values between low and high (clamped), 255 for NaN and infinite ones. */
export function toBytes(values: ArrayLike<number>, low: number, high: number): Uint8Array {
  const out = new Uint8Array(values.length);
  // Halves first: high − low of two large float64 would overflow.
  const span = high / 2 - low / 2;
  for (let i = 0; i < out.length; i++) {
    const value = values[i];
    out[i] = Number.isFinite(value)
      ? span > 0
        ? Math.min(BYTE_LEVELS, Math.max(0, Math.round(((value / 2 - low / 2) / span) * BYTE_LEVELS)))
        : 0
      : 255;
  }
  return out;
}

/** `array` as a ByteGrid from its smallest to its largest finite value, or over the given range. */
export function byteGrid(array: NumberArray, range: readonly [number, number] = extentOf(array.data) ?? [0, 0]): ByteGrid {
  const [low, high] = [jsonNumber(range[0], 6) ?? 0, jsonNumber(range[1], 6) ?? 0];
  return { shape: [...array.shape], low, high, data: base64(toBytes(array.data, low, high)) };
}

/** Most bytes of exact elements in a payload: with its byte grid and static twin it stays well within the budget of an output. */
const MAX_EXACT_BYTES = 65_536;

/** `values` as elements of `dtype`, without loss. undefined when they are too many (over 16,384 float32 or 8,192 float64), or integers beyond ±2^53. */
export function exactElements(values: Float64Array, dtype: Dtype): ExactElements | undefined {
  if (values.length * Float32Array.BYTES_PER_ELEMENT > MAX_EXACT_BYTES) return undefined;
  if (!isFloat(dtype) && !values.every(Number.isSafeInteger)) return undefined;
  const double = dtype === "float64" || (!isFloat(dtype) && values.some((value) => Math.abs(value) > 2 ** 24));
  const held = double ? values : Float32Array.from(values);
  if (held.byteLength > MAX_EXACT_BYTES) return undefined;
  return { type: double ? "float64" : "float32", data: base64(new Uint8Array(held.buffer, held.byteOffset, held.byteLength)) };
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** The values of a ByteGrid; NaN where they were not finite. */
export function gridValues({ low, high, data }: ByteGrid): Float64Array {
  return Float64Array.from(Buffer.from(data, "base64"), (byte) => (byte === 255 ? NaN : low + (high - low) * (byte / BYTE_LEVELS)));
}

/** @throws {ArgumentError} when two lists that belong together differ in length. */
export function sameLength(lists: Readonly<Record<string, ArrayLike<unknown> | undefined>>, where: string): number {
  const given = Object.entries(lists).flatMap(([name, list]) => (list === undefined ? [] : [[name, list.length] as const]));
  if (new Set(given.map(([, length]) => length)).size > 1)
    throw new ArgumentError(`${where}: ${given.map(([name, length]) => `${length} ${name}`).join(", ")}`, { help: "give lists of the same length" });
  return given[0]?.[1] ?? 0;
}
