/** @file "Profile Cell": runs a cell and keeps the times of everything in it as a Chrome trace. */
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import { requireCell, runCell } from "./notebookCells";
import { register } from "./register";
import { UserError } from "./userError";

const FOLDER = join(".isoflop", "profiles");

export function profileCell(services: Services): vscode.Disposable {
  const { vs, kernels } = services;
  return register(services, "profileCell", async (given) => {
    const cell = requireCell(services, given);
    const { notebook } = cell;
    const kernel = kernels.of(notebook.uri) ?? (await kernels.start(notebook));
    if (kernel.state === "busy") throw new UserError("a cell runs", "wait until it has ended, or interrupt it");
    const started = await kernel.request("isoflop_profile_request", { enable: true });
    if (started.status !== "ok") throw new UserError(`the kernel does not profile: ${started.evalue ?? started.status}`, "restart the kernel and try again");
    const ended = nextExecution(services, cell);
    let trace: string | undefined;
    try {
      await runCell(services, notebook, cell.index);
      await ended.done;
    } finally {
      ended.dispose();
      const reply = await kernel.request("isoflop_profile_request", { enable: false });
      trace = reply.status === "ok" ? reply.trace : undefined;
    }
    if (trace === undefined) throw new UserError("there is no trace of this cell", "did it run? Errors before its first line leave none");
    const file = await keep(notebook.uri, { cell: cell.index, trace });
    const choice = await vs.window.showInformationMessage(`Profile kept in ${vs.workspace.asRelativePath(file)}. Load it in a trace viewer: chrome://tracing, or any that reads Chrome traces.`, "Open", "Copy Path");
    if (choice === "Open") await vs.window.showTextDocument(vs.Uri.file(file));
    if (choice === "Copy Path") await vs.env.clipboard.writeText(file);
  });
}

/** Resolves when the cell has run once more. */
function nextExecution({ vs }: Pick<Services, "vs">, cell: vscode.NotebookCell): { readonly done: Promise<void>; readonly dispose: () => void } {
  const before = cell.executionSummary?.timing?.endTime;
  let stop = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    const look = (): void => {
      const end = cell.executionSummary?.timing?.endTime;
      if (end !== undefined && end !== before) resolve();
    };
    const listener = vs.workspace.onDidChangeNotebookDocument(({ notebook }) => {
      if (notebook === cell.notebook) look();
    });
    stop = () => {
      listener.dispose();
      resolve();
    };
  });
  return { done, dispose: () => stop() };
}

/** The path of the written trace, beside the notebook. */
async function keep(notebook: vscode.Uri, { cell, trace }: { readonly cell: number; readonly trace: string }): Promise<string> {
  const folder = join(dirname(notebook.fsPath), FOLDER);
  await mkdir(folder, { recursive: true });
  const time = new Date().toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");
  const file = join(folder, `${basename(notebook.fsPath, ".ipynb")}-cell-${cell + 1}-${time}.json`);
  await writeFile(file, trace, { flag: "wx" });
  return file;
}
