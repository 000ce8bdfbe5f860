/** @file Any .onnx file as a graph to look at: nodes by module, shapes, parameters. Weights are not read. */
import { AttributeProto_AttributeType as Kind, TensorProto_DataType as DataType, type AttributeProto, type GraphProto, type NodeProto, type TensorProto, type ValueInfoProto } from "onnx-buf";
import { FormatError } from "../errors";
import type { Tensor } from "../graph/tensor";
import { inferred, type Inferred } from "./graphShapes";
import { inlineFunctions } from "./inlineFunctions";
import { standardDomain } from "./model";
import type { GraphNode, GraphValue, ModelGraph } from "./modelGraphSchema";
import { modulePath } from "./modulePath";
import { readModelProto } from "./protobuf";

export interface ModelGraphOptions {
  /** FLOPs of computing `outputs` from `inputs`. Default: no cost is known. */
  readonly flops?: (outputs: readonly Tensor[], inputs: readonly Tensor[]) => number;
}

/** No exporter makes more, and no picture shows more. */
const NODE_LIMIT = 100_000;
const DEPTH_LIMIT = 32;
/** Enough for any list of axes or pads; tables are data. */
const MAX_ATTRIBUTE_CHARACTERS = 200;
const MAX_NAME_CHARACTERS = 500;

const FLOATING = new Set(["float32", "float64", "float16", "bfloat16"]);
const ELEMENT_BYTES: Readonly<Record<string, number>> = { float64: 8, float32: 4 };

/** The graph in the bytes of an .onnx file. Calls of the model's own functions are inlined; shapes are inferred where operators are known.
 * @throws {FormatError} when the bytes are truncated, damaged or no ONNX model, or hold more than 100,000 nodes. */
export function modelGraph(bytes: Uint8Array, { flops }: ModelGraphOptions = {}): ModelGraph {
  const proto = readModelProto(bytes);
  const { graph } = proto;
  graph.node = [...inlineFunctions(graph.node, proto.functions)];
  const versions = new Map(proto.opsetImport.map(({ domain, version }) => [standardDomain(domain), Number(version)]));
  const reader = new GraphReader();
  reader.read(graph, { path: [], outer: new Map(), depth: 0 });
  const known = inferred(graph, { versions, flops });
  return {
    version: 1,
    name: clipped(graph.name),
    producer: clipped([proto.producerName, proto.producerVersion].filter((part) => part !== "").join(" ")),
    opsets: [...versions].map(([domain, version]) => ({ domain, version })),
    ...reader.finish(known),
  };
}

const clipped = (text: string): string => (text.length > MAX_NAME_CHARACTERS ? `${text.slice(0, MAX_NAME_CHARACTERS - 1)}…` : text);

interface Place {
  readonly path: readonly string[];
  /** Values of the graphs around this one. */
  readonly outer: ReadonlyMap<string, number>;
  readonly depth: number;
}
type OpenNode = Omit<GraphNode, "flops"> & { readonly proto: NodeProto };
type OpenValue = { -readonly [K in keyof GraphValue]: GraphValue[K] };

class GraphReader {
  private readonly values: OpenValue[] = [];
  private readonly nodes: OpenNode[] = [];
  private readonly counted = new Set<number>();
  private ends: { readonly inputs: readonly number[]; readonly outputs: readonly number[] } = { inputs: [], outputs: [] };
  private parameters = 0;
  private parameterBytes = 0;
  /** Values of the outermost graph, which are those that shapes are inferred for. */
  private outermost: ReadonlyMap<string, number> = new Map();

  read(graph: GraphProto, { path, outer, depth }: Place): void {
    if (depth > DEPTH_LIMIT) throw new FormatError(`graphs nested more than ${DEPTH_LIMIT} deep`, { help: "the file is damaged; export it again" });
    const scope = new Map(outer);
    const constants = new Set<number>();
    for (const tensor of graph.initializer) constants.add(this.constant(scope, tensor));
    for (const { values } of graph.sparseInitializer) if (values !== undefined) constants.add(this.constant(scope, values));
    const modules = depth > 0 ? undefined : modulesIn(graph);
    const inputs = graph.input
      .map((info) => this.declare(scope, info))
      .filter((index) => {
        const value = this.values[index];
        // Training steps and compiled functions are given their weights.
        if (modules !== undefined && isWeight(value, modules)) value.constant = true;
        return !constants.has(index) && !value.constant;
      });
    for (const info of [...graph.valueInfo, ...graph.output]) this.declare(scope, info);
    for (const node of graph.node) this.node(node, { path, outer: scope, depth }, scope);
    if (depth > 0) return;
    this.outermost = scope;
    this.ends = { inputs, outputs: graph.output.map(({ name }) => this.at(scope, name)) };
  }

