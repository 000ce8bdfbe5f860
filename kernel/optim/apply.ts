/** @file Updates: scaled, held back, and added to the parameters. */
import { isFloat } from "../graph/dtype";
import { add, cast, mul } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import { withScope } from "../graph/trace";
import { leaves, map, type Tree } from "../graph/tree";
import { rateAt, type Rate } from "./schedule";
import { factor, mapUpdates, transform, workDtype, zeroSteps, type Transform } from "./transform";

/** `params` + `updates`, in the parameters' dtypes. Parameters without an update stay as they are. */
export function applyUpdates<Params extends Tree>(params: Params, updates: Tree): Params {
  const byPath = new Map(leaves(updates));
  return withScope("optimizer.apply", () =>
    map(params, (leaf, path) => {
      const update = byPath.get(path);
      return update === undefined || !isFloat(leaf.dtype) ? leaf : added(leaf, update);
    }),
  );
}

/** p + u. The p·c + x of a decayed weight becomes p·(1 + c) + x: one pass over the memory less. */
function added(p: Tensor, u: Tensor): Tensor {
  const [decay, rest] = u.op === "Add" ? u.inputs : [];
  const [decayed, rate] = decay?.op === "Mul" ? decay.inputs : [];
  if (decayed === p && rate.rank === 0) return add(mul(p, add(rate, 1)), rest);
  const work = workDtype(p.dtype);
  return cast(add(cast(p, work), cast(u, work)), p.dtype);
}

/** State of a transform that only counts. */
export interface Counted {
  readonly step: Tensor;
}

/** Multiplies updates by a rate. −rate makes a descent of gradients: `chain(momentum(), scale(-0.1))`. */
export function scale(by: Rate): Transform<Counted> {
  return transform({
    name: "scale",
    init: () => ({ step: zeroSteps() }),
    update: (grads, { step }) => {
      const value = rateAt(by, step);
      return [
        mapUpdates(grads, (g) => {
          const wide = cast(g, workDtype(g.dtype));
          return cast(mul(wide, factor(value, wide)), g.dtype);
        }),
        { step: add(step, 1) },
      ];
    },
  });
}

/** No updates: parameters under it keep their values (a frozen part of a model, in a `partition`). */
export const freeze = (): Transform<Record<never, never>> =>
  transform({ name: "freeze", init: () => ({}), update: (grads, state) => [map(grads, () => null), state] });
