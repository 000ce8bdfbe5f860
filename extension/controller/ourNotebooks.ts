/** @file Which notebooks use our kernel: their affinity, the context keys of commands and buttons, and the language of their cells. */
import type * as vscode from "vscode";
import { CELL_LANGUAGE, isOurs, NOTEBOOK_TYPE, withOurMetadata } from "./notebookFormat";

export class OurNotebooks implements vscode.Disposable {
  private readonly selected = new Set<string>();
  private readonly listening: vscode.Disposable;

  constructor(
    private readonly vs: typeof vscode,
    controller: vscode.NotebookController,
    onSelected: (notebook: vscode.NotebookDocument, selected: boolean) => void,
  ) {
    const prefer = (notebook: vscode.NotebookDocument): void => {
      const { NotebookControllerAffinity: Affinity } = vs;
      if (notebook.notebookType === NOTEBOOK_TYPE) controller.updateNotebookAffinity(notebook, isOurs(notebook) ? Affinity.Preferred : Affinity.Default);
    };
    for (const notebook of vs.workspace.notebookDocuments) prefer(notebook);
    this.listening = vs.Disposable.from(
      vs.workspace.onDidOpenNotebookDocument(prefer),
      vs.workspace.onDidCloseNotebookDocument((notebook) => {
        this.selected.delete(notebook.uri.toString());
        this.tell();
      }),
      vs.window.onDidChangeActiveNotebookEditor(() => this.tell()),
      vs.window.onDidChangeVisibleNotebookEditors(() => this.tell()),
      controller.onDidChangeSelectedNotebooks(({ notebook, selected }) => {
        if (selected) this.selected.add(notebook.uri.toString());
        else this.selected.delete(notebook.uri.toString());
        this.tell();
        onSelected(notebook, selected);
      }),
    );
  }

  has(notebook: vscode.NotebookDocument): boolean {
    return this.selected.has(notebook.uri.toString());
  }

  /** Makes the notebook ours in the file too: at its first run, which changes the file anyway. Nothing changes for one that is ours. */
  async adopt(notebook: vscode.NotebookDocument): Promise<void> {
    const { vs } = this;
    const metadata = withOurMetadata(notebook);
    const others = notebook.getCells().filter((cell) => cell.kind === vs.NotebookCellKind.Code && cell.document.languageId === "typescript");
    if (metadata !== undefined) {
      const edit = new vs.WorkspaceEdit();
      edit.set(notebook.uri, [vs.NotebookEdit.updateNotebookMetadata({ ...metadata })]);
      await vs.workspace.applyEdit(edit);
    }
    for (const cell of others) await vs.languages.setTextDocumentLanguage(cell.document, CELL_LANGUAGE);
  }

  dispose(): void {
    this.listening.dispose();
  }

  private tell(): void {
    const { window, commands } = this.vs;
    const active = window.activeNotebookEditor?.notebook;
    void commands.executeCommand("setContext", "isoflop.notebook", active !== undefined && this.has(active));
    // Commands of the palette also mean a notebook beside which a view has the focus.
    void commands.executeCommand("setContext", "isoflop.notebookVisible", window.visibleNotebookEditors.some(({ notebook }) => this.has(notebook)));
  }
}
