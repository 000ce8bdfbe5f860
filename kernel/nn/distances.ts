/** @file Losses of regression and of contrast between pairs. */
import { ShapeError } from "../errors";
import { abs, add, minimum, mul, square, sub } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { iota, transpose } from "../graph/ops/movement";
import { mean, normalize } from "../graph/ops/reduction";
import { sameShape, showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { crossEntropy } from "./losses";

export interface WeightOptions {
  /** Factor on each element's loss; broadcasts. Default 1. The mean is over all elements, not over the weights. */
  readonly weight?: Tensor;
}

interface Average extends WeightOptions {
  /** Elementwise, of x − y. */
  readonly loss: (difference: Tensor) => Tensor;
}

function averaged(op: string, [x, y]: readonly [Tensor, Tensor], { weight, loss }: Average): Tensor {
  // Broadcasting here hides a mistake: [N] against [N, 1] would compare all pairs.
  if (!sameShape(x.shape, y.shape))
    throw new ShapeError(`${op}: shapes ${showShape(x.shape)} and ${showShape(y.shape)} differ`, {
      help: "reshape one to the other's shape",
    });
  const each = loss(sub(x, y));
  return mean(weight === undefined ? each : mul(each, weight));
}

/** Mean squared difference. */
export const mse = (x: Tensor, y: Tensor, { weight }: WeightOptions = {}): Tensor => averaged("mse", [x, y], { weight, loss: square });

/** Mean absolute difference. */
export const l1 = (x: Tensor, y: Tensor, { weight }: WeightOptions = {}): Tensor => averaged("l1", [x, y], { weight, loss: abs });

/** Mean Huber loss: d²/2 up to |d| = delta (default 1), then delta (|d| − delta/2). */
export function huber(x: Tensor, y: Tensor, { weight, delta = 1 }: WeightOptions & { readonly delta?: number } = {}): Tensor {
  return averaged("huber", [x, y], {
    weight,
    // With q = min(|d|, δ): q²/2 + δ (|d| − q)
    loss: (difference) => {
      const size = abs(difference);
      const inner = minimum(size, delta);
      return add(mul(square(inner), 0.5), mul(sub(size, inner), delta));
    },
  });
}

export interface ContrastOptions {
  /** Factor on the cosines (1 / temperature): a number, or a scalar tensor that is learned. Default 1 / 0.07. */
  readonly scale?: Tensor | number;
}

/** Cosines of all pairs, scaled: a [N, D] and b [M, D] give [N, M]. */
export function similarities(a: Tensor, b: Tensor, { scale = 1 / 0.07 }: ContrastOptions = {}): Tensor {
  if (a.rank !== 2 || b.rank !== 2 || a.shape[1] !== b.shape[1])
    throw new ShapeError(`similarities: ${showShape(a.shape)} and ${showShape(b.shape)}`, {
      help: "pass rows [N, D] and [M, D]",
    });
  return mul(matmul(normalize(a), normalize(b), { transB: true }), scale);
}

/** InfoNCE: row i of `queries` [N, D] must find row i of `keys` [M, D], M ≥ N; the other rows are negatives (van den Oord et al. 2018). */
export function infoNce(queries: Tensor, keys: Tensor, options: ContrastOptions = {}): Tensor {
  return crossEntropy(similarities(queries, keys, options), iota(queries.shape[0]));
}

/** CLIP's loss: InfoNCE in both directions, averaged: a, b [N, D] (Radford et al. 2021). */
export function clipLoss(a: Tensor, b: Tensor, options: ContrastOptions = {}): Tensor {
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(`clipLoss: ${showShape(a.shape)} and ${showShape(b.shape)}`, {
      help: "row i of one belongs to row i of the other",
    });
  const logits = similarities(a, b, options);
  const own = iota(a.shape[0]);
  return mul(add(crossEntropy(logits, own), crossEntropy(transpose(logits), own)), 0.5);
}