  finish(known: Inferred): Pick<ModelGraph, "values" | "inputs" | "outputs" | "nodes" | "parameters" | "parameterBytes" | "flops" | "unknownFlops" | "notes"> {
    for (const [name, { dtype, shape }] of known.values) {
      const value = this.values[this.outermost.get(name) ?? -1];
      if (value === undefined) continue;
      if (value.dtype === "") value.dtype = dtype;
      value.shape ??= shape;
    }
    const nodes = this.nodes.map(({ proto, ...node }): GraphNode => ({ ...node, flops: known.flops.get(proto) ?? null }));
    const costs = nodes.map(({ flops }) => flops).filter((flops) => flops !== null);
    return {
      values: this.values,
      ...this.ends,
      nodes,
      parameters: this.parameters,
      parameterBytes: this.parameterBytes,
      flops: costs.length === 0 ? null : costs.reduce((sum, flops) => sum + flops, 0),
      unknownFlops: nodes.length - costs.length,
      notes: known.notes,
    };
  }

  private node(proto: NodeProto, place: Place, scope: Map<string, number>): void {
    if (this.nodes.length >= NODE_LIMIT) throw new FormatError(`a model of more than ${NODE_LIMIT} nodes`, { help: "it cannot be shown; look at a part of it, extracted with onnx.utils.extract_model" });
    const inputs = proto.input.map((name) => (name === "" ? -1 : this.at(scope, name)));
    const path = [...place.path, ...modulePath(proto, inputs.filter((index) => this.values[index]?.constant).map((index) => this.values[index].name))];
    const parameters = inputs.reduce((sum, index) => sum + this.firstRead(index), 0);
    const outputs = proto.output.filter((name) => name !== "").map((name) => this.at(scope, name));
    if (proto.opType === "Constant") this.settle(proto, outputs[0]);
    this.nodes.push({
      op: clipped(proto.opType),
      domain: clipped(standardDomain(proto.domain)),
      name: clipped(proto.name),
      path: path.map(clipped),
      inputs,
      outputs,
      attributes: proto.attribute.map((attribute) => ({ name: clipped(attribute.name), value: valueText(attribute) })),
      parameters,
      proto,
    });
    for (const { name, g, graphs } of proto.attribute)
      for (const nested of [...(g === undefined ? [] : [g]), ...graphs])
        this.read(nested, { path: [...path, clipped(`${proto.name.split("/").at(-1) || proto.opType}.${name}`)], outer: scope, depth: place.depth + 1 });
  }

  /** What a Constant node makes has its shape in the file. */
  private settle(proto: NodeProto, output: number | undefined): void {
    const tensor = proto.attribute.find(({ t }) => t !== undefined)?.t;
    if (output === undefined || tensor === undefined) return;
    this.values[output].dtype = dtypeName(tensor.dataType);
    this.values[output].shape = tensor.dims.map(Number);
  }

  private firstRead(index: number): number {
    const value = this.values[index];
    if (value === undefined || !value.constant || !FLOATING.has(value.dtype) || this.counted.has(index)) return 0;
    this.counted.add(index);
    const elements = elementsOf(value);
    this.parameters += elements;
    this.parameterBytes += elements * (ELEMENT_BYTES[value.dtype] ?? 2);
    return elements;
  }

  private add(scope: Map<string, number>, value: OpenValue): number {
    const index = this.values.push({ ...value, name: clipped(value.name) }) - 1;
    scope.set(value.name, index);
    return index;
  }

  private at(scope: Map<string, number>, name: string): number {
    return scope.get(name) ?? this.add(scope, { name, dtype: "", shape: null, constant: false });
  }

