/** @file Stochastic gradient descent, with momentum. */
import { add, mul } from "../graph/ops/elementwise";
import type { Tree } from "../graph/tree";
import { scale, type Counted } from "./apply";
import { chain, type States } from "./chain";
import type { Rate } from "./schedule";
import { transform, updateEach, zerosFor, type Transform } from "./transform";

export interface MomentumOptions {
  /** μ in velocity ← μ velocity + g. Default 0.9. */
  readonly decay?: number;
  /** Looks one step ahead: the update is g + μ velocity (Nesterov, in the form of Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
}

/** Replaces gradients by their decaying sum. */
export function momentum({ decay = 0.9, nesterov = false }: MomentumOptions = {}): Transform<{ readonly velocity: Tree }> {
  return transform({
    name: "momentum",
    init: (params) => ({ velocity: zerosFor(params) }),
    update: (grads, { velocity }, params) =>
      updateEach({ grads, params, slots: { velocity } }, ({ g, slots }) => {
        const next = add(mul(slots.velocity, decay), g);
        return { update: nesterov ? add(g, mul(next, decay)) : next, slots: { velocity: next } };
      }),
  });
}

export interface SgdOptions {
  /** Default 0.01. */
  readonly lr?: Rate;
  /** Default 0: none. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** p ← p − lr · g, or − lr · velocity. */
export function sgd({ lr = 0.01, momentum: decay = 0, nesterov = false }: SgdOptions = {}): Transform<States | Counted> {
  const descend = scale(negative(lr));
  return decay === 0 ? { ...descend, name: "sgd" } : { ...chain(momentum({ decay, nesterov }), descend), name: "sgd" };
}

const negative = (rate: Rate): Rate => (typeof rate === "number" ? -rate : typeof rate === "function" ? (step) => mul(rate(step), -1) : mul(rate, -1));
