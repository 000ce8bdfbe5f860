/** @file Models, graphs, nodes and attributes as protobuf, written field by field: building message objects first takes three times as long. */
import type { DescMessage } from "@bufbuild/protobuf";
import { type BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as Location,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { FormatError } from "../errors";
import type { HostTensor } from "../graph/dtype";
import { showShape, sizeOf } from "../graph/shape";
import type { ExternalPlace } from "./externalData";
import type { OnnxAttribute, OnnxDeclaration, OnnxGraph, OnnxModel, OnnxNode } from "./model";
import { bytesOf, DATA_TYPE } from "./tensorProto";

/** Where the elements of an initializer lie when not in the model itself. */
export type PlaceInitializer = (name: string, tensor: HostTensor) => ExternalPlace | undefined;

const PRODUCER = "isoflop";

/** Field numbers of a message by field name. */
function fieldsOf<D extends DescMessage>(schema: D): { readonly [K in keyof D["field"]]: number } {
  // SAFETY: one number for each field, under its name.
  return Object.fromEntries(Object.entries(schema.field).map(([name, field]) => [name, field.number])) as {
    readonly [K in keyof D["field"]]: number;
  };
}
const MODEL = fieldsOf(ModelProtoSchema);
const OPSET = fieldsOf(OperatorSetIdProtoSchema);
const PAIR = fieldsOf(StringStringEntryProtoSchema);
const GRAPH = fieldsOf(GraphProtoSchema);
const NODE = fieldsOf(NodeProtoSchema);
const ATTRIBUTE = fieldsOf(AttributeProtoSchema);
const TENSOR = fieldsOf(TensorProtoSchema);
const VALUE = fieldsOf(ValueInfoProtoSchema);
const TYPE = fieldsOf(TypeProtoSchema);
const TENSOR_TYPE = fieldsOf(TypeProto_TensorSchema);
const SHAPE = fieldsOf(TensorShapeProtoSchema);
const DIMENSION = fieldsOf(TensorShapeProto_DimensionSchema);

const text = (w: BinaryWriter, field: number, value: string): BinaryWriter => w.tag(field, WireType.LengthDelimited).string(value);
const integer = (w: BinaryWriter, field: number, value: number): BinaryWriter => whole(w.tag(field, WireType.Varint), value);
const open = (w: BinaryWriter, field: number): BinaryWriter => w.tag(field, WireType.LengthDelimited).fork();

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** `value` as int64; files use the extremes as "to the end", and these come back from a number just beyond them. */
function whole(w: BinaryWriter, value: number): BinaryWriter {
  // Small numbers need no bigint, which is what makes most of the cost.
  if (value >= 0 && value < 2 ** 31) return w.uint32(value);
  const big = BigInt(value);
  return w.int64(big > INT64_MAX ? INT64_MAX : big < INT64_MIN ? INT64_MIN : big);
}

export function writeModelMessage(
  w: BinaryWriter,
  { irVersion, opsets, graph, metadata }: OnnxModel<OnnxDeclaration>,
  place: PlaceInitializer,
): void {
  integer(w, MODEL.irVersion, irVersion);
  text(w, MODEL.producerName, PRODUCER);
  writeGraph(open(w, MODEL.graph), graph, place);
  w.join();
  for (const [domain, version] of Object.entries(opsets)) {
    text(open(w, MODEL.opsetImport), OPSET.domain, domain);
    integer(w, OPSET.version, version).join();
  }
  for (const [key, value] of Object.entries(metadata)) writePair(open(w, MODEL.metadataProps), key, value);
}

function writePair(w: BinaryWriter, key: string, value: string): void {
  text(text(w, PAIR.key, key), PAIR.value, value).join();
}

function writeGraph(w: BinaryWriter, graph: OnnxGraph<OnnxDeclaration>, place: PlaceInitializer): void {
  for (const node of graph.nodes) writeNode(open(w, GRAPH.node), node);
  text(w, GRAPH.name, graph.name);
  for (const [name, tensor] of graph.initializers) writeTensor(open(w, GRAPH.initializer), tensor, { name, place: place(name, tensor) });
  for (const value of graph.inputs) writeDeclaration(open(w, GRAPH.input), value);
  for (const value of graph.outputs) writeDeclaration(open(w, GRAPH.output), value);
  for (const value of graph.values ?? []) writeDeclaration(open(w, GRAPH.valueInfo), value);
}

function writeNode(w: BinaryWriter, { opType, domain, name, inputs, outputs, attributes }: OnnxNode): void {
  for (const input of inputs) text(w, NODE.input, input);
  for (const output of outputs) text(w, NODE.output, output);
  text(w, NODE.name, name);
  text(w, NODE.opType, opType);
  for (const key of Object.keys(attributes)) {
    open(w, NODE.attribute);
    text(w, ATTRIBUTE.name, key);
    writeValue(w, attributes[key], () => `attribute ${JSON.stringify(key)} of node ${JSON.stringify(name)}`);
    w.join();
  }
  if (domain !== "") text(w, NODE.domain, domain);
  w.join();
}

function writeValue(w: BinaryWriter, attribute: OnnxAttribute, where: () => string): void {
  switch (attribute.type) {
    case "int":
      integer(w, ATTRIBUTE.i, checkedInt(attribute.value, where));
      return kind(w, Kind.INT);
    case "float":
      w.tag(ATTRIBUTE.f, WireType.Bit32).float(checkedFloat(attribute.value, where));
      return kind(w, Kind.FLOAT);
    case "string":
      text(w, ATTRIBUTE.s, attribute.value);
      return kind(w, Kind.STRING);
    case "ints":
      for (const value of attribute.value) integer(w, ATTRIBUTE.ints, checkedInt(value, where));
      return kind(w, Kind.INTS);
    case "floats":
      for (const value of attribute.value) w.tag(ATTRIBUTE.floats, WireType.Bit32).float(checkedFloat(value, where));
      return kind(w, Kind.FLOATS);
    case "strings":
      for (const value of attribute.value) text(w, ATTRIBUTE.strings, value);
      return kind(w, Kind.STRINGS);
    case "tensor":
      writeTensor(open(w, ATTRIBUTE.t), attribute.value, { name: "" });
      return kind(w, Kind.TENSOR);
    case "graph":
      // Only initializers of the outermost graph go into other files: those of a loop's body are small.
      writeGraph(open(w, ATTRIBUTE.g), attribute.value, () => undefined);
      w.join();
      return kind(w, Kind.GRAPH);
  }
}

const kind = (w: BinaryWriter, type: Kind): void => void w.tag(ATTRIBUTE.type, WireType.Varint).uint32(type);

function checkedInt(value: number, where: () => string): number {
  if (!Number.isInteger(value))
    throw new FormatError(`${value} is not an integer`, { where: where(), help: 'give an integer, or an attribute of type "float"' });
  return value;
}

function checkedFloat(value: number, where: () => string): number {
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
    throw new FormatError(`${value} is beyond float32, in which ONNX keeps attributes`, { where: where(), help: "use an initializer of float64" });
  return value;
}

/** Elements are copied once, as a block. */
function writeTensor(w: BinaryWriter, tensor: HostTensor, { name, place }: { readonly name: string; readonly place?: ExternalPlace }): void {
  if (tensor.data.length !== sizeOf(tensor.shape))
    throw new FormatError(
      `tensor ${JSON.stringify(name)}: shape ${showShape(tensor.shape)} has ${sizeOf(tensor.shape)} elements, its data ${tensor.data.length}`,
      {
        help: "data must have one element for each position of the shape",
      },
    );
  for (const size of tensor.shape) integer(w, TENSOR.dims, size);
  integer(w, TENSOR.dataType, DATA_TYPE[tensor.dtype]);
  text(w, TENSOR.name, name);
  if (place === undefined) w.tag(TENSOR.rawData, WireType.LengthDelimited).bytes(bytesOf(tensor));
  else {
    const pairs = { location: place.location, offset: String(place.offset), length: String(place.length) };
    for (const [key, value] of Object.entries(pairs)) writePair(open(w, TENSOR.externalData), key, value);
    integer(w, TENSOR.dataLocation, Location.EXTERNAL);
  }
  w.join();
}

function writeDeclaration(w: BinaryWriter, { name, dtype, shape }: OnnxDeclaration): void {
  text(w, VALUE.name, name);
  if (dtype !== undefined) {
    integer(open(open(w, VALUE.type), TYPE.tensorType), TENSOR_TYPE.elemType, DATA_TYPE[dtype]);
    if (shape !== undefined) {
      open(w, TENSOR_TYPE.shape);
      for (const size of shape) {
        open(w, SHAPE.dim);
        if (typeof size === "number") integer(w, DIMENSION.dimValue, size);
        else if (size !== "") text(w, DIMENSION.dimParam, size);
        w.join();
      }
      w.join();
    }
    w.join().join();
  }
  w.join();
}
