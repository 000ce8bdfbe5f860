/** @file Commands of the kernel: interrupt, restart, restart and run to here, new notebook, log. */
import type * as vscode from "vscode";
import type { NotebookKernels } from "../kernel/notebookKernels";
import type { Services } from "../services";
import { CELL_LANGUAGE, KERNELSPEC, LANGUAGE_INFO, NOTEBOOK_TYPE } from "./notebookFormat";
import { interruptCells } from "./interruptCells";

export interface KernelCommandsOptions extends Services {
  readonly local: NotebookKernels;
  /** Runs cells as the run button does. */
  readonly run: (notebook: vscode.NotebookDocument, cells: readonly vscode.NotebookCell[]) => Promise<void>;
}

export function registerKernelCommands(options: KernelCommandsOptions): vscode.Disposable {
  const { vs, log, local } = options;
  const command = (name: string, act: (argument: unknown) => Promise<unknown>): vscode.Disposable =>
    vs.commands.registerCommand(`isoflop.${name}`, (argument: unknown) =>
      act(argument).catch(async (error: unknown) => {
        log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
        await vs.window.showErrorMessage(`IsoFLOP: ${error instanceof Error ? error.message : String(error)}`);
      }),
    );
  const current = (argument: unknown): vscode.NotebookDocument | undefined => notebookOf(vs, argument);
  return vs.Disposable.from(
    command("newNotebook", () => newNotebook(vs)),
    command("interrupt", async (argument) => {
      const kernel = kernelOf(local, current(argument));
      if (kernel === undefined) await vs.window.showInformationMessage("No kernel runs for this notebook.");
      else await interruptCells(kernel, options);
    }),
    command("restart", async (argument) => {
      const notebook = current(argument);
      if (notebook !== undefined) await restart(options, notebook);
    }),
    command("restartAndRunToHere", async (argument) => {
      const notebook = current(argument);
      if (notebook === undefined) return;
      const last = isCell(argument) ? argument.index : (editorInSight(vs)?.selection.start ?? 0);
      await restart(options, notebook);
      const cells = notebook.getCells(new vs.NotebookRange(0, last + 1)).filter((cell) => cell.kind === vs.NotebookCellKind.Code);
      await options.run(notebook, cells);
    }),
    command("showLog", async () => log.show()),
  );
}

/** A notebook with one empty cell, not saved yet. */
async function newNotebook(vs: typeof vscode): Promise<void> {
  const data = new vs.NotebookData([new vs.NotebookCellData(vs.NotebookCellKind.Code, "", CELL_LANGUAGE)]);
  data.metadata = { metadata: { kernelspec: KERNELSPEC, language_info: LANGUAGE_INFO }, nbformat: 4, nbformat_minor: 5 };
  const notebook = await vs.workspace.openNotebookDocument(NOTEBOOK_TYPE, data);
  await vs.window.showNotebookDocument(notebook);
}

async function restart({ vs, local }: KernelCommandsOptions, notebook: vscode.NotebookDocument): Promise<void> {
  await vs.window.withProgress({ location: vs.ProgressLocation.Notification, title: "Restarting the kernel" }, async () => {
    const kernel = local.of(notebook.uri);
    if (kernel === undefined) await local.start(notebook);
    else await kernel.restart();
  });
}

const kernelOf = (kernels: NotebookKernels, notebook: vscode.NotebookDocument | undefined) => (notebook === undefined ? undefined : kernels.of(notebook.uri));

/** Buttons of the notebook's toolbar pass its URI, buttons of a cell the cell, the palette nothing. */
function notebookOf(vs: typeof vscode, argument: unknown): vscode.NotebookDocument | undefined {
  if (isCell(argument)) return argument.notebook;
  if (typeof argument === "object" && argument !== null && "notebookEditor" in argument) {
    const { notebookEditor: editor } = argument;
    const uri = typeof editor === "object" && editor !== null && "notebookUri" in editor ? String(editor.notebookUri) : undefined;
    const found = vs.workspace.notebookDocuments.find((notebook) => notebook.uri.toString() === uri);
    if (found !== undefined) return found;
  }
  return editorInSight(vs)?.notebook;
}

/** The notebook in front; one that is visible where a view beside it has the focus. */
const editorInSight = ({ window: { activeNotebookEditor, visibleNotebookEditors } }: typeof vscode): vscode.NotebookEditor | undefined =>
  [activeNotebookEditor, ...visibleNotebookEditors].find((editor) => editor?.notebook.notebookType === NOTEBOOK_TYPE);

const isCell = (value: unknown): value is vscode.NotebookCell => typeof value === "object" && value !== null && "notebook" in value && "index" in value && "document" in value;
