/** @file Shapes and costs of the values of an ONNX graph, found by applying its nodes to placeholders. Nothing is computed. */
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from "onnx-buf";
import { IsoflopError } from "../errors";
import { bytesPerElement, type Dtype } from "../graph/dtype";
import { sizeOf } from "../graph/shape";
import { fromHost, placeholder, Tensor } from "../graph/tensor";
import { ExternalReader } from "./externalData";
import { NodeCall } from "./import/nodeCall";
import { operatorRule } from "./import/operators";
import { runGraph } from "./import/runGraph";
import type { OnnxDeclaration, OnnxGraph, OnnxNode } from "./model";
import { graphOf, type ReadContext } from "./readMessages";
import { dtypeOf } from "./tensorProto";

export interface InferOptions {
  /** Versions of operator sets by domain. */
  readonly versions: ReadonlyMap<string, number>;
  readonly flops?: (outputs: readonly Tensor[], inputs: readonly Tensor[]) => number;
}

export interface Inferred {
  /** By value name, those of the outermost graph. */
  readonly values: ReadonlyMap<string, { readonly dtype: string; readonly shape: readonly number[] }>;
  readonly flops: ReadonlyMap<NodeProto, number>;
  readonly notes: readonly string[];
}

/** Elements of a constant that may be a list of sizes or axes; what is larger is a weight, and not read. */
const MAX_SETTING_ELEMENTS = 4096;
/** Loops are unrolled: what is larger keeps its shapes unknown. */
const APPLICATION_LIMIT = 50_000;
/** Rules of windows and resizing make tables along an axis. Longer axes come from damaged files. */
const MAX_AXIS = 2 ** 22;
/** Size taken for a dimension without one. */
const ASSUMED_SIZE = 1;

/** Whatever stays unknown is left out. Never throws for what a file holds. */
export function inferred(graph: GraphProto, options: InferOptions): Inferred {
  return new Inference(options).run(graph);
}

class Inference {
  private readonly values = new Map<string, Tensor>();
  private readonly costs = new Map<NodeProto, number>();
  private readonly assumed = new Set<string>();
  private readonly unknown = new Map<string, number>();
  private applied = 0;

  constructor(private readonly options: InferOptions) {}

