/** @file Messages made, and lines of the local socket read: what is none is told from what is one. */
import { randomUUID } from "node:crypto";
import { type Channel, type Envelope, type Header, type JupyterMessage, PROTOCOL_VERSION } from "./jupyter";

export interface MessageParts {
  readonly type: string;
  readonly content: object;
  /** What it answers or belongs to. Default: nothing. */
  readonly parent?: JupyterMessage["parent_header"];
  /** Of whom it comes from. */
  readonly session: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A message with a fresh header. */
export function makeMessage({ type, content, parent = {}, session, metadata = {} }: MessageParts): JupyterMessage {
  const header: Header = { msg_id: randomUUID(), msg_type: type, session, username: "isoflop", date: new Date().toISOString(), version: PROTOCOL_VERSION };
  return { header, parent_header: parent, metadata, content: { ...content } };
}

const CHANNELS: readonly unknown[] = ["shell", "control", "iopub", "stdin"] satisfies readonly Channel[];

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

const isHeader = (value: unknown): value is Header =>
  isRecord(value) && typeof value.msg_id === "string" && typeof value.msg_type === "string" && typeof value.session === "string";

/** Whether `value` has the parts of a message that programs rely on. */
export const isMessage = (value: unknown): value is JupyterMessage => isRecord(value) && isHeader(value.header) && isRecord(value.content);

/** The envelope in a line, or undefined where it is none. Parts that a sender may leave out are filled in. */
export function parseEnvelope(line: string): Envelope | undefined {
  const value = parseJson(line);
  if (!isRecord(value) || !isChannel(value.channel) || !isMessage(value.message)) return undefined;
  const { header, parent_header: parent, metadata, content } = value.message;
  const message: JupyterMessage = { header, parent_header: isHeader(parent) ? parent : {}, metadata: isRecord(metadata) ? metadata : {}, content };
  return { channel: value.channel, ...(typeof value.seq === "number" ? { seq: value.seq } : {}), message };
}

const isChannel = (value: unknown): value is Channel => CHANNELS.includes(value);

/** The value of JSON text; undefined where the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
