/** @file The moving average of parameters: often a better model than the last one. */
import { isFloat } from "../graph/dtype";
import { add, cast, div, minimum, mul, sub } from "../graph/ops/elementwise";
import { node, type Tensor } from "../graph/tensor";
import { withScope } from "../graph/trace";
import { leaves, map, type Tree } from "../graph/tree";
import { rateAt, type Rate } from "./schedule";
import { factor, workDtype, zeroSteps } from "./transform";

export interface EmaState {
  readonly step: Tensor;
  readonly average: Tree;
}

export interface Ema {
  /** Begins at the parameters themselves (copies of them). */
  init(params: Tree): EmaState;
  /** average ← decay · average + (1 − decay) · params. Call it with the updated parameters. */
  update(state: EmaState, params: Tree): EmaState;
  /** The model with averaged parameters. */
  apply<Params extends Tree>(params: Params, state: EmaState): Params;
}

export interface EmaOptions {
  /** Default 0.999. A schedule gets the count of updates done. */
  readonly decay?: Rate;
  /** Starts with a short memory: decay at most (1 + t) / (10 + t) at update t = 0, 1, …, as in TensorFlow. Default false. */
  readonly warmup?: boolean;
}

/** An average with exponentially decaying weights. */
export function ema({ decay = 0.999, warmup = false }: EmaOptions = {}): Ema {
  return {
    init: (params) => ({ step: zeroSteps(), average: map(params, (leaf) => (isFloat(leaf.dtype) ? copyOf(leaf) : null)) }),
    update: ({ step, average }, params) =>
      withScope("optimizer.ema", () => {
        const wanted = rateAt(decay, step);
        const t = cast(step, "float32");
        const kept = warmup ? minimum(div(add(t, 1), add(t, 10)), wanted) : wanted;
        const now = new Map(leaves(params));
        const next = map(average, (mean, path) => {
          const p = now.get(path);
          // mean + (1 − decay)(p − mean): one operation less than the sum of two products.
          return p === undefined ? mean : add(mean, mul(sub(cast(p, mean.dtype), mean), factor(sub(1, kept), mean)));
        });
        return { step: add(step, 1), average: next };
      }),
    apply: (params, { average }) => {
      const means = new Map(leaves(average));
      return map(params, (leaf, path) => {
        const mean = means.get(path);
        return mean === undefined ? leaf : cast(mean, leaf.dtype);
      });
    },
  };
}

/** The same elements in a buffer of their own: model and average may both be donated. */
const copyOf = (leaf: Tensor): Tensor => cast(node("Identity", [leaf], {}), workDtype(leaf.dtype));
