/** @file The kernel of one notebook, as the extension sees it: a process that is found or started, attached to, and attached to again. */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type * as vscode from "vscode";
import {
  type AttachReply,
  type Channel,
  type Envelope,
  type IopubMessage,
  type JupyterMessage,
  type KernelInfo,
  type KernelStatus,
  PROTOCOL_VERSION,
  type ReplyContent,
  type RequestContent,
  type RequestType,
} from "../../kernel/protocol/jupyter";
import type { Kernel, KernelState } from "../services";
import { Connection } from "./connection";
import { endProcess } from "./endProcess";
import type { FoundKernel } from "./findKernels";
import { KernelError, reasonOf } from "./kernelError";
import type { KernelEvent } from "./kernelEvent";
import { isAlive } from "./kernelRecord";

/** The kernel reports every second, and answers on a thread of its own while a cell runs. */
const HEARTBEAT: Heartbeat = { everyMs: 5000, silenceMs: 30_000 };
/** Pauses between attempts to come back, in all some 10 s. */
const RETRY_MS = [20, 50, 100, 250, 500, 1000, 2000, 3000, 3000];

export interface Heartbeat {
  /** Silence after which it is asked for an answer, and how often that is looked at. */
  readonly everyMs: number;
  /** Silence after which the line counts as broken. */
  readonly silenceMs: number;
}

export interface LocalKernelOptions {
  readonly vs: typeof vscode;
  readonly log: vscode.LogOutputChannel;
  readonly notebook: vscode.Uri;
  /** Names this window in messages. */
  readonly session: string;
  /** Starts a process. */
  readonly launch: () => Promise<FoundKernel>;
  /** What was seen of this kernel before: messages up to this number are not asked for. */
  readonly seen: (kernel: FoundKernel) => number;
  readonly onChanged: (kernel: LocalKernel) => void;
  /** Default: 5 s and 30 s. */
  readonly heartbeat?: Heartbeat;
}

interface Waiting {
  readonly resolve: (content: unknown) => void;
  readonly reject: (error: KernelError) => void;
}

export class LocalKernel implements Kernel {
  readonly notebook: vscode.Uri;
  readonly onMessage: vscode.Event<JupyterMessage>;
  readonly onEvent: vscode.Event<KernelEvent>;
  state: KernelState = "starting";
  info: KernelInfo | undefined;
  status: KernelStatus | undefined;
  private readonly messages: vscode.EventEmitter<JupyterMessage>;
  private readonly events: vscode.EventEmitter<KernelEvent>;
  private readonly waiting = new Map<string, Waiting>();
  private readonly running = new Set<string>();
  private process: FoundKernel | undefined;
  private connection: Connection | undefined;
  private lastSeq = 0;
  private heardMs = 0;
  private heart: NodeJS.Timeout | undefined;
  /** Counts connections: what an earlier one still says is not heard. */
  private epoch = 0;
  private detached = false;

  constructor(private readonly options: LocalKernelOptions) {
    this.notebook = options.notebook;
    this.messages = new options.vs.EventEmitter<JupyterMessage>();
    this.events = new options.vs.EventEmitter<KernelEvent>();
    this.onMessage = this.messages.event;
    this.onEvent = this.events.event;
  }

  /** The process it is attached to. */
  get found(): FoundKernel | undefined {
    return this.process;
  }

  /** Number of the last message that was numbered. */
  get seq(): number {
    return this.lastSeq;
  }

  /** Attaches to `found`, or starts a process.
   * @throws {KernelError} */
  async open(found: FoundKernel | undefined): Promise<void> {
    this.change("starting");
    try {
      this.process = found ?? (await this.options.launch());
      this.lastSeq = found === undefined ? 0 : Math.max(0, this.options.seen(found));
      this.options.log.info(`kernel ${found === undefined ? "started" : "found"}: process ${this.process.record.pid}, ${this.process.folder}`);
      await this.attach();
    } catch (error) {
      this.change("dead");
      throw error;
    }
  }

