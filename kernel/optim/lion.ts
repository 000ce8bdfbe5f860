/** @file Lion: steps of equal size in the direction of a sign (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2).
 *
 * p ← p − lr (sign(b1 m + (1 − b1) g) + weightDecay · p),  m ← b2 m + (1 − b2) g.
 * Ours keeps M = m / (1 − b2); the sign is that of c M + g with c = b1 (1 − b2) / (1 − b1).
 */
import { add, mul, sign } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import type { Tree } from "../graph/tree";
import { decaysByDefault, type ParameterFilter } from "./decay";
import { rateAt, type Rate } from "./schedule";
import { factor, transform, updateEach, zerosFor, zeroSteps, type Transform } from "./transform";

export interface LionOptions {
  /** 3 to 10 times smaller than AdamW's (§5 there). Default 0.0001. */
  readonly lr?: Rate;
  /** Weight of the memory in the direction, default 0.9. */
  readonly b1?: number;
  /** Decay of the memory, default 0.99. */
  readonly b2?: number;
  /** 3 to 10 times larger than AdamW's. Default 0. */
  readonly weightDecay?: number;
  /** Default `decaysByDefault`. */
  readonly decays?: ParameterFilter;
}

export interface LionState {
  readonly step: Tensor;
  /** Σ b2^i g. */
  readonly moment: Tree;
}

export function lion({ lr = 1e-4, b1 = 0.9, b2 = 0.99, weightDecay = 0, decays = decaysByDefault }: LionOptions = {}): Transform<LionState> {
  const memory = (b1 * (1 - b2)) / (1 - b1);
  return transform({
    name: "lion",
    init: (params) => ({ step: zeroSteps(), moment: zerosFor(params) }),
    update: (grads, { step, moment }, params) => {
      const rate = rateAt(lr, step);
      const size = mul(rate, -1);
      const loss = mul(rate, -weightDecay);
      const [updates, slots] = updateEach({ grads, params, slots: { moment } }, ({ g, p, path, slots: { moment: m } }) => {
        const descent = mul(sign(add(mul(m, memory), g)), factor(size, g));
        const update = weightDecay !== 0 && decays(path, p) ? add(mul(p, factor(loss, g)), descent) : descent;
        return { update, slots: { moment: add(mul(m, b2), g) } };
      });
      return [updates, { step: add(step, 1), ...slots }];
    },
  });
}
