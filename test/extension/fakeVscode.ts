/** @file The part of the `vscode` module that the extension's logic needs, without an editor. */
import type * as vscode from "vscode";

type Listener<T> = (event: T) => unknown;

class EventEmitter<T> {
  private readonly listeners = new Set<Listener<T>>();
  readonly event = (listen: Listener<T>): vscode.Disposable => {
    this.listeners.add(listen);
    return { dispose: () => this.listeners.delete(listen) };
  };
  fire(value: T): void {
    for (const listen of [...this.listeners]) listen(value);
  }
  dispose(): void {
    this.listeners.clear();
  }
}

export class NotebookCellOutputItem {
  constructor(
    readonly data: Uint8Array,
    readonly mime: string,
  ) {}
  static text = (value: string, mime = "text/plain"): NotebookCellOutputItem => new NotebookCellOutputItem(Buffer.from(value), mime);
  static json = (value: unknown, mime = "text/x-json"): NotebookCellOutputItem => NotebookCellOutputItem.text(JSON.stringify(value), mime);
  static stdout = (value: string): NotebookCellOutputItem => NotebookCellOutputItem.text(value, "application/vnd.code.notebook.stdout");
  static stderr = (value: string): NotebookCellOutputItem => NotebookCellOutputItem.text(value, "application/vnd.code.notebook.stderr");
  static error = ({ name, message, stack }: Error): NotebookCellOutputItem => NotebookCellOutputItem.json({ name, message, stack }, "application/vnd.code.notebook.error");
}

export class NotebookCellOutput {
  constructor(
    public items: NotebookCellOutputItem[],
    public metadata?: Record<string, unknown>,
  ) {}
}

export interface FakeOptions {
  readonly trusted?: boolean;
}

/** A module as far as kernels, runs and outputs use it. */
export function fakeVscode({ trusted = true }: FakeOptions = {}): typeof vscode {
  const fake = {
    EventEmitter,
    NotebookCellOutput,
    NotebookCellOutputItem,
    NotebookCellKind: { Markup: 1, Code: 2 },
    workspace: { isTrusted: trusted, workspaceFolders: undefined, getConfiguration: () => ({ get: () => undefined }) },
    window: { activeNotebookEditor: undefined },
  };
  // SAFETY: what is not in it is not used by the code under test; using it fails the test.
  return fake as unknown as typeof vscode;
}

/** State of a workspace, in memory. */
export function fakeMemento(): vscode.Memento {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: <T>(key: string, fallback?: T) => {
      // SAFETY: what was stored under the key, as in the editor.
      return (values.get(key) ?? fallback) as T;
    },
    update: (key, value) => {
      values.set(key, value);
      return Promise.resolve();
    },
  };
}

/** A log that is kept. */
export function fakeLog(): vscode.LogOutputChannel & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (line: unknown): void => void lines.push(String(line));
  // SAFETY: the code under test writes lines and nothing else.
  return { lines, trace: add, debug: add, info: add, warn: add, error: add } as unknown as vscode.LogOutputChannel & { readonly lines: string[] };
}
