/** @file Host tensors out of ONNX TensorProto messages, and the numbers of their element types. */
import { TensorProto_DataLocation, TensorProto_DataType as DataType, type TensorProto } from "onnx-buf";
import { FormatError, UnsupportedOpError } from "../errors";
import { bytesPerElement, hostArray, hostView, type Dtype, type HostArray, type HostTensor } from "../graph/dtype";
import { showShape, sizeOf } from "../graph/shape";
import type { ExternalReader } from "./externalData";

/** ONNX's number for each dtype. */
export const DATA_TYPE: Readonly<Record<Dtype, DataType>> = {
  float32: DataType.FLOAT,
  float64: DataType.DOUBLE,
  float16: DataType.FLOAT16,
  bfloat16: DataType.BFLOAT16,
  int8: DataType.INT8,
  uint8: DataType.UINT8,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};
const DTYPE_OF = new Map<number, Dtype>(Object.entries(DATA_TYPE).map(([dtype, number]) => [number, parseKey(dtype)]));

function parseKey(key: string): Dtype {
  // SAFETY: the keys of DATA_TYPE are the dtypes.
  return key as Dtype;
}

/** Where something stands in the model, for errors. */
export interface Place {
  readonly where: string;
}

/** The dtype of an ONNX element type.
 * @throws {UnsupportedOpError} for element types that tensors here do not have (strings, uint16, uint64, float8, complex …). */
export function dtypeOf(dataType: number, { where }: Place): Dtype {
  const dtype = DTYPE_OF.get(dataType);
  if (dtype !== undefined) return dtype;
  const name: string | undefined = DataType[dataType];
  if (name === undefined || dataType === 0)
    throw new FormatError(`element type ${dataType} is not one that ONNX defines`, {
      where,
      help: "the file is damaged, or of a later ONNX version",
    });
  throw new UnsupportedOpError(`element type ${name.toLowerCase()} cannot be imported`, {
    where,
    help: `cast it in the model to one of ${[...DTYPE_OF.values()].join(", ")}`,
  });
}

/** The memory of `data` as bytes, not copied. */
export const bytesOf = ({ data }: Pick<HostTensor, "data">): Uint8Array<ArrayBuffer> => {
  // SAFETY: host arrays are made over ArrayBuffers (hostArray, hostView); shared memory never enters a model.
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
};

export interface TensorReadOptions extends Place {
  readonly external: ExternalReader;
}

/** The tensor that a message holds, in memory of its own.
 * @throws {FormatError} when elements and shape do not agree; {UnsupportedOpError} for element types without a dtype. */
export function hostTensorOf(proto: TensorProto, { where, external }: TensorReadOptions): HostTensor {
  const dtype = dtypeOf(proto.dataType, { where });
  if (proto.segment !== undefined)
    throw new UnsupportedOpError("tensor stored in segments", { where, help: "save the model again with a current version of onnx" });
  const shape = proto.dims.map(Number);
  const size = sizeOf(shape);
  if (shape.some((length) => length < 0 || !Number.isSafeInteger(length)) || !Number.isSafeInteger(size * bytesPerElement(dtype)))
    throw new FormatError(`tensor of impossible shape ${showShape(shape)}`, { where, help: "the file is damaged; fetch or export it again" });
  const bytes = size * bytesPerElement(dtype);
  const data = elementsOf(proto, { dtype, size, bytes, where, external });
  if (data.length !== size) throw mismatch(`shape ${showShape(shape)} needs ${size} elements, the file holds ${data.length}`, where);
  return { dtype, shape, data };
}

const mismatch = (what: string, where: string): FormatError =>
  new FormatError(what, { where, help: "the file is truncated or damaged; fetch or export it again" });

interface Wanted extends TensorReadOptions {
  readonly dtype: Dtype;
  readonly size: number;
  readonly bytes: number;
}

function elementsOf(proto: TensorProto, { dtype, size, bytes, where, external }: Wanted): HostArray {
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    const fields = new Map(proto.externalData.map(({ key, value }) => [key, value]));
    return arrayOver(external.read(fields, { where, bytes }), dtype);
  }
  if (proto.rawData.length > 0 || size === 0) {
    if (proto.rawData.length !== bytes)
      throw mismatch(`tensor of ${size} ${dtype} elements needs ${bytes} bytes, the file holds ${proto.rawData.length}`, where);
    // Not slice(): that of a Buffer is a view.
    return arrayOver(new Uint8Array(proto.rawData), dtype);
  }
  const values = typedField(proto, dtype);
  if (values.length !== size) throw mismatch(`tensor needs ${size} elements, the file holds ${values.length}`, where);
  const out = hostArray(dtype, size);
  // The 16-bit patterns of half floats are stored as integers, so plain assignment keeps them.
  if (out instanceof BigInt64Array) for (let i = 0; i < size; i++) out[i] = BigInt(values[i]);
  else for (let i = 0; i < size; i++) out[i] = dtype === "bool" ? Number(values[i] !== 0) : Number(values[i]);
  return out;
}

function typedField(proto: TensorProto, dtype: Dtype): readonly (number | bigint)[] {
  if (dtype === "float32") return proto.floatData;
  if (dtype === "float64") return proto.doubleData;
  return dtype === "int64" ? proto.int64Data : proto.int32Data;
}

/** `bytes`, in a buffer of its own, as elements. Booleans other than 0 become 1. */
function arrayOver(bytes: Uint8Array<ArrayBuffer>, dtype: Dtype): HostArray {
  if (dtype === "bool") for (let i = 0; i < bytes.length; i++) bytes[i] = bytes[i] === 0 ? 0 : 1;
  return hostView(dtype, bytes.buffer, bytes.byteOffset, bytes.length / bytesPerElement(dtype));
}
