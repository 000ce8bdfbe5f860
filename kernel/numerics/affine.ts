/**
 * @file Asymmetric quantization to b bits between the smallest and the largest number of a group: scale and zero point, codes, and the rounded numbers
 * that they stand for.
 *
 * scale = max(max − min, 1e-5) / (2^b − 1),  zero = clip(−round(min / scale)),  code = clip(round(x / scale) + zero), both to 0 … 2^b − 1
 */
import { ArgumentError } from "../errors";
import { composite } from "../graph/composite";
import { add, and, cast, clip, div, less, maximum, mul, neg, round, stopGradient, sub } from "../graph/ops/elementwise";
import { max, min, type Axes } from "../graph/ops/reduction";
import type { Tensor } from "../graph/tensor";
import { here } from "../graph/trace";

/** What codes of a group mean: value = (code − zero) · scale. Both have the shape of the numbers, with size 1 in the axes of a group. */
export interface AffineRange {
  readonly scale: Tensor;
  /** A whole number, in the dtype of the numbers. */
  readonly zero: Tensor;
}

export interface AffineOptions {
  /** 1 to 8. */
  readonly bits: number;
  /** Axes that a group extends over: its numbers share a scale. */
  readonly axes: Axes;
}

/** A scale below this would divide by zero where all numbers of a group are equal. */
const LEAST_SPREAD = 1e-5;

const levels = (bits: number): number => {
  if (!Number.isInteger(bits) || bits < 1 || bits > 8) throw new ArgumentError(`affine quantization to ${bits} bits`, { where: here(), help: "give an integer from 1 to 8" });
  return 2 ** bits - 1;
};

/** The range of every group of `x`, without gradient. @throws {ArgumentError} unless `bits` is 1 to 8. */
export function affineRange(x: Tensor, { bits, axes }: AffineOptions): AffineRange {
  const top = levels(bits);
  const fixed = stopGradient(x);
  const [least, most] = [min(fixed, axes, { keep: true }), max(fixed, axes, { keep: true })];
  const scale = div(maximum(sub(most, least), LEAST_SPREAD), top);
  return { scale, zero: clip(neg(round(div(least, scale))), 0, top) };
}

/** Codes of `x` in a range: uint8, 0 … 2^bits − 1. */
export const affineCodes = (x: Tensor, { scale, zero }: AffineRange, bits: number): Tensor => cast(clip(add(round(div(x, scale)), zero), 0, levels(bits)), "uint8");

/** The numbers that codes stand for, in the dtype of the range. */
export const affineValues = (codes: Tensor, { scale, zero }: AffineRange): Tensor => mul(sub(cast(codes, scale.dtype), zero), scale);

const roundAffineOf = composite<{ readonly bits: number }>({
  name: "RoundAffine",
  decompose: ([x, scale, zero], { bits }) => affineValues(affineCodes(x, { scale, zero }, bits), { scale, zero }),
  vjp({ inputs: [x, scale, zero], g, options: { bits } }) {
    const place = add(div(x, scale), zero);
    const inside = and(less(0, place), less(place, levels(bits)));
    return [mul(g, cast(inside, g.dtype)), null, null];
  },
});

/** `x` rounded to the codes of its groups ("fake quantization"). The gradient passes straight through, but is 0 where x lies at an end of its range or beyond. */
export function roundAffine(x: Tensor, options: AffineOptions): Tensor {
  const { scale, zero } = affineRange(x, options);
  return roundAffineOf([x, scale, zero], { bits: options.bits });
}
