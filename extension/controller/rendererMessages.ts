/** @file Speaks with the views in notebooks: sends updates and the theme, saves what they export. */
import { basename, dirname, extname } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import { readFromRenderer, RENDERER_ID, type ToRenderer } from "../../webviews/shared/messages";

export interface RendererMessages extends vscode.Disposable {
  /** To the views in the editors of `notebook`. */
  update(notebook: vscode.NotebookDocument, message: Extract<ToRenderer, { readonly type: "update" }>): void;
}

export function openRendererMessages({ vs, config, log }: Pick<Services, "vs" | "config" | "log">): RendererMessages {
  const messaging = vs.notebooks.createRendererMessaging(RENDERER_ID);
  const post = (message: ToRenderer, editor?: vscode.NotebookEditor): void => void messaging.postMessage(message, editor).then(undefined, (error: unknown) => log.debug(`a view was not reached: ${String(error)}`));
  const theme = (editor?: vscode.NotebookEditor): void => post({ type: "theme", theme: config.viewsTheme }, editor);
  const listening = messaging.onDidReceiveMessage(({ editor, message }) => {
    const known = readFromRenderer(message);
    if (known?.type === "ready") theme(editor);
    if (known?.type === "save") void save(vs, editor.notebook.uri, known).catch((error: unknown) => vs.window.showErrorMessage(`IsoFLOP: the file was not saved: ${error instanceof Error ? error.message : String(error)}`));
  });
  const parts = vs.Disposable.from(
    listening,
    config.onDidChange(() => theme()),
  );
  return {
    update: (notebook, message) => {
      for (const editor of vs.window.visibleNotebookEditors) if (editor.notebook === notebook) post(message, editor);
    },
    dispose: () => parts.dispose(),
  };
}

/** Asks where; the name that a view proposes is a name only, never a path. */
async function save(vs: typeof vscode, notebook: vscode.Uri, { name, base64 }: { readonly name: string; readonly base64: string }): Promise<void> {
  if (!vs.workspace.isTrusted) return;
  const proposed = basename(name.replaceAll("\\", "/")) || "output";
  const folder = notebook.scheme === "file" ? vs.Uri.file(dirname(notebook.fsPath)) : vs.workspace.workspaceFolders?.[0]?.uri;
  const extension = extname(proposed).slice(1);
  const filters = extension === "" ? {} : { filters: { [extension.toUpperCase()]: [extension] } };
  const target = await vs.window.showSaveDialog({ ...(folder === undefined ? {} : { defaultUri: vs.Uri.joinPath(folder, proposed) }), ...filters, title: "Save Output" });
  if (target !== undefined) await vs.workspace.fs.writeFile(target, Buffer.from(base64, "base64"));
}
