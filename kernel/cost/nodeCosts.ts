/** @file The cost of every node of a lowered graph. */
import { isComposite } from "../graph/composite";
import { type Tensor } from "../graph/tensor";
import { type Cost } from "./costRule";
import { costOfNode } from "./costRules";
import { DistinctWork } from "./distinctWork";
import { nodesOf, type ExecutedGraph } from "./executedGraph";
import { kernelOf } from "./sharedKernels";

export interface NodeCost extends Cost {
  readonly tensor: Tensor;
  /** "MatMul", or the name of a composite or of the kernel it shares with others. */
  readonly op: string;
  /** 1, or 0 for a further result of a kernel call already counted. */
  readonly calls: 0 | 1;
}

/** Costs of all nodes that are executed, operands first. What one kernel computes together is counted once. */
export function nodeCosts(graph: ExecutedGraph): NodeCost[] {
  const done = new Map<string, DistinctWork>();
  return nodesOf(graph).computed.map((tensor) => {
    const { call, kernel: op } = kernelOf(tensor);
    const alone = costOfNode(tensor);
    const before = done.get(call);
    const work = before ?? new DistinctWork((part) => costOfNode(part).flops);
    done.set(call, work);
    const flops = isComposite(tensor) ? work.add(tensor) : before === undefined ? alone.flops : 0;
    if (before === undefined) return { tensor, op, flops, bytesMoved: alone.bytesMoved, calls: 1 };
    // A further result of the same call only has to be written.
    return { tensor, op, flops, bytesMoved: tensor.bytes, calls: 0 };
  });
}
