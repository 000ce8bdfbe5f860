/** @file "Import ONNX Model as Cell": a cell that reads the chosen file as a model that can be called, differentiated and changed. */
import { dirname, relative, sep } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import { insertCells, requireNotebook } from "./notebookCells";
import { register } from "./register";

export function importOnnx(services: Services): vscode.Disposable {
  return register(services, "importOnnx", async (given) => {
    const { vs } = services;
    const editor = requireNotebook(services);
    const file = given instanceof vs.Uri ? given : (await vs.window.showOpenDialog({ title: "Model to import", filters: { "ONNX models": ["onnx"] }, openLabel: "Import" }))?.[0];
    if (file === undefined) return;
    await insertCells(services, editor, [{ kind: "code", source: importCell(editor.notebook.uri.fsPath, file.fsPath) }]);
  });
}

/** The code: the path is relative to the notebook where the file lies below it, so that both can move together. */
export function importCell(notebook: string, file: string): string {
  const near = relative(dirname(notebook), file);
  const path = near.startsWith("..") ? file : near.split(sep).join("/");
  return [
    'import { readFileSync } from "node:fs";',
    'import { importOnnx } from "isoflop";',
    "",
    "// imported.call({ name: tensor }) computes the outputs by name; imported.parameters are its weights.",
    `const imported = importOnnx(readFileSync(${JSON.stringify(path)}), { externalFolder: ${JSON.stringify(dirname(path))} });`,
    "({ inputs: imported.inputs, outputs: imported.outputs });",
    "",
  ].join("\n");
}
