/** @file The protocol of a kernel over any transport: what can be answered here is, the rest goes to the main thread. */
import type { Channel, Header, JupyterMessage, KernelInfo } from "../protocol/jupyter";
import { makeMessage } from "../protocol/envelope";
import type { SessionMessage } from "../protocol/messages";
import type { ClientId, Transport } from "../protocol/transport";
import { INTERRUPTED, RUNNING, SERVICE } from "../session/interrupt";
import { MAIN_REQUESTS, type MainRequest, type Outcome, type Shared, type ToMain, type ToProtocol } from "./channel";
import { executeContent } from "./executeContent";
import { type Execution, ExecutionQueue, type Running } from "./executionQueue";
import { History } from "./history";
import { kernelInfoContent } from "./kernelInfo";
import { Outbox } from "./outbox";
import { Questions } from "./questions";
import type { SideFiles } from "./sideFiles";

export interface DispatcherOptions {
  /** Of the kernel: the `session` of its headers. */
  readonly session: string;
  readonly shared: Shared;
  readonly send: (order: ToMain) => void;
  readonly files: SideFiles;
  readonly outputLimitBytes: number;
  /** Asked to end, by a client or a signal. Replies are out. */
  readonly onShutdown: () => void;
  /** Something began, ended, came or went. */
  readonly onActivity: () => void;
}

interface Asked {
  readonly channel: Channel;
  readonly message: JupyterMessage;
  readonly client: ClientId;
}

export class Dispatcher {
  readonly queue = new ExecutionQueue();
  private readonly history = new History();
  private readonly outbox: Outbox;
  private readonly questions: Questions;
  /** Requests that the main thread has not answered yet. */
  private readonly open = new Map<number, Asked>();
  private requests = 0;
  private transport: Transport | undefined;
  info: Pick<KernelInfo, "executor" | "device"> = { executor: "starting", device: process.env.ISOFLOP_DEVICE ?? "cpu" };

  constructor(private readonly options: DispatcherOptions) {
    const { files, outputLimitBytes: limitBytes } = options;
    this.outbox = new Outbox({ limitBytes, files, publish: (message, parent) => this.publish(message, parent) });
    this.questions = new Questions({ send: (message, client) => this.transport?.reply("stdin", message, client), answer: (question, value) => options.send({ kind: "answer", question, value }), session: options.session });
  }

  /** Speaks over `transport` from now on. */
  use(transport: Transport): void {
    this.transport = transport;
  }

  /** A client is there (again): questions that nobody has answered are asked again. */
  attached(client: ClientId): void {
    this.questions.askAgain(client);
  }

  /** What a client sent. */
  readonly receive = (channel: Channel, message: JupyterMessage, client: ClientId): void => {
    const asked = { channel, message, client };
    this.options.onActivity();
    const type = message.header.msg_type;
    if (type === "input_reply") {
      this.questions.reply(message);
      return;
    }
    if (type === "execute_request") {
      this.execute(asked);
      return;
    }
    if (type.endsWith("_request")) this.answer(asked);
  };

  /** What the main thread sent. */
  take(message: ToProtocol): void {
    switch (message.kind) {
      case "output":
        Atomics.sub(this.options.shared.unread, 0, message.size);
        Atomics.notify(this.options.shared.unread, 0);
        if (message.message.msg_type !== "status") this.outbox.add(message.message, message);
        break;
      case "done":
        this.finish(message.outcome);
        break;
      case "reply": {
        const asked = this.open.get(message.id);
        this.open.delete(message.id);
        if (asked !== undefined) this.reply(asked, message.content);
        break;
      }
      case "ask": {
        const { current } = this.queue;
        if (current?.message.header.msg_id === message.execution) this.questions.ask({ ...message, parent: current.message.header, client: current.client });
        break;
      }
      case "info":
        this.info = message.info;
        break;
      case "end":
        this.shutdown();
    }
  }

  /** Stops what runs and takes back what waits. */
  interrupt(): void {
    this.abort(this.queue.takeBack());
    const { current } = this.queue;
    if (current === undefined) return;
    const { flag, unread } = this.options.shared;
    // The flag reaches loops, the order reaches what waits.
    Atomics.store(flag, 0, INTERRUPTED);
    Atomics.notify(unread, 0);
    this.options.send({ kind: "interrupt", execution: current.message.header.msg_id });
  }

  /** A line on stderr of the cell that runs; of none where none does. */
  warn(text: string): void {
    const parent = this.queue.current?.message.header;
    if (parent !== undefined) this.outbox.flush(parent);
    this.publish({ msg_type: "stream", content: { name: "stderr", text: `${text}\n` } }, parent);
  }

  publish(message: { readonly msg_type: string; readonly content: object }, parent?: Header): void {
    const send = (type: string, content: object): void => this.transport?.publish(makeMessage({ type, content, parent, session: this.options.session }));
    try {
      send(message.msg_type, message.content);
    } catch (error) {
      // Values that JSON does not have (cycles, bigints) in what a cell shows.
      send("stream", { name: "stderr", text: `(the output cannot be sent: ${error instanceof Error ? error.message.split("\n")[0] : String(error)})\n` });
    }
  }

