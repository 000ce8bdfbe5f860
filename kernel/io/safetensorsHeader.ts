/** @file The header of a safetensors file: made for writing, and checked in every number before anything is read by it. */
import { ArgumentError, FormatError } from "../errors";
import { bytesPerElement, type Dtype, type HostTensor } from "../graph/dtype";
import { checkTensor, safeByteLength } from "./hostBytes";
import { duplicateKey } from "./uniqueKeys";

/** Bytes before the header: its length as an unsigned 64-bit number. */
export const LENGTH_BYTES = 8;
/** The reference implementation's limit. */
export const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = "__metadata__";

const NAMES: { readonly [D in Dtype]: string } = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int8: "I8",
  uint8: "U8",
  int32: "I32",
  int64: "I64",
  bool: "BOOL",
};
const DTYPE_OF: ReadonlyMap<string, Dtype> = new Map(
  Object.entries(NAMES).map(([dtype, name]) => [name, /* SAFETY: NAMES has the keys of Dtype. */ dtype as Dtype]),
);
/** Bits of an element of the format's other dtypes: such tensors can be stepped over, but not read. */
const OTHER_BITS: ReadonlyMap<string, number> = new Map([
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["F8_E5M2", 8],
  ["F8_E4M3", 8],
  ["F8_E8M0", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["I16", 16],
  ["U16", 16],
  ["U32", 32],
  ["U64", 64],
  ["C64", 64],
]);

export type Metadata = Readonly<Record<string, string>>;

/** Where a tensor lies in a file. */
export interface TensorEntry {
  readonly name: string;
  /** As the file spells it: "F32". */
  readonly dtypeName: string;
  /** Undefined when it is one that is not read here. */
  readonly dtype: Dtype | undefined;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

export interface Header {
  /** In the order of their bytes. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Metadata;
}

/** Length of the header by the first eight bytes of a file of `fileBytes`.
 * @throws {FormatError} when the file cannot hold such a header. */
export function headerLength(start: Uint8Array, fileBytes: number, where: string): number {
  if (start.length < LENGTH_BYTES || fileBytes < LENGTH_BYTES)
    throw damaged(`the file has ${Math.min(start.length, fileBytes)} bytes, a safetensors file has at least ${LENGTH_BYTES}`, where);
  const length = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    throw damaged(`the header claims ${length} bytes, more than the format's limit of ${MAX_HEADER_BYTES}`, where);
  if (Number(length) > fileBytes - LENGTH_BYTES) throw damaged(`the header claims ${length} bytes, the file has ${fileBytes}`, where);
  return Number(length);
}

/** The header in `bytes`, checked against a file of `fileBytes`: names once, known dtypes, bytes that fit shapes, ranges that cover the rest exactly.
 * @throws {FormatError} otherwise. */
export function parseHeader(bytes: Uint8Array, fileBytes: number, where: string): Header {
  const header = parseObject(bytes, where);
  const dataStart = LENGTH_BYTES + bytes.length;
  const metadata = parseMetadata(header[METADATA_KEY], where);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, value]) => parseEntry({ name, value, dataStart, where }))
    .sort(byPlace);
  let end = dataStart;
  for (const { name, offset, bytes: size } of entries) {
    if (offset !== end)
      throw damaged(
        `tensor ${JSON.stringify(name)} ${offset < end ? "overlaps the one before it" : "leaves a gap before it"} at byte ${offset} (expected ${end})`,
        where,
      );
    end = offset + size;
  }
  if (end !== fileBytes)
    throw damaged(
      end > fileBytes ? `the tensors end at byte ${end}, the file at ${fileBytes}` : `${fileBytes - end} bytes follow the last tensor`,
      where,
    );
  return { entries, metadata };
}

/** The first bytes of a file, and the tensors in the order to write: wide elements first so that all are aligned, then by name.
 * @throws {ShapeError} when an array does not fit its shape, {ArgumentError} for a name that the format keeps or a header beyond its limit. */
