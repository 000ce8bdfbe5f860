/** @file The main thread of a kernel: runs cells and answers what only it can, also in the middle of a cell's loop. */
import nodeModule from "node:module";
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { setExperimentHost } from "../experiment/host";
import { sessionHost } from "../session/experimentHost";
import { Session } from "../session/session";
import type { Shared, ToMain } from "./channel";
import { Executions } from "./executions";
import type { KernelOptions } from "./kernelOptions";
import { Library } from "./library";
import { Outgoing } from "./outgoing";
import { answerRequest } from "./requests";

export interface CellThreadParts {
  readonly options: KernelOptions;
  /** To and from the thread of the protocol. */
  readonly port: MessagePort;
  readonly shared: Shared;
}

/** A notebook may run for weeks. Ten thousand long cells are less; the oldest go first. */
const MAX_CHARACTERS = 16e6;
/** How long the library waits for a first cell before it is loaded all the same. */
const WARM_MS = 100;

export class CellThread {
  private readonly port: MessagePort;
  private readonly out: Outgoing;
  private readonly library: Library;
  private readonly session: Session;
  private readonly executions: Executions;
  /** Sources of what ran, the running one last: for completion, and for processes that an experiment starts. */
  private readonly cells: string[] = [];
  private characters = 0;
  /** Requests under way: those that came in a loop and wait for its end. */
  private readonly started = new Set<Promise<void>>();

  constructor({ options, port, shared }: CellThreadParts) {
    this.port = port;
    this.out = new Outgoing(port, shared);
    this.library = new Library((info) => this.out.post({ kind: "info", info }));
    this.session = new Session({
      cwd: options.cwd,
      file: options.file,
      flag: shared.flag,
      modules: { isoflop: () => this.library.load() },
      onInterrupt: () => this.library.interrupt(),
      onService: () => this.drain(),
      onStray: (error) => process.stderr.write(`an error outside of cells: ${error instanceof Error ? error.stack : String(error)}\n`),
    });
    setExperimentHost(sessionHost({ cwd: options.cwd, file: options.file, cells: () => this.cells }));
    this.executions = new Executions({ session: this.session, out: this.out });
  }

  /** Takes orders from now on. */
  listen(): void {
    this.port.on("message", (order: ToMain) => this.obey(order));
    process.on("SIGINT", () => this.session.interrupt());
    process.on("SIGTERM", () => this.out.post({ kind: "end" }));
    // Not in the way of a first cell, and there before most.
    setTimeout(() => void this.warm(), WARM_MS);
  }

  /** Loads the library. A process that is killed later writes nothing then, so compiled code is kept now, for the next start. */
  private async warm(): Promise<void> {
    await this.library.load().catch(() => undefined);
    const flushCompileCache: unknown = Reflect.get(nodeModule, "flushCompileCache");
    if (typeof flushCompileCache === "function") flushCompileCache();
  }

  /** Orders that have come while a cell held the thread. */
  private drain(): void {
    for (let next = receiveMessageOnPort(this.port); next !== undefined; next = receiveMessageOnPort(this.port)) {
      // SAFETY: the other end of the port sends nothing else.
      this.obey(next.message as ToMain);
    }
  }

  private obey(order: ToMain): void {
    switch (order.kind) {
      case "execute":
        if (!order.silent) this.remember(order.code);
        this.track(this.executions.run(order));
        break;
      case "request": {
        const { id, type, content } = order;
        this.track(answerRequest({ type, content, session: this.session, library: this.library, cells: this.cells }, (reply) => this.out.post({ kind: "reply", id, content: reply })));
        break;
      }
      case "interrupt":
        this.executions.interrupt(order.execution);
        break;
      case "answer":
        this.executions.answer(order);
        break;
      case "end":
        process.exit(0);
    }
  }

  private remember(code: string): void {
    this.cells.push(code);
    this.characters += code.length;
    while (this.characters > MAX_CHARACTERS && this.cells.length > 1) this.characters -= this.cells.shift()?.length ?? 0;
  }

  private track(work: Promise<void>): void {
    this.started.add(work);
    void work.finally(() => this.started.delete(work));
  }
}
