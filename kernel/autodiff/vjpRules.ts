/** @file The gradient rule of every operation. Gradients are graphs of the same operations, so they differentiate again. */
import { UnsupportedOpError } from "../errors";
import type { CompositeBody } from "../graph/composite";
import { unrolled, unrolledSize } from "../graph/loop";
import type { Op } from "../graph/op";
import { substitute } from "../graph/rewrite";
import { placeholder, type Tensor } from "../graph/tensor";
import { here } from "../graph/trace";
import { elementwiseRules } from "./elementwiseRules";
import { productRules } from "./productRules";
import { backward } from "./backward";
import { none, type VjpCall, type VjpRule, type VjpRules } from "./rule";
import { structureRules } from "./structureRules";

/** A composite's own gradient, or that of its decomposition. */
const composite: VjpRule<"Composite"> = ({ inputs, attrs, output, g, wanted }) => {
  if (attrs.definition.vjp !== undefined && attrs.output === 0) return attrs.definition.vjp({ inputs, output, g, options: attrs.options });
  return throughBody(attrs, { inputs, g, wanted });
};

/** Gradients through a body, taken on its placeholders: operands may depend on each other, and what flows through one must not be counted for the other. */
function throughBody({ bodies, params, output }: Pick<CompositeBody, "bodies" | "params" | "output">, { inputs, g, wanted }: Pick<VjpCall<"Composite">, "inputs" | "g" | "wanted">): readonly (Tensor | null)[] {
  const seed = placeholder("g", g);
  const found = backward([[bodies[output], seed]], { wrt: params.filter((_, i) => wanted[i]), rules: vjpRules });
  const placed = substitute(found.filter((gradient) => gradient !== null), new Map([[seed, g], ...params.map((param, i) => [param, inputs[i]] as const)]));
  return params.map((_, i) => (wanted[i] && found.shift() !== null ? (placed.shift() ?? null) : null));
}

/** Operations of the rounds that a gradient puts into the graph: more would take minutes to make and to load. */
const MAX_UNROLLED = 2 ** 16;

/** The gradient of the unrolled loop. */
const loop: VjpRule<"Loop"> = ({ inputs, attrs: { loop: body, output }, g, wanted }) => {
  const size = unrolledSize(body);
  if (size >= MAX_UNROLLED)
    throw new UnsupportedOpError(`loop: the gradient of ${body.count} rounds unrolls ${size} operations, and ${MAX_UNROLLED - 1} are the most`, { where: here(), help: "use fewer rounds, or stopGradient() on its result where it needs no gradient" });
  return throughBody({ bodies: unrolled(body), params: body.params, output }, { inputs, g, wanted });
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
  Loop: loop,
  Fused: () => {
    throw new Error("fused kernels are made after differentiation");
  },
};
