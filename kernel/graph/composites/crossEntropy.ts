/** @file Cross-entropy of softmax with class indices, and with probabilities. */
import { composite } from "../composite";
import { exp, mul, neg, sub } from "../ops/elementwise";
import { takeAlong } from "../ops/indexing";
import { reshape } from "../ops/movement";
import { sum } from "../ops/reduction";
import type { Tensor } from "../tensor";
import { logSoftmax } from "./activations";
import { oneHot } from "./oneHot";

const column = (x: Tensor): Tensor => reshape(x, [...x.shape, 1]);

/** d/dlogits = (softmax(logits) − onehot(targets)) g; in primitives the log-softmax is shared with the forward pass. */
const softmaxCrossEntropyGradient = composite<Record<never, never>>({
  name: "SoftmaxCrossEntropyGradient",
  decompose([logits, targets, g]) {
    const depth = logits.shape[logits.rank - 1];
    return mul(sub(exp(logSoftmax(logits)), oneHot([targets], { depth, dtype: logits.dtype })), column(g));
  },
});

const softmaxCrossEntropyOf = composite<Record<never, never>>({
  name: "SoftmaxCrossEntropy",
  decompose: ([logits, targets]) => reshape(neg(takeAlong(logSoftmax(logits), column(targets), -1)), targets.shape),
  vjp: ({ inputs: [logits, targets], g }) => [softmaxCrossEntropyGradient([logits, targets, g], {}), null],
});

/** −log softmax(logits)[target] of each example: logits [..., V] and targets [...] of indices give [...]. */
export const softmaxCrossEntropy = (logits: Tensor, targets: Tensor): Tensor => softmaxCrossEntropyOf([logits, targets], {});

/** d/dlogits = (softmax(logits) Σ targets − targets) g. */
const softCrossEntropyOf = composite<Record<never, never>>({
  name: "SoftCrossEntropy",
  decompose: ([logits, targets]) => neg(sum(mul(targets, logSoftmax(logits)), -1)),
  vjp({ inputs: [logits, targets], g }) {
    const logP = logSoftmax(logits);
    const mass = sum(targets, -1, { keep: true });
    return [mul(sub(mul(exp(logP), mass), targets), column(g)), neg(mul(logP, column(g)))];
  },
});

/** −Σ targets log softmax(logits) over the last axis: logits and targets (probabilities) [..., V] give [...]. */
export const softCrossEntropy = (logits: Tensor, targets: Tensor): Tensor => softCrossEntropyOf([logits, targets], {});
