/** @file The runs of the open notebooks and workspace folders, read from their files and watched. */
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type * as vscode from "vscode";
import { deleteRun, listRuns, readRun, type RunProblem } from "../../../kernel/runs/readRuns";
import { METRICS_FILE, RECORD_FILE, type RunData, type RunSummary } from "../../../kernel/runs/schema";
import { reasonOf } from "../../kernel/kernelError";
import type { Services } from "../../services";

export interface StoredRuns {
  /** The newest first. */
  readonly runs: readonly RunSummary[];
  readonly problems: readonly RunProblem[];
}

/** Rows come many times a second while a run trains. */
const QUIET_MS = 1000;
/** A workspace with more runs folders than this is one of archives. */
const MAX_FOLDERS = 200;

export class RunStore {
  readonly onDidChange: vscode.Event<void>;
  private readonly changed: vscode.EventEmitter<void>;
  private readonly watchers = new Map<string, vscode.Disposable>();
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private listing: Promise<StoredRuns> | undefined;

  constructor(private readonly services: Pick<Services, "vs" | "config" | "log" | "kernels">) {
    const { vs, config, kernels } = services;
    this.changed = new vs.EventEmitter<void>();
    this.onDidChange = this.changed.event;
    const soon = (): void => this.refreshSoon();
    this.subscriptions = [config.onDidChange(soon), vs.workspace.onDidChangeWorkspaceFolders(soon), vs.workspace.onDidOpenNotebookDocument(soon), vs.workspace.onDidCloseNotebookDocument(soon), kernels.onDidChange(soon), this.changed];
  }

  /** All runs as they are now. Reads once, however many ask at a time. */
  list(): Promise<StoredRuns> {
    return (this.listing ??= this.read().finally(() => (this.listing = undefined)));
  }

  /** A run with its rows. @throws {ArgumentError} when it is gone. */
  load({ folder, id }: Pick<RunSummary, "folder" | "id">): Promise<RunData> {
    return readRun(dirname(folder), id);
  }

  /** @throws {DeviceError} when it cannot be deleted. */
  async delete({ folder, id }: Pick<RunSummary, "folder" | "id">): Promise<void> {
    await deleteRun(dirname(folder), id);
    this.refresh();
  }

  refresh(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changed.fire();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const disposable of [...this.watchers.values(), ...this.subscriptions]) disposable.dispose();
  }

  /** Kernels tell of themselves each second while they work: what they log is seen where no watcher sees it. */
  private refreshSoon(): void {
    // Not put off by further changes: a run that trains must be seen to move.
    this.timer ??= setTimeout(() => this.refresh(), QUIET_MS);
  }

  private async read(): Promise<StoredRuns> {
    const folders = await this.folders();
    this.watch(folders);
    const lists = await Promise.all(
      folders.map((folder) =>
        listRuns(folder).catch((error: unknown): StoredRuns => {
          this.services.log.warn(`runs: ${reasonOf(error)}`);
          return { runs: [], problems: [{ id: folder, folder, message: reasonOf(error) }] };
        }),
      ),
    );
    const runs = lists.flatMap((list) => list.runs).sort((a, b) => Date.parse(b.started) - Date.parse(a.started));
    return { runs, problems: lists.flatMap((list) => list.problems) };
  }

  /** Folders that hold runs, or would: of the open notebooks, of the workspace, and those found in it. */
  private async folders(): Promise<string[]> {
    const { vs, config } = this.services;
    const setting = config.runsFolder;
    if (isAbsolute(setting)) return [resolve(setting)];
    const bases = [
      ...vs.workspace.notebookDocuments.filter(({ uri }) => uri.scheme === "file").map(({ uri }) => dirname(uri.fsPath)),
      ...(vs.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file").map(({ uri }) => uri.fsPath),
    ];
    const found = await vs.workspace.findFiles(`**/${setting.replaceAll("\\", "/")}/*/${RECORD_FILE}`, "**/node_modules/**", 20 * MAX_FOLDERS).then(
      (uris) => uris.map(({ fsPath }) => dirname(dirname(fsPath))),
      () => [],
    );
    return [...new Set([...bases.map((base) => join(base, setting)), ...found])].slice(0, MAX_FOLDERS);
  }

  private watch(folders: readonly string[]): void {
    const { vs } = this.services;
    for (const folder of folders) {
      if (this.watchers.has(folder)) continue;
      // A folder that is not there yet cannot be watched, the workspace around it can.
      const around = vs.workspace.getWorkspaceFolder(vs.Uri.file(folder));
      const inner = around === undefined ? "" : `${relative(around.uri.fsPath, folder).replaceAll("\\", "/")}/`;
      const watcher = vs.workspace.createFileSystemWatcher(new vs.RelativePattern(around ?? vs.Uri.file(folder), `${inner}**/{${RECORD_FILE},${METRICS_FILE}}`));
      for (const event of [watcher.onDidCreate, watcher.onDidChange, watcher.onDidDelete]) event(() => this.refreshSoon());
      this.watchers.set(folder, watcher);
    }
    for (const [folder, watcher] of this.watchers) {
      if (folders.includes(folder)) continue;
      watcher.dispose();
      this.watchers.delete(folder);
    }
  }
}
