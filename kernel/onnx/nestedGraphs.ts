/** @file Graphs within nodes: bodies of loops and branches, which read values of the graphs around them. */
import type { OnnxAttribute, OnnxDeclaration, OnnxGraph, OnnxNode } from "./model";

type Graph = OnnxGraph<OnnxDeclaration>;

const graphsOf = ({ attributes }: OnnxNode): readonly Graph[] => Object.values(attributes).flatMap((attribute) => (attribute.type === "graph" ? [attribute.value] : []));

/** The nodes, and those of graphs within them. */
export const nodesWithin = (nodes: readonly OnnxNode[]): readonly OnnxNode[] => nodes.flatMap((node) => [node, ...graphsOf(node).flatMap((graph) => nodesWithin(graph.nodes))]);

/** The node with other names of values, also where graphs within it read them. */
export function renamedValues(node: OnnxNode, rename: (value: string) => string): OnnxNode {
  const renamed = { ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) };
  if (graphsOf(node).length === 0) return renamed;
  const within = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map((inner) => renamedValues(inner, rename)) });
  const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, OnnxAttribute] => [name, attribute.type === "graph" ? { type: "graph", value: within(attribute.value) } : attribute]);
  return { ...renamed, attributes: Object.fromEntries(attributes) };
}
