/** @file Which nodes of a graph are results of one and the same kernel. */
import { isComposite } from "../graph/composite";
import { type Tensor } from "../graph/tensor";

/** Composites that are outputs of one kernel on equal operands: the kernel and the output's place. */
const OUTPUTS: Readonly<Record<string, readonly [kernel: string, output: number]>> = {
  LayerNorm: ["LayerNormalization", 0],
  LayerNormMean: ["LayerNormalization", 1],
  LayerNormScale: ["LayerNormalization", 2],
};

export interface KernelOutput {
  /** Equal for nodes that one kernel call computes. */
  readonly call: string;
  /** Name of the kernel, or of the operation where it has one of its own. */
  readonly kernel: string;
  readonly output: number;
}

const operandIds = (tensor: Tensor): string => tensor.inputs.map((input) => input.id).join();

/** The kernel call that `tensor` comes from. */
export function kernelOf(tensor: Tensor): KernelOutput {
  if (tensor.op === "TopKValues" || tensor.op === "TopKIndices") {
    const output = tensor.op === "TopKValues" ? 0 : 1;
    return { call: `TopK(${operandIds(tensor)})${JSON.stringify(tensor.attrs)}`, kernel: "TopK", output };
  }
  const own = { call: `${tensor.id}`, output: 0 };
  if (!isComposite(tensor)) return { ...own, kernel: tensor.op };
  const { definition, options } = tensor.attrs;
  const shared = OUTPUTS[definition.name];
  if (shared === undefined) return { ...own, kernel: definition.name };
  return { call: `${shared[0]}(${operandIds(tensor)})${JSON.stringify(options)}`, kernel: shared[0], output: shared[1] };
}
