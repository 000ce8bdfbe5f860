/**
 * @file What makes a notebook ours: its metadata, and the language of its cells.
 *
 * The editor takes the language of cells from `language_info.name`. It is `isoflop-ts`: as `typescript`, the built-in TypeScript server would
 * take each cell for a module of its own and underline top-level await, redeclarations and names of other cells. Everything else that shows
 * notebooks finds TypeScript in the other fields: nbconvert and nbviewer in `pygments_lexer`, JupyterLab in `codemirror_mode`, others in
 * `mimetype` and `file_extension`. So nothing has to be changed when a notebook is opened, and it does not become dirty.
 */
import type * as vscode from "vscode";

export const NOTEBOOK_TYPE = "jupyter-notebook";
export const CONTROLLER_ID = "isoflop";
export const CELL_LANGUAGE = "isoflop-ts";
/** Languages that our kernel runs. */
export const LANGUAGES: readonly string[] = [CELL_LANGUAGE, "typescript"];

export const KERNELSPEC = { display_name: "IsoFLOP", language: "typescript", name: "isoflop" } as const;
export const LANGUAGE_INFO = {
  codemirror_mode: "typescript",
  file_extension: ".ts",
  mimetype: "text/x-typescript",
  name: CELL_LANGUAGE,
  nbconvert_exporter: "script",
  pygments_lexer: "typescript",
} as const;

interface FileMetadata {
  readonly kernelspec?: { readonly name?: unknown };
  readonly language_info?: { readonly name?: unknown };
}

/** The `metadata` of the notebook file: the editor keeps it under its own; older editors one level deeper. */
export function fileMetadata(notebook: { readonly metadata: Readonly<Record<string, unknown>> }): FileMetadata {
  const { metadata, custom } = notebook.metadata;
  const found = isRecord(metadata) ? metadata : isRecord(custom) ? custom["metadata"] : undefined;
  return isRecord(found) ? found : {};
}

/** Whether the notebook says that it is ours, or has cells in our language. */
export function isOurs(notebook: vscode.NotebookDocument): boolean {
  const { kernelspec, language_info: language } = fileMetadata(notebook);
  if (isRecord(kernelspec) && kernelspec.name === KERNELSPEC.name) return true;
  // One of another kernel is another kernel's, whatever a cell says.
  if (isRecord(kernelspec) && kernelspec.name !== undefined) return false;
  return (isRecord(language) && language.name === CELL_LANGUAGE) || notebook.getCells().some((cell) => cell.document.languageId === CELL_LANGUAGE);
}

/** The notebook's metadata with our kernel and language in it; undefined where they are there already. */
export function withOurMetadata(notebook: vscode.NotebookDocument): Readonly<Record<string, unknown>> | undefined {
  const { kernelspec, language_info: language } = fileMetadata(notebook);
  if (kernelspec?.name === KERNELSPEC.name && language?.name === CELL_LANGUAGE) return undefined;
  const metadata = { ...fileMetadata(notebook), kernelspec: KERNELSPEC, language_info: LANGUAGE_INFO };
  const { custom } = notebook.metadata;
  if (isRecord(custom) && !isRecord(notebook.metadata["metadata"])) return { ...notebook.metadata, custom: { ...custom, metadata } };
  return { ...notebook.metadata, metadata };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
