/** @file Reads and writes NumPy's .npy files, format versions 1 to 3. */
import { readFile } from "node:fs/promises";
import { ArgumentError, DtypeError, FormatError } from "../errors";
import { bytesPerElement, type Dtype, type HostArray, type HostTensor } from "../graph/dtype";
import { sizeOf, stridesOf } from "../graph/shape";
import { atomicWrite } from "./atomicWrite";
import { readError } from "./fileErrors";
import { checkBools, checkTensor, emptyTensor, safeByteLength, viewBytes } from "./hostBytes";

/** "\x93NUMPY" */
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** The data starts at a multiple of this (numpy/lib/format.py, ARRAY_ALIGN). */
const ALIGN_BYTES = 64;
/** A header is one line of text; NumPy itself refuses to parse more than 10 000 characters unless told to trust it. */
const MAX_HEADER_BYTES = 10_000;
/** NumPy's limit of dimensions. */
const MAX_RANK = 64;

const DESCRIPTIONS: { readonly [D in Dtype]: string | undefined } = {
  float64: "<f8",
  float32: "<f4",
  float16: "<f2",
  bfloat16: undefined,
  int8: "|i1",
  uint8: "|u1",
  int32: "<i4",
  int64: "<i8",
  bool: "|b1",
};
// SAFETY: DESCRIPTIONS has the keys of Dtype.
const DTYPE_OF: ReadonlyMap<string, Dtype> = new Map(
  Object.entries(DESCRIPTIONS).flatMap(([dtype, code]) => (code === undefined ? [] : [[code.slice(1), dtype as Dtype]])),
);

export interface NpyOptions {
  /** Format version. Default 1, which all readers know. */
  readonly version?: 1 | 2 | 3;
  /** Order of the elements in the file: "C" has the last axis next to each other, "Fortran" the first. Default "C". */
  readonly order?: "C" | "Fortran";
}

interface NpyHeader {
  readonly dtype: Dtype;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  readonly dataStart: number;
}

/** The array in a file, in C order.
 * @throws {ArgumentError} when there is no such file, and as `decodeNpy`. */
export async function readNpy(path: string): Promise<HostTensor> {
  return decodeNpy(await readFile(path).catch((error: unknown) => Promise.reject(readError(error, path))), path);
}

/** The array in `bytes`, in C order and in memory of its own. `where` names the source in errors.
 * @throws {FormatError} when the bytes are no whole .npy file, {DtypeError} for element types without counterpart here (also big-endian ones). */
export function decodeNpy(bytes: Uint8Array, where = "npy bytes"): HostTensor {
  const { dtype, fortran, shape, dataStart } = parseHeader(bytes, where);
  const dataBytes = safeByteLength(shape, bytesPerElement(dtype));
  const present = bytes.length - dataStart;
  if (dataBytes !== present) {
    const needs = `${dtype} of shape (${shape.join(", ")}) needs ${dataBytes ?? "too many"}`;
    throw damaged(`${present} bytes of data, ${needs}`, where);
  }
  const { tensor, bytes: target } = emptyTensor(dtype, shape);
  target.set(bytes.subarray(dataStart));
  checkBools(tensor, where);
  return fortran ? reordered(tensor, "toC") : tensor;
}

/** The bytes of a .npy file.
 * @throws {DtypeError} for bfloat16, which NumPy lacks; {ShapeError} when the array does not fit its shape. */
