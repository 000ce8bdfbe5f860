/** @file RMSprop and Adagrad: steps divided by the root of the squares of gradients so far. */
import { add, div, mul, sqrt, square } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import type { Tree } from "../graph/tree";
import { rateAt, type Rate } from "./schedule";
import { factor, transform, updateEach, zerosFor, zeroSteps, type Transform } from "./transform";

export interface RmspropOptions {
  /** Default 0.01. */
  readonly lr?: Rate;
  /** Decay of the mean of squares, default 0.99. */
  readonly decay?: number;
  /** Added to the root, default 1e-8. */
  readonly eps?: number;
}

export interface SquaresState {
  readonly step: Tensor;
  readonly squares: Tree;
}

interface Squares {
  readonly name: string;
  readonly lr: Rate;
  /** Factor on the rate. */
  readonly times: number;
  readonly decay: number;
  readonly eps: number;
}

/** V ← decay V + g², p ← p − lr · times · g / (√V + eps). */
function bySquares({ name, lr, times, decay, eps }: Squares): Transform<SquaresState> {
  return transform({
    name,
    init: (params) => ({ step: zeroSteps(), squares: zerosFor(params) }),
    update: (grads, { step, squares }, params) => {
      const size = mul(rateAt(lr, step), -times);
      const [updates, slots] = updateEach({ grads, params, slots: { squares } }, ({ g, slots: { squares: v } }) => {
        const next = add(decay === 1 ? v : mul(v, decay), square(g));
        return { update: mul(div(g, add(sqrt(next), eps)), factor(size, g)), slots: { squares: next } };
      });
      return [updates, { step: add(step, 1), ...slots }];
    },
  });
}

/**
 * v ← decay v + (1 − decay) g², p ← p − lr g / (√v + eps) (Tieleman & Hinton 2012, as in torch).
 * Kept as V = v / (1 − decay), with lr and eps divided by √(1 − decay).
 */
export function rmsprop({ lr = 0.01, decay = 0.99, eps = 1e-8 }: RmspropOptions = {}): Transform<SquaresState> {
  const root = Math.sqrt(1 - decay);
  return bySquares({ name: "rmsprop", lr, times: 1 / root, decay, eps: eps / root });
}

export interface AdagradOptions {
  /** Default 0.01. */
  readonly lr?: Rate;
  /** Added to the root, default 1e-10. */
  readonly eps?: number;
}

/** v ← v + g², p ← p − lr g / (√v + eps) (Duchi et al. 2011). */
export const adagrad = ({ lr = 0.01, eps = 1e-10 }: AdagradOptions = {}): Transform<SquaresState> =>
  bySquares({ name: "adagrad", lr, times: 1, decay: 1, eps });
