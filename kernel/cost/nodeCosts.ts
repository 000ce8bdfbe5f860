/** @file The cost of every node of a lowered graph, what one kernel computes together counted once. */
import type { Tensor } from "../graph/tensor";
import type { Cost } from "./costRule";
import { nodesOf, type ExecutedGraph } from "./executedGraph";
import { kernelOf } from "./sharedKernels";

export interface NodeCost extends Cost {
  readonly tensor: Tensor;
  /** "MatMul", or the name of a composite or of the kernel it shares with others. */
  readonly op: string;
  /** 1, or 0 for a further result of a kernel call already counted. */
  readonly calls: 0 | 1;
}

/** Costs of all nodes that are executed, operands first, each by `costOf`. What one kernel computes together is counted at its first result. */
export function nodeCosts(graph: ExecutedGraph, costOf: (tensor: Tensor) => Cost): NodeCost[] {
  const counted = new Set<string>();
  return nodesOf(graph).computed.map((tensor) => {
    const { call, kernel: op, whole } = kernelOf(tensor);
    // A further result only has to be written.
    if (counted.has(call)) return { tensor, op, flops: 0, bytesMoved: tensor.bytes, calls: 0 };
    counted.add(call);
    return { tensor, op, ...costOf(whole), calls: 1 };
  });
}
