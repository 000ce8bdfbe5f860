/** @file Primer's own normalization, as its search wrote it. */
import { add, div, mul, sqrt, sub } from "../../graph/ops/elementwise";
import { mean } from "../../graph/ops/reduction";
import type { Tensor } from "../../graph/tensor";
import { LayerNorm } from "../../nn/normalization";
import { replaceModules } from "../../nn/surgery";

const EPSILON = 1e-6;

/** g (x − μ) / √(mean(x (x − μ)) + 10⁻⁶) + b over the last axis: x [..., D], g and b [D]. mean(x (x − μ)) is the variance in exact arithmetic. */
export function customNorm(x: Tensor, { gain, bias }: { readonly gain: Tensor; readonly bias: Tensor }): Tensor {
  const centred = sub(x, mean(x, -1, { keep: true }));
  const variance = mean(mul(x, centred), -1, { keep: true });
  return add(mul(div(centred, sqrt(add(variance, EPSILON))), gain), bias);
}

/** Layer normalization by the custom norm. */
class CustomNorm extends LayerNorm {
  override forward(x: Tensor): Tensor {
    const { weight: gain, bias } = this;
    return gain === undefined || bias === undefined ? super.forward(x) : customNorm(x, { gain, bias });
  }
}

/** `model` with the custom norm in the place of layer normalization with weight and bias. Weights are shared with `model`.
 * @throws {NoEffectError} when it has none. */
export const withCustomNorm = <M extends object>(model: M): M =>
  replaceModules(model, (layer) => (layer instanceof LayerNorm && !(layer instanceof CustomNorm) && layer.weight !== undefined && layer.bias !== undefined ? new CustomNorm(layer.weight, layer.bias, EPSILON) : layer));
