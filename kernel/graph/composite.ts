/** @file Composites: functions written in primitives and kept whole in the graph, so that a fused kernel may replace them. */
import { substitute } from "./rewrite";
import { node, placeholder, type Tensor } from "./tensor";
import { currentSite, withSite, withTrace } from "./trace";

/** What a composite is configured with: part of its identity, never a tensor. */
export type CompositeOptions = Readonly<Record<string, number | boolean | string>>;

/** A composite as it stands in the graph. */
export interface CompositeBody {
  readonly definition: CompositeDefinition;
  readonly options: CompositeOptions;
  /** Placeholders that stand for the operands in `body`. */
  readonly params: readonly Tensor[];
  /** The same function in primitives (and smaller composites). */
  readonly body: Tensor;
}

/** A named function with its decomposition and, where a better one than that of the decomposition exists, its gradient. */
export interface CompositeDefinition<O extends CompositeOptions = CompositeOptions> {
  readonly name: string;
  /** The function in primitives. */
  decompose(inputs: readonly Tensor[], options: O): Tensor;
  /** Gradients of each operand from the gradient `g` of the output; null where there is none. Default: that of the decomposition. */
  vjp?(call: { readonly inputs: readonly Tensor[]; readonly output: Tensor; readonly g: Tensor; readonly options: O }): readonly (Tensor | null)[];
}

/** Declares a composite; the result applies it. Names must be unique: fused kernels are found by name. */
export function composite<O extends CompositeOptions>(definition: CompositeDefinition<O>): (inputs: readonly Tensor[], options: O) => Tensor {
  return (inputs, options) => {
    const params = inputs.map((input, i) => placeholder(`${definition.name}.${i}`, input));
    const { result: body } = withSite(currentSite(), () => withTrace(() => definition.decompose(params, options)));
    // SAFETY: the definition is only ever called with the options stored beside it.
    return node("Composite", inputs, { definition: definition as unknown as CompositeDefinition, options, params, body });
  };
}

/** The composite's decomposition applied to its operands. */
export function expand(call: Tensor<"Composite">): Tensor {
  const { params, body } = call.attrs;
  return substitute([body], new Map(params.map((param, i) => [param, call.inputs[i]])))[0];
}

/** Whether `tensor` is a composite (of that name). */
export function isComposite(tensor: Tensor, name?: string): tensor is Tensor<"Composite"> {
  // SAFETY: op "Composite" always carries a CompositeBody.
  return tensor.op === "Composite" && (name === undefined || (tensor as Tensor<"Composite">).attrs.definition.name === name);
}
