/** @file The panel in which runs are compared; it follows those that still run. */
import type * as vscode from "vscode";
import type { RunSummary } from "../../../kernel/runs/schema";
import type { ToRunsPanel } from "../../../webviews/panels/runsMessages";
import { reasonOf } from "../../kernel/kernelError";
import type { Services } from "../../services";
import { readOfferedFile, saveFile } from "../saveFile";
import { webviewFolder, webviewPage } from "../webviewPage";
import { panelRun } from "./panelRun";
import type { RunStore } from "./runStore";

const VIEW_TYPE = "isoflop.runsPanel";
const TITLE = "Compare Runs";

type Chosen = Pick<RunSummary, "folder" | "id">;

/** One panel, shown again with other runs. */
export class RunsPanel {
  private panel: vscode.WebviewPanel | undefined;
  private chosen: readonly Chosen[] = [];
  private ready = false;
  private readonly subscription: vscode.Disposable;
  private sent = "";

  constructor(
    private readonly services: Services,
    private readonly store: RunStore,
  ) {
    this.subscription = store.onDidChange(() => void this.send());
  }

  show(runs: readonly Chosen[]): void {
    this.chosen = runs;
    this.sent = "";
    this.panel ??= this.open();
    this.panel.reveal();
    void this.send();
  }

  dispose(): void {
    this.subscription.dispose();
    this.panel?.dispose();
  }

  private open(): vscode.WebviewPanel {
    const { services } = this;
    const { vs } = services;
    const panel = vs.window.createWebviewPanel(VIEW_TYPE, TITLE, vs.ViewColumn.Active, { enableScripts: true, localResourceRoots: [webviewFolder(services)], retainContextWhenHidden: false });
    panel.webview.onDidReceiveMessage((message: unknown) => {
      if (typeof message === "object" && message !== null && "type" in message && message.type === "ready") {
        this.ready = true;
        this.sent = "";
        void this.send();
      }
      const file = readOfferedFile(message);
      if (file !== undefined) void saveFile(services, file).catch((error: unknown) => vs.window.showErrorMessage(`IsoFLOP: ${reasonOf(error)}`));
    });
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.ready = false;
    });
    panel.webview.html = webviewPage(services, { webview: panel.webview, script: "panels/runs.js", title: TITLE });
    return panel;
  }

  /** Runs that were deleted meanwhile go; what did not change is not sent again. */
  private async send(): Promise<void> {
    if (this.panel === undefined || !this.ready) return;
    const loaded = await Promise.all(this.chosen.map((run) => this.store.load(run).catch(() => undefined)));
    const message: ToRunsPanel = { type: "runs", runs: loaded.flatMap((run) => (run === undefined ? [] : [panelRun(run)])) };
    const text = JSON.stringify(message);
    if (text === this.sent) return;
    this.sent = text;
    await this.panel?.webview.postMessage(message);
  }
}
