/** @file The kernels of the open notebooks: one for each, found again or started. */
import { randomUUID } from "node:crypto";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type * as vscode from "vscode";
import type { Kernel, Kernels, Services } from "../services";
import { clearDead, findKernels, type FoundKernel } from "./findKernels";
import { kernelFlags } from "./kernelFlags";
import { KernelError } from "./kernelError";
import { type Heartbeat, LocalKernel } from "./localKernel";
import { NotebookMemories } from "./notebookMemory";
import { kernelRoot, openPrivateFolder } from "./privateFolder";
import { startProcess } from "./startProcess";

export class NotebookKernels implements Kernels, vscode.Disposable {
  readonly memories: NotebookMemories;
  readonly onDidChange: vscode.Event<Kernel>;
  /** A kernel that is about to be opened: who listens now hears of everything it says. */
  readonly onWillOpen: vscode.Event<LocalKernel>;
  private readonly session = randomUUID();
  private readonly kernels = new Map<string, LocalKernel>();
  private readonly opening = new Map<string, Promise<LocalKernel>>();
  private readonly changed: vscode.EventEmitter<Kernel>;
  private readonly willOpen: vscode.EventEmitter<LocalKernel>;

  /** `root`: where kernels keep their folders. */
  constructor(
    private readonly given: Omit<Services, "kernels">,
    private readonly root = kernelRoot(),
    private readonly heartbeat?: Heartbeat,
  ) {
    this.changed = new given.vs.EventEmitter<Kernel>();
    this.willOpen = new given.vs.EventEmitter<LocalKernel>();
    this.onDidChange = this.changed.event;
    this.onWillOpen = this.willOpen.event;
    this.memories = new NotebookMemories(given.context.workspaceState);
  }

  of(notebook: vscode.Uri): LocalKernel | undefined {
    const kernel = this.kernels.get(notebook.toString());
    return kernel === undefined || kernel.state === "dead" ? undefined : kernel;
  }

  get active(): LocalKernel | undefined {
    const notebook = this.given.vs.window.activeNotebookEditor?.notebook;
    return notebook === undefined ? undefined : this.of(notebook.uri);
  }

  start(notebook: vscode.NotebookDocument): Promise<LocalKernel> {
    return this.once(notebook.uri, async () => this.of(notebook.uri) ?? this.open(notebook, await this.find(notebook.uri)));
  }

  /** The kernel that was left running for `notebook`, attached to; undefined where there is none. */
  async reattach(notebook: vscode.NotebookDocument): Promise<LocalKernel | undefined> {
    const running = this.opening.get(notebook.uri.toString()) ?? this.of(notebook.uri);
    if (running !== undefined) return running;
    const found = await this.find(notebook.uri);
    return found === undefined ? undefined : this.once(notebook.uri, async () => this.of(notebook.uri) ?? this.open(notebook, found));
  }

  /** Lets go of a notebook's kernel, which goes on by itself. */
  detach(notebook: vscode.Uri): void {
    const uri = notebook.toString();
    this.kernels.get(uri)?.detach();
    this.kernels.delete(uri);
  }

  /** The kernel of `from` is that of `to` from now on: the notebook was saved for the first time. */
  async move(from: vscode.Uri, to: vscode.NotebookDocument): Promise<void> {
    await this.renamed(from, to.uri);
    await this.reattach(to);
  }

  /** A notebook, or a folder with notebooks, has another name: their kernels are let go of, and found by that name. */
  async renamed(from: vscode.Uri, to: vscode.Uri): Promise<void> {
    const { alive } = await findKernels(this.root);
    for (const { record } of alive) {
      const name = this.memories.notebookOf(record);
      if (name !== from.toString() && !name.startsWith(`${from.toString()}/`)) continue;
      this.detach(this.given.vs.Uri.parse(name));
      await this.memories.move(record, `${to.toString()}${name.slice(from.toString().length)}`);
    }
  }

  /** Removes what kernels left that have been dead for long. */
  async clean(): Promise<void> {
    const { log } = this.given;
    const { dead, refused } = await findKernels(this.root);
    for (const { folder, why } of refused) log.debug(`not used as a kernel: ${folder} ${why}`);
    for (const folder of await clearDead(dead)) log.info(`removed the folder of a dead kernel: ${folder}`);
  }

  dispose(): void {
    for (const kernel of this.kernels.values()) kernel.detach();
    this.kernels.clear();
    this.changed.dispose();
    this.willOpen.dispose();
  }

  private async find(notebook: vscode.Uri): Promise<FoundKernel | undefined> {
    const { alive } = await findKernels(this.root);
    return alive.find(({ record }) => this.memories.notebookOf(record) === notebook.toString());
  }

  private async open(notebook: vscode.NotebookDocument, found: FoundKernel | undefined): Promise<LocalKernel> {
    const { vs, log } = this.given;
    if (!vs.workspace.isTrusted) throw new KernelError("no kernel starts in a workspace that is not trusted", { where: notebook.uri.fsPath, help: "trust the workspace (Workspaces: Manage Workspace Trust), then run the cell" });
    this.detach(notebook.uri);
    const kernel = new LocalKernel({
      vs,
      log,
      notebook: notebook.uri,
      session: this.session,
      launch: () => this.launch(notebook),
      seen: ({ record }) => this.memories.of(notebook.uri, record)?.settled ?? 0,
      onChanged: (changed) => this.changed.fire(changed),
      heartbeat: this.heartbeat,
    });
    this.kernels.set(notebook.uri.toString(), kernel);
    this.willOpen.fire(kernel);
    await kernel.open(found);
    return kernel;
  }

  private async launch(notebook: vscode.NotebookDocument): Promise<FoundKernel> {
    const { vs, context, config } = this.given;
    const root = await openPrivateFolder(this.root);
    const file = notebook.uri.scheme === "file" ? notebook.uri.fsPath : undefined;
    const cwd = file === undefined ? (vs.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir()) : dirname(file);
    return startProcess({ root, main: join(context.extensionPath, "dist", "main.js"), node: config.nodePath, notebook: notebook.uri.toString(), file, cwd, flags: kernelFlags(config) });
  }

  /** Two that ask at once get the same kernel. */
  private once(notebook: vscode.Uri, make: () => Promise<LocalKernel>): Promise<LocalKernel> {
    const uri = notebook.toString();
    const present = this.opening.get(uri);
    if (present !== undefined) return present;
    const made = make().finally(() => this.opening.delete(uri));
    this.opening.set(uri, made);
    return made;
  }
}
