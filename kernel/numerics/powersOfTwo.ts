/** @file Powers of two in graphs, exact on every executor: found by comparing with 2^k for halving steps, never by a logarithm. */
import { abs, add, cast, equal, isNaN, lessEqual, mul, requireFloat, scalar, where } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";

export interface Ladder {
  /** The largest power of two ≤ size, at least 2^from; NaN counts as below. */
  readonly power: Tensor;
  /** log2(power) − from, as float32. Only computed where it is used. */
  readonly steps: Tensor;
}

/** Powers of two below non-negative `size`, from 2^from up to 2^(from + 2^bits − 1). */
export function ladder(size: Tensor, { from, bits }: { readonly from: number; readonly bits: number }): Ladder {
  const number = (value: number): Tensor => scalar(value, size.dtype);
  let power = number(2 ** from);
  let steps = number(0);
  for (let bit = bits - 1; bit >= 0; bit--) {
    const jump = 2 ** bit;
    // 2^128 is no float32, but the first target is 2^(from + jump), which is.
    const target = bit === bits - 1 ? number(2 ** (from + jump)) : mul(power, 2 ** jump);
    const above = lessEqual(target, size);
    power = where(above, target, power);
    steps = add(steps, mul(cast(above, size.dtype), jump));
  }
  return { power, steps };
}

/** Exponent of the smallest normal float32, and the bits that count the exponents above it. */
const NORMAL = { from: -126, bits: 8 } as const;

/**
 * The power of two at |x| (float32): the largest not above it, or with "nearest" the one nearest in the logarithm
 * (|x| ≥ √2 · 2^k goes up). 2^−126 for smaller numbers and 0; NaN for NaN, and for infinity.
 */
export function powerOfTwo(x: Tensor, { rounding = "floor" }: { readonly rounding?: "floor" | "nearest" } = {}): Tensor {
  requireFloat(x, "powerOfTwo");
  const size = abs(cast(x, "float32"));
  const { power } = ladder(size, NORMAL);
  const chosen = rounding === "floor" ? power : where(lessEqual(mul(power, Math.fround(Math.SQRT2)), size), mul(power, 2), power);
  const undefinedHere = where(equal(size, Infinity), scalar(NaN), chosen);
  return cast(where(isNaN(size), scalar(NaN), undefinedHere), x.dtype);
}

