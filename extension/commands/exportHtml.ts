/** @file "Export Notebook to HTML": one page with outputs, made from the file as it stands. */
import { dirname } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import { isoflopCli } from "./isoflopCli";
import { requireNotebook } from "./notebookCells";
import { register } from "./register";
import { UserError } from "./userError";

export function exportHtml(services: Services): vscode.Disposable {
  const { vs } = services;
  return register(services, "exportHtml", async () => {
    const { notebook } = requireNotebook(services);
    if (notebook.isUntitled || notebook.uri.scheme !== "file") throw new UserError("the notebook is no file yet", "save it first");
    if (notebook.isDirty && !(await notebook.save())) throw new UserError("the notebook could not be saved", "save it, then export it");
    const path = notebook.uri.fsPath;
    const target = await vs.window.showSaveDialog({ defaultUri: vs.Uri.file(path.replace(/\.ipynb$/i, ".html")), filters: { HTML: ["html"] } });
    if (target === undefined) return;
    const { code, stderr } = await vs.window.withProgress({ location: vs.ProgressLocation.Window, title: "Exporting to HTML" }, () => isoflopCli(services, ["html", path, "--out", target.fsPath], { cwd: dirname(path) }));
    if (code !== 0) throw new UserError(stderr.trim(), "correct that and export again");
    const choice = await vs.window.showInformationMessage(`Written to ${vs.workspace.asRelativePath(target)}.`, "Open in Browser");
    if (choice !== undefined) await vs.env.openExternal(target);
  });
}
