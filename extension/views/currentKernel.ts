/** @file The kernel that the views show: the one of the notebook in front, and the last one while no notebook is. */
import type * as vscode from "vscode";
import type { Kernel, Services } from "../services";

export class CurrentKernel {
  /** Another kernel, or its state or status. */
  readonly onDidChange: vscode.Event<void>;
  /** The names of the notebook, or which notebook it is. */
  readonly onDidChangeVariables: vscode.Event<void>;
  private readonly changed: vscode.EventEmitter<void>;
  private readonly variables: vscode.EventEmitter<void>;
  private readonly subscriptions: vscode.Disposable[];
  private listener: vscode.Disposable | undefined;
  private shown: Kernel | undefined;

  constructor({ vs, kernels }: Pick<Services, "vs" | "kernels">) {
    this.changed = new vs.EventEmitter<void>();
    this.variables = new vs.EventEmitter<void>();
    this.onDidChange = this.changed.event;
    this.onDidChangeVariables = this.variables.event;
    const look = (): void => {
      const active = kernels.active;
      const left = this.shown !== undefined && kernels.of(this.shown.notebook) === this.shown && this.shown.state !== "dead" ? this.shown : undefined;
      this.follow(active ?? left);
    };
    this.subscriptions = [
      kernels.onDidChange((kernel) => {
        look();
        if (kernel === this.shown) this.changed.fire();
      }),
      vs.window.onDidChangeActiveNotebookEditor(look),
      this.changed,
      this.variables,
    ];
    look();
  }

  /** undefined when no kernel runs. */
  get kernel(): Kernel | undefined {
    return this.shown?.state === "dead" ? undefined : this.shown;
  }

  dispose(): void {
    this.listener?.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private follow(kernel: Kernel | undefined): void {
    if (kernel === this.shown) return;
    this.listener?.dispose();
    this.shown = kernel;
    this.listener = kernel?.onMessage(({ header }) => {
      if (header.msg_type === "isoflop_variables_changed") this.variables.fire();
    });
    this.changed.fire();
    this.variables.fire();
  }
}
