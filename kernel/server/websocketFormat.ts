/** @file Messages as Jupyter's websockets carry them: JSON text, or the binary frames of protocol v1. */
import { isMessage, isRecord, parseEnvelope, parseJson } from "../protocol/envelope";
import type { Envelope } from "../protocol/jupyter";

/** The subprotocol a client asks for to get binary frames (jupyter_server, "WebSocket protocols"). */
export const BINARY_PROTOCOL = "v1.kernel.websocket.jupyter.org";

/** Offsets are unsigned 64-bit little-endian numbers. */
const OFFSET_BYTES = 8;
/** Channel, header, parent header, metadata, content. */
const PARTS = 5;
/** Buffers that a client may send behind the parts; the kernel reads none of them. */
const MAX_PARTS = 1000;

/** As JSON text, for clients that asked for no subprotocol. */
export function encodeText({ channel, message }: Envelope): string {
  return JSON.stringify({ ...message, channel, buffers: [], msg_id: message.header.msg_id, msg_type: message.header.msg_type });
}

/** Number of offsets, offsets of the parts and of the end, then the parts. */
export function encodeBinary({ channel, message }: Envelope): Buffer {
  const parts = [Buffer.from(channel), ...[message.header, message.parent_header, message.metadata, message.content].map((part) => Buffer.from(JSON.stringify(part)))];
  const count = parts.length + 1;
  const head = Buffer.alloc(OFFSET_BYTES * (1 + count));
  head.writeBigUInt64LE(BigInt(count));
  let at = head.length;
  for (let i = 0; i < count; i++) {
    head.writeBigUInt64LE(BigInt(at), OFFSET_BYTES * (1 + i));
    at += parts[i]?.length ?? 0;
  }
  return Buffer.concat([head, ...parts]);
}

/** What a client sent, in either form; undefined for what is no message. */
export function decode(data: Buffer, isBinary: boolean): Envelope | undefined {
  const value = isBinary ? binaryParts(data) : parseJson(data.toString());
  if (!isRecord(value) || !isMessage(value)) return undefined;
  return parseEnvelope(JSON.stringify({ channel: "channel" in value ? value.channel : undefined, message: value }));
}

function binaryParts(data: Buffer): unknown {
  if (data.length < OFFSET_BYTES) return undefined;
  const count = Number(data.readBigUInt64LE());
  if (count <= PARTS || count > MAX_PARTS || data.length < OFFSET_BYTES * (1 + count)) return undefined;
  const offsets = Array.from({ length: count }, (_, i) => Number(data.readBigUInt64LE(OFFSET_BYTES * (1 + i))));
  if (offsets.some((offset, i) => offset > data.length || offset < (offsets[i - 1] ?? 0))) return undefined;
  const text = (i: number): string => data.toString("utf8", offsets[i], offsets[i + 1]);
  const [header, parent_header, metadata, content] = [1, 2, 3, 4].map((i) => parseJson(text(i)));
  return { channel: text(0), header, parent_header, metadata, content };
}
