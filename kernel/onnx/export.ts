/** @file Export: a function over tensors as a standard ONNX model, with weights as named initializers. */
import { lower } from "../graph/passes/lower";
import { parameterNames } from "../graph/parameterNames";
import { realize, type Tensor } from "../graph/tensor";
import { traceCall } from "../graph/traceCall";
import { leaves, type Tree } from "../graph/tree";
import { emit } from "./emit";
import { fusedByStandard } from "./fused";
import type { OnnxModel } from "./model";
import { encodeModel } from "./protobuf";

export interface ExportOptions {
  /** Parameters whose tensors become weights inside of the model instead of inputs. Default: those that hold more than one tensor. */
  readonly weights?: readonly string[];
  /** Names of outputs, in order. Default the paths of the result tree ("logits"), or "output". */
  readonly outputs?: readonly string[];
  /** Free key–value pairs kept in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * An ONNX file (opset 21, standard operators only) of `fn` called with `args`. Inputs are named after the function's
 * parameters, weights by their path ("blocks.0.mlp.up.weight"). Shapes are those of `args`.
 */
export async function exportOnnx<Args extends readonly unknown[]>(fn: (...args: Args) => unknown, args: Args, options: ExportOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  return encodeModel(await exportModel(fn, args, options));
}

/** As `exportOnnx`, as a plain value: to look at, to change, or to write with weights in a file of their own. */
export async function exportModel<Args extends readonly unknown[]>(fn: (...args: Args) => unknown, args: Args, { weights, outputs: outputNames, metadata = {} }: ExportOptions = {}): Promise<OnnxModel> {
  const names = parameterNames(fn);
  const { parameters, outputs, result, captured } = traceCall(fn, args, names);
  const given = args.flatMap((arg: Tree, i) => {
    const inside = leaves(arg);
    const fixed = weights === undefined ? inside.length > 1 : weights.includes(names[i] ?? "");
    return inside.map(([path, leaf]) => ({ leaf, fixed, name: path === "" ? names[i] : path }));
  });
  await realize([...captured, ...given.filter(({ fixed }) => fixed).map(({ leaf }) => leaf)]);
  const model = emit({
    portable: true,
    inputs: new Map([...parameters.map((parameter, i): [Tensor, string] => [parameter, given[i].name]), ...captured.map((tensor, i): [Tensor, string] => [tensor, `captured.${i}`])]),
    outputs: lower(outputs, { fused: fusedByStandard }).map((tensor, i) => ({ name: outputNames?.[i] ?? (leaves(result)[i][0] || "output"), tensor })),
  });
  const initializers = new Map(model.graph.initializers);
  const fixedNames = new Set<string>();
  for (const { name, leaf } of [...given.filter((entry) => entry.fixed), ...captured.map((leaf, i) => ({ name: `captured.${i}`, leaf }))]) {
    initializers.set(name, await leaf.host());
    fixedNames.add(name);
  }
  return { ...model, metadata: { producer: "isoflop", ...metadata }, graph: { ...model.graph, initializers, inputs: model.graph.inputs.filter(({ name }) => !fixedNames.has(name)) } };
}
