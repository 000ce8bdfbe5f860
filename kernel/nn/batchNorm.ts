/** @file Batch normalization with its running statistics as a state that comes in and goes out (Ioffe & Szegedy 2015). */
import { add, mul, reciprocal, sqrt, stopGradient, sub } from "../graph/ops/elementwise";
import { reshape } from "../graph/ops/movement";
import { mean, variance } from "../graph/ops/reduction";
import type { Tensor } from "../graph/tensor";
import { filled } from "./initializers";
import { Module } from "./module";

/** Running mean and variance: [C] each. Not parameters: kept beside the model, never touched by an optimizer. */
export interface BatchNormState {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

export interface BatchNormCall {
  readonly state: BatchNormState;
  /** "train" normalizes by the batch's own statistics and returns moved running ones; "evaluate" uses the running ones. */
  readonly mode: "train" | "evaluate";
}

/** Images x [N, C, ...] standardized by channel over the batch and all positions. */
export class BatchNorm extends Module<readonly [x: Tensor, call: BatchNormCall], { readonly output: Tensor; readonly state: BatchNormState }> {
  /** @param weight - [C]. @param bias - [C]. */
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor,
    readonly settings: { readonly momentum: number; readonly epsilon: number },
  ) {
    super();
  }

  /** The state before training: mean 0, variance 1. */
  initialState(): BatchNormState {
    const channels = this.weight.shape;
    return { mean: filled(channels, 0), variance: filled(channels, 1) };
  }

  forward(x: Tensor, { state, mode }: BatchNormCall): { readonly output: Tensor; readonly state: BatchNormState } {
    if (mode === "evaluate") return { output: this.normalized(x, state), state };
    const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const batch = { mean: mean(x, axes), variance: variance(x, axes) };
    const count = x.size / x.shape[1];
    // The running variance estimates that of the population, hence n / (n − 1).
    const unbiased = mul(batch.variance, count / Math.max(1, count - 1));
    return { output: this.normalized(x, batch), state: { mean: this.moved(state.mean, batch.mean), variance: this.moved(state.variance, unbiased) } };
  }

  private moved(before: Tensor, now: Tensor): Tensor {
    const { momentum } = this.settings;
    return add(mul(before, 1 - momentum), mul(stopGradient(now), momentum));
  }

  private normalized(x: Tensor, { mean: centre, variance: spread }: BatchNormState): Tensor {
    const byChannel = (t: Tensor): Tensor => reshape(t, [1, t.size, ...x.shape.slice(2).map(() => 1)]);
    const scale = mul(this.weight, reciprocal(sqrt(add(spread, this.settings.epsilon))));
    return add(mul(sub(x, byChannel(centre)), byChannel(scale)), byChannel(this.bias));
  }
}

export interface BatchNormOptions {
  readonly channels: number;
  /** Part of a new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Default 1e-5. */
  readonly epsilon?: number;
}

/** Batch normalization. */
export function batchNorm({ channels, momentum = 0.1, epsilon = 1e-5 }: BatchNormOptions): BatchNorm {
  return new BatchNorm(filled([channels], 1), filled([channels], 0), { momentum, epsilon });
}
