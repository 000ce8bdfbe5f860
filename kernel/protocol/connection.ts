/** @file One client of the local socket: token first, then what it missed, then messages both ways. */
import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { isRecord, parseEnvelope, parseJson } from "./envelope";
import type { Journal } from "./journal";
import type { AttachReply, AttachRequest, Envelope } from "./jupyter";
import { LineSplitter } from "./lineSplitter";

export interface ConnectionOptions {
  readonly token: string;
  readonly journal: Journal;
  readonly describe: () => Omit<AttachReply, "seq">;
  readonly receive: (envelope: Envelope) => void;
  /** It has all that it missed. */
  readonly onAttached: () => void;
  readonly onClosed: (wasAttached: boolean) => void;
}

/** Nobody who knows the token has more to say before it is checked. */
const FIRST_LINE_BYTES = 4096;
const LINE_BYTES = 32e6;
const ATTACH_MS = 5000;
/** A client that leaves more than that unread is let go; it finds all of it in the journal when it comes back. */
const UNREAD_BYTES = 256e6;

/** Closes on a wrong token, on lines that are no envelopes, and on lines without end. */
export class Connection {
  private readonly lines = new LineSplitter(FIRST_LINE_BYTES);
  private readonly deadline: NodeJS.Timeout;
  private state: "new" | "replaying" | "attached" = "new";
  /** Lines sent while older ones are replayed. */
  private held: string[] = [];
  private heldBytes = 0;

  constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    this.deadline = setTimeout(() => this.destroy(), ATTACH_MS);
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    socket.on("error", () => this.destroy());
    socket.on("close", () => {
      clearTimeout(this.deadline);
      options.onClosed(this.attached);
    });
  }

  get attached(): boolean {
    return this.state !== "new";
  }

  send(line: string): void {
    if (this.state === "replaying") {
      this.held.push(line);
      this.heldBytes += line.length;
      if (this.heldBytes > UNREAD_BYTES) this.destroy();
    } else if (this.state === "attached") this.write(line);
  }

  /** Closes when all is written. */
  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    const lines = this.lines.push(chunk);
    if (lines === undefined) this.destroy();
    for (const line of lines ?? []) {
      if (this.socket.destroyed) return;
      if (this.state === "new") this.attach(line);
      else this.receive(line);
    }
  }

  private attach(line: string): void {
    const request = parseJson(line);
    if (!isAttachRequest(request) || !sameToken(request.token, this.options.token)) {
      this.destroy();
      return;
    }
    clearTimeout(this.deadline);
    this.lines.limitBytes = LINE_BYTES;
    this.state = "replaying";
    this.write(JSON.stringify({ ...this.options.describe(), seq: this.options.journal.seq } satisfies AttachReply));
    this.replay(request.after).catch(() => this.destroy());
  }

  private async replay(after: number): Promise<void> {
    if (after >= 0) {
      for await (const line of this.options.journal.replay(after)) {
        if (this.socket.destroyed) return;
        if (!this.write(line)) await Promise.race([once(this.socket, "drain"), once(this.socket, "close")]);
      }
    }
    this.state = "attached";
    for (const line of this.held) this.write(line);
    this.held = [];
    if (!this.socket.destroyed) this.options.onAttached();
  }

  private receive(line: string): void {
    const envelope = parseEnvelope(line);
    if (envelope === undefined) this.destroy();
    else this.options.receive(envelope);
  }

  private write(line: string): boolean {
    if (this.socket.destroyed || this.socket.writableEnded) return true;
    if (this.socket.writableLength > UNREAD_BYTES) this.destroy();
    return this.socket.write(`${line}\n`);
  }
}

const isAttachRequest = (value: unknown): value is AttachRequest =>
  isRecord(value) && typeof value.token === "string" && typeof value.session === "string" && typeof value.after === "number" && Number.isFinite(value.after);

/** Compared in constant time, lengths included. */
function sameToken(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
