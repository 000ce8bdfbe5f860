/** @file What a window knows of a notebook's kernel, kept over a reload: which messages are in the document, and where displays are. */
import type * as vscode from "vscode";
import type { KernelRecord } from "../../kernel/protocol/jupyter";

const KEY = "isoflop.kernels";
const MOVED_KEY = "isoflop.movedKernels";
/** Notebooks whose memory is kept; the least recent goes. */
const MAX_NOTEBOOKS = 50;

/** A display that a later message may update: the n-th output of a cell. */
export interface KnownDisplay {
  readonly id: string;
  readonly cellKey: string;
  readonly index: number;
}

export interface NotebookMemory {
  /** Which process: numbers of processes come again. */
  readonly kernel: string;
  /** Messages up to this number are in the document. */
  readonly settled: number;
  readonly displays: readonly KnownDisplay[];
}

export const kernelName = ({ pid, started }: KernelRecord): string => `${pid}@${started}`;

/** Memories by notebook, in the state of the workspace. */
export class NotebookMemories {
  constructor(private readonly state: vscode.Memento) {}

  /** Of `record`'s process alone; nothing for another. */
  of(notebook: vscode.Uri, record: KernelRecord): NotebookMemory | undefined {
    const found = this.read().find(([uri]) => uri === notebook.toString())?.[1];
    return found?.kernel === kernelName(record) ? found : undefined;
  }

  async set(notebook: vscode.Uri, memory: NotebookMemory): Promise<void> {
    const uri = notebook.toString();
    const others = this.read().filter(([other]) => other !== uri);
    await this.state.update(KEY, [[uri, memory], ...others].slice(0, MAX_NOTEBOOKS));
  }

  /** The notebook of `record`'s process: the one it was started for, or what that is called now. */
  notebookOf(record: KernelRecord): string {
    return this.moved().find(([kernel]) => kernel === kernelName(record))?.[1] ?? record.notebook;
  }

  /** The notebook has another name from now on; what is known of its kernel goes with it. */
  async move(record: KernelRecord, uri: string): Promise<void> {
    const from = this.notebookOf(record);
    const others = this.moved().filter(([kernel]) => kernel !== kernelName(record));
    await this.state.update(MOVED_KEY, [[kernelName(record), uri], ...others].slice(0, MAX_NOTEBOOKS));
    const entries = this.read().map(([name, memory]): readonly [string, NotebookMemory] => [name === from && memory.kernel === kernelName(record) ? uri : name, memory]);
    await this.state.update(KEY, entries);
  }

  private moved(): (readonly [kernel: string, notebook: string])[] {
    const stored: unknown = this.state.get(MOVED_KEY);
    return Array.isArray(stored) ? stored.filter((entry): entry is readonly [string, string] => Array.isArray(entry) && typeof entry[0] === "string" && typeof entry[1] === "string") : [];
  }

  /** What an older version stored, or somebody else, is no memory. */
  private read(): (readonly [string, NotebookMemory])[] {
    const stored: unknown = this.state.get(KEY);
    return Array.isArray(stored) ? stored.filter(isEntry) : [];
  }
}

function isEntry(value: unknown): value is readonly [string, NotebookMemory] {
  if (!Array.isArray(value) || typeof value[0] !== "string") return false;
  const memory: unknown = value[1];
  return typeof memory === "object" && memory !== null && "kernel" in memory && "settled" in memory && typeof memory.settled === "number" && "displays" in memory && Array.isArray(memory.displays);
}
