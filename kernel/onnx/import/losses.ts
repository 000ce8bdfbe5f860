/** @file Losses over classes along axis 1. */
import { logSoftmax } from "../../graph/composites/activations";
import { cast, div, equal, mul, neg, not, where } from "../../graph/ops/elementwise";
import { gather, takeAlong } from "../../graph/ops/indexing";
import { onesLike, reshape } from "../../graph/ops/movement";
import { sum } from "../../graph/ops/reduction";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";

/** −w[target] · logp[target], reduced; targets equal to `ignore_index` count nothing. */
function negativeLogLikelihood(call: NodeCall, logp: Tensor): Tensor {
  const targets = call.x(1);
  const ignored = call.int("ignore_index");
  const skip = ignored === undefined ? undefined : equal(targets, ignored);
  const safe = skip === undefined ? targets : where(skip, mul(targets, 0), targets);
  const column = reshape(safe, [safe.shape[0], 1, ...safe.shape.slice(1)]);
  const picked = reshape(takeAlong(logp, column, 1), safe.shape);
  const given = call.has(2) ? gather(call.x(2), safe, 0) : onesLike(picked);
  const weights = skip === undefined ? given : mul(given, cast(not(skip), picked.dtype));
  const losses = neg(mul(picked, weights));
  const reduction = call.string("reduction", "mean");
  if (reduction === "none") return losses;
  return reduction === "sum" ? sum(losses) : div(sum(losses), sum(weights));
}

export const losses: OperatorTable = {
  NegativeLogLikelihoodLoss: (call) => negativeLogLikelihood(call, call.x()),
  SoftmaxCrossEntropyLoss: (call) => {
    const logp = logSoftmax(call.x(), 1);
    return [negativeLogLikelihood(call, logp), logp];
  },
};
