/** @file Tracing a call: arguments become placeholders, the function's results become outputs of a graph. */
import { ArgumentError } from "../errors";
import { placeholder, type Tensor } from "./tensor";
import { operands, topological } from "./rewrite";
import { leaves, mapLabelled, type Tree } from "./tree";
import { withTrace } from "./trace";

export interface Traced {
  /** A placeholder for each tensor of the arguments, in order. */
  readonly parameters: readonly Tensor[];
  /** Result tree with traced tensors at its leaves. */
  readonly result: Tree;
  readonly outputs: readonly Tensor[];
  /** Tensors made outside of the function that it reads: given to each run as further inputs. */
  readonly captured: readonly Tensor[];
}

/** Calls `fn` on placeholders. Layers in an argument are labelled by their path within it. */
export function traceCall(fn: (...args: never[]) => unknown, args: readonly Tree[], names: readonly string[]): Traced {
  const parameters: Tensor[] = [];
  const { result: body, trace } = withTrace(() => {
    const stand = args.map((arg, i) => {
      const name = names[i] ?? `argument ${i}`;
      return mapLabelled(arg, (leaf, path) => {
        const parameter = placeholder(path === "" ? name : `${name}.${path}`, leaf);
        parameters.push(parameter);
        return parameter;
      });
    });
    return Reflect.apply(fn, undefined, stand);
  });
  if (body instanceof Promise) {
    body.catch(() => undefined); // this error says more than what becomes of it
    throw new ArgumentError(`${fn.name === "" ? "a traced function" : fn.name} is async`, { help: "a traced function only describes a computation: return its tensors, and await what the compiled function gives" });
  }
  const outputs = leaves(body).map(([, leaf]) => leaf);
  return { parameters, result: body, outputs, captured: outsiders(outputs, { trace, parameters: new Set(parameters) }) };
}

/** Tensors used by this trace but made outside of it: the border of the traced graph. */
function outsiders(outputs: readonly Tensor[], { trace, parameters }: { readonly trace: number; readonly parameters: ReadonlySet<Tensor> }): Tensor[] {
  const found = new Set<Tensor>();
  for (const tensor of topological(outputs)) {
    const readers = [tensor, ...operands(tensor)];
    for (const operand of readers.slice(1)) if (isOutside(operand, trace, parameters) && !isOutside(tensor, trace, parameters)) found.add(operand);
  }
  for (const output of outputs) if (isOutside(output, trace, parameters)) found.add(output);
  return [...found];
}

/** Scalars are cheap to write into the graph; everything else from outside is captured. */
const isOutside = (tensor: Tensor, trace: number, parameters: ReadonlySet<Tensor>): boolean => tensor.trace < trace && !parameters.has(tensor) && tensor.op !== "Const" && tensor.op !== "Iota";
