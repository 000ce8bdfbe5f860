/** @file Walking and rebuilding graphs. */
import { Tensor } from "./tensor";
import type { Op, OpAttrs } from "./op";
import { withScope, withSite } from "./trace";

/** All tensors that `outputs` depend on, operands before results, each once. Does not look into realized tensors, nor into those of `given`, which it leaves out. */
export function topological(outputs: readonly Tensor[], given: Iterable<Tensor> = []): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>(given);
  // An explicit stack, since graphs are deeper than the call stack: tensors on the way, and which operand of each comes next.
  const stack: Tensor[] = [];
  const next: number[] = [];
  for (const output of outputs) {
    if (seen.has(output)) continue;
    seen.add(output);
    stack.push(output);
    next.push(0);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      const inputs = operands(top);
      const at = next[next.length - 1]++;
      if (at >= inputs.length) {
        order.push(top);
        stack.pop();
        next.pop();
      } else if (!seen.has(inputs[at])) {
        seen.add(inputs[at]);
        stack.push(inputs[at]);
        next.push(0);
      }
    }
  }
  return order;
}

/** What `outputs` read that is not `inside`, each once: the border of a part of the graph. What lies behind it is not looked at. */
export function border(outputs: readonly Tensor[], inside: (tensor: Tensor) => boolean): Tensor[] {
  const seen = new Set<Tensor>();
  const waiting = [...outputs].reverse();
  for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    if (inside(tensor)) waiting.push(...[...operands(tensor)].reverse());
  }
  return [...seen].filter((tensor) => !inside(tensor));
}

/** All nodes of `outputs` that compute, those inside of fused kernels in place of the kernels. */
export function computedNodes(outputs: readonly Tensor[]): Tensor[] {
  const inside = new Set<unknown>();
  return topological(outputs).flatMap((tensor) => {
    if (tensor.storage !== undefined || tensor.op === "Input" || tensor.op === "Const") return [];
    if (tensor.op !== "Fused") return [tensor];
    // SAFETY: the op says which attributes it has.
    const { kernel } = tensor.attrs as OpAttrs["Fused"];
    if (inside.has(kernel)) return [];
    inside.add(kernel);
    return computedNodes(kernel.bodies);
  });
}

/** Operands still to be computed: none for data. */
export const operands = (tensor: Tensor): readonly Tensor[] => (tensor.storage === undefined ? tensor.inputs : NONE);
const NONE: readonly Tensor[] = [];

/** `tensor` on what `done` has in the place of its operands; the same object where that has nothing else. */
function onReplaced(tensor: Tensor, done: ReadonlyMap<Tensor, Tensor>): Tensor {
  const same = operands(tensor).every((input) => (done.get(input) ?? input) === input);
  return same ? tensor : withInputs(tensor, tensor.inputs.map((input) => done.get(input) ?? input));
}

/** `tensor` on other operands; the same object when nothing differs. Layer path and position are kept. */
export function withInputs(tensor: Tensor, inputs: readonly Tensor[]): Tensor {
  if (inputs.length === tensor.inputs.length && inputs.every((input, i) => input === tensor.inputs[i])) return tensor;
  return withSite(tensor.site, () => copyPlace(new Tensor<Op>(tensor.op, inputs, tensor.attrs, tensor.shape, tensor.dtype), tensor));
}

/** Gives `target` the layer path, trace and source position of `source`: for rewrites, whose results stand for the original. */
export function copyPlace(target: Tensor, source: Tensor): Tensor {
  return Object.assign(target, { path: source.path, trace: source.trace, site: source.site });
}

/** Runs `body`, whose nodes belong to the layer and the line of `tensor`. */
export const withPlace = <R>(tensor: Tensor, body: () => R): R => withSite(tensor.site, () => withScope(tensor.path, body));

/** Rebuilds `outputs` with `rewrite` applied to every node after its operands. Return the node given for "no change". */
export function rewriteGraph(outputs: readonly Tensor[], rewrite: (tensor: Tensor) => Tensor): Tensor[] {
  const done = new Map<Tensor, Tensor>();
  for (const tensor of topological(outputs)) {
    done.set(tensor, rewrite(onReplaced(tensor, done)));
  }
  return outputs.map((output) => done.get(output) ?? output);
}

/** `outputs` with some tensors replaced by others. */
export function substitute(outputs: readonly Tensor[], replacements: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  const done = new Map<Tensor, Tensor>(replacements);
  // What lies behind a replaced tensor may be the whole graph.
  for (const tensor of topological(outputs, replacements.keys())) {
    done.set(tensor, onReplaced(tensor, done));
  }
  return outputs.map((output) => done.get(output) ?? output);
}
