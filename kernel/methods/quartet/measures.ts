/** @file How good a quantizer is: its error, its misalignment, and whether its mean is the number itself; and what a model's layers give it to do. */
import { vjp } from "../../autodiff/grad";
import { cast, div, equal, mul, not, square, sub, where } from "../../graph/ops/elementwise";
import { onesLike, reshape } from "../../graph/ops/movement";
import { norm, sum } from "../../graph/ops/reduction";
import { withTaps } from "../../graph/taps";
import type { Tensor } from "../../graph/tensor";
import { fold, split, type Key } from "../../random/key";
import { gradientOperand, grouped, randomHadamard, type GradientRounding } from "./quantizers";

/** ‖found − exact‖ / ‖exact‖ over all elements: a scalar. */
export const relativeError = (found: Tensor, exact: Tensor): Tensor => div(norm(sub(found, exact)), norm(exact));

/** 1 − the mean over rows of ⟨found, exact⟩ / ⟨exact, exact⟩, both [..., D]: a scalar. 0 for an estimate of the right length on average, above 0 for one that is
 * too short. Rows of zeros are left out: the first position's queries have no gradient. */
export function misalignment(found: Tensor, exact: Tensor): Tensor {
  const lengths = sum(square(exact), -1);
  const zero = equal(lengths, 0);
  const ratios = div(sum(mul(found, exact), -1), where(zero, 1, lengths));
  return sub(1, div(sum(ratios), sum(cast(not(zero), exact.dtype))));
}

/** Cosine of the angle between two tensors, and the length of `found` along `exact` in units of that of `exact`: scalars. */
export function alignment(found: Tensor, exact: Tensor): { readonly cosine: Tensor; readonly magnitude: Tensor } {
  const product = sum(mul(found, exact));
  return { cosine: div(product, mul(norm(found), norm(exact))), magnitude: div(product, sum(square(exact))) };
}

/** Misalignment of a gradient [..., D] as the backward pass quantizes it: rotated or not, with the given rounding. */
export function gradientMisalignment(g: Tensor, { rounding, rotate = true, key }: { readonly rounding: GradientRounding; readonly rotate?: boolean; readonly key: Key }): Tensor {
  const [signs, random] = split(key);
  const turned = rotate ? randomHadamard(g, signs) : grouped(g);
  const { values, factor } = gradientOperand(turned, { rounding, key: random });
  return misalignment(mul(values, factor), turned);
}

/** Gradients of a loss with respect to the inner values whose names match, by name. @throws {NoEffectError} when none does. */
export function innerGradients(loss: () => Tensor, pattern: RegExp): Readonly<Record<string, Tensor>> {
  const { result, taps } = withTaps(loss, pattern)();
  const names = Object.keys(taps);
  const found = vjp([result], { seeds: [onesLike(result)], wrt: names.map((name) => taps[name]) });
  return Object.fromEntries(names.map((name, i) => [name, found[i]]));
}

/** What the product of a layer's weight gradient is made of. */
export interface LayerSignals {
  /** Gradient of the output, [N, out]. */
  readonly gradient: Tensor;
  /** The quantized input, [N, in]. */
  readonly input: Tensor;
}

/** The signals of every layer with 4-bit products, by path, from a loss that uses them. @throws {NoEffectError} when there is none. */
export function layerSignals(loss: () => Tensor): Readonly<Record<string, LayerSignals>> {
  const { result, taps } = withTaps(loss, /\.(fourBitInput|output)$/)();
  const layers = Object.keys(taps).flatMap((name) => (name.endsWith(".fourBitInput") ? [name.slice(0, -".fourBitInput".length)] : []));
  const gradients = vjp([result], { seeds: [onesLike(result)], wrt: layers.map((layer) => taps[`${layer}.output`]) });
  return Object.fromEntries(layers.map((layer, i) => [layer, { gradient: reshape(gradients[i], [-1, gradients[i].shape[gradients[i].rank - 1]]), input: taps[`${layer}.fourBitInput`] }]));
}

export interface DrawOptions {
  /** What the mean should be. */
  readonly exact: ArrayLike<number>;
  readonly draws: number;
  readonly key: Key;
}

/** How many standard errors the mean of `draws` draws lies from the exact value, for every element: within about ±4 where the draws are unbiased. 0 where all draws are exact. */
export async function standardErrors(draw: (key: Key) => Promise<ArrayLike<number>>, { exact, draws, key }: DrawOptions): Promise<Float64Array> {
  const sums = new Float64Array(exact.length);
  const squares = new Float64Array(exact.length);
  for (let i = 0; i < draws; i++) {
    const values = await draw(fold(key, i));
    for (let k = 0; k < exact.length; k++) {
      const off = values[k] - exact[k];
      sums[k] += off;
      squares[k] += off * off;
    }
  }
  return sums.map((total, k) => {
    const variance = (squares[k] - (total * total) / draws) / (draws - 1);
    return total === 0 ? 0 : total / draws / Math.sqrt(variance / draws);
  });
}
