/** @file checkpoint: recompute a function's inner values in the backward pass instead of keeping them. */
import type { CompositeDefinition } from "../graph/composite";
import { isFloat } from "../graph/dtype";
import { operands, substitute, topological } from "../graph/rewrite";
import { node, placeholder, type Tensor } from "../graph/tensor";
import { withTrace } from "../graph/trace";
import { vjp } from "./grad";

let barriers = 0;

/**
 * `fn` whose inner values are computed again when its gradient is taken: less memory for about one more forward pass of it
 * (Chen et al. 2016). Tensors that `fn` reads from outside (weights) get their gradients as usual.
 */
export function checkpoint<Args extends readonly Tensor[]>(fn: (...args: Args) => Tensor): (...args: Args) => Tensor {
  return (...args) => {
    const { result, trace } = withTrace(() => Reflect.apply(fn, undefined, args));
    // Everything the body reads from before it started is an operand.
    const free = new Set<Tensor>();
    for (const tensor of topological([result])) {
      if (tensor.trace < trace) continue;
      for (const operand of operands(tensor)) if (operand.trace < trace && operand.op !== "Const" && operand.op !== "Iota") free.add(operand);
    }
    if (result.trace < trace) return result;
    const inputs = [...free];
    const params = inputs.map((input, i) => placeholder(`checkpoint.${i}`, input));
    const [body] = substitute([result], new Map(inputs.map((input, i) => [input, params[i]])));
    return node("Composite", inputs, { definition: RECOMPUTED, options: {}, params, bodies: [body], output: 0 });
  };
}

const RECOMPUTED: CompositeDefinition = {
  name: "Checkpoint",
  decompose: ([x]) => x,
  vjp({ inputs, output, g }) {
    // SAFETY: this definition is used for Composite nodes only.
    const call = output as Tensor<"Composite">;
    const fresh = inputs.map((input) => node("Barrier", [input], { id: barriers++ }));
    const again = substitute(call.attrs.bodies, new Map(call.attrs.params.map((param, i) => [param, fresh[i]])))[0];
    return vjp([again], { seeds: [g], wrt: fresh }).map((gradient, i) => (isFloat(inputs[i].dtype) ? gradient : null));
  },
};
