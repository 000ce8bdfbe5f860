/** @file The kernels of the open notebooks: one for each, found again or started. */
import type * as vscode from "vscode";
import { type Kernel, type Kernels, type Services } from "../services";
import { KernelError } from "./kernelError";

export class NotebookKernels implements Kernels, vscode.Disposable {
  private readonly kernels = new Map<string, Kernel>();
  private readonly changed: vscode.EventEmitter<Kernel>;
  readonly onDidChange: vscode.Event<Kernel>;

  constructor(private readonly given: Omit<Services, "kernels">) {
    this.changed = new given.vs.EventEmitter<Kernel>();
    this.onDidChange = this.changed.event;
  }

  of(notebook: vscode.Uri): Kernel | undefined {
    return this.kernels.get(notebook.toString());
  }

  get active(): Kernel | undefined {
    const notebook = this.given.vs.window.activeNotebookEditor?.notebook;
    return notebook === undefined ? undefined : this.of(notebook.uri);
  }

  start(notebook: vscode.NotebookDocument): Promise<Kernel> {
    return Promise.reject(new KernelError("no kernel can be started yet", { where: notebook.uri.fsPath, help: "build the kernel: npm run build" }));
  }

  dispose(): void {
    this.changed.dispose();
  }
}
