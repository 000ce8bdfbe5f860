/** @file Jupyter's messages as frames: identities, a delimiter, a signature, and four JSON parts. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { isMessage, isRecord, parseJson } from "./envelope";
import type { JupyterMessage } from "./jupyter";

const DELIMITER = "<IDS|MSG>";
/** Header, parent header, metadata, content. */
const PARTS = 4;

export interface WireMessage {
  /** Frames before the delimiter: the way back to the sender. */
  readonly identities: readonly Buffer[];
  readonly message: JupyterMessage;
}

/** Signs and checks messages with the key of a connection file. */
export class WireFormat {
  /** @param key - "": messages are not signed. */
  constructor(private readonly key: string) {}

  /** Frames of a message. */
  encode({ identities, message }: WireMessage): Buffer[] {
    const { header, parent_header: parent, metadata, content } = message;
    const parts = [header, parent, metadata, content].map((part) => Buffer.from(JSON.stringify(part)));
    return [...identities, Buffer.from(DELIMITER), Buffer.from(this.signature(parts)), ...parts];
  }

  /** The message in frames; undefined where they are none, or the signature is not that of the key. */
  decode(frames: readonly Buffer[]): WireMessage | undefined {
    const at = frames.findIndex((frame) => frame.equals(Buffer.from(DELIMITER)));
    if (at < 0 || frames.length < at + 2 + PARTS) return undefined;
    const parts = frames.slice(at + 2, at + 2 + PARTS);
    if (!same(frames[at + 1], Buffer.from(this.signature(parts)))) return undefined;
    const [header, parent, metadata, content] = parts.map((part) => parseJson(part.toString("utf8")));
    const message = { header, parent_header: isRecord(parent) ? parent : {}, metadata: isRecord(metadata) ? metadata : {}, content };
    return isMessage(message) ? { identities: frames.slice(0, at), message } : undefined;
  }

  private signature(parts: readonly Buffer[]): string {
    if (this.key === "") return "";
    const hmac = createHmac("sha256", this.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }
}

/** Whether two signatures are equal, in a time that does not tell where they differ. */
const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
