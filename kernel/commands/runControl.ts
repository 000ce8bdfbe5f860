/** @file A thread that interrupts cells: on orders of the supervising process, and when their time is over. */
import type { Socket } from "node:net";
import { type MessagePort, Worker } from "node:worker_threads";
import { INTERRUPTED, TIMED_OUT } from "../session/interrupt";
import type { Session } from "../session/session";

interface ThreadData {
  readonly flag: Int32Array;
  /** Number of the running cell; 0 between cells. */
  readonly running: Int32Array;
  readonly descriptor: number;
  readonly interrupted: number;
  readonly timedOut: number;
}

interface Deadline {
  readonly cell: number;
  readonly timeoutMs: number;
}

/** Interrupts cells of `session` while its own thread is busy in them. */
export class RunControl {
  private readonly worker: Worker;
  private readonly running = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private stopped = false;

  /** @param descriptor - open file descriptor that the orders come from; when it closes, the process ends. */
  constructor(session: Session, descriptor: number) {
    const workerData: ThreadData = { flag: session.flag, running: this.running, descriptor, interrupted: INTERRUPTED, timedOut: TIMED_OUT };
    this.worker = new Worker(`(${listen.toString()})(require("node:worker_threads"), require("node:net"))`, { eval: true, workerData });
    this.worker.on("message", (reason: number) => {
      if (reason === INTERRUPTED) this.stopped = true;
      session.interrupt(reason);
    });
    // Ctrl-C in a terminal reaches both processes; the other one gives the order.
    process.on("SIGINT", () => undefined);
  }

  /** An order to interrupt has come. */
  get interrupted(): boolean {
    return this.stopped;
  }

  /** Says that cell `cell` starts now and may take `timeoutMs`. */
  begin(cell: number, timeoutMs: number | undefined): void {
    Atomics.store(this.running, 0, cell);
    if (timeoutMs !== undefined) this.worker.postMessage({ cell, timeoutMs } satisfies Deadline);
  }

  end(): void {
    Atomics.store(this.running, 0, 0);
  }
}

interface Threads {
  readonly workerData: ThreadData;
  readonly parentPort: MessagePort;
}

/** Runs in the thread, from its text: everything it needs comes as an argument. */
function listen({ workerData, parentPort }: Threads, net: { readonly Socket: typeof Socket }): void {
  const { flag, running, descriptor, interrupted, timedOut } = workerData;
  const raise = (reason: number): void => {
    Atomics.store(flag, 0, reason);
    parentPort.postMessage(reason);
  };
  parentPort.on("message", ({ cell, timeoutMs }: Deadline) => {
    setTimeout(() => {
      if (Atomics.load(running, 0) === cell) raise(timedOut);
    }, timeoutMs).unref();
  });
  const orders = new net.Socket({ fd: descriptor, readable: true, writable: false });
  orders.on("data", () => raise(interrupted));
  orders.on("error", () => undefined);
  orders.on("close", () => process.kill(process.pid, "SIGKILL"));
}
