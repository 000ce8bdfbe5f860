/** @file A connection to one kernel over its local socket: attach, then JSON lines both ways. */
import { connect, type Socket } from "node:net";
import type { AttachReply, AttachRequest, Envelope, KernelRecord } from "../../kernel/protocol/jupyter";
import { KernelError, reasonOf } from "./kernelError";
import { JsonLines } from "./lines";

const ATTACH_MS = 15_000;
const CHANNELS: ReadonlySet<unknown> = new Set(["shell", "control", "iopub", "stdin"]);

export interface ConnectionOptions {
  readonly record: KernelRecord;
  readonly session: string;
  /** See AttachRequest. */
  readonly after: number;
  /** Called once, before any envelope. */
  readonly onAttached: (reply: AttachReply) => void;
  readonly onEnvelope: (envelope: Envelope) => void;
  /** Called once, after it was attached: the kernel has gone, the line has broken, or `close` was called. */
  readonly onClosed: (reason: string) => void;
}

export class Connection {
  private constructor(private readonly socket: Socket) {}

  /** Resolves when the kernel has taken the token.
   * @throws {KernelError} when nothing listens there, or it answers with something else than a kernel's reply, or not within 15 s. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { record } = options;
    const fail = (reason: string, cause?: unknown): KernelError => new KernelError(`the kernel cannot be reached: ${reason}`, { where: `process ${record.pid}, ${record.socket}`, help: "restart the kernel (IsoFLOP: Restart Kernel)", cause });
    const socket = connect(record.socket);
    return new Promise<Connection>((resolve, reject) => {
      let attached = false;
      let reason = "it closed the connection";
      const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${ATTACH_MS / 1000} s`)), ATTACH_MS);
      const lines = new JsonLines((value) => {
        if (attached) {
          if (!isEnvelope(value)) throw new SyntaxError("a line that is no message");
          options.onEnvelope(value);
          return;
        }
        if (!isAttachReply(value)) throw new SyntaxError("it did not answer as a kernel does");
        attached = true;
        clearTimeout(timer);
        options.onAttached(value);
        resolve(new Connection(socket));
      });
      socket.on("connect", () => {
        const request: AttachRequest = { token: record.token, session: options.session, after: options.after };
        socket.write(`${JSON.stringify(request)}\n`);
      });
      socket.on("data", (bytes) => {
        try {
          lines.add(bytes);
        } catch (error) {
          socket.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      });
      socket.on("error", (error) => (reason = reasonOf(error)));
      socket.on("close", () => {
        clearTimeout(timer);
        if (attached) options.onClosed(reason);
        else reject(fail(reason));
      });
    });
  }

  /** A connection that is closed takes it and drops it: `onClosed` has told so. */
  send(envelope: Envelope): void {
    if (this.socket.writable) this.socket.write(`${JSON.stringify(envelope)}\n`);
  }

  close(): void {
    this.socket.destroy();
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

const isAttachReply = (value: unknown): value is AttachReply => isObject(value) && isObject(value.kernel) && typeof value.seq === "number" && Array.isArray(value.pending);

function isEnvelope(value: unknown): value is Envelope {
  if (!isObject(value) || !CHANNELS.has(value.channel) || !isObject(value.message)) return false;
  const { header, content, parent_header: parent } = value.message;
  return isObject(header) && typeof header.msg_type === "string" && typeof header.msg_id === "string" && isObject(content) && isObject(parent);
}
