/** @file Results of fused kernels that go past the caches: new state of large models is not read again before the next step. */
import type { Tensor } from "../graph/tensor";
import { ISOFLOP_DOMAIN, type OnnxNode } from "./model";
import { nodesWithin } from "./nestedGraphs";

/** Results of a program that are larger in sum leave no cache with anything of them when the next run reads them. */
export const STREAMED_BYTES = 2 ** 26;

/** The nodes, where fused kernels are told (attribute `streamed`, a bit for each result) which of their results only leave the graph. */
export function streamResults(nodes: readonly OnnxNode[], outputs: readonly { readonly name: string; readonly tensor: Tensor }[]): readonly OnnxNode[] {
  const bytes = outputs.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
  if (bytes < STREAMED_BYTES) return nodes;
  const read = new Set(nodesWithin(nodes).flatMap(({ inputs }) => inputs));
  const leaving = new Set(outputs.map(({ name }) => name).filter((name) => !read.has(name)));
  return nodes.map((node) => {
    if (node.opType !== "Fused" || node.domain !== ISOFLOP_DOMAIN) return node;
    // Shifts of 32-bit numbers: results beyond the 31st are written as usual.
    const streamed = node.outputs.reduce((mask, name, i) => (i < 31 && leaving.has(name) ? mask | (1 << i) : mask), 0);
    return { ...node, attributes: { ...node.attributes, streamed: { type: "int", value: streamed } } };
  });
}
