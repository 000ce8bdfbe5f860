/** @file Answers the language messages of an editor, for all of its notebooks: what the worker does, without the thread. */
import ts from "typescript";
import type { FromWorker, LanguageMethod, ToWorker } from "./messages";
import { NotebookLanguage } from "./notebookLanguage";
import { RequestQueue } from "./requestQueue";

/** Methods whose answers can wait. */
const BACKGROUND: ReadonlySet<LanguageMethod> = new Set<LanguageMethod>(["diagnostics", "tokens", "outline"]);

interface Notebook {
  readonly cwd: string;
  readonly language: NotebookLanguage;
  readonly codes: ReadonlyMap<string, string>;
}

export interface ServerOptions {
  readonly send: (message: FromWorker) => void;
  /** Ids of cancelled requests, each at `id % length`. */
  readonly cancelled: Int32Array;
  readonly schedule?: (work: () => void) => void;
}

export class LanguageServer {
  private readonly send: (message: FromWorker) => void;
  private readonly cancelled: Int32Array;
  private readonly queue: RequestQueue;
  private readonly notebooks = new Map<string, Notebook>();
  /** Asked by the compiler in the midst of long work. */
  private current = 0;

  constructor({ send, cancelled, schedule }: ServerOptions) {
    this.send = send;
    this.cancelled = cancelled;
    this.queue = new RequestQueue((id) => this.isCancelled(id), schedule);
  }

  receive(message: ToWorker): void {
    if (message.kind === "request") this.request(message);
    else if (message.kind === "sync") this.sync(message);
    else {
      this.notebooks.get(message.notebook)?.language.dispose();
      this.notebooks.delete(message.notebook);
    }
  }

  private sync({ notebook, cwd, cells }: Extract<ToWorker, { readonly kind: "sync" }>): void {
    const old = this.notebooks.get(notebook);
    const keep = old?.cwd === cwd ? old : undefined;
    if (keep === undefined) old?.language.dispose();
    const language = keep?.language ?? new NotebookLanguage({ cwd }, { isCancellationRequested: () => this.isCancelled(this.current) });
    const now = cells.map(({ id, code }) => ({ id, code: code ?? old?.codes.get(id) ?? "" }));
    language.update(now);
    if (keep === undefined) this.warmLater(notebook, language);
    this.notebooks.set(notebook, { cwd, language, codes: new Map(now.map(({ id, code }) => [id, code])) });
  }

  private warmLater(notebook: string, language: NotebookLanguage): void {
    const run = (): void => {
      if (this.notebooks.get(notebook)?.language === language) language.warm();
    };
    this.queue.add({ id: 0, background: true, run, drop: () => undefined });
  }

  private request({ id, notebook, method, params }: Extract<ToWorker, { readonly kind: "request" }>): void {
    this.queue.add({
      id,
      background: BACKGROUND.has(method),
      drop: () => this.send({ kind: "cancelled", id }),
      run: () => {
        this.current = id;
        try {
          this.send({ kind: "answer", id, result: this.notebooks.get(notebook)?.language.ask(method, params) });
        } catch (error) {
          if (error instanceof ts.OperationCanceledException) this.send({ kind: "cancelled", id });
          else this.send({ kind: "failed", id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
        } finally {
          this.current = 0;
        }
      },
    });
  }

  /** 0 is no request. */
  private isCancelled(id: number): boolean {
    return id !== 0 && Atomics.load(this.cancelled, id % this.cancelled.length) === id;
  }
}