  async request<T extends RequestType>(type: T, content: RequestContent<T>): Promise<ReplyContent<T>> {
    const msgId = randomUUID();
    const reply = new Promise<unknown>((resolve, reject) => this.waiting.set(msgId, { resolve, reject }));
    this.post({ type, msgId, content });
    // SAFETY: the kernel answers x_request with the content of x_reply; both sides are built from the same table.
    return (await reply) as ReplyContent<T>;
  }

  /** Runs a cell. What comes of it is told by `onEvent`, under this `msgId`.
   * @throws {KernelError} when no process is there to take it. */
  execute(msgId: string, content: RequestContent<"execute_request">): void {
    this.post({ type: "execute_request", msgId, content });
    this.running.add(msgId);
    if (this.state === "idle") this.change("busy");
  }

  async interrupt(): Promise<void> {
    await this.request("interrupt_request", {});
  }

  async restart(): Promise<void> {
    await this.end();
    await this.open(undefined);
  }

  async shutdown(): Promise<void> {
    await this.end();
  }

  /** Lets go of the process, which goes on. */
  detach(): void {
    this.detached = true;
    this.epoch++;
    clearInterval(this.heart);
    this.connection?.close();
    this.connection = undefined;
    this.failWaiting("the window has let go of the kernel");
    this.messages.dispose();
    this.events.dispose();
  }

  private async end(): Promise<void> {
    const { connection, process } = this;
    this.epoch++;
    this.connection = undefined;
    this.failWaiting("the kernel was ended");
    if (process !== undefined) {
      // Asked first: it closes files and ends what its cells started.
      if (connection !== undefined) connection.send(this.envelope({ type: "shutdown_request", msgId: randomUUID(), content: { restart: false } }));
      await endProcess(process);
    }
    connection?.close();
    this.gone(undefined);
  }

  private async attach(): Promise<void> {
    const { process } = this;
    if (process === undefined) throw new KernelError("no kernel runs", { where: this.notebook.fsPath, help: "run a cell to start one" });
    const epoch = ++this.epoch;
    const opened = await Connection.open({
      record: process.record,
      session: this.options.session,
      after: this.lastSeq,
      onAttached: (reply) => this.attached(reply),
      onEnvelope: (envelope) => {
        if (this.epoch === epoch) this.take(envelope);
      },
      onClosed: (reason) => {
        if (this.epoch === epoch) void this.lost(reason);
      },
    });
    if (this.epoch !== epoch) return opened.close();
    this.connection = opened;
    this.beat();
  }

  private attached(reply: AttachReply): void {
    this.info = reply.kernel;
    this.heardMs = Date.now();
    this.running.clear();
    for (const { msg_id: id } of reply.pending) this.running.add(id);
    this.events.fire({ kind: "attached", pending: reply.pending, seq: reply.seq, from: this.lastSeq });
    this.change(this.running.size > 0 ? "busy" : "idle");
  }

  private take({ channel, seq, message }: Envelope): void {
    this.heardMs = Date.now();
    const { msg_type: type } = message.header;
    const parent: unknown = message.parent_header.msg_id;
    const msgId = typeof parent === "string" ? parent : "";
    // Replay and live messages may overlap by some.
    if (seq !== undefined && seq <= this.lastSeq) return;
    this.lastSeq = seq ?? this.lastSeq;
    if (channel === "iopub") {
      this.published(message, msgId);
    } else if (channel === "stdin") {
      const { prompt, password } = message.content;
      const answer = (value: string): void => this.connection?.send(this.envelope({ type: "input_reply", msgId: randomUUID(), content: { value }, parent: message.header, channel: "stdin" }));
      this.events.fire({ kind: "input", msgId, request: { prompt: String(prompt ?? ""), password: password === true }, answer });
    } else if (type === "execute_reply" && !this.waiting.has(msgId)) {
      this.ran(msgId);
      // SAFETY: the kernel answers an execute_request with this content.
      this.events.fire({ kind: "reply", msgId, seq: this.lastSeq, content: message.content as unknown as ReplyContent<"execute_request"> });
    } else {
      this.waiting.get(msgId)?.resolve(message.content);
      this.waiting.delete(msgId);
    }
  }

