/** @file Accumulation: a big batch as several small ones. */
import { ArgumentError } from "../errors";
import { isFloat } from "../graph/dtype";
import { add, equal, mul, where } from "../graph/ops/elementwise";
import { zerosLike } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";
import { leaves, map, type Tree } from "../graph/tree";
import { transform, updateEach, zerosFor, zeroSteps, type Transform } from "./transform";

export interface AccumulatedState<State> {
  /** Batches in the sum, 0…every − 1. */
  readonly count: Tensor;
  readonly sum: Tree;
  readonly inner: State;
}

/**
 * Gives `inner` the mean of the gradients of `every` calls, at the last of them; updates are zero at the others. One static graph:
 * `inner` is computed at every call and its result chosen by the count, so where it costs much, compile the sum and the update as two functions.
 */
export function accumulate<State>(every: number, inner: Transform<State>): Transform<AccumulatedState<State>> {
  if (!Number.isInteger(every) || every < 1) throw new ArgumentError(`accumulate(${every})`, { help: "give the number of batches, 1 or more" });
  return transform({
    name: "accumulate",
    init: (params) => ({ count: zeroSteps(), sum: zerosFor(params), inner: inner.init(params) }),
    update: (grads, state, params) => {
      const last = equal(state.count, every - 1);
      const [means, { sum }] = updateEach({ grads, params, slots: { sum: state.sum } }, ({ g, slots }) => {
        const total = add(slots.sum, g);
        return { update: mul(total, 1 / every), slots: { sum: where(last, zerosLike(total), total) } };
      });
      const [updates, next] = inner.update(means, state.inner, params);
      return [
        map(updates, (leaf) => (isFloat(leaf.dtype) ? where(last, leaf, zerosLike(leaf)) : leaf)),
        { count: where(last, 0, add(state.count, 1)), sum, inner: choose(last, next, state.inner) },
      ];
    },
  });
}

/** The tensors of `then` where `condition` holds, else those of `otherwise` at the same paths. */
function choose<T extends Tree>(condition: Tensor, then: T, otherwise: T): T {
  const others = new Map(leaves(otherwise));
  return map(then, (leaf, path) => {
    const other = others.get(path);
    return other === undefined || other === leaf ? leaf : where(condition, leaf, other);
  });
}
