/** @file Which nodes of a graph are results of one and the same kernel. */
import { isComposite } from "../graph/composite";
import { layerNorm } from "../graph/composites/normalization";
import type { Dtype } from "../graph/dtype";
import { isLoop } from "../graph/loop";
import type { Shape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";

/** Something that lies in memory: a tensor, or what passes between two kernels of one operation. Compared by identity. */
export interface Value {
  readonly shape: Shape;
  readonly dtype: Dtype;
}

// SAFETY: op "Fused" always carries its kernel.
const isFused = (tensor: Tensor): tensor is Tensor<"Fused"> => tensor.op === "Fused" && (tensor as Tensor<"Fused">).storage === undefined;

/** Composites that are outputs of LayerNormalization on equal operands, in its order. */
const NORMALIZATION = ["LayerNorm", "LayerNormMean", "LayerNormScale"];

export interface KernelOutput {
  /** Equal for nodes that one kernel call computes. */
  readonly call: string;
  /** Name of the kernel, or of the operation where it has one of its own. */
  readonly kernel: string;
  readonly output: number;
  /** Results that the kernel writes also where nothing wants them. */
  readonly always: readonly Value[];
  /** The node that stands for all that the kernel computes. */
  readonly whole: Tensor;
}

/** The kernel call that `tensor` comes from. */
export function kernelOf(tensor: Tensor): KernelOutput {
  const operandIds = tensor.inputs.map((input) => input.id).join();
  if (tensor.op === "TopKValues" || tensor.op === "TopKIndices") {
    const output = tensor.op === "TopKValues" ? 0 : 1;
    const always: readonly Value[] = [tensor.inputs[0].dtype, "int64" as const].map((dtype) => ({ shape: tensor.shape, dtype }));
    return { call: `TopK(${operandIds})${JSON.stringify(tensor.attrs)}`, kernel: "TopK", output, always, whole: tensor };
  }
  if (isFused(tensor)) {
    const { kernel, output } = tensor.attrs;
    return { call: `Fused(${operandIds})${kernel.id}`, kernel: "Fused", output, always: kernel.bodies, whole: tensor };
  }
  if (isLoop(tensor)) {
    const { loop, output } = tensor.attrs;
    return { call: `Loop(${operandIds})${loop.id}`, kernel: "Loop", output, always: loop.bodies, whole: tensor };
  }
  const alone = { call: `${tensor.id}`, output: 0, always: [], whole: tensor };
  if (!isComposite(tensor)) return { ...alone, kernel: tensor.op };
  const { definition, options, bodies, output: result } = tensor.attrs;
  if (bodies.length > 1) return { call: `${definition.name}(${operandIds})${JSON.stringify(options)}`, kernel: definition.name, output: result, always: bodies, whole: tensor };
  const output = NORMALIZATION.indexOf(definition.name);
  if (output < 0) return { ...alone, kernel: definition.name };
  const [x, weight, bias] = tensor.inputs;
  return {
    call: `LayerNormalization(${operandIds})${JSON.stringify(options)}`,
    kernel: "LayerNormalization",
    output,
    always: [{ shape: x.shape, dtype: x.dtype }],
    whole: output === 0 ? tensor : layerNorm(x, { weight, bias, epsilon: Number(options["epsilon"]) }),
  };
}
