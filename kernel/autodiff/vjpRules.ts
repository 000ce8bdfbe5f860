/** @file The gradient rule of every operation. Gradients are graphs of the same operations, so they differentiate again. */
import { expand, isComposite } from "../graph/composite";
import type { Op } from "../graph/op";
import { elementwiseRules } from "./elementwiseRules";
import { productRules } from "./productRules";
import { backward } from "./backward";
import { none, type VjpRule, type VjpRules } from "./rule";
import { structureRules } from "./structureRules";

/** A composite's own gradient, or that of its decomposition. */
const composite: VjpRule<"Composite"> = ({ inputs, attrs, output, g }) => {
  if (attrs.definition.vjp !== undefined && attrs.output === 0) return attrs.definition.vjp({ inputs, output, g, options: attrs.options });
  if (!isComposite(output)) throw new Error("a Composite rule was given another op");
  const body = expand(output);
  const gradients = backward([[body, g]], { wrt: inputs, rules: vjpRules });
  return gradients;
};

export const vjpRules: VjpRules<Op> = {
  ...elementwiseRules,
  ...structureRules,
  ...productRules,
  Input: none,
  Data: none,
  Const: none,
  Iota: none,
  Composite: composite,
  Fused: () => {
    throw new Error("fused kernels are made after differentiation");
  },
};
