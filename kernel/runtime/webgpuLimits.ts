/** @file What onnxruntime's WebGPU computes wrongly or refuses while it runs, found by comparison with its CPU kernels. */
import { decodeModel } from "../onnx/protobuf";
import { type OnnxNode } from "../onnx/model";

/** More spatial axes than this are refused by its ConvTranspose, at the first run. */
const MAX_TRANSPOSED_AXES = 2;

/**
 * Names of the nodes of `model` (protobuf) that must stay on the CPU. In onnxruntime 1.30: ConvTranspose with groups, whose
 * numbers are wrong for some counts of channels (34 of 140 random cases, all with groups), and ConvTranspose in 3-D.
 */
export function nodesForCpu(model: Uint8Array): readonly string[] {
  return decodeModel(model).graph.nodes.filter(mustStay).map(({ name }) => name);
}

function mustStay({ opType, attributes: { group, kernel_shape: kernel } }: OnnxNode): boolean {
  return opType === "ConvTranspose" && ((group?.type === "int" && group.value > 1) || (kernel?.type === "ints" && kernel.value.length > MAX_TRANSPOSED_AXES));
}