  /** Stops everything; clients hear of it. */
  shutdown(): void {
    this.interrupt();
    this.outbox.flushAll();
    this.options.onShutdown();
  }

  private execute(asked: Asked): void {
    const content = executeContent(asked.message.content);
    if (content === undefined) {
      this.reply(asked, failed("ArgumentError", "an execute_request needs its code, as text"));
      return;
    }
    this.queue.add({ message: asked.message, content, client: asked.client });
    this.pump();
  }

  private pump(): void {
    const next = this.queue.start();
    if (next === undefined) return;
    const { message, content, executionCount, cell } = next;
    const { silent = false, store_history: store = true, user_expressions: expressions = {}, allow_stdin: allowStdin = false } = content;
    this.status("busy", message.header);
    if (!silent) this.publish({ msg_type: "execute_input", content: { code: content.code, execution_count: executionCount } }, message.header);
    if (!silent && store) this.history.add(executionCount, content.code);
    this.options.send({ kind: "execute", parent: message.header, code: content.code, cell, executionCount, silent, allowStdin, expressions });
    this.options.onActivity();
  }

  private finish(outcome: Outcome): void {
    const { current } = this.queue;
    if (current === undefined) return;
    const { header } = current.message;
    this.outbox.flush(header);
    this.questions.drop();
    // What was raised too late was meant for this one.
    Atomics.store(this.options.shared.flag, 0, RUNNING);
    this.queue.finish();
    this.replyTo(current, outcome);
    if (outcome.status === "error" && current.content.stop_on_error !== false) this.abort(this.queue.takeBack());
    this.status("idle", header);
    if (current.content.silent !== true) this.publish({ msg_type: "isoflop_variables_changed", content: {} }, header);
    this.options.onActivity();
    this.pump();
  }

  private replyTo(running: Running, { status, error, expressions, cost }: Outcome): void {
    const rest = { execution_count: running.executionCount, isoflop: cost };
    const content = status === "ok" ? { status, user_expressions: expressions, payload: [], ...rest } : { status, ...error, ...rest };
    this.reply({ channel: "shell", message: running.message, client: running.client }, content);
  }

  private abort(executions: readonly Execution[]): void {
    for (const { message, client } of executions) {
      this.status("busy", message.header);
      this.reply({ channel: "shell", message, client }, { status: "aborted" });
      this.status("idle", message.header);
    }
  }

  private answer(asked: Asked): void {
    const { header, content } = asked.message;
    const type = header.msg_type;
    if (isMainRequest(type)) {
      this.forward(asked, type);
      return;
    }
    this.status("busy", header);
    switch (type) {
      case "kernel_info_request":
        this.reply(asked, kernelInfoContent(this.info));
        break;
      case "comm_info_request":
        this.reply(asked, { status: "ok", comms: {} });
        break;
      case "history_request":
        this.reply(asked, { status: "ok", history: this.history.select(content) });
        break;
      case "interrupt_request":
        this.interrupt();
        this.reply(asked, { status: "ok" });
        break;
      case "shutdown_request":
        this.reply(asked, { status: "ok", restart: content.restart === true });
        this.status("idle", header);
        this.shutdown();
        return;
      default:
        this.reply(asked, failed("ArgumentError", `no kernel answers ${type.slice(0, 80)}`));
    }
    this.status("idle", header);
  }

  private forward(asked: Asked, type: MainRequest): void {
    const id = ++this.requests;
    this.open.set(id, asked);
    // Our own requests come in the background: nobody is to see them as work.
    if (!type.startsWith("isoflop_")) this.status("busy", asked.message.header);
    this.options.send({ kind: "request", id, type, content: asked.message.content });
    if (this.queue.current !== undefined) Atomics.compareExchange(this.options.shared.flag, 0, RUNNING, SERVICE);
  }

  private reply({ channel, message, client }: Asked, content: object): void {
    const type = message.header.msg_type.replace(/_request$/, "_reply");
    const send = (what: object): void => this.transport?.reply(channel, makeMessage({ type, content: what, parent: message.header, session: this.options.session }), client);
    try {
      send(content);
    } catch (error) {
      send(failed("FormatError", `the reply cannot be sent: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`));
    }
    if (isMainRequest(message.header.msg_type) && !type.startsWith("isoflop_")) this.status("idle", message.header);
  }

  private status(state: "busy" | "idle", parent: Header): void {
    this.publish({ msg_type: "status", content: { execution_state: state } } satisfies SessionMessage, parent);
  }
}

const isMainRequest = (type: string): type is MainRequest => MAIN_REQUESTS.some((one) => one === type);

const failed = (ename: string, evalue: string) => ({ status: "error", ename, evalue, traceback: [`${ename}: ${evalue}`] });
