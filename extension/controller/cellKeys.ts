/** @file Names of cells that hold when the window is opened again. */
import { createHash } from "node:crypto";
import type * as vscode from "vscode";

const HASH_CHARACTERS = 12;
/** A cell keeps the key that it was first asked for, wherever it moves. */
const given = new WeakMap<vscode.NotebookCell, string>();

/** The cell's id in the file (nbformat 4.5); before that, its place and a digest of its text. */
export function cellKey(cell: vscode.NotebookCell): string {
  const known = given.get(cell);
  if (known !== undefined) return known;
  const id = idOf(cell);
  const key = id !== undefined ? `id:${id}` : `at:${cell.index}:${digest(cell)}`;
  given.set(cell, key);
  return key;
}

/** The cell with that key. One without an id is also found where it has moved, as long as its text is the same. */
export function findCell(notebook: vscode.NotebookDocument, key: string): vscode.NotebookCell | undefined {
  const cells = notebook.getCells();
  const exact = cells.find((cell) => cellKey(cell) === key);
  if (exact !== undefined || !key.startsWith("at:")) return exact;
  const moved = cells.find((cell) => idOf(cell) === undefined && key.endsWith(`:${digest(cell)}`));
  if (moved !== undefined) given.set(moved, key);
  return moved;
}

/** What errors call the cell: its place among the code cells, from 1. */
export function cellLabel(cell: vscode.NotebookCell): string {
  const before = cell.notebook.getCells().slice(0, cell.index);
  return String(before.filter((other) => other.kind === cell.kind).length + 1);
}

/** The code cell that `cellLabel` names. */
export const labelledCell = (notebook: vscode.NotebookDocument, label: string, codeKind: vscode.NotebookCellKind): vscode.NotebookCell | undefined =>
  notebook.getCells().filter((cell) => cell.kind === codeKind)[Number(label) - 1];

function idOf(cell: vscode.NotebookCell): string | undefined {
  const metadata: Readonly<Record<string, unknown>> = cell.metadata;
  const { id, custom } = metadata;
  const found: unknown = id ?? (typeof custom === "object" && custom !== null && "id" in custom ? custom.id : undefined);
  return typeof found === "string" && found !== "" ? found : undefined;
}

const digest = (cell: vscode.NotebookCell): string => createHash("sha256").update(cell.document.getText()).digest("hex").slice(0, HASH_CHARACTERS);