  private constant(scope: Map<string, number>, { name, dataType, dims }: TensorProto): number {
    return this.add(scope, { name, dtype: dtypeName(dataType), shape: dims.map(Number), constant: true });
  }

  private declare(scope: Map<string, number>, { name, type }: ValueInfoProto): number {
    const index = scope.get(name) ?? this.add(scope, { name, dtype: "", shape: null, constant: false });
    const value = this.values[index];
    if (type?.value.case !== "tensorType" || value.constant) return index;
    const { elemType, shape } = type.value.value;
    value.dtype = elemType === 0 ? "" : dtypeName(elemType);
    value.shape = shape === undefined ? null : shape.dim.map((dim) => (dim.value.case === "dimValue" ? sizeText(Number(dim.value.value)) : dim.value.case === "dimParam" ? clipped(dim.value.value) || "?" : "?"));
    return index;
  }
}

/** All modules that nodes name, and those around them, as "blocks.0.mlp". */
function modulesIn(graph: GraphProto): ReadonlySet<string> {
  const paths = graph.node.map((node) => modulePath(node, []));
  return new Set(paths.flatMap((path) => path.map((_, i) => path.slice(0, i + 1).join("."))));
}

/** Whether a value is named as the weight of a module: "blocks.0.up.weight", or "model.blocks.0.up.weight" after the argument that holds the model. */
function isWeight({ name, dtype, shape }: GraphValue, modules: ReadonlySet<string>): boolean {
  const parts = name.split(".");
  return FLOATING.has(dtype) && shape !== null && shape.length > 0 && parts.length > 1 && [parts.slice(0, -1), parts.slice(1, -1)].some((path) => path.length > 0 && modules.has(path.join(".")));
}

/** Some exporters write −1 for "not known". */
const sizeText = (size: number): number | string => (size < 0 ? "?" : size);

/** 0 where sizes make no sense. */
function elementsOf({ shape }: GraphValue): number {
  const size = (shape ?? []).reduce<number>((product, each) => product * Number(each), 1);
  return Number.isSafeInteger(size) && size > 0 ? size : 0;
}

const NAMES: Readonly<Record<string, string>> = { FLOAT: "float32", DOUBLE: "float64" };

function dtypeName(dataType: number): string {
  const name: string | undefined = DataType[dataType];
  return name === undefined ? `type ${dataType}` : (NAMES[name] ?? name.toLowerCase());
}

function valueText(attribute: AttributeProto): string {
  const text = attributeText(attribute);
  return text.length > MAX_ATTRIBUTE_CHARACTERS ? `${text.slice(0, MAX_ATTRIBUTE_CHARACTERS - 1)}…` : text;
}

const list = (values: readonly unknown[]): string => `[${values.slice(0, 64).join(", ")}${values.length > 64 ? `, … ${values.length} in all` : ""}]`;
const text = new TextDecoder();
const tensorText = ({ dataType, dims }: TensorProto): string => `${dtypeName(dataType)} ${list(dims)}`;
const shortNumber = (value: number): number => Number(value.toPrecision(7));

function attributeText(attribute: AttributeProto): string {
  switch (attribute.type) {
    case Kind.INT:
      return `${attribute.i}`;
    case Kind.FLOAT:
      return `${shortNumber(attribute.f)}`;
    case Kind.STRING:
      return text.decode(attribute.s.subarray(0, 4 * MAX_ATTRIBUTE_CHARACTERS));
    case Kind.INTS:
      return list(attribute.ints);
    case Kind.FLOATS:
      return list(attribute.floats.slice(0, 65).map(shortNumber));
    case Kind.STRINGS:
      return list(attribute.strings.slice(0, 65).map((bytes) => text.decode(bytes.subarray(0, MAX_ATTRIBUTE_CHARACTERS))));
    case Kind.TENSOR:
      return attribute.t === undefined ? "" : tensorText(attribute.t);
    case Kind.TENSORS:
      return list(attribute.tensors.slice(0, 9).map(tensorText));
    case Kind.GRAPH:
      return attribute.g === undefined ? "" : `graph of ${attribute.g.node.length} nodes`;
    case Kind.GRAPHS:
      return `${attribute.graphs.length} graphs`;
    default:
      return Kind[attribute.type]?.toLowerCase().replaceAll("_", " ") ?? "";
  }
}
