/** @file Adam and AdamW.
 *
 * m ← b1 m + (1 − b1) g,  v ← b2 v + (1 − b2) g²,  p ← p − lr · m̂ / (√v̂ + eps) − lr · weightDecay · p,
 * with m̂ = m / (1 − b1^t), v̂ = v / (1 − b2^t) (Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2).
 *
 * Ours keeps M = m / (1 − b1) and V = v / (1 − b2), so that each moment takes one product less, and folds both corrections and the rate
 * into two scalars: with s = √((1 − b2) / (1 − b2^t)), the step is −(lr (1 − b1) / (1 − b1^t) / s) · M / (√V + eps / s).
 */
import { add, cast, div, mul, reciprocal, sqrt, square, tanh } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import type { Tree } from "../graph/tree";
import { decaysByDefault, type ParameterFilter } from "./decay";
import { rateAt, type Rate } from "./schedule";
import { factor, transform, updateEach, zerosFor, zeroSteps, type Transform } from "./transform";

export interface AdamOptions {
  /** Default 0.001. */
  readonly lr?: Rate;
  /** Decay of the mean of gradients, default 0.9. */
  readonly b1?: number;
  /** Decay of the mean of their squares, default 0.999. */
  readonly b2?: number;
  /** Added to the root, default 1e-8. */
  readonly eps?: number;
}

export interface AdamWOptions extends AdamOptions {
  /** Part of a parameter that goes with each unit of learning rate. Default 0.01. */
  readonly weightDecay?: number;
  /** Parameters that decay. Default `decaysByDefault`: matrices and kernels. */
  readonly decays?: ParameterFilter;
}

export interface AdamState {
  readonly step: Tensor;
  /** Σ b1^i g: the mean of gradients divided by 1 − b1. */
  readonly moment1: Tree;
  /** Σ b2^i g²: the mean of squares divided by 1 − b2. */
  readonly moment2: Tree;
}

/** (1 − decay) / (1 − decay^t) for t = step + 1. By 1 − e^−x = 2 tanh(x/2) / (1 + tanh(x/2)), which keeps its digits where decay^t is near 1. */
export function correction(step: Tensor, decay: number): Tensor {
  const t = add(cast(step, "float32"), 1);
  const half = tanh(mul(t, -Math.log(decay) / 2));
  return mul(add(reciprocal(half), 1), (1 - decay) / 2);
}

/** Adam with decoupled weight decay. Defaults are torch's. */
export function adamw(options: AdamWOptions = {}): Transform<AdamState> {
  const { lr = 1e-3, b1 = 0.9, b2 = 0.999, eps = 1e-8, weightDecay = 0.01, decays = decaysByDefault } = options;
  return transform({
    name: weightDecay === 0 ? "adam" : "adamw",
    init: (params) => ({ step: zeroSteps(), moment1: zerosFor(params), moment2: zerosFor(params) }),
    update: (grads, { step, moment1, moment2 }, params) => {
      const rate = rateAt(lr, step);
      const root = sqrt(correction(step, b2));
      const size = mul(div(mul(rate, correction(step, b1)), root), -1);
      const smallest = div(eps, root);
      const loss = mul(rate, -weightDecay);
      const [updates, slots] = updateEach({ grads, params, slots: { moment1, moment2 } }, ({ g, p, path, slots: { moment1: m, moment2: v } }) => {
        const first = add(mul(m, b1), g);
        const second = add(mul(v, b2), square(g));
        const descent = mul(div(first, add(sqrt(second), factor(smallest, g))), factor(size, g));
        const update = weightDecay !== 0 && decays(path, p) ? add(mul(p, factor(loss, g)), descent) : descent;
        return { update, slots: { moment1: first, moment2: second } };
      });
      return [updates, { step: add(step, 1), ...slots }];
    },
  });
}

/** Adam without weight decay. For torch's `weight_decay` of Adam (L2), put `weightDecay` before it. */
export const adam = (options: AdamOptions = {}): Transform<AdamState> => adamw({ ...options, weightDecay: 0 });
