/** @file A client of a kernel process: for tests, benchmarks and the command line. */
import { randomUUID } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeviceError, FormatError } from "../errors";
import { isRecord, makeMessage, parseEnvelope, parseJson } from "../protocol/envelope";
import type { AttachReply, Channel, Envelope, JupyterMessage, KernelRecord, ReplyContent, RequestContent, RequestType } from "../protocol/jupyter";
import { LineSplitter } from "../protocol/lineSplitter";

export interface ConnectOptions {
  readonly session?: string;
  /** Replay what was published after this number. Default 0: all. */
  readonly after?: number;
}

const MAX_LINE_BYTES = 512e6;
const POLL_MS = 5;
/** Answered while a cell runs. */
const CONTROL: ReadonlySet<string> = new Set(["interrupt_request", "shutdown_request"]);

/** The record in a kernel's folder, once there is one. @throws {DeviceError} when there is none after `timeoutMs`. */
export async function readRecord(folder: string, timeoutMs = 20_000): Promise<KernelRecord> {
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(POLL_MS)) {
    const record = parseJson(await readFile(join(folder, "kernel.json"), "utf8").catch(() => ""));
    if (isKernelRecord(record)) return record;
  }
  throw new DeviceError("the kernel did not start", { where: folder, help: "run dist/main.js by hand with the same arguments to see why" });
}

const isKernelRecord = (value: unknown): value is KernelRecord => isRecord(value) && typeof value.socket === "string" && typeof value.token === "string" && typeof value.pid === "number";

/** Envelopes arrive as events "envelope", the end as "close". */
export class KernelClient extends EventEmitter<{ envelope: [Envelope]; close: [] }> {
  readonly session: string;
  attach: AttachReply | undefined;
  private readonly lines = new LineSplitter(MAX_LINE_BYTES);

  private constructor(
    private readonly socket: Socket,
    session: string,
  ) {
    super();
    this.setMaxListeners(0);
    this.session = session;
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => this.emit("close"));
  }

  /** Attaches. `listen` hears every envelope from the first replayed one on. @throws {DeviceError} when the kernel does not let it in. */
  static async connect({ socket: path, token }: Pick<KernelRecord, "socket" | "token">, { session = randomUUID(), after = 0 }: ConnectOptions = {}, listen?: (envelope: Envelope) => void): Promise<KernelClient> {
    const socket = createConnection(path);
    await once(socket, "connect");
    const client = new KernelClient(socket, session);
    if (listen !== undefined) client.on("envelope", listen);
    socket.write(`${JSON.stringify({ token, session, after })}\n`);
    while (client.attach === undefined && !socket.destroyed) await Promise.race([once(socket, "data"), once(socket, "close")]);
    if (client.attach === undefined) throw new DeviceError("the kernel did not let the client in", { where: path, help: "read kernel.json again: its token may be of an earlier kernel" });
    return client;
  }

  /** The reply to a request. @throws {DeviceError} when the connection ends before. */
  async request<T extends RequestType>(type: T, content: RequestContent<T>): Promise<ReplyContent<T>> {
    const { message } = await this.ask(type, content);
    // SAFETY: the reply to a request of this type.
    return message.content as unknown as ReplyContent<T>;
  }

  /** Sends a request; resolves with the whole reply. */
  ask(type: RequestType, content: object): Promise<Envelope> {
    const channel: Channel = CONTROL.has(type) || type.startsWith("isoflop_") ? "control" : "shell";
    const message = makeMessage({ type, content, session: this.session });
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.off("envelope", look);
        this.off("close", lost);
      };
      const look = (envelope: Envelope): void => {
        if (envelope.channel !== channel || parentOf(envelope.message) !== message.header.msg_id) return;
        settle();
        resolve(envelope);
      };
      const lost = (): void => {
        settle();
        reject(new DeviceError(`the kernel went away before it answered ${type}`, { help: "start it again" }));
      };
      this.on("envelope", look);
      this.on("close", lost);
      this.send({ channel, message });
    });
  }

  send(envelope: Envelope): void {
    this.socket.write(`${JSON.stringify(envelope)}\n`);
  }

  close(): void {
    this.socket.destroy();
  }

  private read(chunk: Buffer): void {
    for (const line of this.lines.push(chunk) ?? []) {
      if (this.attach === undefined) this.attach = attachReply(line);
      else {
        const envelope = parseEnvelope(line);
        if (envelope !== undefined) this.emit("envelope", envelope);
      }
    }
  }
}

/** Id of the request that a message belongs to. */
export const parentOf = ({ parent_header: parent }: JupyterMessage): string | undefined => ("msg_id" in parent ? parent.msg_id : undefined);

function attachReply(line: string): AttachReply {
  const value = parseJson(line);
  if (!isRecord(value) || typeof value.seq !== "number") throw new FormatError("the first line of the kernel is no reply to attaching", { help: "the kernel may be of another version: restart it" });
  // SAFETY: written by LocalSocket; the number tells it from anything else.
  return value as unknown as AttachReply;
}
