/** @file Fills a webview with the page of model graphs, and keeps it up to date with its files. */
import { basename } from "node:path";
import type * as vscode from "vscode";
import type { ToModelGraphPanel } from "../../../webviews/panels/modelGraphMessages";
import { reasonOf } from "../../kernel/kernelError";
import type { Services } from "../../services";
import { readOfferedFile, saveFile } from "../saveFile";
import { webviewFolder, webviewPage } from "../webviewPage";
import { readGraph } from "./readGraph";

/** A file that is written in parts is read when it has been quiet for so long. */
const QUIET_MS = 400;

/** Shows one file, or two to compare, until the panel is closed. */
export function showGraphs(services: Services, panel: vscode.WebviewPanel, files: readonly vscode.Uri[]): void {
  const { vs } = services;
  const { webview } = panel;
  webview.options = { enableScripts: true, localResourceRoots: [webviewFolder(services)] };
  let reading = new AbortController();
  const post = (message: ToModelGraphPanel): void => void webview.postMessage(message);
  const read = async (): Promise<void> => {
    reading.abort();
    const own = (reading = new AbortController());
    post({ type: "reading", name: files.map(({ fsPath }) => basename(fsPath)).join(" and ") });
    try {
      const graphs = await Promise.all(files.map((file) => readGraph(services, file, own.signal)));
      if (!own.signal.aborted) post({ type: "graphs", graphs });
    } catch (error) {
      if (!own.signal.aborted) post({ type: "failed", message: reasonOf(error) });
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const watchers = files.map((file) => vs.workspace.createFileSystemWatcher(new vs.RelativePattern(vs.Uri.joinPath(file, ".."), basename(file.fsPath))));
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void read(), QUIET_MS);
  };
  const subscriptions = vs.Disposable.from(
    ...watchers,
    ...watchers.flatMap((watcher) => [watcher.onDidChange(changed), watcher.onDidCreate(changed)]),
    webview.onDidReceiveMessage((message: unknown) => {
      if (typeof message === "object" && message !== null && "type" in message && message.type === "ready") void read();
      const offered = readOfferedFile(message);
      if (offered !== undefined) void saveFile(services, offered).catch((error: unknown) => vs.window.showErrorMessage(`IsoFLOP: ${reasonOf(error)}`));
    }),
  );
  panel.onDidDispose(() => {
    clearTimeout(timer);
    reading.abort();
    subscriptions.dispose();
  });
  webview.html = webviewPage(services, { webview, script: "panels/modelGraph.js", title: files.map(({ fsPath }) => basename(fsPath)).join(" and ") });
}
