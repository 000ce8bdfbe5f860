/** @file Panels that show a variable as an output would: one for each, up to date while its kernel lives. */
import type * as vscode from "vscode";
import type { MimeBundle } from "../../kernel/protocol/messages";
import type { VariableView } from "../../kernel/protocol/jupyter";
import type { ToViewPanel } from "../../webviews/panels/viewMessages";
import { UserError } from "../commands/userError";
import { reasonOf } from "../kernel/kernelError";
import type { Kernel, Services } from "../services";
import { readOfferedFile, saveFile } from "./saveFile";
import { webviewFolder, webviewPage } from "./webviewPage";

const VIEW_TYPE = "isoflop.viewPanel";
/** Between two looks at a variable that changes while a cell runs. */
const LIVE_MS = 2000;

export interface Shown {
  readonly path: string;
  readonly view: VariableView;
}

export interface BundlePanel {
  readonly panel: vscode.WebviewPanel;
  readonly update: (data: MimeBundle) => void;
}

export class ViewPanels {
  private readonly open = new Map<string, vscode.WebviewPanel>();

  constructor(private readonly services: Services) {}

  /** Shows a variable of the kernel; a panel that shows it already comes to the front.
   * @throws {UserError} when the kernel cannot show it so. */
  async show(kernel: Kernel, shown: Shown): Promise<void> {
    const data = await viewOf(kernel, shown);
    const key = `${kernel.notebook.toString()} ${shown.view} ${shown.path}`;
    const there = this.open.get(key);
    if (there !== undefined) {
      there.reveal();
      return;
    }
    const title = shown.view === "value" || shown.view === "tensor" ? shown.path : `${shown.path}: ${shown.view}`;
    const { panel, update } = this.showBundle(title, data);
    this.open.set(key, panel);
    let timer: NodeJS.Timeout | undefined;
    const follow = kernel.onMessage(({ header }) => {
      if (header.msg_type !== "isoflop_variables_changed") return;
      timer ??= setTimeout(() => {
        timer = undefined;
        // A variable that is gone keeps its last picture.
        if (panel.visible) void viewOf(kernel, shown).then(update, () => undefined);
      }, LIVE_MS);
    });
    panel.onDidDispose(() => {
      this.open.delete(key);
      clearTimeout(timer);
      follow.dispose();
    });
  }

  /** A panel of an output, and how to give it a newer one. */
  showBundle(title: string, data: MimeBundle): BundlePanel {
    const { vs, config } = this.services;
    const panel = vs.window.createWebviewPanel(VIEW_TYPE, title, { viewColumn: this.column(), preserveFocus: false }, { enableScripts: true, localResourceRoots: [webviewFolder(this.services)] });
    const post = (message: ToViewPanel): void => void panel.webview.postMessage(message);
    let latest = data;
    const update = (next: MimeBundle): void => {
      latest = next;
      post({ type: "bundle", title, data: next });
    };
    panel.webview.onDidReceiveMessage((message: unknown) => {
      // Also after the page was hidden and made again.
      if (typeof message === "object" && message !== null && "type" in message && message.type === "ready") {
        post({ type: "theme", theme: config.viewsTheme });
        update(latest);
      }
      const file = readOfferedFile(message);
      if (file !== undefined) void saveFile(this.services, file).catch((error: unknown) => vs.window.showErrorMessage(`IsoFLOP: ${reasonOf(error)}`));
    });
    const themes = config.onDidChange(() => post({ type: "theme", theme: config.viewsTheme }));
    panel.onDidDispose(() => themes.dispose());
    panel.webview.html = webviewPage(this.services, { webview: panel.webview, script: "panels/view.js", title });
    return { panel, update };
  }

  /** Where such a panel is open already, else beside the notebook: not one more column for each. */
  private column(): vscode.ViewColumn {
    const { vs } = this.services;
    const group = vs.window.tabGroups.all.find(({ tabs }) => tabs.some(({ input }) => input instanceof vs.TabInputWebview && input.viewType.endsWith(VIEW_TYPE)));
    return group?.viewColumn ?? vs.ViewColumn.Beside;
  }

  dispose(): void {
    for (const panel of this.open.values()) panel.dispose();
  }
}

/** @throws {UserError} when the kernel cannot show it so. */
export async function viewOf(kernel: Kernel, { path, view }: Shown): Promise<MimeBundle> {
  const reply = await kernel.request("isoflop_view_request", { path, view });
  if (reply.status !== "ok") throw new UserError(`${path} cannot be shown: ${reply.evalue ?? reply.status}`, view === "value" ? "run the cell that makes it again" : `choose a variable that a ${view} view can be made of`);
  return reply.data;
}
