/** @file Replaces calls of a model's own functions by their bodies. */
import { clone, create } from "@bufbuild/protobuf";
import { AttributeProtoSchema, NodeProtoSchema, type AttributeProto, type FunctionProto, type GraphProto, type NodeProto } from "onnx-buf";
import { FormatError } from "../errors";
import { standardDomain } from "./model";

/** Calls may nest, and each level may call the next many times: the number of nodes that come out is limited. */
const NODE_LIMIT = 200_000;
const DEPTH_LIMIT = 64;

const keyOf = (domain: string, name: string): string => `${standardDomain(domain)}::${name}`;

/** Renames a value: from its name in the body to its name in the calling graph. */
type Rename = (value: string) => string;

interface Call {
  readonly rename: Rename;
  /** Attributes given by the call, or the function's defaults. */
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  /** Put before node names, with a "/". */
  readonly prefix: string;
}

/** The nodes of `graph`, also of its nested graphs, with every call of one of `functions` replaced by nodes.
 * @throws {FormatError} when functions call themselves or multiply beyond reason. */
export function inlineFunctions(nodes: readonly NodeProto[], functions: readonly FunctionProto[]): readonly NodeProto[] {
  if (functions.length === 0) return nodes;
  const table = new Map(functions.map((fn) => [keyOf(fn.domain, fn.name), fn]));
  let count = 0;
  let calls = 0;

  const expand = (list: readonly NodeProto[], depth: number): NodeProto[] =>
    list.flatMap((node) => {
      if (++count > NODE_LIMIT || depth > DEPTH_LIMIT)
        throw new FormatError("the model's functions call one another without end", {
          where: `function ${node.opType}`,
          help: "a function must not reach itself; export the model again with its functions inlined",
        });
      const fn = table.get(keyOf(node.domain, node.opType));
      if (fn !== undefined) return expand(bodyOf(fn, callOf(fn, { node, id: calls++ })), depth + 1);
      for (const attribute of node.attribute) for (const graph of nested(attribute)) graph.node = expand(graph.node, depth + 1);
      return [node];
    });
  return expand(nodes, 0);
}

const nested = (attribute: AttributeProto): GraphProto[] => [...(attribute.g === undefined ? [] : [attribute.g]), ...attribute.graphs];

function callOf(fn: FunctionProto, { node, id }: { readonly node: NodeProto; readonly id: number }): Call {
  const names = new Map<string, string>([["", ""]]);
  fn.input.forEach((name, i) => names.set(name, node.input[i] ?? ""));
  fn.output.forEach((name, i) => names.set(name, node.output[i] || `${node.name}/${fn.name}_${id}/${name}`));
  const prefix = `${node.name === "" ? fn.name : node.name}/${fn.name}_${id}`;
  return {
    rename: (value) => names.get(value) ?? `${prefix}/${value}`,
    attributes: new Map([...fn.attributeProto, ...node.attribute].map((attribute) => [attribute.name, attribute])),
    prefix,
  };
}

const bodyOf = (fn: FunctionProto, call: Call): NodeProto[] => fn.node.map((node) => renamed(node, call));

function renamed(node: NodeProto, call: Call): NodeProto {
  const attribute = node.attribute.flatMap((each) => {
    if (each.refAttrName === "") return [withRenamedGraphs(each, call)];
    const given = call.attributes.get(each.refAttrName);
    return given === undefined ? [] : [Object.assign(create(AttributeProtoSchema), given, { name: each.name })];
  });
  return create(NodeProtoSchema, {
    opType: node.opType,
    domain: node.domain,
    name: `${call.prefix}/${node.name}`,
    input: node.input.map(call.rename),
    output: node.output.map(call.rename),
    attribute,
  });
}

/** Nested graphs see the values of the body around them, so all their names are renamed alike. */
function withRenamedGraphs(attribute: AttributeProto, call: Call): AttributeProto {
  if (attribute.g === undefined && attribute.graphs.length === 0) return attribute;
  const copy = clone(AttributeProtoSchema, attribute);
  for (const graph of nested(copy)) {
    for (const named of [...graph.input, ...graph.output, ...graph.initializer]) named.name = call.rename(named.name);
    graph.node = graph.node.map((node) => renamed(node, call));
  }
  return copy;
}
