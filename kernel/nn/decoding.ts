/** @file Choosing the next token from logits. */
import { add, cast, div, less, scalar, where } from "../graph/ops/elementwise";
import { argMax, topK as topKOf } from "../graph/ops/reduction";
import { slice } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";
import { gumbel } from "../random/continuous";
import type { Key } from "../random/key";

export interface SampleOptions {
  /** A new one for each draw. */
  readonly key: Key;
  /** Divides the logits: below 1 sharpens, above 1 flattens. Default 1. */
  readonly temperature?: number;
  /** Draw only from so many of the likeliest. Default all. */
  readonly topK?: number;
}

/** Tokens drawn from softmax(logits / temperature): [..., V] → int32 [...]. */
export function sampleToken(logits: Tensor, { key, temperature = 1, topK }: SampleOptions): Tensor {
  const scaled = div(logits, temperature);
  const vocab = logits.shape[logits.rank - 1];
  // The largest of logits plus Gumbel noise is a draw from their softmax.
  const noisy = add(scaled, gumbel(key, logits.shape, { dtype: logits.dtype }));
  if (topK === undefined || topK >= vocab) return greedyToken(noisy);
  const least = slice(topKOf(scaled, topK).values, { axis: -1, start: -1 });
  return greedyToken(where(less(scaled, least), scalar(-Infinity, logits.dtype), noisy));
}

/** The likeliest token: [..., V] → int32 [...]. */
export const greedyToken = (logits: Tensor): Tensor => cast(argMax(logits), "int32");
