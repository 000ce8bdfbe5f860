/** @file The reverse walk: gradients of outputs with respect to chosen tensors. */
import { UnsupportedOpError } from "../errors";
import { isFloat } from "../graph/dtype";
import type { Op, OpAttrs } from "../graph/op";
import { add } from "../graph/ops/elementwise";
import { operands, topological, withPlace } from "../graph/rewrite";
import { sameShape, showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import type { VjpRule, VjpRules } from "./rule";

export interface BackwardOptions {
  /** Tensors whose gradients are wanted. */
  readonly wrt: readonly Tensor[];
  readonly rules: VjpRules<Op>;
}

/**
 * Gradients of Σ ⟨output, seed⟩ with respect to each of `wrt`; null where the outputs do not depend on it.
 * Nodes made here carry the layer path of the node they differentiate.
 */
export function backward(seeds: readonly (readonly [output: Tensor, seed: Tensor])[], { wrt, rules }: BackwardOptions): (Tensor | null)[] {
  const order = topological(seeds.map(([output]) => output));
  const depends = new Set<Tensor>(wrt);
  for (const tensor of order) if (isFloat(tensor.dtype) && operands(tensor).some((input) => depends.has(input))) depends.add(tensor);
  const gradients = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, g: Tensor): void => {
    const before = gradients.get(tensor);
    gradients.set(tensor, before === undefined ? g : add(before, g));
  };
  for (const [output, seed] of seeds) accumulate(output, seed);
  const targets = new Set(wrt);
  for (const tensor of order.reverse()) {
    const g = gradients.get(tensor);
    if (g === undefined || !depends.has(tensor) || operands(tensor).length === 0) continue;
    if (!targets.has(tensor)) gradients.delete(tensor);
    withPlace(tensor, () => {
      const parts = applyRule(rules, tensor, { g, depends });
      tensor.inputs.forEach((input, i) => {
        const part = parts[i];
        if (part !== null && part !== undefined && depends.has(input)) accumulate(input, checked(part, input, tensor));
      });
    });
  }
  return wrt.map((tensor) => gradients.get(tensor) ?? null);
}

function applyRule(rules: VjpRules<Op>, output: Tensor, { g, depends }: { readonly g: Tensor; readonly depends: ReadonlySet<Tensor> }): readonly (Tensor | null)[] {
  // SAFETY: the rule and the attributes both belong to `output.op`.
  const rule = rules[output.op] as VjpRule<Op>;
  const attrs: OpAttrs[Op] = output.attrs;
  return rule({ inputs: output.inputs, attrs, output, g, wanted: output.inputs.map((input) => depends.has(input)) });
}

/** A rule that returns a gradient of the wrong form is a bug: say which, at once. */
function checked(part: Tensor, input: Tensor, at: Tensor): Tensor {
  if (!sameShape(part.shape, input.shape) || part.dtype !== input.dtype)
    throw new UnsupportedOpError(`gradient of ${at.op}: got ${part.toString()} for an operand ${input.dtype} ${showShape(input.shape)}`, { where: at.path === "" ? undefined : at.path, help: "the gradient rule of this op is wrong; please report it" });
  return part;
}
