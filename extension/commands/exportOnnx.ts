/** @file "Export Model to ONNX": a variable of the notebook into a file that the user names. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { modelVariable, writeOnnx } from "./modelVariable";
import { requireKernel, requireNotebook } from "./notebookCells";
import { register } from "./register";

export function exportOnnx(services: Services): vscode.Disposable {
  return register(services, "exportOnnx", async (given) => {
    const { vs } = services;
    const kernel = requireKernel(services);
    const path = await modelVariable(services, kernel, given);
    if (path === undefined) return;
    const folder = vs.Uri.joinPath(requireNotebook(services).notebook.uri, "..");
    const target = await vs.window.showSaveDialog({ defaultUri: vs.Uri.joinPath(folder, `${path.replace(/[^\w.-]+/g, "_") || "model"}.onnx`), filters: { "ONNX models": ["onnx"] } });
    if (target === undefined) return;
    const bytes = await vs.window.withProgress({ location: vs.ProgressLocation.Notification, title: `Writing ${path} as ONNX` }, () => writeOnnx(kernel, { path, file: target.fsPath }));
    const choice = await vs.window.showInformationMessage(`${path} is written: ${(bytes / 1e6).toFixed(1)} MB`, "Open Graph");
    if (choice !== undefined) await vs.commands.executeCommand("isoflop.openModelGraph", target);
  });
}
