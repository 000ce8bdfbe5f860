/** @file Emission: from a lowered graph to an ONNX model, one rule for each operation. */
import { hostView, type HostTensor } from "../graph/dtype";
import type { Op } from "../graph/op";
import { topological } from "../graph/rewrite";
import { storedData, type Tensor } from "../graph/tensor";
import type { Site } from "../graph/trace";
import { EmitContext, type NestedPart } from "./emitContext";
import { emitRules, type EmitRule } from "./emitRules";
import { IR_VERSION, MICROSOFT_DOMAIN, OPSET_VERSION, type OnnxGraph, type OnnxModel, type OnnxValueInfo } from "./model";
import { renamedValues } from "./nestedGraphs";
import { streamResults } from "./streamedResults";

export interface EmitOptions {
  /** Names of the graph's inputs. Data tensors that are not among them become constants of the model. */
  readonly inputs: ReadonlyMap<Tensor, string>;
  readonly outputs: readonly { readonly name: string; readonly tensor: Tensor }[];
  readonly name?: string;
  /** Write standard operators only. Default false: onnxruntime's own are used where they are faster. */
  readonly portable?: boolean;
  /** Write our own operators for products that they compute faster. Default false. */
  readonly ownProducts?: boolean;
  /** Takes the user's position of each node that has one, by the node's name. */
  readonly sites?: Map<string, Site>;
}

/** The model that computes `outputs` from `inputs`. The graph must be lowered for the same set of kernels. */
export function emit(options: EmitOptions): OnnxModel {
  return { irVersion: IR_VERSION, opsets: options.portable === true ? { "": OPSET_VERSION } : { "": OPSET_VERSION, [MICROSOFT_DOMAIN]: 1 }, graph: emitGraph(options), metadata: {} };
}

/** Where a graph within a node stands. */
interface Around {
  /** Begins the names of all its values. */
  readonly prefix: string;
  /** Names of what it reads from the graphs around it. */
  readonly outer: ReadonlyMap<Tensor, string>;
}

function emitGraph({ inputs, outputs, name = "isoflop", portable, ownProducts, sites }: EmitOptions, around?: Around): OnnxGraph {
  const nested = (part: NestedPart, prefix: string): OnnxGraph =>
    emitGraph(
      {
        inputs: new Map(part.inputs.map((tensor, i) => [tensor, `${prefix}i${i}`])),
        outputs: part.outputs.map((tensor, i) => ({ name: `${prefix}o${i}`, tensor })),
        name: `${prefix}body`,
        portable,
        ownProducts,
        sites,
      },
      { prefix, outer: part.outer },
    );
  const context = new EmitContext({ portable, ownProducts, prefix: around?.prefix, nested });
  for (const [tensor, inputName] of [...inputs, ...(around?.outer ?? [])]) context.names.set(tensor, inputName);
  const given = new Set(context.names.values());
  for (const tensor of topological(outputs.map((output) => output.tensor))) {
    if (context.names.has(tensor)) continue;
    context.enter(tensor.path);
    const before = context.nodes.length;
    context.names.set(tensor, emitOne(context, tensor));
    if (tensor.site !== undefined) for (const { name: node } of context.nodes.slice(before)) sites?.set(node, tensor.site);
  }
  context.enter("");
  return {
    name,
    // What a round leaves is read by the next.
    nodes: around === undefined ? streamResults(nameOutputs(context, { given, outputs }), outputs) : nameOutputs(context, { given, outputs }),
    inputs: [...inputs].map(([tensor, inputName]) => info(inputName, tensor)),
    outputs: outputs.map((output) => info(output.name, output.tensor)),
    initializers: context.initializers,
    values: [...context.declared.values()],
  };
}

const info = (name: string, { dtype, shape }: Tensor): OnnxValueInfo => ({ name, dtype, shape });

function emitOne(context: EmitContext, tensor: Tensor): string {
  if (tensor.storage !== undefined) return context.initializer(hostOf(tensor));
  // SAFETY: the rule and the attributes both belong to `tensor.op`.
  const rule = emitRules[tensor.op] as EmitRule<Op>;
  return rule({ context, tensor, attrs: tensor.attrs, inputs: tensor.inputs.map((input) => context.name(input)) });
}

const hostOf = (tensor: Tensor): HostTensor => {
  const data = storedData(tensor);
  // A view: large weights are not copied on their way into the model.
  return { dtype: tensor.dtype, shape: tensor.shape, data: data.buffer instanceof ArrayBuffer ? hostView(tensor.dtype, data.buffer, data.byteOffset, data.length) : data };
};

/** Nodes with the values that leave the graph renamed; a value that leaves twice, or was an input or constant, passes through Identity. */
function nameOutputs(context: EmitContext, { given, outputs }: Pick<EmitOptions, "outputs"> & { readonly given: ReadonlySet<string> }): OnnxGraph["nodes"] {
  const renames = new Map<string, string>();
  const fixed = new Set([...given, ...context.initializers.keys()]);
  for (const { name, tensor } of outputs) {
    const value = context.name(tensor);
    if (!fixed.has(value) && !renames.has(value)) renames.set(value, name);
    else context.nodes.push({ opType: "Identity", domain: "", name: `Identity_${context.prefix}${context.nodes.length}`, inputs: [value], outputs: [name], attributes: {} });
  }
  return context.nodes.map((node) => renamedValues(node, (value) => renames.get(value) ?? value));
}
