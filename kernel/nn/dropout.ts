/** @file Dropout: elements set to zero at random, the others scaled up. */
import { ArgumentError } from "../errors";
import { cast, less, mul } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import { uniform } from "../random/continuous";
import type { Key } from "../random/key";

export interface DropoutOptions {
  /** Probability that an element becomes zero: 0 ≤ rate < 1. */
  readonly rate: number;
  /** A new one for each step and place: `random.fold(key, step)`. */
  readonly key: Key;
  /** Axes along which one choice holds for all elements, as for whole samples (stochastic depth). Default none. */
  readonly sharedAxes?: readonly number[];
}

/** `x` with a part `rate` of its elements zero and the rest divided by 1 − rate, so that the mean stays. @throws {ArgumentError} for other rates. */
export function dropout(x: Tensor, { rate, key, sharedAxes = [] }: DropoutOptions): Tensor {
  if (!(rate >= 0 && rate < 1))
    throw new ArgumentError(`dropout: rate ${rate}`, {
      help: "give the probability of zero, from 0 up to (not including) 1",
    });
  if (rate === 0) return x;
  const shape = x.shape.map((size, axis) => (sharedAxes.includes(axis) || sharedAxes.includes(axis - x.rank) ? 1 : size));
  const kept = less(uniform(key, shape), 1 - rate);
  return mul(x, mul(cast(kept, x.dtype), 1 / (1 - rate)));
}
