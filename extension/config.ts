/** @file Every setting of the extension: its name, its type, and how to hear of a change. */
import type * as vscode from "vscode";

const SECTION = "isoflop";

/** Settings as they are now: a getter reads the present value. */
export class Config {
  constructor(private readonly vs: typeof vscode) {}

  /** Program that runs the kernel; "" for the Node.js that the editor runs on. */
  get nodePath(): string {
    return this.read("nodePath", "");
  }

  /** Device of new kernels. */
  get device(): string {
    return this.read("device", "cpu");
  }

  /** Processor threads a kernel may use; 0 for all cores. */
  get threads(): number {
    return this.read("threads", 0);
  }

  get interruptEscalationMs(): number {
    return this.read("interruptEscalationSeconds", 10) * 1000;
  }

  /** 0: never. */
  get idleShutdownMs(): number {
    return this.read("idleShutdownMinutes", 240) * 60_000;
  }

  /** Share of memory, 0…0.5, below which a kernel warns. */
  get memoryWarningShare(): number {
    return this.read("memoryWarningPercent", 8) / 100;
  }

  /** Outputs above this go to a side file. */
  get outputLimitBytes(): number {
    return this.read("outputLimitMegabytes", 2) * 1e6;
  }

  /** Relative to the notebook's folder, or absolute. */
  get runsFolder(): string {
    return this.read("runsFolder", ".isoflop/runs");
  }

  get viewsTheme(): "editor" | "light" {
    return this.read("views.theme", "editor") === "light" ? "light" : "editor";
  }

  get diagnostics(): boolean {
    return this.read("diagnostics", true);
  }

  get statusBar(): boolean {
    return this.read("statusBar", true);
  }

  /** Calls back after any of the settings has changed. */
  onDidChange(listen: () => void): vscode.Disposable {
    return this.vs.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SECTION)) listen();
    });
  }

  /** A value of the wrong type counts as not set. */
  private read(name: string, fallback: string): string;
  private read(name: string, fallback: number): number;
  private read(name: string, fallback: boolean): boolean;
  private read(name: string, fallback: unknown): unknown {
    const value: unknown = this.vs.workspace.getConfiguration(SECTION).get(name);
    return typeof value === typeof fallback ? value : fallback;
  }
}
