/** @file ONNX models to and from the binary protobuf of .onnx files. */
import { fromBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { ModelProtoSchema, TensorProtoSchema, type FunctionProto, type GraphProto, type ModelProto, type OperatorSetIdProto, type TensorProto } from "onnx-buf";
import { FormatError, UnsupportedOpError } from "../errors";
import type { HostTensor } from "../graph/dtype";
import { ExternalReader } from "./externalData";
import { inlineFunctions } from "./inlineFunctions";
import { standardDomain, type OnnxDeclaration, type OnnxModel } from "./model";
import { graphOf } from "./readMessages";
import { hostTensorOf } from "./tensorProto";
import { writeModelMessage, type PlaceInitializer } from "./writeMessages";
import { guardWire } from "./wireGuard";

/** A protobuf message cannot be larger. */
const MESSAGE_LIMIT_BYTES = 2 ** 31 - 1;

export interface EncodeOptions {
  /** Says which initializers lie in a file next to the model. Default: none. */
  readonly external?: PlaceInitializer;
}

/**
 * The bytes of an .onnx file.
 * @throws {FormatError} when it would be 2 GiB or more, or holds what ONNX cannot.
 */
export function encodeModel(model: OnnxModel<OnnxDeclaration>, { external = () => undefined }: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const weights = [...model.graph.initializers].reduce(
    (sum, [name, tensor]) => (external(name, tensor) === undefined ? sum + tensor.data.byteLength : sum),
    0,
  );
  if (weights >= MESSAGE_LIMIT_BYTES)
    throw new FormatError(`a model with ${weights} bytes of weights does not fit into an .onnx file`, {
      help: "write it with writeModel, which puts large weights beside the model",
    });
  const writer = new BinaryWriter();
  writeModelMessage(writer, model, external);
  return writer.finish();
}

export interface DecodeOptions {
  /** Folder of the model's file, in which external data is looked for. Default: such models are refused. */
  readonly externalFolder?: string;
}

/**
 * The model in the bytes of an .onnx file, checked as far as it is read: calls of its own functions are inlined;
 * types of inner values, documentation and training graphs are left out. Tensors have memory of their own.
 * @throws {FormatError} when the bytes are truncated, damaged or no ONNX model;
 * {UnsupportedOpError} naming all that cannot be expressed (sparse tensors, sequences, strings, element types).
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): OnnxModel<OnnxDeclaration> {
  const { model, unsupported } = readModel(bytes, options);
  if (unsupported.length > 0)
    throw new UnsupportedOpError(`the model holds what cannot be imported: ${unsupported.join("; ")}`, {
      help: "export it without these, or with other element types",
    });
  return model;
}

/** As `decodeModel`, but what cannot be expressed is left out of the model and listed. */
export function readModel(
  bytes: Uint8Array,
  { externalFolder }: DecodeOptions = {},
): { readonly model: OnnxModel<OnnxDeclaration>; readonly unsupported: readonly string[] } {
  const proto = readModelProto(bytes);
  const unsupported: string[] = [];
  const opsets = opsetsOf(proto.opsetImport);
  for (const fn of proto.functions) noteOpsets(fn, { opsets, unsupported });
  proto.graph.node = [...inlineFunctions(proto.graph.node, proto.functions)];
  const graph = graphOf(proto.graph, { external: new ExternalReader(externalFolder), unsupported });
  const metadata = Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value]));
  return { model: { irVersion: Number(proto.irVersion), opsets: Object.fromEntries(opsets), graph, metadata }, unsupported };
}

/** The message of a model as it stands in the file. Raw data are views of `bytes`.
 * @throws {FormatError} when the bytes are truncated, damaged or no ONNX model. */
export function readModelProto(bytes: Uint8Array): ModelProto & { graph: GraphProto } {
  const proto = messageOf(ModelProtoSchema, bytes);
  if (!hasGraph(proto)) throw new FormatError("not an ONNX model: it has no graph", { help: "give the bytes of an .onnx file" });
  return proto;
}

const hasGraph = (proto: ModelProto): proto is ModelProto & { graph: GraphProto } => proto.graph !== undefined;

/** The tensor in a file that holds only one, as test data do.
 * @throws as `decodeModel`. */
export function decodeTensor(bytes: Uint8Array): HostTensor {
  const proto: TensorProto = messageOf(TensorProtoSchema, bytes);
  return hostTensorOf(proto, { where: `tensor ${JSON.stringify(proto.name)}`, external: new ExternalReader() });
}

function messageOf<T extends DescMessage>(schema: T, bytes: Uint8Array): MessageShape<T> {
  guardWire(schema, bytes);
  try {
    return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (error) {
    throw new FormatError(`not a readable ONNX file: ${error instanceof Error ? error.message : String(error)}`, {
      help: "the file is damaged; fetch or export it again",
      cause: error,
    });
  }
}

function opsetsOf(imports: readonly OperatorSetIdProto[]): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of imports) {
    const key = standardDomain(domain);
    const known = opsets.get(key);
    if (known !== undefined && known !== Number(version))
      throw new FormatError(`operator set ${JSON.stringify(key)} is imported as version ${known} and ${version}`, { help: "export the model again" });
    opsets.set(key, Number(version));
  }
  return opsets;
}

/** A function may import operator sets of its own; once inlined it must agree with the model. */
function noteOpsets(fn: FunctionProto, { opsets, unsupported }: { readonly opsets: Map<string, number>; readonly unsupported: string[] }): void {
  for (const [domain, version] of opsetsOf(fn.opsetImport)) {
    const known = opsets.get(domain);
    if (known === undefined) opsets.set(domain, version);
    else if (known !== version)
      unsupported.push(`function ${JSON.stringify(fn.name)} uses version ${version} of operator set ${JSON.stringify(domain)}, the model ${known}`);
  }
}
