/** @file The gradient rule of every operation. Gradients are graphs of the same operations, so they differentiate again. */
import type { Op } from "../graph/op";
import { substitute } from "../graph/rewrite";
import { placeholder } from "../graph/tensor";
import { elementwiseRules } from "./elementwiseRules";
import { productRules } from "./productRules";
import { backward } from "./backward";
import { none, type VjpRule, type VjpRules } from "./rule";
import { structureRules } from "./structureRules";

/** A composite's own gradient, or that of its decomposition. */
const composite: VjpRule<"Composite"> = ({ inputs, attrs, output, g }) => {
  if (attrs.definition.vjp !== undefined && attrs.output === 0) return attrs.definition.vjp({ inputs, output, g, options: attrs.options });
  // Of the body itself, on its placeholders: operands may depend on each other, and what flows through one must not be counted for the other.
  const { bodies, params, output: result } = attrs;
  const seed = placeholder("g", g);
  const gradients = backward([[bodies[result], seed]], { wrt: params, rules: vjpRules });
  const given = new Map([[seed, g], ...params.map((param, i) => [param, inputs[i]] as const)]);
  const placed = substitute(gradients.filter((gradient) => gradient !== null), given);
  return gradients.map((gradient) => (gradient === null ? null : (placed.shift() ?? null)));
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
