/** @file "Open Model Graph": a variable of the notebook, written as ONNX into a private folder and opened. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import { modelVariable, writeOnnx } from "./modelVariable";
import { requireKernel } from "./notebookCells";
import { register } from "./register";

const EDITOR = "isoflop.modelGraph";

/** A name for the file and so for the tab. */
const fileName = (path: string): string => `${path.replace(/[^\w.-]+/g, "_").slice(0, 60) || "model"}.onnx`;

export function openModelGraph(services: Services): vscode.Disposable {
  const { vs } = services;
  const folders: string[] = [];
  const command = register(services, "openModelGraph", async (given) => {
    const isOnnx = given instanceof vs.Uri && given.path.endsWith(".onnx");
    if (isOnnx) {
      await vs.commands.executeCommand("vscode.openWith", given, EDITOR);
      return;
    }
    const kernel = requireKernel(services);
    const path = await modelVariable(services, kernel, given);
    if (path === undefined) return;
    // mkdtemp makes it readable by the user alone.
    const folder = await mkdtemp(join(tmpdir(), "isoflop-graph-"));
    folders.push(folder);
    const file = join(folder, fileName(path));
    await vs.window.withProgress({ location: vs.ProgressLocation.Notification, title: `Writing ${path} as ONNX` }, () => writeOnnx(kernel, { path, file }));
    await vs.commands.executeCommand("vscode.openWith", vs.Uri.file(file), EDITOR, vs.ViewColumn.Beside);
  });
  return vs.Disposable.from(command, {
    dispose: () => {
      for (const folder of folders) void rm(folder, { recursive: true, force: true });
    },
  });
}
