/** @file Weight decay and which parameters it is for. */
import { add, mul } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import { transform, updateEach, type Transform } from "./transform";

/** Chooses parameters by path ("blocks.2.mlp.up.weight") and shape. */
export type ParameterFilter = (path: string, leaf: Tensor) => boolean;

const NEVER_DECAYED = /(^|\.)(\w*norm\w*|ln\d*|bias|gain|scale)(\.|$)/i;

/** Whether a parameter is decayed where nothing else is said: matrices and kernels are, biases, norms and all else of one axis are not. */
export const decaysByDefault: ParameterFilter = (path, leaf) => leaf.rank >= 2 && !NEVER_DECAYED.test(path);

export interface WeightDecayOptions {
  readonly rate: number;
  /** Default `decaysByDefault`. */
  readonly decays?: ParameterFilter;
}

/**
 * Adds rate · parameter to the gradients: before sgd or adam it is L2 regularization (torch's `weight_decay` of these).
 * adamw, lion and muon decay by themselves.
 */
export function weightDecay({ rate, decays = decaysByDefault }: WeightDecayOptions): Transform<Record<never, never>> {
  return transform({
    name: "weightDecay",
    init: () => ({}),
    update: (grads, state, params) => {
      const [updates] = updateEach({ grads, params, slots: {} }, ({ g, p, path }) => ({ update: decays(path, p) ? add(g, mul(p, rate)) : g, slots: {} }));
      return [updates, state];
    },
  });
}
