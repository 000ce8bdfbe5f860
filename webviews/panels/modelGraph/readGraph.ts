/** @file Checks messages to the page: a graph comes from a file that anybody wrote. */
import type { GraphNode, GraphValue, ModelGraph } from "../../../kernel/onnx/modelGraphSchema";
import { type Check, finite, flag, list, nullable, oneOf, PayloadError, record, text, whole } from "../../shared/validate";
import type { NamedGraph, ToModelGraphPanel } from "../modelGraphMessages";

const MAX_NODES = 100_000;
const MAX_VALUES = 500_000;
const name = text(1000);
const count = whole(0, Number.MAX_SAFE_INTEGER);
const size: Check<number | string> = (value, path) => (typeof value === "string" ? name(value, path) : finite(value, path));
const at = whole(-1, MAX_VALUES);

const graph = record<ModelGraph>({
  version: oneOf(1),
  name,
  producer: name,
  opsets: list(record<ModelGraph["opsets"][number]>({ domain: name, version: finite }), 1000),
  values: list(record<GraphValue>({ name, dtype: name, shape: nullable(list(size, 64)), constant: flag }), MAX_VALUES),
  inputs: list(at),
  outputs: list(at),
  nodes: list(
    record<GraphNode>({
      op: name,
      domain: name,
      name,
      path: list(name, 1000),
      inputs: list(at),
      outputs: list(at),
      attributes: list(record<GraphNode["attributes"][number]>({ name, value: name }), 1000),
      parameters: count,
      flops: nullable(finite),
    }),
    MAX_NODES,
  ),
  parameters: count,
  parameterBytes: count,
  flops: nullable(finite),
  unknownFlops: count,
  notes: list(text(10_000), 100),
});

/** The message, undefined for anything that is none of ours; a graph that is damaged becomes a failure that says where. */
export function readToModelGraphPanel(message: unknown): ToModelGraphPanel | undefined {
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "reading" && "name" in message && typeof message.name === "string") return { type: "reading", name: message.name };
  if (message.type === "failed" && "message" in message && typeof message.message === "string") return { type: "failed", message: message.message };
  if (message.type !== "graphs" || !("graphs" in message)) return undefined;
  try {
    return { type: "graphs", graphs: list(record<NamedGraph>({ name, graph: checked }), 2)(message.graphs, "graphs") };
  } catch (error) {
    return { type: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}

const checked: Check<ModelGraph> = (value, path) => {
  const read = graph(value, path);
  const outside = [read.inputs, read.outputs, ...read.nodes.flatMap((node) => [node.inputs, node.outputs])].flat().find((index) => index >= read.values.length);
  if (outside !== undefined) throw new PayloadError(`${path} refers to value ${outside} of ${read.values.length}`);
  return read;
};
