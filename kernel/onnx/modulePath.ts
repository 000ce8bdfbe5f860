/** @file The module that a node of an ONNX file belongs to, by the ways in which exporters write it. */
import type { NodeProto } from "onnx-buf";

/** torch.onnx with dynamo writes the names of the modules around a node as a Python list, the node's own last. */
const TORCH_SCOPES = "pkg.torch.onnx.name_scopes";
const MAX_DEPTH = 16;

/**
 * Modules around a node, outermost first; [] for a node outside of all.
 * Ours are named "blocks.2.mlp.up/Gemm_41", those of torch "/layers.0/mlp/up/MatMul"; nodes named otherwise belong to the module of their
 * weight, as "layer1.0.conv1.weight" says.
 */
export function modulePath({ name, metadataProps }: Pick<NodeProto, "name" | "metadataProps">, weights: readonly string[]): readonly string[] {
  const scopes = metadataProps.find(({ key }) => key === TORCH_SCOPES)?.value;
  if (scopes !== undefined) return parts([...scopes.slice(0, 4096).matchAll(/['"]([^'"]*)['"]/g)].map(([, scope]) => scope).at(-2) ?? "");
  if (name.includes("/")) return fromSlashes(name);
  const weight = weights.find((each) => each.includes(".") && !each.includes(":"));
  return weight === undefined ? [] : parts(weight).slice(0, -1);
}

const parts = (path: string): readonly string[] =>
  path
    .split(".")
    .filter((part) => part !== "")
    .slice(0, MAX_DEPTH);

/** Some exporters repeat the outer name in the inner one: "/layer1/layer1.0/conv1/Conv" is layer1.0.conv1. */
function fromSlashes(name: string): readonly string[] {
  const segments = name
    .split("/")
    .slice(0, -1)
    .filter((segment) => segment !== "");
  return segments
    .flatMap((segment, i) => parts(i > 0 && segment.startsWith(`${segments[i - 1]}.`) ? segment.slice(segments[i - 1].length + 1) : segment))
    .slice(0, MAX_DEPTH);
}
