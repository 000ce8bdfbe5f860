/**
 * @file Small floating formats on the host: every code and its value, and the conversions that all executors must equal bit for bit.
 *
 * Sources: OCP Microscaling Formats (MX) Specification v1.0, sections 5.3 (E2M1, E2M3, E3M2, E4M3, E5M2) and 5.4.1 (E8M0);
 * OCP 8-bit Floating Point Specification v1.0 for NaN and infinity. A code is sign, exponent, mantissa from the highest bit down.
 * Conversions round to nearest, ties to the even code, and saturate: what is too large, infinity too, becomes the largest number.
 */
import { ArgumentError } from "../errors";

/** An element format. Its values are ± 2^(e − bias) (1 + m / 2^mantissaBits), and ± 2^(1 − bias) m / 2^mantissaBits where e is 0. */
export interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** Largest finite value. */
  readonly max: number;
  /** Code of NaN that conversion gives; undefined where the format has none. */
  readonly nanCode?: number;
}

export const FLOAT_FORMATS = {
  e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1, max: 6 },
  e2m3: { exponentBits: 2, mantissaBits: 3, bias: 1, max: 7.5 },
  e3m2: { exponentBits: 3, mantissaBits: 2, bias: 3, max: 28 },
  e4m3: { exponentBits: 4, mantissaBits: 3, bias: 7, max: 448, nanCode: 0x7f },
  e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, max: 57344, nanCode: 0x7e },
} as const satisfies Readonly<Record<string, FloatFormat>>;
export type FloatFormatName = keyof typeof FLOAT_FORMATS;

/** @throws {ArgumentError} when no element format has this name. */
export function floatFormat(name: string): FloatFormat {
  const found: FloatFormat | undefined = Object.entries(FLOAT_FORMATS).find(([key]) => key === name)?.[1];
  if (found === undefined) throw new ArgumentError(`no element format is called ${JSON.stringify(name)}`, { help: `there are ${Object.keys(FLOAT_FORMATS).join(", ")}` });
  return found;
}

/** Bits of one code, the sign included. */
export const bitsOf = ({ exponentBits, mantissaBits }: FloatFormat): number => 1 + exponentBits + mantissaBits;

/** Exponent of the smallest normal number. */
export const minExponent = ({ bias }: FloatFormat): number => 1 - bias;
/** Exponent of the largest number: what a block's largest element is brought to (e_max of the MX specification). */
export const maxExponent = ({ max }: FloatFormat): number => Math.floor(Math.log2(max));

/** The number that `code` stands for. */
export function decodeFloat(code: number, format: FloatFormat): number {
  const { exponentBits, mantissaBits, bias, max } = format;
  const sign = (code >> (exponentBits + mantissaBits)) & 1 ? -1 : 1;
  const exponent = (code >> mantissaBits) & (2 ** exponentBits - 1);
  const mantissa = code & (2 ** mantissaBits - 1);
  const size = exponent === 0 ? mantissa * 2 ** (1 - bias - mantissaBits) : (2 ** mantissaBits + mantissa) * 2 ** (exponent - bias - mantissaBits);
  if (size <= max) return sign * size;
  // Only E4M3 and E5M2 have codes above their largest number: E5M2's first is infinity, all others are NaN.
  return format === FLOAT_FORMATS.e5m2 && mantissa === 0 ? sign * Infinity : NaN;
}

/** Values of all codes in order. */
export const codeValues = (format: FloatFormat): Float32Array => Float32Array.from({ length: 2 ** bitsOf(format) }, (_, code) => decodeFloat(code, format));

/** The largest power of two that is not above `size`, a positive number. */
export function floorPower(size: number): number {
  const guess = 2 ** Math.floor(Math.log2(size));
  if (guess > size) return guess / 2;
  return guess * 2 <= size ? guess * 2 : guess;
}

/** Half to even. */
const roundEven = (x: number): number => {
  const low = Math.floor(x);
  const over = x - low;
  return over > 0.5 || (over === 0.5 && low % 2 !== 0) ? low + 1 : low;
};

/**
 * The value of the format nearest to `value`, ties to the even code; NaN stays NaN.
 * @param random - with a number u in [0, 1): the upper neighbour (away from zero) where u is below the fraction of the way to it, so
 * that the mean over u is `value` itself (stochastic rounding).
 */
export function roundFloat(value: number, format: FloatFormat, random?: number): number {
  if (Number.isNaN(value) || value === 0) return value;
  const size = Math.abs(value);
  const quantum = Math.max(size === Infinity ? format.max : floorPower(size), 2 ** minExponent(format)) * 2 ** -format.mantissaBits;
  const steps = size / quantum;
  const whole = random === undefined ? roundEven(steps) : Math.floor(steps) + (random < steps - Math.floor(steps) ? 1 : 0);
  const rounded = Math.min(whole * quantum, format.max);
  return value < 0 ? -rounded : rounded;
}

/** The code of `value`, rounded as `roundFloat` does. @throws {ArgumentError} for NaN in a format without it. */
export function encodeFloat(value: number, format: FloatFormat): number {
  const { exponentBits, mantissaBits, bias, nanCode } = format;
  if (Number.isNaN(value)) {
    if (nanCode === undefined) throw new ArgumentError(`NaN in a format of ${bitsOf(format)} bits`, { help: "it has no NaN: blocks carry it in their scale" });
    return nanCode;
  }
  const rounded = roundFloat(value, format);
  const signCode = (value < 0 || Object.is(value, -0) ? 1 : 0) << (exponentBits + mantissaBits);
  const size = Math.abs(rounded);
  const power = size === 0 ? 0 : Math.max(floorPower(size), 2 ** minExponent(format));
  if (power === 0) return signCode;
  // Codes go on from one power of two to the next without a gap.
  return signCode + (Math.log2(power) - 1 + bias) * 2 ** mantissaBits + (size / power) * 2 ** mantissaBits;
}

/** Bias of E8M0, the format of block scales: code c stands for 2^(c − 127), 255 for NaN. */
export const SCALE_BIAS = 127;
export const SCALE_NAN = 255;

export const decodeScale = (code: number): number => (code === SCALE_NAN ? NaN : 2 ** (code - SCALE_BIAS));
/** The code of a power of two from 2^−127 to 2^127, or of NaN. */
export const encodeScale = (scale: number): number => (Number.isNaN(scale) ? SCALE_NAN : Math.log2(scale) + SCALE_BIAS);
