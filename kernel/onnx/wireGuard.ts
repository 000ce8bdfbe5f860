/** @file Checks the bytes of a protobuf message before it is read: bounds of every field, nesting, and the memory it would take. */
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FormatError } from "../errors";

/** Nested graphs deeper than this are not made by any exporter. The reader's own limit is 100. */
const DEPTH_LIMIT = 90;
/** Memory that reading may take beside the weights themselves. */
const MEMORY_LIMIT_BYTES = 1.5 * 2 ** 30;
/** Memory of a message and of a string or byte field as JavaScript objects, measured on Node 20, rounded up. */
const MESSAGE_BYTES = 600;
const STRING_BYTES = 40;
const VIEW_BYTES = 120;
/** Memory for each byte of a packed list: a bigint with its slot for one byte of varint, a number for four bytes of float. */
const BIGINT_BYTES = 32;
const VARINT_BYTES = 8;
const FIXED_BYTES = 2;

interface Content {
  /** How one value is written. */
  readonly wire: WireType;
  /** Whether many values may also stand in one packed field. */
  readonly packable: boolean;
  readonly message?: DescMessage;
  readonly perItem: number;
  readonly perByte: number;
}

const contents = new WeakMap<DescMessage, ReadonlyMap<number, Content>>();

function contentsOf(message: DescMessage): ReadonlyMap<number, Content> {
  const known = contents.get(message);
  if (known !== undefined) return known;
  const made = new Map(message.fields.map((field) => [field.number, contentOf(field)]));
  contents.set(message, made);
  return made;
}

function contentOf(field: DescField): Content {
  const list = field.fieldKind === "list";
  if (field.fieldKind === "message" || (list && field.listKind === "message"))
    return { wire: WireType.LengthDelimited, packable: false, message: field.message, perItem: 0, perByte: 0 };
  const scalar = "scalar" in field ? field.scalar : undefined;
  if (scalar === ScalarType.STRING) return { wire: WireType.LengthDelimited, packable: false, perItem: STRING_BYTES, perByte: 2 };
  if (scalar === ScalarType.BYTES) return { wire: WireType.LengthDelimited, packable: false, perItem: VIEW_BYTES, perByte: 0 };
  if (scalar === ScalarType.FLOAT) return { wire: WireType.Bit32, packable: list, perItem: BIGINT_BYTES, perByte: FIXED_BYTES };
  if (scalar === ScalarType.DOUBLE) return { wire: WireType.Bit64, packable: list, perItem: BIGINT_BYTES, perByte: FIXED_BYTES };
  return { wire: WireType.Varint, packable: list, perItem: BIGINT_BYTES, perByte: scalar === ScalarType.INT32 ? VARINT_BYTES : BIGINT_BYTES };
}

/**
 * Returns when `bytes` are a message of the schema whose every field ends where it should.
 * @throws {FormatError} with the position of the first fault: truncated, not a message, nested or grown beyond reason.
 */
export function guardWire(message: DescMessage, bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  let memory = 0;
  const fault = (what: string, cause?: unknown): FormatError =>
    new FormatError(`not a readable ONNX file: ${what}`, {
      where: `byte ${Math.min(reader.pos, bytes.length)} of ${bytes.length}`,
      help: "the file is truncated or damaged; fetch or export it again",
      cause,
    });
  const take = (amount: number): void => {
    memory += amount;
    if (memory > MEMORY_LIMIT_BYTES) throw fault(`reading it would take more than ${MEMORY_LIMIT_BYTES / 2 ** 30} GiB besides its weights`);
  };
  const visit = (desc: DescMessage, end: number, depth: number): void => {
    if (depth > DEPTH_LIMIT) throw fault(`messages nested more than ${DEPTH_LIMIT} deep`);
    take(MESSAGE_BYTES);
    const fields = contentsOf(desc);
    while (reader.pos < end) {
      const [number, wireType] = reader.tag();
      const content = fields.get(number);
      if (wireType === WireType.StartGroup || wireType === WireType.EndGroup) throw fault("groups, which ONNX does not use");
      const packed = content?.packable === true && wireType === WireType.LengthDelimited;
      if (content !== undefined && wireType !== content.wire && !packed)
        throw fault(`field ${number} of ${desc.name} is written as wire type ${wireType}`);
      if (content !== undefined) take(content.perItem);
      if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
      else {
        const length = reader.uint32();
        const stop = reader.pos + length;
        if (stop > end) throw fault(`field ${number} of ${desc.name} reaches ${stop - end} bytes beyond its end`);
        if (content?.message !== undefined) visit(content.message, stop, depth + 1);
        else {
          if (content !== undefined) take(content.perByte * length);
          reader.pos = stop;
        }
      }
      if (reader.pos > end) throw fault(`field ${number} of ${desc.name} reaches beyond its end`);
    }
  };
  try {
    visit(message, bytes.length, 0);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw fault(error instanceof Error ? error.message : String(error), error);
  }
}
