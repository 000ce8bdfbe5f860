/** @file What emission rules write with: nodes, constants and value names of one ONNX graph. */
import { hostArrayFrom, type Dtype, type HostTensor } from "../graph/dtype";
import type { Tensor } from "../graph/tensor";
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxValueInfo } from "./model";

/** Element types that appear only between the nodes of one rule. */
export type InnerDtype = "uint32" | "uint64";

/** ONNX's numbers of element types. */
export const ELEMENT_TYPES: Readonly<Record<Dtype | InnerDtype, number>> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, float64: 11, uint32: 12, uint64: 13, bfloat16: 16 };

/** An attribute value: whole numbers become ints, numbers wrapped in `{ float }` floats. */
export type AttributeValue = number | { readonly float: number } | string | readonly number[] | OnnxGraph;

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Default that of the standard operators, "". */
  readonly domain?: string;
}

/** A graph within a node. */
export interface NestedPart {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Names, in the graphs around it, of what it reads from there. */
  readonly outer: ReadonlyMap<Tensor, string>;
}

export interface EmitContextOptions {
  readonly portable?: boolean;
  readonly ownProducts?: boolean;
  /** Begins the names of all values: no graph may give a value a name that one around it has. Default none. */
  readonly prefix?: string;
  /** Writes a graph within a node, whose values' names begin with `prefix`. */
  readonly nested: (part: NestedPart, prefix: string) => OnnxGraph;
}

interface OpenNode extends Omit<OnnxNode, "outputs"> {
  readonly outputs: string[];
}

export class EmitContext {
  readonly nodes: OpenNode[] = [];
  readonly initializers = new Map<string, HostTensor>();
  /** Types of results of our own operators. */
  readonly declared = new Map<string, OnnxValueInfo>();
  /** ONNX value name of each emitted tensor. */
  readonly names = new Map<Tensor, string>();
  /** Only standard operators: the model is for any runtime. */
  readonly portable: boolean;
  /** Our operators may stand for primitives where they are faster. */
  readonly ownProducts: boolean;
  readonly prefix: string;
  private readonly constants = new Map<string, string>();
  private readonly shared = new Map<string, OpenNode>();
  private readonly made = new Map<string, readonly string[]>();
  private readonly writeNested: EmitContextOptions["nested"];
  private next = 0;
  private path = "";

  constructor({ portable = false, ownProducts = false, prefix = "", nested }: EmitContextOptions) {
    this.portable = portable;
    this.ownProducts = ownProducts;
    this.prefix = prefix;
    this.writeNested = nested;
  }

  /** Nodes made from now on belong to this layer. */
  enter(path: string): void {
    this.path = path;
  }

  name(tensor: Tensor): string {
    const name = this.names.get(tensor);
    if (name === undefined) throw new Error(`${tensor.op} is used before it is emitted`);
    return name;
  }

  fresh(): string {
    return `${this.prefix}v${this.next++}`;
  }

  /** Adds a node with one output and returns the output's name. */
  node(opType: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.open(opType, inputs, options).outputs[0];
  }

  /** Output `index` of a node with several, which is made once for equal operands and attributes. The first `required` outputs are not optional. */
  output(index: number, opType: string, inputs: readonly string[], { required = 1, ...options }: NodeOptions & { readonly required?: number } = {}): string {
    const key = `${opType}(${inputs.join(",")})${JSON.stringify(options)}`;
    const node = this.shared.get(key) ?? this.open(opType, inputs, options);
    this.shared.set(key, node);
    while (node.outputs.length <= index) node.outputs.push("");
    // Outputs that the operator always has are named even where nothing reads them.
    for (let i = 0; i < Math.max(required, index + 1); i++) if ((i < required || i === index) && (node.outputs[i] ?? "") === "") node.outputs[i] = this.fresh();
    return node.outputs[index];
  }

  /** All results of an operator of ours, which is made once for equal operands and attributes. Their types are declared, since nobody infers them. */
  own(opType: string, inputs: readonly string[], { results, ...options }: NodeOptions & { readonly results: readonly Pick<Tensor, "dtype" | "shape">[] }): readonly string[] {
    const names = results.map((_, i) => this.output(i, opType, inputs, { ...options, required: results.length }));
    names.forEach((name, i) => this.declared.set(name, { name, dtype: results[i].dtype, shape: results[i].shape }));
    return names;
  }

  /** What `make` makes, once for each key. */
  once(key: string, make: () => readonly string[]): readonly string[] {
    const names = this.made.get(key) ?? make();
    this.made.set(key, names);
    return names;
  }

  /** All results of a node that has several. Their types are declared: nobody infers shapes that go through a graph within the node. */
  several(opType: string, inputs: readonly string[], { results, ...options }: NodeOptions & { readonly results: readonly Pick<Tensor, "dtype" | "shape">[] }): readonly string[] {
    const node = this.open(opType, inputs, options);
    while (node.outputs.length < results.length) node.outputs.push(this.fresh());
    node.outputs.forEach((name, i) => this.declared.set(name, { name, dtype: results[i].dtype, shape: results[i].shape }));
    return node.outputs;
  }

  /** A graph within a node of this one. */
  nested(part: NestedPart): OnnxGraph {
    return this.writeNested(part, `${this.fresh()}.`);
  }

  private open(opType: string, inputs: readonly string[], { attributes = {}, domain = "" }: NodeOptions): OpenNode {
    const node: OpenNode = {
      opType,
      domain,
      name: `${this.path}${this.path === "" ? "" : "/"}${opType}_${this.prefix}${this.nodes.length}`,
      inputs,
      outputs: [this.fresh()],
      attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
    };
    this.nodes.push(node);
    return node;
  }

  /** A constant of numbers; equal ones are stored once. */
  constant(dtype: Dtype, shape: readonly number[], values: readonly number[]): string {
    const key = `${dtype}[${shape.join()}]${values.map((v) => (Object.is(v, -0) ? "-0" : v)).join()}`;
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const name = this.initializer({ dtype, shape, data: hostArrayFrom(dtype, values) });
    this.constants.set(key, name);
    return name;
  }

  initializer(value: HostTensor): string {
    const name = `${this.prefix}c${this.initializers.size}`;
    this.initializers.set(name, value);
    return name;
  }

  scalar(dtype: Dtype, value: number): string {
    return this.constant(dtype, [], [value]);
  }

  /** A list of sizes, axes or bounds. */
  ints(values: readonly number[]): string {
    return this.constant("int64", [values.length], values);
  }

  cast(value: string, to: Dtype | InnerDtype): string {
    return this.node("Cast", [value], { attributes: { to: ELEMENT_TYPES[to] } });
  }

  reshape(value: string, shape: readonly number[]): string {
    // A size of 0 would otherwise mean "as before".
    return this.node("Reshape", [value, this.ints(shape)], shape.includes(0) ? { attributes: { allowzero: 1 } } : {});
  }

  /** The scalar `value` stretched to `shape`. */
  full(dtype: Dtype, shape: readonly number[], value: number): string {
    if (dtype === "bfloat16") return this.cast(this.full("float32", shape, value), dtype); // it has no Expand
    return this.node("Expand", [this.scalar(dtype, value), this.ints(shape)]);
  }
}

function attribute(value: AttributeValue): OnnxAttribute {
  if (typeof value === "number") return { type: "int", value };
  if (typeof value === "string") return { type: "string", value };
  if ("nodes" in value) return { type: "graph", value };
  return "float" in value ? { type: "float", value: value.float } : { type: "ints", value };
}
