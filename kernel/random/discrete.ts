/** @file Random integers, choices and orders. Each function is a pure function of its key. */
import { ArgumentError } from "../errors";
import { add, cast, less, mul, scalar, shiftRight } from "../graph/ops/elementwise";
import { argMax, argSort } from "../graph/ops/reduction";
import type { Shape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { bits, gumbel, uniform } from "./continuous";
import type { Key } from "./key";

const TWO_32 = 2 ** 32;
/** The product with 32 bits must stay below 2^63. */
const MAX_CHOICES = 2 ** 31;

export interface IntOptions {
  /** Smallest value, default 0. */
  readonly low?: number;
  /** One past the largest value; at most 2^31 values. */
  readonly high: number;
  /** Default int32. */
  readonly dtype?: "int32" | "int64" | "uint8" | "int8";
}

/** Integers in [low, high): low + floor(bits · n / 2^32) for n values. Static shapes allow no rejection: a value's probability may be off by 2^-32. */
export function int(key: Key, shape: Shape, { low = 0, high, dtype = "int32" }: IntOptions): Tensor {
  const n = high - low;
  if (!Number.isSafeInteger(low) || !Number.isInteger(n) || n < 1 || n > MAX_CHOICES)
    throw new ArgumentError(`int: from ${low} to ${high}`, { help: "give integers with low below high, at most 2^31 apart" });
  const drawn = shiftRight(mul(bits(key, shape), scalar(n, "int64")), scalar(32, "int64"));
  return cast(low === 0 ? drawn : add(drawn, scalar(low, "int64")), dtype);
}

export interface BernoulliOptions {
  /** Probability of true: a number (exact to 2^-32), or a floating tensor that broadcasts to the shape. Default 0.5. */
  readonly p?: number | Tensor;
}

/** bool: true with probability p. */
export function bernoulli(key: Key, shape: Shape, { p = 0.5 }: BernoulliOptions = {}): Tensor {
  if (typeof p === "object") return less(uniform(key, shape, { dtype: p.dtype }), p);
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`bernoulli: probability ${p}`, { help: "give a probability from 0 to 1" });
  return less(bits(key, shape), scalar(Math.round(p * TWO_32), "int64"));
}

/** Index drawn from softmax(logits) along `axis` (which goes): int64. Logits of −∞ are never drawn. By Gumbel-max (Maddison et al. 2014). */
export function categorical(key: Key, logits: Tensor, axis = -1): Tensor {
  // 16 bits would round the noise so coarsely that ties, which the first index wins, are common.
  const wide = logits.dtype === "float64" ? logits : cast(logits, "float32");
  return argMax(add(wide, gumbel(key, wide.shape, { dtype: wide.dtype })), axis);
}

/** 0…n−1 in random order: int64 [n]. The order that sorts n stream elements; equal ones (a chance of n²/2^33) stay in order. */
export const permutation = (key: Key, n: number): Tensor => argSort(bits(key, [n]));
