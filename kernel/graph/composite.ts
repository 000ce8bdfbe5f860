/** @file Composites: functions written in primitives and kept whole in the graph, so that a fused kernel may replace them. */
import { substitute } from "./rewrite";
import { node, placeholder, Tensor } from "./tensor";
import { currentSite, withSite, withTrace } from "./trace";

/** What a composite is configured with: part of its identity, never a tensor. */
export type CompositeOptions = Readonly<Record<string, number | boolean | string>>;

/** A composite as it stands in the graph: one of its results. */
export interface CompositeBody {
  readonly definition: CompositeDefinition;
  readonly options: CompositeOptions;
  /** Placeholders that stand for the operands in `bodies`. */
  readonly params: readonly Tensor[];
  /** All results of the same function in primitives (and smaller composites). */
  readonly bodies: readonly Tensor[];
  /** Which of the results the node is. */
  readonly output: number;
}

/** A named function with its decomposition and, where a better one than that of the decomposition exists, its gradient. */
export interface CompositeDefinition<O extends CompositeOptions = CompositeOptions> {
  readonly name: string;
  /** The function in primitives: its result, or all of them where one kernel computes several. */
  decompose(inputs: readonly Tensor[], options: O): Tensor | readonly Tensor[];
  /** Gradients of each operand from the gradient `g` of the first result; null where there is none. Default, and for further results: that of the decomposition. */
  vjp?(call: { readonly inputs: readonly Tensor[]; readonly output: Tensor; readonly g: Tensor; readonly options: O }): readonly (Tensor | null)[];
}

/** Declares a composite of several results; the function that comes back applies it. Names must be unique: kernels are found by name. */
export function composites<O extends CompositeOptions>(definition: CompositeDefinition<O>): (inputs: readonly Tensor[], options: O) => readonly Tensor[] {
  return (inputs, options) => {
    const params = inputs.map((input, i) => placeholder(`${definition.name}.${i}`, input));
    const { result } = withSite(currentSite(), () => withTrace(() => definition.decompose(params, options)));
    const bodies = result instanceof Tensor ? [result] : result;
    // SAFETY: the definition is only ever called with the options stored beside it.
    const common = { definition: definition as unknown as CompositeDefinition, options, params, bodies };
    return bodies.map((_, output) => node("Composite", inputs, { ...common, output }));
  };
}

/** Declares a composite with one result; the function that comes back applies it. */
export function composite<O extends CompositeOptions>(definition: CompositeDefinition<O>): (inputs: readonly Tensor[], options: O) => Tensor {
  const apply = composites(definition);
  return (inputs, options) => apply(inputs, options)[0];
}

/** The composite's decomposition applied to its operands. */
export function expand(call: Tensor<"Composite">): Tensor {
  const { params, bodies, output } = call.attrs;
  return substitute([bodies[output]], new Map(params.map((param, i) => [param, call.inputs[i]])))[0];
}

/** Whether `tensor` is a composite (of that name). */
export function isComposite(tensor: Tensor, name?: string): tensor is Tensor<"Composite"> {
  // SAFETY: op "Composite" always carries a CompositeBody.
  return tensor.op === "Composite" && (name === undefined || (tensor as Tensor<"Composite">).attrs.definition.name === name);
}
