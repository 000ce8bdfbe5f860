/** @file A lowered graph seen as what is executed: nodes that compute, and leaves that are given. */
import { operands, topological } from "../graph/rewrite";
import type { Tensor } from "../graph/tensor";

/** A lowered graph. */
export interface ExecutedGraph {
  /** Given at each run; nothing behind them is executed. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

export interface GraphNodes {
  /** Operands before results, as they stand in the model. */
  readonly computed: readonly Tensor[];
  readonly inputs: ReadonlySet<Tensor>;
  /** Data and numbers written into the model. */
  readonly constants: ReadonlySet<Tensor>;
}

const CONSTANTS: ReadonlySet<string> = new Set(["Data", "Const", "Iota"]);

export function nodesOf({ inputs, outputs }: ExecutedGraph): GraphNodes {
  const given = new Set(inputs);
  const order = topological(outputs);
  const needed = new Set(outputs);
  for (const tensor of [...order].reverse()) {
    if (needed.has(tensor) && !given.has(tensor)) for (const operand of operands(tensor)) needed.add(operand);
  }
  const used = order.filter((tensor) => needed.has(tensor));
  const leaf = (tensor: Tensor): boolean => tensor.storage !== undefined || CONSTANTS.has(tensor.op);
  return {
    computed: used.filter((tensor) => !given.has(tensor) && !leaf(tensor) && tensor.op !== "Input"),
    inputs: new Set([...inputs, ...used.filter((tensor) => tensor.op === "Input")]),
    constants: new Set(used.filter((tensor) => !given.has(tensor) && leaf(tensor))),
  };
}
