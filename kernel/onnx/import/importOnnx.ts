/** @file importOnnx: an ONNX model as a function of tensors, with named parameters, that can be differentiated. */
import { ArgumentError, DtypeError, FormatError, ShapeError, UnsupportedOpError } from "../../errors";
import { isFloat, type HostTensor } from "../../graph/dtype";
import { showShape } from "../../graph/shape";
import { fromHost, type Tensor } from "../../graph/tensor";
import type { OnnxDeclaration, OnnxGraph, OnnxModel, OnnxNode } from "../model";
import { readModel, type DecodeOptions } from "../protobuf";
import { showNode } from "../readMessages";
import { operatorRule } from "./operators";
import { isKnownVersion, NEWEST_VERSION } from "./versions";
import { runGraph, type RunOptions } from "./runGraph";

export interface ImportOptions extends DecodeOptions {
  /** Which constants of the file are parameters. Default: the floating ones with one axis or more, except tables that
   * operators read as settings (scales of Resize, statistics of BatchNormalization, scales of quantization). */
  readonly isParameter?: (name: string, tensor: HostTensor) => boolean;
}

/** Floating operands that are settings and not weights. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  DequantizeLinear: [1],
  Dropout: [1],
  DynamicQuantizeLinear: [1],
  OneHot: [2],
  Pad: [2],
  QLinearConv: [1, 4, 6],
  QLinearMatMul: [1, 4, 6],
  QuantizeLinear: [1],
  Range: [0, 1, 2],
  Resize: [1, 2],
  Upsample: [1],
};

/** An imported model. It is a tree: its tensors are `parameters`, so it can be differentiated, trained and changed as a whole. */
export class ImportedModel {
  constructor(
    /** What the model's file declares: inputs without those that have a value in the file, and outputs. */
    readonly inputs: readonly OnnxDeclaration[],
    readonly outputs: readonly OnnxDeclaration[],
    /** Weights by their names in the file. */
    readonly parameters: Readonly<Record<string, Tensor>>,
    private readonly apply: (values: ReadonlyMap<string, Tensor>) => Tensor[],
  ) {}

  /**
   * The outputs of the model by name.
   * @param inputs - a tensor for each input, by name.
   * @param parameters - default the model's own.
   * @throws {ArgumentError} naming inputs or parameters that are missing or unknown; {ShapeError} {DtypeError} when an
   * input is not as declared; {UnsupportedOpError} where a size depends on data.
   */
  call(inputs: Readonly<Record<string, Tensor>>, parameters: Readonly<Record<string, Tensor>> = this.parameters): Record<string, Tensor> {
    checkNames(
      "inputs",
      this.inputs.map(({ name }) => name),
      inputs,
    );
    checkNames("parameters", Object.keys(this.parameters), parameters);
    const sizes = new Map<string, number>();
    for (const declared of this.inputs) checkInput(declared, inputs[declared.name], sizes);
    const results = this.apply(new Map([...Object.entries(parameters), ...Object.entries(inputs)]));
    return Object.fromEntries(this.outputs.map(({ name }, i) => [name, results[i]]));
  }
}

/**
 * The model in the bytes of an .onnx file, as a function over tensors.
 * @throws {FormatError} when the bytes are no valid model; {UnsupportedOpError} naming the first operator that cannot be
 * imported with its node, and all that is missing in the model.
 */
export function importOnnx(bytes: Uint8Array, { isParameter, ...decode }: ImportOptions = {}): ImportedModel {
  const { model, unsupported } = readModel(bytes, decode);
  checkSupport(model, unsupported);
  const { graph } = model;
  const settings = settingsOf(graph);
  const chosen = isParameter ?? ((name, { dtype, shape }) => isFloat(dtype) && shape.length > 0 && !settings.has(name));
  const parameters: [string, Tensor][] = [];
  const constants = new Map<string, Tensor>();
  for (const [name, tensor] of graph.initializers) {
    if (chosen(name, tensor)) parameters.push([name, fromHost(tensor)]);
    else constants.set(name, fromHost(tensor));
  }
  return new ImportedModel(
    graph.inputs.filter(({ name }) => !graph.initializers.has(name)),
    graph.outputs,
    Object.fromEntries(parameters),
    (values) => runGraph(graph, new Map([...constants, ...values]), { ruleOf: countedRules(model) }),
  );
}

/** Loops within loops would make graphs that no memory holds. */
const APPLICATION_LIMIT = 100_000;

/** Rules for one application of the model. */
function countedRules(model: OnnxModel<OnnxDeclaration>): RunOptions["ruleOf"] {
  let applied = 0;
  return (node) => {
    if (++applied > APPLICATION_LIMIT)
      throw new UnsupportedOpError(`the model's loops unroll to more than ${APPLICATION_LIMIT} nodes`, {
        where: `node ${showNode(node)}`,
        help: "export the model with fewer turns",
      });
    return ruleOf(node, model);
  };
}

