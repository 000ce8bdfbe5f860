/** @file Losses and scores of classification: cross-entropy, binary cross-entropy, divergence, accuracy. */
import { ShapeError } from "../errors";
import { logSoftmax } from "../graph/composites/activations";
import { softmaxCrossEntropy } from "../graph/composites/crossEntropy";
import { composite } from "../graph/composite";
import { abs, add, cast, div, equal, exp, log, maximum, mul, neg, notEqual, relu, sigmoid, sub, where } from "../graph/ops/elementwise";
import { reshape } from "../graph/ops/movement";
import { argMax, mean, sum } from "../graph/ops/reduction";
import { sameShape, showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";

/** Mean of `values`, or of those where `mask` (bool or weights of equal shape) counts; 0 where none does. */
export function maskedMean(values: Tensor, mask?: Tensor): Tensor {
  if (mask === undefined) return mean(values);
  const weights = cast(mask, values.dtype);
  return div(sum(mul(values, weights)), maximum(sum(weights), 1e-8));
}

export interface CrossEntropyOptions {
  /** Part of the target spread evenly over all classes (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
  /** Targets of this value do not count. Default none. */
  readonly ignoreIndex?: number;
  /** Which examples count: bool or weights, of the targets' shape. Default all. */
  readonly mask?: Tensor;
}

/** −log softmax(logits)[target] of each example: logits [..., V] and targets [...] of indices give [...]. */
export function crossEntropyEach(logits: Tensor, targets: Tensor, { labelSmoothing = 0 }: Pick<CrossEntropyOptions, "labelSmoothing"> = {}): Tensor {
  checkTargets("crossEntropy", logits, targets);
  const rows = reshape(logits, [-1, logits.shape[logits.rank - 1]]);
  const nll = softmaxCrossEntropy(rows, reshape(targets, [-1]));
  if (labelSmoothing === 0) return reshape(nll, targets.shape);
  const even = neg(mean(logSoftmax(rows), 1));
  return reshape(add(mul(nll, 1 - labelSmoothing), mul(even, labelSmoothing)), targets.shape);
}

/** Mean cross-entropy in nats over the examples that count (0 when none does): logits [..., V], targets [...] int32 or int64. */
export function crossEntropy(logits: Tensor, targets: Tensor, { labelSmoothing, ignoreIndex, mask }: CrossEntropyOptions = {}): Tensor {
  if (ignoreIndex === undefined) return maskedMean(crossEntropyEach(logits, targets, { labelSmoothing }), mask);
  const counts = notEqual(targets, ignoreIndex);
  // An ignored target need not be an index: read class 0 there.
  const each = crossEntropyEach(logits, where(counts, targets, 0), { labelSmoothing });
  const kept = cast(counts, each.dtype);
  return maskedMean(each, mask === undefined ? kept : mul(kept, cast(mask, each.dtype)));
}

/** Part of the examples whose likeliest class is the target: a float scalar, without gradient. */
export function accuracy(logits: Tensor, targets: Tensor, { mask }: Pick<CrossEntropyOptions, "mask"> = {}): Tensor {
  checkTargets("accuracy", logits, targets);
  const hit = equal(argMax(logits), cast(targets, "int64"));
  return maskedMean(cast(hit, "float32"), mask);
}

function checkTargets(op: string, logits: Tensor, targets: Tensor): void {
  if (!sameShape(logits.shape.slice(0, -1), targets.shape))
    throw new ShapeError(`${op}: logits ${showShape(logits.shape)} and targets ${showShape(targets.shape)}`, {
      help: "targets are class indices in the shape of the logits without the last axis",
    });
}

const binaryCrossEntropyOf = composite<Record<never, never>>({
  name: "BinaryCrossEntropy",
  // max(x, 0) − x t + log(1 + e^−|x|): −t log σ(x) − (1 − t) log σ(−x) without overflow
  decompose: ([x, t]) => add(sub(relu(x), mul(x, t)), log(add(exp(neg(abs(x))), 1))),
  vjp: ({ inputs: [x, t], g }) => [mul(g, sub(sigmoid(x), t)), neg(mul(g, x))],
});

/** Mean binary cross-entropy: logits and targets (0…1, floating) of equal shape. */
export function binaryCrossEntropy(logits: Tensor, targets: Tensor, { mask }: { readonly mask?: Tensor } = {}): Tensor {
  if (!sameShape(logits.shape, targets.shape))
    throw new ShapeError(`binaryCrossEntropy: logits ${showShape(logits.shape)} and targets ${showShape(targets.shape)}`, {
      help: "give one target for each logit",
    });
  return maskedMean(binaryCrossEntropyOf([logits, cast(targets, logits.dtype)], {}), mask);
}

export interface DivergenceOptions {
  /** Divides both logits; the result is multiplied by its square, so that gradients keep their size (Hinton et al. 2015). Default 1. */
  readonly temperature?: number;
  /** Which rows count. Default all. */
  readonly mask?: Tensor;
}

/** Mean of KL(softmax(target) ‖ softmax(logits)) over rows, in nats: both [..., V]. No gradient is stopped: use `stopGradient` for a teacher. */
export function klDivergence(logits: Tensor, target: Tensor, { temperature = 1, mask }: DivergenceOptions = {}): Tensor {
  const scaled = (x: Tensor): Tensor => (temperature === 1 ? x : div(x, temperature));
  const logP = logSoftmax(scaled(target));
  const each = sum(mul(exp(logP), sub(logP, logSoftmax(scaled(logits)))), -1);
  return mul(maskedMean(each, mask), temperature ** 2);
}
