/** @file Graphs, nodes and attributes as protobuf messages. */
import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type TensorShapeProto_Dimension,
  type ValueInfoProto,
} from "onnx-buf";
import { FormatError } from "../errors";
import { type HostTensor } from "../graph/dtype";
import { type ExternalPlace } from "./externalData";
import { type OnnxAttribute, type OnnxDeclaration, type OnnxGraph, type OnnxNode } from "./model";
import { DATA_TYPE, tensorProto } from "./tensorProto";

/** Where the elements of an initializer lie when not in the model itself. */
export type PlaceInitializer = (name: string, tensor: HostTensor) => ExternalPlace | undefined;

const utf8 = new TextEncoder();

/** The message for a graph; initializers are referred to, not copied. */
export function graphProto(graph: OnnxGraph<OnnxDeclaration>, place: PlaceInitializer): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map(nodeProto),
    initializer: [...graph.initializers].map(([name, tensor]) => tensorProto(tensor, { name, place: place(name, tensor) })),
    input: graph.inputs.map(declarationProto),
    output: graph.outputs.map(declarationProto),
  });
}

function nodeProto({ opType, domain, name, inputs, outputs, attributes }: OnnxNode): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, attribute]) => attributeProto(key, { attribute, node: name })),
    ...(domain === "" ? undefined : { domain }),
  });
}

function attributeProto(name: string, { attribute, node }: { readonly attribute: OnnxAttribute; readonly node: string }): AttributeProto {
  const where = `attribute ${JSON.stringify(name)} of node ${JSON.stringify(node)}`;
  switch (attribute.type) {
    case "int":
      return create(AttributeProtoSchema, { name, type: Kind.INT, i: int64(attribute.value, where) });
    case "float":
      return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: float32(attribute.value, where) });
    case "string":
      return create(AttributeProtoSchema, { name, type: Kind.STRING, s: utf8.encode(attribute.value) });
    case "ints":
      return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: attribute.value.map((value) => int64(value, where)) });
    case "floats":
      return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: attribute.value.map((value) => float32(value, where)) });
    case "strings":
      return create(AttributeProtoSchema, { name, type: Kind.STRINGS, strings: attribute.value.map((value) => utf8.encode(value)) });
    case "tensor":
      return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: tensorProto(attribute.value) });
    case "graph":
      // Only initializers of the outermost graph go into other files: those of a loop's body are small.
      return create(AttributeProtoSchema, { name, type: Kind.GRAPH, g: graphProto(attribute.value, () => undefined) });
  }
}

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** `value` as int64; files use the extremes as "to the end", and these come back from a number just beyond them. */
function int64(value: number, where: string): bigint {
  if (!Number.isInteger(value)) throw new FormatError(`${value} is not an integer`, { where, help: 'give an integer, or an attribute of type "float"' });
  const big = BigInt(value);
  return big > INT64_MAX ? INT64_MAX : big < INT64_MIN ? INT64_MIN : big;
}

function float32(value: number, where: string): number {
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) throw new FormatError(`${value} is beyond float32, in which ONNX keeps attributes`, { where, help: "use an initializer of float64" });
  return value;
}

function declarationProto({ name, dtype, shape }: OnnxDeclaration): ValueInfoProto {
  if (dtype === undefined) return create(ValueInfoProtoSchema, { name });
  const tensorType = create(TypeProto_TensorSchema, { elemType: DATA_TYPE[dtype], ...(shape === undefined ? undefined : { shape: create(TensorShapeProtoSchema, { dim: shape.map(dimension) }) }) });
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } }) });
}

function dimension(size: number | string): TensorShapeProto_Dimension {
  if (size === "") return create(TensorShapeProto_DimensionSchema);
  return create(TensorShapeProto_DimensionSchema, { value: typeof size === "number" ? { case: "dimValue", value: BigInt(size) } : { case: "dimParam", value: size } });
}
