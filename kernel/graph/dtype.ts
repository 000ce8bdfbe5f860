/** @file Element types and the host arrays that hold them. */
import { DtypeError } from "../errors";

export const DTYPES = ["float32", "float64", "float16", "bfloat16", "int8", "uint8", "int32", "int64", "bool"] as const;
/** Element type of a tensor. float64 exists for checks of gradients; training uses float32 and below. */
export type Dtype = (typeof DTYPES)[number];

/** Host array of each dtype. float16 and bfloat16 are stored as their 16-bit patterns; bool as 0 or 1 in bytes. */
export interface HostArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int8: Int8Array;
  readonly uint8: Uint8Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly bool: Uint8Array;
}
export type HostArray = HostArrays[Dtype];

/** A plain array with its shape: what files, data sets and views exchange. `data.length` is the product of `shape`. */
export interface HostTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: HostArray;
}

const ARRAY_TYPES = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/** Bytes of one element. */
export const bytesPerElement = (dtype: Dtype): number => ARRAY_TYPES[dtype].BYTES_PER_ELEMENT;

export const isFloat = (dtype: Dtype): boolean => dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16";

/** A zeroed host array of `length` elements in a buffer of its own. */
export function hostArray(dtype: Dtype, length: number): HostArray {
  return new ARRAY_TYPES[dtype](new ArrayBuffer(length * bytesPerElement(dtype)));
}

/** View of `buffer` as elements of `dtype`. The offset must be a multiple of the element size. */
export function hostView(dtype: Dtype, buffer: ArrayBuffer, byteOffset: number, length: number): HostArray {
  return new ARRAY_TYPES[dtype](buffer, byteOffset, length);
}

/** Host array of `dtype` from numbers, rounding as the dtype does (floats to nearest even, integers truncated and wrapped). */
export function hostArrayFrom(dtype: Dtype, values: ArrayLike<number>): HostArray {
  const out = hostArray(dtype, values.length);
  for (let i = 0; i < values.length; i++) setElement(out, dtype, i, values[i]);
  return out;
}

/** Writes `value` at `index`, converted to `dtype`. */
export function setElement(array: HostArray, dtype: Dtype, index: number, value: number): void {
  if (array instanceof BigInt64Array) array[index] = BigInt(Math.trunc(value));
  else if (dtype === "float16") array[index] = float16Bits(value);
  else if (dtype === "bfloat16") array[index] = bfloat16Bits(value);
  else if (dtype === "bool") array[index] = value !== 0 ? 1 : 0;
  else array[index] = value;
}

/** Elements as JavaScript numbers; int64 beyond ±2^53 loses precision. */
export function toNumbers({ dtype, data }: Pick<HostTensor, "dtype" | "data">): Float64Array {
  const out = new Float64Array(data.length);
  if (dtype === "float16") for (let i = 0; i < out.length; i++) out[i] = float16Value(Number(data[i]));
  else if (dtype === "bfloat16") for (let i = 0; i < out.length; i++) out[i] = bfloat16Value(Number(data[i]));
  else for (let i = 0; i < out.length; i++) out[i] = Number(data[i]);
  return out;
}

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** The bfloat16 pattern of `value`, rounded to nearest even. */
export function bfloat16Bits(value: number): number {
  f32[0] = value;
  if (Number.isNaN(value)) return 0x7fc0;
  return ((u32[0] + 0x7fff + ((u32[0] >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The number that a bfloat16 pattern stands for. */
export function bfloat16Value(bits: number): number {
  u32[0] = bits << 16;
  return f32[0];
}

/** The IEEE 754 binary16 pattern of `value`, rounded to nearest even; beyond 65504 it is infinite. */
export function float16Bits(value: number): number {
  f32[0] = value;
  const bits = u32[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: let float32 addition round at the right place.
    f32[0] = Math.abs(value) + 0.5;
    return sign | (u32[0] - 0x3f000000);
  }
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** The number that a binary16 pattern stands for. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** @throws {DtypeError} when `name` is no dtype. */
export function parseDtype(name: string): Dtype {
  const found = DTYPES.find((dtype) => dtype === name);
  if (found === undefined) throw new DtypeError(`unknown dtype ${JSON.stringify(name)}`, { help: `use one of ${DTYPES.join(", ")}` });
  return found;
}
