/** @file Layer and RMS normalization of the last axis, as layers. */
import { layerNorm as layerNormOf, rmsNorm as rmsNormOf } from "../graph/composites/normalization";
import { ones, zeros } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";
import { filled } from "./initializers";
import { onRows } from "./linear";
import { Module } from "./module";

/** (x − mean) / √(variance + ε) · weight + bias over the last axis. */
export class LayerNorm extends Module<readonly [x: Tensor], Tensor> {
  /** @param weight - [D]; without it (and bias) the result is only standardized. */
  constructor(
    readonly weight: Tensor | undefined,
    readonly bias: Tensor | undefined,
    readonly epsilon: number,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    const width = [x.shape[x.rank - 1]];
    const { weight = ones(width, x.dtype), bias = zeros(width, x.dtype), epsilon } = this;
    return onRows(x, (rows) => layerNormOf(rows, { weight, bias, epsilon }));
  }
}

/** x / √(mean(x²) + ε) · weight over the last axis (Zhang & Sennrich 2019). */
export class RmsNorm extends Module<readonly [x: Tensor], Tensor> {
  /** @param weight - [D]. */
  constructor(
    readonly weight: Tensor,
    readonly epsilon: number,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    return onRows(x, (rows) => rmsNormOf(rows, { weight: this.weight, epsilon: this.epsilon }));
  }
}

export interface NormOptions {
  readonly width: number;
  /** Added to the variance. Default 1e-5 for layer, 1e-6 for RMS normalization. */
  readonly epsilon?: number;
}

/** Layer normalization; `affine: false` leaves out weight and bias (default true). */
export function layerNorm({ width, epsilon = 1e-5, affine = true }: NormOptions & { readonly affine?: boolean }): LayerNorm {
  return new LayerNorm(affine ? filled([width], 1) : undefined, affine ? filled([width], 0) : undefined, epsilon);
}

/** RMS normalization. */
export const rmsNorm = ({ width, epsilon = 1e-6 }: NormOptions): RmsNorm => new RmsNorm(filled([width], 1), epsilon);

/** Which normalization a transformer uses. */
export type NormKind = "layer" | "rms";
export type Norm = LayerNorm | RmsNorm;

/** The normalization of that kind. */
export const norm = (kind: NormKind, options: NormOptions): Norm => (kind === "rms" ? rmsNorm(options) : layerNorm(options));