  private published(message: JupyterMessage, msgId: string): void {
    const { msg_type: type, date } = message.header;
    // SAFETY: contents on iopub have the type that the kernel's table gives for their msg_type.
    const known = { msg_type: type, content: message.content } as unknown as IopubMessage;
    if (known.msg_type === "isoflop_status") {
      this.status = known.content;
      this.options.onChanged(this);
    } else if (known.msg_type === "status" && known.content.execution_state === "idle") this.ran(msgId);
    const atMs = Date.parse(date);
    this.events.fire({ kind: "message", seq: this.lastSeq, msgId, message: known, atMs: Number.isNaN(atMs) ? Date.now() : atMs });
    this.messages.fire(message);
  }

  private ran(msgId: string): void {
    this.running.delete(msgId);
    if (this.running.size === 0 && this.state === "busy") this.change("idle");
  }

  /** The line is closed: comes back to the process if it lives, else it is dead. */
  private async lost(reason: string): Promise<void> {
    this.connection = undefined;
    this.failWaiting(`the connection to the kernel was lost (${reason})`);
    if (this.detached || this.process === undefined) return;
    this.options.log.warn(`connection to process ${this.process.record.pid} lost: ${reason}`);
    const { process } = this;
    this.change("reconnecting");
    let last = reason;
    for (const pause of RETRY_MS) {
      await wait(pause);
      if (this.detached || this.process !== process) return;
      if (!isAlive(process.record.pid)) return this.gone(`the kernel (process ${process.record.pid}) has ended by itself or was killed`);
      try {
        return await this.attach();
      } catch (error) {
        last = reasonOf(error);
      }
    }
    this.gone(`the kernel (process ${process.record.pid}) does not answer: ${last.split("\n", 1)[0]}`);
  }

  private gone(reason: string | undefined): void {
    clearInterval(this.heart);
    if (reason !== undefined) this.options.log.error(reason);
    this.process = undefined;
    this.running.clear();
    this.status = undefined;
    if (this.detached) return;
    this.events.fire({ kind: "ended", reason });
    this.change("dead");
  }

  private beat(): void {
    clearInterval(this.heart);
    const { everyMs, silenceMs } = this.options.heartbeat ?? HEARTBEAT;
    this.heart = setInterval(() => {
      const silentMs = Date.now() - this.heardMs;
      if (silentMs > silenceMs) this.connection?.close();
      else if (silentMs > everyMs && this.connection !== undefined) this.request("kernel_info_request", {}).catch(() => undefined);
    }, everyMs);
    this.heart.unref();
  }

  private failWaiting(what: string): void {
    for (const { reject } of this.waiting.values()) reject(new KernelError(what, { where: this.notebook.fsPath, help: "run a cell, or restart the kernel (IsoFLOP: Restart Kernel)" }));
    this.waiting.clear();
  }

  private post(message: { readonly type: string; readonly msgId: string; readonly content: object }): void {
    if (this.connection !== undefined) return this.connection.send(this.envelope(message));
    this.waiting.delete(message.msgId);
    throw new KernelError(this.process === undefined ? "no kernel runs" : "the connection to the kernel is lost at the moment", { where: this.notebook.fsPath, help: "run a cell to start one, or restart the kernel (IsoFLOP: Restart Kernel)" });
  }

  private envelope({ type, msgId, content, parent, channel }: { readonly type: string; readonly msgId: string; readonly content: object; readonly parent?: JupyterMessage["header"]; readonly channel?: Channel }): Envelope {
    const header = { msg_id: msgId, msg_type: type, session: this.options.session, username: "", date: new Date().toISOString(), version: PROTOCOL_VERSION };
    const own = type.startsWith("isoflop_") || type === "interrupt_request" || type === "shutdown_request" || type === "kernel_info_request";
    return { channel: channel ?? (own ? "control" : "shell"), message: { header, parent_header: parent ?? {}, metadata: {}, content: { ...content } } };
  }

  private change(state: KernelState): void {
    this.state = state;
    this.options.onChanged(this);
  }
}