  run(graph: GraphProto): Inferred {
    const constants = new Set(graph.initializer.map(({ name }) => name));
    for (const tensor of graph.initializer) this.attempt(() => this.values.set(tensor.name, constantOf(tensor)));
    for (const input of graph.input) if (!constants.has(input.name)) this.declare(input);
    const declared = new Map([...graph.valueInfo, ...graph.output].map((info) => [info.name, info]));
    for (const node of graph.node) {
      if (!this.attempt(() => this.apply(node))) this.unknown.set(node.opType, (this.unknown.get(node.opType) ?? 0) + 1);
      // What the file declares carries on where a node is not known.
      for (const name of node.output) {
        const info = declared.get(name);
        if (info !== undefined && !this.values.has(name)) this.declare(info);
      }
    }
    return {
      values: new Map([...this.values].map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
      flops: this.costs,
      notes: this.notes(),
    };
  }

  private notes(): string[] {
    const list = (names: Iterable<string>): string => {
      const all = [...names].map((name) => (name.length > 40 ? `${name.slice(0, 39)}…` : name));
      return `${all.slice(0, 6).join(", ")}${all.length > 6 ? ` and ${all.length - 6} more` : ""}`;
    };
    return [
      ...(this.assumed.size === 0 ? [] : [`Sizes that the file leaves open are taken as ${ASSUMED_SIZE} in inferred shapes and FLOPs: ${list(this.assumed)}.`]),
      ...(this.unknown.size === 0 ? [] : [`Shapes and FLOPs are not known of ${list([...this.unknown].map(([op, count]) => `${op} (${count})`))}, or of what they depend on.`]),
    ];
  }

  /** Whether `body` ended well. Anything that operators make of strange operands counts as not known. */
  private attempt(body: () => void): boolean {
    try {
      body();
      return true;
    } catch (error) {
      if (error instanceof IsoflopError || error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError) return false;
      throw error;
    }
  }

  private declare({ name, type }: ValueInfoProto): void {
    if (type?.value.case !== "tensorType") return;
    const { elemType, shape } = type.value.value;
    if (shape === undefined || elemType === 0) return;
    const sizes = shape.dim.map(({ value }) => {
      if (value.case === "dimValue" && Number(value.value) >= 0) return Number(value.value);
      this.assumed.add((value.case === "dimParam" ? value.value : "") || `a dimension of ${name}`);
      return ASSUMED_SIZE;
    });
    this.attempt(() => this.values.set(name, stand(name, { dtype: dtypeOf(elemType, { where: name }), shape: sizes })));
  }

  private apply(proto: NodeProto): void {
    const node = nodeOf(proto);
    const inputs = node.inputs.map((name) => (name === "" ? undefined : this.known(name)));
    const outputs = this.applyTo(node, inputs);
    node.outputs.forEach((name, i) => {
      const tensor = outputs[i];
      if (name !== "" && tensor !== undefined && Number.isSafeInteger(tensor.size)) this.values.set(name, tensor);
    });
    const made = outputs.filter((tensor) => tensor !== undefined);
    const cost = this.options.flops?.(made, inputs.filter((tensor) => tensor !== undefined));
    if (cost !== undefined && Number.isFinite(cost)) this.costs.set(proto, cost);
  }

  private known(name: string): Tensor {
    const tensor = this.values.get(name);
    if (tensor === undefined) throw new RangeError(name);
    return tensor;
  }

  private applyTo(node: OnnxNode, inputs: readonly (Tensor | undefined)[]): readonly (Tensor | undefined)[] {
    const { rule, opset } = this.ruleOf(node);
    if (inputs.some((tensor) => tensor?.shape.some((size) => size > MAX_AXIS))) throw new RangeError(node.opType);
    const runNested = (graph: OnnxGraph<OnnxDeclaration>, operands: readonly Tensor[]): Tensor[] => {
      const inner = new Map(this.values);
      for (const [name, constant] of graph.initializers) inner.set(name, fromHost(constant));
      graph.inputs.forEach(({ name }, i) => inner.set(name, operands[i]));
      return runGraph(graph, inner, { ruleOf: (each) => this.ruleOf(each) });
    };
    const result = rule(new NodeCall({ node, inputs, opset, runNested }));
    return result instanceof Tensor ? [result] : result;
  }

  private ruleOf(node: OnnxNode): { readonly rule: NonNullable<ReturnType<typeof operatorRule>>; readonly opset: number } {
    const rule = operatorRule(node.domain, node.opType);
    if (rule === undefined || ++this.applied > APPLICATION_LIMIT) throw new RangeError(node.opType);
    return { rule, opset: this.options.versions.get(node.domain) ?? 1 };
  }
}

/** Reading never opens files beside the model: those throw, and the node counts as not known. */
const context = (): ReadContext => ({ external: new ExternalReader(), unsupported: [] });

const EMPTY_GRAPH = { name: "", initializer: [], sparseInitializer: [], input: [], output: [] };

function nodeOf(proto: NodeProto): OnnxNode {
  // SAFETY: graphOf reads only these fields.
  const graph = graphOf({ ...EMPTY_GRAPH, node: [proto] } as unknown as GraphProto, context());
  return graph.nodes[0];
}

function constantOf(proto: TensorProto): Tensor {
  const shape = proto.dims.map(Number);
  const small = proto.externalData.length === 0 && sizeOf(shape) <= MAX_SETTING_ELEMENTS;
  if (!small) return stand(proto.name, { dtype: dtypeOf(proto.dataType, { where: proto.name }), shape });
  // SAFETY: graphOf reads only these fields.
  const graph = graphOf({ ...EMPTY_GRAPH, initializer: [proto], node: [] } as unknown as GraphProto, context());
  const [value] = graph.initializers.values();
  if (value === undefined) throw new RangeError(proto.name);
  return fromHost(value);
}

function stand(name: string, { dtype, shape }: { readonly dtype: Dtype; readonly shape: readonly number[] }): Tensor {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || !Number.isSafeInteger(sizeOf(shape) * bytesPerElement(dtype))) throw new RangeError(name);
  return placeholder(name, { shape, dtype });
}
