/** @file What onnxruntime's WebGPU computes wrongly or refuses while it runs, found by comparison with its CPU kernels. */
import { decodeModel } from "../onnx/protobuf";
import type { OnnxNode } from "../onnx/model";
import { nodesWithin } from "../onnx/nestedGraphs";

/** More spatial axes than this are refused by its ConvTranspose, at the first run. */
const MAX_TRANSPOSED_AXES = 2;

/**
 * The order of axes asked for. In the other, "NHWC", onnxruntime 1.30's convolutions are wrong for some counts of channels
 * (6 to 4; 12 in two groups: 52 of 288 cases); in this one, none of 428 was.
 */
export const WEBGPU_LAYOUT = "NCHW";

/** Names of the nodes of `model` (protobuf) that must run on the CPU: ConvTranspose in 3-D. */
export function nodesForCpu(model: Uint8Array): readonly string[] {
  return nodesWithin(decodeModel(model).graph.nodes).filter(mustStay).map(({ name }) => name);
}

function mustStay({ opType, attributes: { kernel_shape: kernel } }: OnnxNode): boolean {
  return opType === "ConvTranspose" && kernel?.type === "ints" && kernel.value.length > MAX_TRANSPOSED_AXES;
}
