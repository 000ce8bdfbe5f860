/** @file Graphs, nodes and attributes out of protobuf messages. */
import { AttributeProto_AttributeType as Kind, type AttributeProto, type GraphProto, type NodeProto, type ValueInfoProto } from "onnx-buf";
import { FormatError, UnsupportedOpError } from "../errors";
import type { HostTensor } from "../graph/dtype";
import type { ExternalReader } from "./externalData";
import { standardDomain, type OnnxAttribute, type OnnxDeclaration, type OnnxGraph, type OnnxNode } from "./model";
import { dtypeOf, hostTensorOf } from "./tensorProto";

/** What reading needs everywhere, and the list of what it could not represent. */
export interface ReadContext {
  readonly external: ExternalReader;
  /** Faults of the kind "cannot be expressed here", collected so that an error can name them all. */
  readonly unsupported: string[];
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const damaged = (what: string, where: string): FormatError =>
  new FormatError(what, { where, help: "the file is damaged, or written by a faulty exporter; check it with onnx.checker" });

/** The graph that a message holds, with nested graphs in the attributes of its nodes. */
export function graphOf(proto: GraphProto, context: ReadContext): OnnxGraph<OnnxDeclaration> {
  const where = `graph ${JSON.stringify(proto.name)}`;
  for (const sparse of proto.sparseInitializer) context.unsupported.push(`sparse initializer ${JSON.stringify(sparse.values?.name ?? "")}`);
  const initializers = new Map<string, HostTensor>();
  for (const tensor of proto.initializer) {
    if (tensor.name === "") throw damaged("an initializer without a name", where);
    if (initializers.has(tensor.name)) throw damaged(`two initializers of the name ${JSON.stringify(tensor.name)}`, where);
    const place = `initializer ${JSON.stringify(tensor.name)}`;
    const value = orUnsupported(() => hostTensorOf(tensor, { where: place, external: context.external }), context);
    if (value !== undefined) initializers.set(tensor.name, value);
  }
  return {
    name: proto.name,
    nodes: proto.node.map((node) => nodeOf(node, context)),
    inputs: proto.input.map((value) => declarationOf(value, context)),
    outputs: proto.output.map((value) => declarationOf(value, context)),
    initializers,
  };
}

/** The result of `read`, or undefined with the reason noted when it is something that cannot be expressed here. */
function orUnsupported<T>(read: () => T, { unsupported }: ReadContext): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnsupportedOpError)) throw error;
    unsupported.push(error.where === undefined ? error.what : `${error.where}: ${error.what}`);
    return undefined;
  }
}

/** How errors name a node: "Conv \"layer1/conv\"". */
export const showNode = ({ opType, name }: Pick<OnnxNode, "opType" | "name">): string => `${opType} ${JSON.stringify(name)}`;

function nodeOf(proto: NodeProto, context: ReadContext): OnnxNode {
  if (proto.opType === "") throw damaged("a node without an operator", `node ${JSON.stringify(proto.name)}`);
  const attributes: [string, OnnxAttribute][] = [];
  for (const attribute of proto.attribute) {
    const value = orUnsupported(
      () => attributeOf(attribute, { where: `attribute ${JSON.stringify(attribute.name)} of ${showNode(proto)}`, context }),
      context,
    );
    if (value !== undefined) attributes.push([attribute.name, value]);
  }
  // Object.fromEntries makes own properties even of "__proto__".
  return {
    opType: proto.opType,
    domain: standardDomain(proto.domain),
    name: proto.name,
    inputs: proto.input,
    outputs: proto.output,
    attributes: Object.fromEntries(attributes),
  };
}

function attributeOf(proto: AttributeProto, { where, context }: { readonly where: string; readonly context: ReadContext }): OnnxAttribute {
  if (proto.refAttrName !== "") throw damaged(`a reference to ${JSON.stringify(proto.refAttrName)} outside of a function`, where);
  switch (proto.type) {
    case Kind.INT:
      return { type: "int", value: Number(proto.i) };
    case Kind.FLOAT:
      return { type: "float", value: proto.f };
    case Kind.STRING:
      return { type: "string", value: textOf(proto.s, where) };
    case Kind.INTS:
      return { type: "ints", value: proto.ints.map(Number) };
    case Kind.FLOATS:
      return { type: "floats", value: proto.floats };
    case Kind.STRINGS:
      return { type: "strings", value: proto.strings.map((bytes) => textOf(bytes, where)) };
    case Kind.TENSOR:
      if (proto.t === undefined) throw damaged("a tensor attribute without a tensor", where);
      return { type: "tensor", value: hostTensorOf(proto.t, { where, external: context.external }) };
    case Kind.GRAPH:
      if (proto.g === undefined) throw damaged("a graph attribute without a graph", where);
      return { type: "graph", value: graphOf(proto.g, context) };
    case Kind.UNDEFINED:
      throw damaged("an attribute without a type", where);
    case Kind.SPARSE_TENSOR:
    case Kind.TYPE_PROTO:
    case Kind.TENSORS:
    case Kind.GRAPHS:
    case Kind.SPARSE_TENSORS:
    case Kind.TYPE_PROTOS:
      throw new UnsupportedOpError(`attributes of kind ${Kind[proto.type].toLowerCase()} cannot be imported`, {
        where,
        help: "export the model without this operator",
      });
  }
}

function textOf(bytes: Uint8Array, where: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw damaged("a string that is not UTF-8", where);
  }
}

function declarationOf({ name, type }: ValueInfoProto, context: ReadContext): OnnxDeclaration {
  const where = `value ${JSON.stringify(name)}`;
  if (type?.value.case === undefined) return { name };
  if (type.value.case !== "tensorType") {
    context.unsupported.push(`${where}: a ${type.value.case.replace("Type", "")} value`);
    return { name };
  }
  const { elemType, shape } = type.value.value;
  const dtype = elemType === 0 ? undefined : orUnsupported(() => dtypeOf(elemType, { where }), context);
  const sizes = shape?.dim.map(({ value }) =>
    value.case === undefined ? "" : value.case === "dimParam" ? value.value : sizeOfDim(Number(value.value), where),
  );
  return { name, ...(dtype === undefined ? undefined : { dtype }), ...(sizes === undefined ? undefined : { shape: sizes }) };
}

function sizeOfDim(size: number, where: string): number | string {
  // Some exporters write -1 for "not known".
  if (size === -1) return "";
  if (size < 0 || !Number.isSafeInteger(size)) throw damaged(`size ${size}`, where);
  return size;
}
