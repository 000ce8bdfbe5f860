/** @file Lets a kernel follow its notebook when that is renamed, or saved for the first time: both close one document and open another. */
import type * as vscode from "vscode";
import type { NotebookKernels } from "../kernel/notebookKernels";
import type { Services } from "../services";
import { NOTEBOOK_TYPE } from "./notebookFormat";

/** Between the end of one document and the start of the other pass some hundred milliseconds. */
const FOLLOW_MS = 5000;

/** `forget`: called for each document that closes, before its kernel moves or is let go. */
export function followNotebooks({ vs, log }: Pick<Services, "vs" | "log">, kernels: NotebookKernels, forget: (notebook: vscode.NotebookDocument) => void): vscode.Disposable {
  const timers = new Set<NodeJS.Timeout>();
  const failed = (error: unknown): void => log.warn(`the kernel did not follow its notebook: ${error instanceof Error ? error.message : String(error)}`);

  const closed = (notebook: vscode.NotebookDocument): void => {
    if (notebook.notebookType !== NOTEBOOK_TYPE) return;
    forget(notebook);
    const kernel = kernels.of(notebook.uri);
    if (kernel === undefined) return;
    const heir = (): vscode.NotebookDocument | undefined => vs.workspace.notebookDocuments.find((other) => isHeir(notebook, other) && kernels.of(other.uri) === undefined);
    const follow = (other: vscode.NotebookDocument): void => void kernels.move(notebook.uri, other).catch(failed);
    const present = heir();
    if (present !== undefined) return follow(present);
    if (!notebook.isUntitled) {
      kernels.detach(notebook.uri);
      return;
    }
    // Nobody can come back to a notebook that was never saved; one that is being saved comes in a moment.
    const end = (): void => {
      opening.dispose();
      clearTimeout(timer);
      timers.delete(timer);
    };
    const opening = vs.workspace.onDidOpenNotebookDocument(() => {
      const found = heir();
      if (found === undefined) return;
      end();
      follow(found);
    });
    const timer = setTimeout(() => {
      end();
      kernels.of(notebook.uri)?.shutdown().catch(failed);
    }, FOLLOW_MS);
    timers.add(timer);
  };

  /** The document under the new name may be open by now, or come later: then it finds its kernel when it opens. */
  const rename = async (from: vscode.Uri, to: vscode.Uri): Promise<void> => {
    await kernels.renamed(from, to);
    for (const notebook of vs.workspace.notebookDocuments) if (notebook.uri.toString().startsWith(to.toString())) await kernels.reattach(notebook);
  };

  return vs.Disposable.from(
    vs.workspace.onDidCloseNotebookDocument(closed),
    vs.workspace.onDidRenameFiles(({ files }) => {
      for (const { oldUri, newUri } of files) void rename(oldUri, newUri).catch(failed);
    }),
    { dispose: () => timers.forEach((timer) => clearTimeout(timer)) },
  );
}

/** Whether `other` is what the unsaved `notebook` was saved as: one with the same cells. */
function isHeir(notebook: vscode.NotebookDocument, other: vscode.NotebookDocument): boolean {
  if (!notebook.isUntitled || other.isUntitled || other.notebookType !== NOTEBOOK_TYPE || other.isClosed || other.cellCount !== notebook.cellCount) return false;
  return other.getCells().every((cell, at) => cell.document.getText() === notebook.cellAt(at).document.getText());
}
