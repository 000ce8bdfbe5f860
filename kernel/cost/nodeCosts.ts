/** @file The cost of every node of a lowered graph, what one kernel computes together counted once. */
import { isLoop, type LoopBody } from "../graph/loop";
import type { Tensor } from "../graph/tensor";
import type { Cost } from "./costRule";
import { nodesOf, type ExecutedGraph } from "./executedGraph";
import { kernelOf } from "./sharedKernels";

export interface NodeCost extends Cost {
  readonly tensor: Tensor;
  /** "MatMul", or the name of a composite or of the kernel it shares with others. */
  readonly op: string;
  /** How often it is executed in a run: 0 for a further result of a kernel call already counted. */
  readonly calls: number;
}

/**
 * Costs of all nodes that are executed, operands first, each by `costOf`. What one kernel computes together is counted at its first result. A loop
 * costs what its rounds do: their nodes follow it, each executed in every round.
 */
export function nodeCosts(graph: ExecutedGraph, costOf: (tensor: Tensor) => Cost): NodeCost[] {
  const counted = new Set<string>();
  return nodesOf(graph).computed.flatMap((tensor): NodeCost[] => {
    const { call, kernel: op, whole } = kernelOf(tensor);
    if (counted.has(call)) return [{ tensor, op, flops: 0, bytesMoved: isLoop(tensor) ? 0 : tensor.bytes, calls: 0 }]; // a further result only has to be written
    counted.add(call);
    if (!isLoop(whole)) return [{ tensor, op, ...costOf(whole), calls: 1 }];
    return [{ tensor, op, flops: 0, bytesMoved: 0, calls: 1 }, ...roundCosts(whole.attrs.loop, costOf)];
  });
}

/** Costs of the nodes of a loop's rounds, all rounds together. */
export function roundCosts({ count, round, params, bodies }: LoopBody, costOf: (tensor: Tensor) => Cost): NodeCost[] {
  const costs = nodeCosts({ inputs: [round, ...params], outputs: bodies }, costOf);
  return costs.map((cost) => ({ ...cost, flops: count * cost.flops, bytesMoved: count * cost.bytesMoved, calls: count * cost.calls }));
}
