/** @file Negative log-likelihood of class indices under softmax. */
import { composite } from "../composite";
import { exp, mul, neg, sub } from "../ops/elementwise";
import { takeAlong } from "../ops/indexing";
import { reshape } from "../ops/movement";
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