export function encodeHeader(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Metadata,
): { bytes: Uint8Array; order: readonly (readonly [string, HostTensor])[] } {
  const order = Object.entries(tensors).sort(
    ([a, { dtype: da }], [b, { dtype: db }]) => bytesPerElement(db) - bytesPerElement(da) || (a < b ? -1 : 1),
  );
  let offset = 0;
  const entries = order.map(([name, tensor]): [string, unknown] => {
    if (name === METADATA_KEY)
      throw new ArgumentError(`a tensor cannot be called ${METADATA_KEY}`, { help: "the safetensors format keeps that name; rename the tensor" });
    checkTensor(tensor, `tensor ${JSON.stringify(name)}`);
    const begin = offset;
    offset += tensor.data.byteLength;
    return [name, { dtype: NAMES[tensor.dtype], shape: tensor.shape, data_offsets: [begin, offset] }];
  });
  if (Object.keys(metadata).length > 0) entries.unshift([METADATA_KEY, metadata]);
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)), "utf8");
  const length = Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES;
  if (length > MAX_HEADER_BYTES)
    throw new ArgumentError(`the header would be ${length} bytes, the format's limit is ${MAX_HEADER_BYTES}`, {
      help: "put large metadata into a tensor or another file",
    });
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return { bytes, order };
}

/** Order of the bytes; empty tensors, which share a place, in the order that `encodeHeader` gives them. */
const byPlace = (a: TensorEntry, b: TensorEntry): number =>
  a.offset - b.offset ||
  a.bytes - b.bytes ||
  (b.dtype === undefined ? 0 : bytesPerElement(b.dtype)) - (a.dtype === undefined ? 0 : bytesPerElement(a.dtype)) ||
  (a.name < b.name ? -1 : 1);

function parseObject(bytes: Uint8Array, where: string): Readonly<Record<string, unknown>> {
  let json: string;
  let parsed: unknown;
  try {
    json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    parsed = JSON.parse(json);
  } catch (cause) {
    throw damaged("the header is not JSON in UTF-8", where, cause);
  }
  if (!isRecord(parsed)) throw damaged("the header is not a JSON object", where);
  const twice = duplicateKey(json);
  if (twice !== undefined) throw damaged(`the header holds ${JSON.stringify(twice)} twice`, where);
  return parsed;
}

function parseMetadata(value: unknown, where: string): Metadata {
  if (value === undefined) return {};
  if (!isRecord(value)) throw damaged(`${METADATA_KEY} is not an object`, where);
  return Object.fromEntries(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string") throw damaged(`${METADATA_KEY} holds ${JSON.stringify(key)}, which is no text`, where);
      return [key, text];
    }),
  );
}

function parseEntry({
  name,
  value,
  dataStart,
  where,
}: {
  readonly name: string;
  readonly value: unknown;
  readonly dataStart: number;
  readonly where: string;
}): TensorEntry {
  const tensor = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) throw damaged(`${tensor} is described by no object`, where);
  const { dtype: dtypeName, shape, data_offsets: offsets } = value;
  if (typeof dtypeName !== "string") throw damaged(`${tensor} has no dtype`, where);
  const dtype = DTYPE_OF.get(dtypeName);
  const bits = dtype === undefined ? OTHER_BITS.get(dtypeName) : 8 * bytesPerElement(dtype);
  if (bits === undefined) throw damaged(`${tensor} has the unknown dtype ${JSON.stringify(dtypeName)}`, where);
  if (!isSizes(shape)) throw damaged(`${tensor} has the shape ${show(shape)}, which is no list of sizes`, where);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw damaged(`${tensor} has the offsets ${show(offsets)}, which are no range`, where);
  const [begin, end] = offsets;
  const elementBits = safeByteLength(shape, bits);
  if (elementBits !== 8 * (end - begin))
    throw damaged(
      `${tensor} has ${end - begin} bytes, ${dtypeName} of shape ${show(shape)} needs ${elementBits === undefined ? "more than can be counted" : elementBits / 8}`,
      where,
    );
  return { name, dtypeName, dtype, shape, offset: dataStart + begin, bytes: end - begin };
}

const damaged = (what: string, where: string, cause?: unknown): FormatError =>
  new FormatError(`safetensors: ${what}`, {
    where,
    help: "the file is truncated, damaged or no safetensors file; write or download it again",
    cause,
  });

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0 && !Object.is(size, -0));

/** A value as JSON, cut where a hostile file would flood the message. */
function show(value: unknown): string {
  const json = JSON.stringify(value) ?? "none";
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
