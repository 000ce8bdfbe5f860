/** @file The language worker as the extension sees it: requests with answers, cells kept in step, a new worker after a crash. */
import type * as vscode from "vscode";
import type { FromWorker, LanguageMethod, LanguageParams, LanguageResult, ToWorker, WorkerData } from "../../kernel/language/messages";

/** What is used of a worker thread. */
export interface WorkerLike {
  postMessage(message: ToWorker): void;
  on(event: "message", listen: (message: FromWorker) => void): void;
  on(event: "error", listen: (error: Error) => void): void;
  on(event: "exit", listen: (code: number) => void): void;
  terminate(): Promise<unknown>;
}

/** A notebook's cells: their ids and versions, and how to get their texts. */
export interface NotebookState {
  readonly notebook: string;
  readonly cwd: string;
  readonly cells: readonly { readonly id: string; readonly version: number; readonly text: () => string }[];
}

export interface ClientOptions {
  readonly start: (data: WorkerData) => WorkerLike;
  readonly log: Pick<vscode.LogOutputChannel, "warn" | "error">;
  readonly now?: () => number;
}

/** What is asked while it is cancelled or lost has no answer. */
interface Pending {
  readonly settle: (result: unknown) => void;
}

/** More requests than this are never under way at once. */
const CANCEL_SLOTS = 4096;
/** A worker that crashes more often than so within the time is not started again before it is over. */
const MAX_CRASHES = 4;
const CRASH_WINDOW_MS = 60_000;

export class LanguageClient implements vscode.Disposable {
  private readonly options: ClientOptions;
  private readonly cancelled = new Int32Array(new SharedArrayBuffer(CANCEL_SLOTS * Int32Array.BYTES_PER_ELEMENT));
  private readonly pending = new Map<number, Pending>();
  /** Versions that the worker has, by notebook and cell, in order. */
  private readonly sent = new Map<string, { readonly cwd: string; readonly cells: ReadonlyMap<string, number> }>();
  private worker: WorkerLike | undefined;
  private crashes: number[] = [];
  private lastId = 0;
  private disposed = false;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  /** The answer for the cells as they are now; undefined where there is none, or it was cancelled, or the worker ended. Never rejects. */
  ask<M extends LanguageMethod>(method: M, { state, params, token }: { readonly state: NotebookState; readonly params: LanguageParams<M>; readonly token?: vscode.CancellationToken }): Promise<LanguageResult<M> | undefined> {
    const worker = token?.isCancellationRequested === true ? undefined : this.running();
    if (worker === undefined) return Promise.resolve(undefined);
    this.sync(worker, state);
    this.lastId++;
    const id = this.lastId;
    return new Promise((resolve) => {
      const listening = token?.onCancellationRequested(() => {
        Atomics.store(this.cancelled, id % CANCEL_SLOTS, id);
        settle(undefined);
      });
      const settle = (result: unknown): void => {
        this.pending.delete(id);
        listening?.dispose();
        // SAFETY: the worker answers a method with the result that `LanguageMethods` gives it.
        resolve(result as LanguageResult<M> | undefined);
      };
      this.pending.set(id, { settle });
      worker.postMessage({ kind: "request", id, notebook: state.notebook, method, params });
    });
  }

  /** Tells the cells as they are now, so that what is asked later finds their types read. */
  tell(state: NotebookState): void {
    const worker = this.running();
    if (worker !== undefined) this.sync(worker, state);
  }

  /** The notebook was closed: what is known of it is let go. */
  close(notebook: string): void {
    if (this.sent.delete(notebook)) this.worker?.postMessage({ kind: "close", notebook });
  }

  dispose(): void {
    this.disposed = true;
    const worker = this.worker;
    this.lose();
    void worker?.terminate();
  }

  /** Only texts that changed are sent. */
  private sync(worker: WorkerLike, { notebook, cwd, cells }: NotebookState): void {
    const old = this.sent.get(notebook);
    const known = old?.cwd === cwd ? old.cells : undefined;
    const ids = known === undefined ? [] : [...known.keys()];
    const same = known !== undefined && ids.length === cells.length && cells.every(({ id, version }, k) => ids[k] === id && known.get(id) === version);
    if (same) return;
    worker.postMessage({ kind: "sync", notebook, cwd, cells: cells.map(({ id, version, text }) => (known?.get(id) === version ? { id } : { id, code: text() })) });
    this.sent.set(notebook, { cwd, cells: new Map(cells.map(({ id, version }) => [id, version])) });
  }

  private running(): WorkerLike | undefined {
    if (this.worker !== undefined || this.disposed) return this.worker;
    const { start, log, now = Date.now } = this.options;
    this.crashes = this.crashes.filter((time) => now() - time < CRASH_WINDOW_MS);
    if (this.crashes.length >= MAX_CRASHES) return undefined;
    const worker = start({ cancelled: this.cancelled.buffer });
    worker.on("message", (message) => this.receive(message));
    worker.on("error", (error) => log.error(`language worker: ${error.stack ?? error.message}`));
    worker.on("exit", (code) => {
      if (this.worker !== worker) return;
      this.crashes.push(now());
      log.warn(`language worker ended (${code}); the next request starts another${this.crashes.length >= MAX_CRASHES ? " after a minute" : ""}`);
      this.lose();
    });
    this.worker = worker;
    return worker;
  }

  private receive(message: FromWorker): void {
    if (message.kind === "ready") return;
    const pending = this.pending.get(message.id);
    if (message.kind === "failed") this.options.log.error(`language worker: ${message.message}`);
    pending?.settle(message.kind === "answer" ? message.result : undefined);
  }

  /** Nothing that was asked of the worker will be answered. */
  private lose(): void {
    this.worker = undefined;
    this.sent.clear();
    for (const { settle } of [...this.pending.values()]) settle(undefined);
  }
}
