/** @file The elements of a tensor view: exact where the payload has them so, else what their bytes stand for; and their texts. */
import type { ByteGrid, ExactElements, TensorPayload } from "../../../kernel/display/schema";
import { BYTE_LEVELS, bytesOfBase64, gridValue } from "../../shared/base64";
import { significant } from "../../shared/format";

export interface Values {
  readonly grid: ByteGrid;
  /** What colours are made from. */
  readonly bytes: Uint8Array;
  /** With the digits that are known of each: of a float32 the fewest (6 to 9) that read back to it. NaN where no more is known than that it is not finite. */
  readonly numbers: Float64Array;
  readonly exact: boolean;
  /** Distance of neighbouring bytes; 0 for exact values. */
  readonly step: number;
  readonly shape: readonly number[];
  /** Sizes of the whole tensor along the same axes. */
  readonly whole: readonly number[];
  /** Axes of the tensor itself; scalars and vectors are shown with axes put before. */
  readonly rank: number;
}

export function valuesOf({ values: grid, exact, shape, dtype }: Pick<TensorPayload, "values" | "exact" | "shape" | "dtype">): Values {
  const whole = [...grid.shape.slice(0, grid.shape.length - shape.length).map(() => 1), ...shape];
  const bytes = bytesOfBase64(grid.data);
  const integers = /^(u?int\d+|bool)$/.test(dtype) && bytesHoldIntegers(grid);
  const step = exact !== undefined || integers ? 0 : (grid.high - grid.low) / BYTE_LEVELS;
  const numbers = exact === undefined ? numbersOfBytes(bytes, grid, { integers, step }) : exactNumbers(exact);
  return { grid, bytes, numbers, exact: exact !== undefined || integers, step, shape: grid.shape, whole, rank: shape.length };
}

/** Ends of a grid are rounded to so many digits. */
const END_DIGITS = 6;

/** So small a range that there is a byte for every whole number, between ends that were not rounded. */
const bytesHoldIntegers = ({ low, high }: ByteGrid): boolean => high - low <= BYTE_LEVELS && Math.max(Math.abs(low), Math.abs(high)) < 10 ** END_DIGITS;

function numbersOfBytes(bytes: Uint8Array, grid: ByteGrid, { integers, step }: { readonly integers: boolean; readonly step: number }): Float64Array {
  const known = Float64Array.from({ length: 256 }, (_, byte) => (integers ? Math.round(gridValue(grid, byte)) : rounded(gridValue(grid, byte), step)));
  return Float64Array.from(bytes, (byte) => known[byte]);
}

/** No more digits than values a `step` apart have. */
function rounded(value: number, step: number): number {
  if (Math.abs(value) < step / 2) return 0;
  if (value === 0 || Number.isNaN(value)) return value;
  const digits = step === 0 ? END_DIGITS : Math.min(END_DIGITS, Math.max(1, Math.ceil(Math.log10(Math.abs(value) / step)) + 1));
  return Number(value.toPrecision(digits));
}

function exactNumbers({ type, data }: ExactElements): Float64Array {
  const { buffer } = bytesOfBase64(data);
  return type === "float64" ? new Float64Array(buffer) : Float64Array.from(new Float32Array(buffer), decimalOfFloat32);
}

/** The number of fewest digits that is `value` when rounded to float32: 0.1, where float32 holds 0.10000000149. */
function decimalOfFloat32(value: number): number {
  for (const digits of [6, 7, 8]) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return Number(value.toPrecision(9));
}

/** Digits that tell `value` from all other float64. */
const digitsOf = (value: number): number => Math.abs(value).toExponential().split("e")[0].replace(".", "").length;

/** All that is known of one of the numbers. */
export const valueText = ({ exact }: Pick<Values, "exact">, value: number): string => (!exact && Number.isNaN(value) ? "not finite" : significant(value, digitsOf(value)));

/** The same with digits left out, behind the point alone, until it fits `characters`; what still does not is as short as it gets at 3 digits. */
export function cellText(values: Pick<Values, "exact">, value: number, characters: number): string {
  if (!values.exact && Number.isNaN(value)) return "NaN/∞";
  const size = Math.abs(value);
  const texts = [valueText(values, value)];
  // From 10⁶ on there is a power of ten, so that no 0 takes the place of a digit.
  for (const digits of [6, 5, 4, 3]) if (digits < digitsOf(value) && (size < 10 ** digits || size >= 1e6)) texts.push(significant(value, digits));
  return texts.find((text) => text.length <= characters) ?? texts.reduce((shortest, text) => (text.length < shortest.length ? text : shortest));
}