export function encodeNpy(tensor: HostTensor, { version = 1, order = "C" }: NpyOptions = {}): Uint8Array {
  const { dtype, shape } = tensor;
  checkTensor(tensor, "encodeNpy");
  const code = DESCRIPTIONS[dtype];
  if (code === undefined) throw new DtypeError(`npy has no ${dtype}`, { where: "encodeNpy", help: "convert to float32 first, or write safetensors" });
  if (shape.length > MAX_RANK)
    throw new ArgumentError(`npy holds at most ${MAX_RANK} axes, the tensor has ${shape.length}`, { where: "encodeNpy", help: "reshape the tensor" });
  // NumPy calls an array of at most one axis both C and Fortran, and writes False.
  const fortran = order === "Fortran" && shape.length > 1;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${code}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${tuple}, }`;
  const prefix = version === 1 ? 10 : 12;
  const dataStart = Math.ceil((prefix + text.length + 1) / ALIGN_BYTES) * ALIGN_BYTES;
  const data = viewBytes((fortran ? reordered(tensor, "toFortran") : tensor).data);
  const out = new Uint8Array(dataStart + data.length).fill(0x20, 0, dataStart);
  const view = new DataView(out.buffer);
  out.set(MAGIC);
  out[6] = version;
  out[7] = 0;
  if (version === 1) view.setUint16(8, dataStart - prefix, true);
  else view.setUint32(8, dataStart - prefix, true);
  out.set(new TextEncoder().encode(text), prefix);
  out[dataStart - 1] = 0x0a;
  out.set(data, dataStart);
  return out;
}

/** Writes a .npy file atomically.
 * @throws as `encodeNpy`, and {DeviceError} when the disk is full or not writable. */
export const writeNpy = async (path: string, tensor: HostTensor, options?: NpyOptions): Promise<void> =>
  atomicWrite(path, encodeNpy(tensor, options));

function parseHeader(bytes: Uint8Array, where: string): NpyHeader {
  if (bytes.length < 10 || MAGIC.some((value, i) => bytes[i] !== value)) throw damaged("the first bytes are not those of a .npy file", where);
  const version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] !== 0) throw damaged(`unknown format version ${version}.${bytes[7]}`, where);
  const prefix = version === 1 ? 10 : 12;
  if (bytes.length < prefix) throw damaged(`the file ends after ${bytes.length} bytes`, where);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES) throw damaged(`the header claims ${length} bytes, at most ${MAX_HEADER_BYTES} are read`, where);
  if (length > bytes.length - prefix) throw damaged(`the header claims ${length} bytes, ${bytes.length - prefix} are there`, where);
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(prefix, prefix + length));
  return { ...parseDescription(text, where), dataStart: prefix + length };
}

/** Reads the Python dictionary of the three known keys, in any order, and nothing else: no evaluation, no nesting. */
function parseDescription(text: string, where: string): Omit<NpyHeader, "dataStart"> {
  const body = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1];
  if (body === undefined) throw damaged("the header is no Python dictionary", where);
  const found = new Map<string, string>();
  const item = /^(['"])(descr|fortran_order|shape)\1\s*:\s*(\[.*\]|'[^']*'|"[^"]*"|True|False|\([0-9,\sL]*\))\s*(?:,|$)/s;
  let rest = body.trim();
  for (let match = item.exec(rest); match !== null; match = item.exec(rest)) {
    if (found.has(match[2])) throw damaged(`the header holds ${match[2]} twice`, where);
    found.set(match[2], match[3]);
    rest = rest.slice(match[0].length).trim();
    if (rest === "") break;
  }
  const [descr, order, tuple] = ["descr", "fortran_order", "shape"].map((key) => found.get(key) ?? "");
  const sizes = parseTuple(tuple);
  if (
    descr === "" ||
    (order !== "True" && order !== "False") ||
    sizes === undefined ||
    sizes.length > MAX_RANK ||
    !sizes.every(Number.isSafeInteger) ||
    rest !== ""
  )
    throw damaged(`the header is ${JSON.stringify(text.trim().slice(0, 120))}`, where);
  return { dtype: dtypeOf(descr, where), fortran: order === "True", shape: sizes };
}

/** Sizes of "(2, 3)", "(5,)" or "()"; undefined for anything else, also "(5)", which is a number in Python. */
function parseTuple(tuple: string): number[] | undefined {
  if (!tuple.startsWith("(")) return undefined;
  const parts = tuple
    .slice(1, -1)
    .split(",")
    .map((part) => part.trim());
  if (parts.length === 1) return parts[0] === "" ? [] : undefined;
  if (parts.at(-1) === "") parts.pop();
  // Python 2 wrote long sizes as 3L.
  return parts.every((part) => /^\d+L?$/.test(part)) ? parts.map((part) => Number.parseInt(part, 10)) : undefined;
}

function dtypeOf(descr: string, where: string): Dtype {
  const code = descr.slice(1, -1);
  const dtype = DTYPE_OF.get(code.slice(1));
  const oneByte = dtype !== undefined && bytesPerElement(dtype) === 1;
  if (dtype !== undefined && (code[0] === "<" || (oneByte && (code[0] === "|" || code[0] === ">")))) return dtype;
  const what = `NumPy dtype ${descr.slice(0, 80)} is not read`;
  if (dtype !== undefined && code[0] === ">")
    throw new DtypeError(`${what}: it is big-endian`, { where, help: `in Python, save array.astype("<${code.slice(1)}")` });
  if (code.startsWith("|O"))
    throw new DtypeError(`${what}: it is pickled Python, which can run code`, { where, help: "in Python, save an array of numbers" });
  throw new DtypeError(what, { where, help: `in Python, convert with astype to one of ${[...DTYPE_OF.values()].join(", ")}` });
}

/** Arrays of unsigned numbers by element size: moving floats as numbers would quiet NaNs that signal. */
const patterns = (data: HostArray, bytes: number): { [i: number]: number | bigint } => {
  const { buffer, byteOffset, length } = data;
  if (bytes === 8) return new BigUint64Array(buffer, byteOffset, length);
  if (bytes === 4) return new Uint32Array(buffer, byteOffset, length);
  return bytes === 2 ? new Uint16Array(buffer, byteOffset, length) : new Uint8Array(buffer, byteOffset, length);
};

/** The same values with the elements in the other order. */
function reordered({ dtype, shape, data }: HostTensor, direction: "toC" | "toFortran"): HostTensor {
  const { tensor } = emptyTensor(dtype, shape);
  const fortran = [...stridesOf([...shape].reverse())].reverse();
  const index = new Array<number>(shape.length).fill(0);
  const [source, target] = [data, tensor.data].map((array) => patterns(array, bytesPerElement(dtype)));
  let offset = 0;
  for (let c = 0; c < sizeOf(shape); c++) {
    if (direction === "toC") target[c] = source[offset];
    else target[offset] = source[c];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += fortran[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= shape[axis] * fortran[axis];
      index[axis] = 0;
    }
  }
  return tensor;
}

const damaged = (what: string, where: string): FormatError =>
  new FormatError(`npy: ${what}`, { where, help: "the file is truncated, damaged or no .npy file; write or download it again" });