function ruleOf(node: OnnxNode, { opsets }: OnnxModel<OnnxDeclaration>): ReturnType<RunOptions["ruleOf"]> {
  const rule = operatorRule(node.domain, node.opType);
  if (rule === undefined)
    throw new UnsupportedOpError(`operator ${node.opType} cannot be imported`, {
      where: `node ${showNode(node)}`,
      help: "export the model without it",
    });
  return { rule, opset: opsets[node.domain] ?? 1 };
}

/** All nodes, also of nested graphs. */
function* nodesOf(graph: OnnxGraph<OnnxDeclaration>): Generator<OnnxNode> {
  for (const node of graph.nodes) {
    yield node;
    for (const attribute of Object.values(node.attributes)) if (attribute.type === "graph") yield* nodesOf(attribute.value);
  }
}

function checkSupport({ graph, opsets }: OnnxModel<OnnxDeclaration>, unsupported: readonly string[]): void {
  const version = opsets[""];
  if (Object.keys(opsets).length === 0) throw new FormatError("the model imports no operator set", { help: "the file is damaged, or no ONNX model" });
  if (version !== undefined && version > NEWEST_VERSION)
    throw new UnsupportedOpError(`operator set ${version} cannot be imported`, {
      help: `convert the model to version ${NEWEST_VERSION} or older, with onnx.version_converter`,
    });
  const missing = new Map<string, { readonly node: OnnxNode; count: number }>();
  for (const node of nodesOf(graph)) {
    const old = node.domain === "" && version !== undefined && !isKnownVersion(node.opType, version);
    if (!old && operatorRule(node.domain, node.opType) !== undefined) continue;
    const key = `${node.domain === "" ? "" : `${node.domain}.`}${node.opType}${old ? ` of operator set ${version}` : ""}`;
    const known = missing.get(key);
    if (known === undefined) missing.set(key, { node, count: 1 });
    else known.count++;
  }
  const operators = [...missing].map(([key, { count }]) => `${key} (${count} node${count === 1 ? "" : "s"})`);
  const all = [...operators, ...unsupported];
  const [first] = missing;
  if (all.length > 0)
    throw new UnsupportedOpError(
      first === undefined ? `the model holds what cannot be imported: ${all[0]}` : `operator ${first[0]} cannot be imported`,
      {
        where: first === undefined ? undefined : `node ${showNode(first[1].node)}`,
        help: `export the model without these, or for a newer operator set; all that is missing: ${all.join(", ")}`,
      },
    );
}

/** Names of values that operators read as settings, and nothing reads as a weight. */
function settingsOf(graph: OnnxGraph<OnnxDeclaration>): ReadonlySet<string> {
  const settings = new Set<string>();
  const weights = new Set<string>();
  for (const { opType, inputs } of nodesOf(graph))
    inputs.forEach((name, i) => (Object.hasOwn(SETTINGS, opType) && SETTINGS[opType].includes(i) ? settings : weights).add(name));
  return new Set([...settings].filter((name) => !weights.has(name)));
}

function checkNames(what: "inputs" | "parameters", expected: readonly string[], given: Readonly<Record<string, Tensor>>): void {
  const missing = expected.filter((name) => !Object.hasOwn(given, name) || given[name] === undefined);
  const unknown = Object.keys(given).filter((name) => !expected.includes(name));
  if (missing.length + unknown.length === 0) return;
  const list = (names: readonly string[]): string =>
    names
      .slice(0, 5)
      .map((name) => JSON.stringify(name))
      .join(", ");
  throw new ArgumentError(
    `imported model: ${[...(missing.length > 0 ? [`${what} ${list(missing)} missing`] : []), ...(unknown.length > 0 ? [`${what} ${list(unknown)} unknown`] : [])].join("; ")}`,
    { help: `pass ${expected.length === 0 ? `no ${what}` : list(expected)}${expected.length > 5 ? ` and ${expected.length - 5} more` : ""}` },
  );
}

/** Sizes named alike ("batch") must be equal. */
function checkInput({ name, dtype, shape }: OnnxDeclaration, given: Tensor, sizes: Map<string, number>): void {
  if (dtype !== undefined && given.dtype !== dtype)
    throw new DtypeError(`imported model: input ${JSON.stringify(name)} is ${given.dtype}, not ${dtype}`, {
      help: `cast it, as in x.cast("${dtype}")`,
    });
  if (shape === undefined) return;
  const fits =
    shape.length === given.rank &&
    shape.every((size, axis) => {
      if (size === "") return true;
      const wanted = typeof size === "number" ? size : (sizes.get(size) ?? given.shape[axis]);
      if (typeof size === "string") sizes.set(size, wanted);
      return wanted === given.shape[axis];
    });
  if (!fits)
    throw new ShapeError(
      `imported model: input ${JSON.stringify(name)} is ${showShape(given.shape)}, declared as [${shape.map((size) => (size === "" ? "?" : size)).join(", ")}]`,
      { help: "sizes must be as declared, and equal where they have one name" },
    );
}
