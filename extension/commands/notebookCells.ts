/** @file The notebook in front of the user: finding it, and putting cells into it. */
import type * as vscode from "vscode";
import type { Kernel, Services } from "../services";
import { UserError } from "./userError";

export const NOTEBOOK_TYPE = "jupyter-notebook";
/** Language of code cells. */
export const CELL_LANGUAGE = "isoflop-ts";

type Editors = Pick<Services, "vs">;

/** The editor of the notebook in front; one that is visible where the focus is elsewhere. */
export function notebookEditor({ vs }: Editors): vscode.NotebookEditor | undefined {
  const { activeNotebookEditor, visibleNotebookEditors } = vs.window;
  return [activeNotebookEditor, ...visibleNotebookEditors].find((editor) => editor?.notebook.notebookType === NOTEBOOK_TYPE);
}

/** @throws {UserError} when no notebook is open. */
export function requireNotebook(services: Editors): vscode.NotebookEditor {
  const editor = notebookEditor(services);
  if (editor === undefined) throw new UserError("no notebook is open", "open one, or make one with IsoFLOP: New Notebook");
  return editor;
}

/** The notebook in front; where none is visible, the last one that was opened, brought to the front. @throws {UserError} when no notebook is open. */
export async function frontNotebook(services: Editors): Promise<vscode.NotebookEditor> {
  const { vs } = services;
  const editor = notebookEditor(services);
  if (editor !== undefined) return editor;
  const behind = vs.workspace.notebookDocuments.filter(({ notebookType, isClosed }) => notebookType === NOTEBOOK_TYPE && !isClosed).at(-1);
  return behind === undefined ? requireNotebook(services) : vs.window.showNotebookDocument(behind);
}

/** The kernel of the notebook in front. @throws {UserError} when none runs. */
export function requireKernel({ kernels, vs }: Pick<Services, "vs" | "kernels">): Kernel {
  const editor = notebookEditor({ vs });
  const kernel = kernels.active ?? (editor && kernels.of(editor.notebook.uri));
  if (kernel === undefined || kernel.state === "dead") throw new UserError("no kernel runs", "run a cell first");
  return kernel;
}

/** The cell that a button or the palette means: the one given, else the selected one. @throws {UserError} when there is none of code. */
export function requireCell(services: Editors, given: unknown): vscode.NotebookCell {
  const { vs } = services;
  const isCell = (value: unknown): value is vscode.NotebookCell => typeof value === "object" && value !== null && "document" in value && "notebook" in value && "kind" in value;
  const cell = isCell(given) ? given : selectedCell(services);
  if (cell?.kind !== vs.NotebookCellKind.Code) throw new UserError("no code cell is selected", "select one");
  return cell;
}

function selectedCell(services: Editors): vscode.NotebookCell | undefined {
  const editor = requireNotebook(services);
  return editor.selection.start < editor.notebook.cellCount ? editor.notebook.cellAt(editor.selection.start) : undefined;
}

export interface NewCell {
  readonly kind: "code" | "markdown";
  readonly source: string;
}

/** Puts cells below the selected one and selects the first of them; returns its index. @throws {UserError} when the notebook cannot be changed. */
export async function insertCells({ vs }: Editors, editor: vscode.NotebookEditor, cells: readonly NewCell[]): Promise<number> {
  const { notebook } = editor;
  const index = Math.min(editor.selection.end, notebook.cellCount);
  const data = cells.map(({ kind, source }) => (kind === "code" ? new vs.NotebookCellData(vs.NotebookCellKind.Code, source, CELL_LANGUAGE) : new vs.NotebookCellData(vs.NotebookCellKind.Markup, source, "markdown")));
  const edit = new vs.WorkspaceEdit();
  edit.set(notebook.uri, [vs.NotebookEdit.insertCells(index, data)]);
  if (!(await vs.workspace.applyEdit(edit))) throw new UserError("the notebook does not take new cells", "is it read-only?");
  const range = new vs.NotebookRange(index, index + 1);
  editor.selection = range;
  editor.revealRange(range);
  return index;
}

/** Runs a cell as its run button does. */
export async function runCell({ vs }: Editors, notebook: vscode.NotebookDocument, index: number): Promise<void> {
  await vs.commands.executeCommand("notebook.cell.execute", { ranges: [{ start: index, end: index + 1 }], document: notebook.uri });
}
