/** @file Bytes of host tensors and back: what all tensor files share. Files and host arrays are both little-endian. */
import { DtypeError, FormatError, ShapeError } from "../errors";
import { type Dtype, hostArray, type HostArray, type HostTensor } from "../graph/dtype";
import { showShape, sizeOf } from "../graph/shape";

/** The bytes of the array itself, not a copy. */
export const viewBytes = ({ buffer, byteOffset, byteLength }: HostArray): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

/** A zeroed tensor, with its bytes to read a file into. */
export function emptyTensor(dtype: Dtype, shape: readonly number[]): { tensor: HostTensor; bytes: Uint8Array } {
  const data = hostArray(dtype, sizeOf(shape));
  return { tensor: { dtype, shape: [...shape], data }, bytes: viewBytes(data) };
}

/** Elements of `shape`, or undefined where a size is no whole number or the bytes go beyond what numbers count exactly. */
export function safeByteLength(shape: readonly unknown[], elementBytes: number): number | undefined {
  let bytes = elementBytes;
  for (const size of shape) {
    if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
    bytes *= size;
    // An overflow before a later zero is still an overflow: no writer makes such a shape.
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return bytes;
}

/** @throws {FormatError} when a bool of the file is neither 0 nor 1: code that counts on it would go wrong far from here. */
export function checkBools({ dtype, data }: HostTensor, where: string): void {
  if (dtype !== "bool" || !(data instanceof Uint8Array)) return;
  const bad = data.findIndex((value) => value > 1);
  if (bad >= 0) throw new FormatError(`element ${bad} of a bool tensor is ${data[bad]}`, { where, help: "the file is damaged; write it again" });
}

/** @throws {DtypeError} when the array's type is not the dtype's, {ShapeError} when its length is not the shape's. */
export function checkTensor({ dtype, shape, data }: HostTensor, where: string): void {
  // By tag, because the cells' arrays may come from another realm.
  const [wanted, given] = [hostArray(dtype, 0)[Symbol.toStringTag], data[Symbol.toStringTag]];
  if (wanted !== given)
    throw new DtypeError(`a ${dtype} tensor is held in ${given}`, { where, help: `hold it in ${wanted}, or name the dtype of the array` });
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0) || data.length !== sizeOf(shape))
    throw new ShapeError(`a tensor of shape ${showShape(shape)} holds ${data.length} elements`, {
      where,
      help: `the array's length must be the product of the shape, ${sizeOf(shape)}`,
    });
}
