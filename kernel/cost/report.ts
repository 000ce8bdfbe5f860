/** @file What one execution of a graph costs, known before it runs: FLOPs, bytes moved and peak memory, by layer and by operation. */
import { isFloat } from "../graph/dtype";
import type { Tensor } from "../graph/tensor";
import { costOfNode } from "./costRules";
import { costTable } from "./costTable";
import { costTree, type CostNode, type LayerParameter } from "./costTree";
import { nodesOf, type ExecutedGraph } from "./executedGraph";
import { planMemory, type MemoryOptions, type MemoryPlan } from "./memory";
import { nodeCosts, type NodeCost } from "./nodeCosts";

export interface CostOptions extends MemoryOptions {
  /**
   * Arguments that hold model parameters. Default: inputs that lie in a layer of the graph ("model.blocks.0.up.weight"
   * where blocks.0.up computes something).
   */
  readonly parameters?: readonly string[];
  /** Arguments carried from step to step (the donated ones); what of them is no parameter is other state. Default none. */
  readonly state?: readonly string[];
}

/** All calls of one operation. */
export interface OpCost {
  readonly op: string;
  readonly calls: number;
  readonly flops: number;
  readonly bytesMoved: number;
}

/** The cost of one execution. Forward and backward work both stand at the layer that caused them. */
export class CostReport {
  /** Arithmetic operations: 2 for each multiply-add of a product, 1 for each other operation (see costRules.ts). */
  readonly flops: number;
  /** Read and written by all operations, as if nothing stayed in caches. */
  readonly bytesMoved: number;
  /** Elements of the parameters. */
  readonly parameters: number;
  readonly parameterBytes: number;
  /** State that is no parameter: moments, averages, random keys. */
  readonly stateBytes: number;
  readonly memory: MemoryPlan;
  /** Largest number of bytes held at once: inputs, results, constants and working memory. */
  readonly peakBytes: number;
  /** Operations executed. */
  readonly calls: number;
  /** The costliest first. */
  readonly byOp: readonly OpCost[];
  /** By layer path. */
  readonly root: CostNode;
  /** What the cost view shows beside the tree. */
  readonly totals: Readonly<Record<"flops" | "bytesMoved" | "peakBytes" | "parameters", number>>;

  constructor(graph: ExecutedGraph, options: CostOptions) {
    const costs = nodeCosts(graph, costOfNode);
    const { parameters, state } = partInputs(graph, costs, options);
    this.flops = total(costs, "flops");
    this.bytesMoved = total(costs, "bytesMoved");
    this.parameters = parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
    this.parameterBytes = parameters.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
    this.stateBytes = state.reduce((sum, { bytes }) => sum + bytes, 0);
    this.memory = planMemory(graph, options);
    this.peakBytes = this.memory.peakBytes;
    this.calls = total(costs, "calls");
    this.byOp = costByOp(costs);
    this.root = costTree(costs, parameters);
    this.totals = { flops: this.flops, bytesMoved: this.bytesMoved, peakBytes: this.peakBytes, parameters: this.parameters };
  }

  /** FLOPs for each byte moved; 0 when nothing moves. */
  get intensity(): number {
    return this.bytesMoved === 0 ? 0 : this.flops / this.bytesMoved;
  }

  /** A table of layers and operations. */
  toString(): string {
    return costTable(this);
  }
}

/** The cost of executing a lowered graph once. */
export const costOf = (graph: ExecutedGraph, options: CostOptions = {}): CostReport => new CostReport(graph, options);

const total = (costs: readonly NodeCost[], what: "flops" | "bytesMoved" | "calls"): number => costs.reduce((sum, cost) => sum + cost[what], 0);

function costByOp(costs: readonly NodeCost[]): OpCost[] {
  const byOp = new Map<string, OpCost>();
  for (const { op, calls, flops, bytesMoved } of costs) {
    const before = byOp.get(op) ?? { op, calls: 0, flops: 0, bytesMoved: 0 };
    byOp.set(op, { op, calls: before.calls + calls, flops: before.flops + flops, bytesMoved: before.bytesMoved + bytesMoved });
  }
  return [...byOp.values()].sort((a, b) => b.flops - a.flops || b.bytesMoved - a.bytesMoved);
}

interface InputParts {
  readonly parameters: readonly LayerParameter[];
  readonly state: readonly Tensor[];
}

/** Inputs by what they are, from their names: argument, then the path within it. */
function partInputs(graph: ExecutedGraph, costs: readonly NodeCost[], { parameters, state = [] }: CostOptions): InputParts {
  const layers = layerPaths(costs);
  const named = [...nodesOf(graph).inputs].flatMap((tensor) => {
    const [argument, ...path] = inputName(tensor).split(".");
    return [{ tensor, argument, layer: path.slice(0, -1).join(".") }];
  });
  const isParameter = ({ tensor, argument, layer }: (typeof named)[number]): boolean =>
    isFloat(tensor.dtype) && (parameters === undefined ? layers.has(layer) : parameters.includes(argument));
  return {
    parameters: named.filter(isParameter),
    state: named.filter((input) => !isParameter(input) && state.includes(input.argument)).map(({ tensor }) => tensor),
  };
}

function inputName(tensor: Tensor): string {
  // SAFETY: op "Input" always carries its name.
  return tensor.op === "Input" ? (tensor as Tensor<"Input">).attrs.name : "";
}

/** Every layer path at which something is computed, and the paths above them. */
function layerPaths(costs: readonly NodeCost[]): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const path of new Set(costs.map(({ tensor }) => tensor.path))) {
    const keys = path === "" ? [] : path.split(".");
    keys.forEach((_, i) => paths.add(keys.slice(0, i + 1).join(".")));
  }
  return paths;
}
