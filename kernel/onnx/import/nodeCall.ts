/** @file One node of an imported model while it is applied: its operands, attributes and known values. */
import { FormatError, UnsupportedOpError } from "../../errors";
import { DTYPES, type Dtype, type HostTensor } from "../../graph/dtype";
import type { Tensor } from "../../graph/tensor";
import type { OnnxAttribute, OnnxDeclaration, OnnxGraph, OnnxNode } from "../model";
import { showNode } from "../readMessages";
import { DATA_TYPE } from "../tensorProto";
import { knownValue } from "./knownValue";

/** How an operator is made of tensors: its outputs, in order (one may stand alone); unused optional ones may be left out. */
export type OperatorRule = (call: NodeCall) => Tensor | readonly (Tensor | undefined)[];
/** Operators by name. */
export type OperatorTable = Readonly<Record<string, OperatorRule>>;

/** Runs a nested graph, which sees the values around it. */
export type RunNested = (graph: OnnxGraph<OnnxDeclaration>, inputs: readonly Tensor[]) => Tensor[];

export interface CallParts {
  readonly node: OnnxNode;
  /** undefined where an optional operand is left out. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Version of the node's operator set. */
  readonly opset: number;
  readonly runNested: RunNested;
}

const MAX_ENTRIES = 2 ** 25;

/** The value of each kind of attribute. */
type AttributeValues = { readonly [K in OnnxAttribute["type"]]: Extract<OnnxAttribute, { readonly type: K }>["value"] };

export class NodeCall {
  readonly node: OnnxNode;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly opset: number;
  readonly runNested: RunNested;

  constructor({ node, inputs, opset, runNested }: CallParts) {
    this.node = node;
    this.inputs = inputs;
    this.opset = opset;
    this.runNested = runNested;
  }

  /** Operand `index`. @throws {FormatError} when it is left out. */
  x(index = 0): Tensor {
    const input = this.inputs[index];
    if (input === undefined) throw this.bad(`operand ${index} is missing`);
    return input;
  }

  /** All operands of a variadic operator. */
  all(): Tensor[] {
    return this.inputs.map((_, i) => this.x(i));
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  /** Whether output `index` is used. */
  wants(index: number): boolean {
    return (this.node.outputs[index] ?? "") !== "";
  }

  int(name: string): number | undefined;
  int(name: string, otherwise: number): number;
  int(name: string, otherwise?: number): number | undefined {
    return this.attribute(name, "int") ?? otherwise;
  }
  float(name: string, otherwise: number): number {
    return this.attribute(name, "float") ?? otherwise;
  }
  string(name: string, otherwise: string): string {
    return this.attribute(name, "string") ?? otherwise;
  }
  flag(name: string, otherwise = false): boolean {
    return (this.attribute(name, "int") ?? Number(otherwise)) !== 0;
  }
  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, "ints");
  }
  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, "floats");
  }
  strings(name: string): readonly string[] | undefined {
    return this.attribute(name, "strings");
  }
  tensor(name: string): HostTensor | undefined {
    return this.attribute(name, "tensor");
  }
  graph(name: string): OnnxGraph<OnnxDeclaration> {
    const graph = this.attribute(name, "graph");
    if (graph === undefined) throw this.bad(`attribute ${JSON.stringify(name)} is missing`);
    return graph;
  }

  private attribute<K extends keyof AttributeValues>(name: string, type: K): AttributeValues[K] | undefined {
    const found = Object.hasOwn(this.node.attributes, name) ? this.node.attributes[name] : undefined;
    if (found === undefined) return undefined;
    if (found.type !== type) throw this.bad(`attribute ${JSON.stringify(name)} is ${found.type}, not ${type}`);
    // SAFETY: the tag names the type of the value.
    return found.value as unknown as AttributeValues[K];
  }

  /** The dtype that an attribute names by ONNX's number. */
  dtype(name: string, otherwise: Dtype): Dtype {
    const number = this.int(name);
    if (number === undefined || number === 0) return otherwise;
    const found = DTYPES.find((dtype) => Number(DATA_TYPE[dtype]) === number);
    if (found === undefined) throw this.unsupported(`element type number ${number} in attribute ${JSON.stringify(name)}`);
    return found;
  }

  /** The elements of operand `index` as numbers, which must be known before anything runs.
   * @throws {UnsupportedOpError} when they depend on data. */
  known(index: number): number[] {
    const value = knownValue(this.x(index));
    if (value === undefined)
      throw new UnsupportedOpError(
        `${this.node.opType}: operand ${index} ${JSON.stringify(this.node.inputs[index])} depends on data, but sizes and positions must be known while the graph is made`,
        {
          where: this.where,
          help: "export the model with fixed sizes, or make this value a constant of the model; outside of compile() an input with data is known too",
        },
      );
    return Array.from(value.data);
  }

  /** As `known`, or undefined when the operand is left out. */
  knownIfGiven(index: number): number[] | undefined {
    return this.has(index) ? this.known(index) : undefined;
  }

  /** Integers given as an operand in newer versions of the operator, as an attribute in older ones. */
  intsAt(index: number, name: string): readonly number[] | undefined {
    return this.knownIfGiven(index) ?? this.ints(name);
  }

  /** `count`, when a table or list of so many entries may be made.
   * @throws {UnsupportedOpError} beyond 2²⁵ entries: damaged files ask for any number. */
  bounded(count: number, what: string): number {
    if (!(count >= 0 && count <= MAX_ENTRIES)) throw this.unsupported(`${what} of ${count} entries`);
    return count;
  }

  get where(): string {
    return `node ${showNode(this.node)}`;
  }
  /** An error for a node that its operator's definition does not allow. */
  bad(what: string): FormatError {
    return new FormatError(`${this.node.opType}: ${what}`, { where: this.where, help: "the model is not valid; check it with onnx.checker" });
  }
  unsupported(what: string): UnsupportedOpError {
    return new UnsupportedOpError(`${this.node.opType}: ${what} cannot be imported`, { where: this.where, help: "export the model without it" });
  }
}
