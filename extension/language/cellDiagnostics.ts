/** @file Errors and faded code in cells, told a moment after the last edit. */
import type * as vscode from "vscode";
import type { CellDiagnostic } from "../../kernel/language/messages";
import type { Config } from "../config";
import { CELL_LANGUAGE } from "../controller/notebookFormat";
import type { CellDocuments } from "./cellDocuments";

/** Errors while a word is half typed only disturb. */
const DELAY_MS = 350;

export class CellDiagnostics implements vscode.Disposable {
  private readonly collection: vscode.DiagnosticCollection;
  private readonly timers = new Map<vscode.NotebookDocument, NodeJS.Timeout>();
  private readonly running = new Map<vscode.NotebookDocument, vscode.CancellationTokenSource>();
  private readonly told = new Map<vscode.NotebookDocument, Set<string>>();
  private readonly listening: vscode.Disposable;

  constructor(
    private readonly vs: typeof vscode,
    private readonly documents: CellDocuments,
    private readonly config: Pick<Config, "diagnostics" | "onDidChange">,
    private readonly delayMs = DELAY_MS,
  ) {
    this.collection = vs.languages.createDiagnosticCollection("isoflop");
    const all = (): void => vs.workspace.notebookDocuments.forEach((notebook) => this.soon(notebook));
    this.listening = vs.Disposable.from(
      vs.workspace.onDidOpenNotebookDocument((notebook) => this.soon(notebook)),
      vs.workspace.onDidCloseNotebookDocument((notebook) => this.forget(notebook)),
      vs.workspace.onDidChangeNotebookDocument(({ notebook, contentChanges, cellChanges }) => {
        // Outputs change all the time and mean nothing here.
        if (contentChanges.length > 0 || cellChanges.some(({ document }) => document !== undefined)) this.soon(notebook);
      }),
      // The language of a cell was changed: the editor closes its document and opens another.
      vs.workspace.onDidOpenTextDocument((document) => this.ofCell(document)),
      // A file that cells import may be another now.
      vs.workspace.onDidSaveTextDocument(all),
      config.onDidChange(all),
    );
    all();
  }

  dispose(): void {
    this.listening.dispose();
    for (const notebook of [...this.timers.keys(), ...this.running.keys()]) this.stop(notebook);
    this.collection.dispose();
  }

  private ofCell(document: vscode.TextDocument): void {
    const notebook = document.uri.scheme === "vscode-notebook-cell" ? this.documents.notebookOf(document) : undefined;
    if (notebook !== undefined) this.soon(notebook);
  }

  private soon(notebook: vscode.NotebookDocument): void {
    this.stop(notebook);
    this.timers.set(
      notebook,
      setTimeout(() => {
        this.timers.delete(notebook);
        void this.check(notebook);
      }, this.delayMs),
    );
  }

  private async check(notebook: vscode.NotebookDocument): Promise<void> {
    // Also where no errors are wanted: the first completion is to find all types read.
    this.documents.warm(notebook);
    const cells = this.config.diagnostics ? this.documents.cells(notebook).filter(({ languageId }) => languageId === CELL_LANGUAGE) : [];
    const ids = new Set(cells.map(({ uri }) => uri.toString()));
    for (const id of this.told.get(notebook) ?? []) if (!ids.has(id)) this.collection.delete(this.vs.Uri.parse(id));
    this.told.set(notebook, ids);
    const source = new this.vs.CancellationTokenSource();
    this.running.set(notebook, source);
    const { token } = source;
    const active = this.vs.window.activeTextEditor?.document;
    // The cell in which one types first.
    const order = active !== undefined && cells.includes(active) ? [active, ...cells.filter((cell) => cell !== active)] : cells;
    await Promise.all(
      order.map(async (document) => {
        const found = await this.documents.ask("diagnostics", { document, params: {}, token });
        if (found !== undefined && !token.isCancellationRequested) this.collection.set(document.uri, found.map((diagnostic) => this.toEditor(document, diagnostic)));
      }),
    );
    if (this.running.get(notebook) === source) this.running.delete(notebook);
    source.dispose();
  }

  private toEditor(document: vscode.TextDocument, found: CellDiagnostic): vscode.Diagnostic {
    const { DiagnosticSeverity: Severity, DiagnosticTag: Tag } = this.vs;
    const { message, code, severity } = found;
    const diagnostic = new this.vs.Diagnostic(this.documents.range(document, found), message, severity === "error" ? Severity.Error : Severity.Hint);
    if (severity !== "error") diagnostic.tags = [severity === "unused" ? Tag.Unnecessary : Tag.Deprecated];
    diagnostic.source = "IsoFLOP";
    if (code !== 0) diagnostic.code = code;
    return diagnostic;
  }

  private stop(notebook: vscode.NotebookDocument): void {
    clearTimeout(this.timers.get(notebook));
    this.timers.delete(notebook);
    this.running.get(notebook)?.cancel();
    this.running.delete(notebook);
  }

  private forget(notebook: vscode.NotebookDocument): void {
    this.stop(notebook);
    for (const id of this.told.get(notebook) ?? []) this.collection.delete(this.vs.Uri.parse(id));
    this.told.delete(notebook);
  }
}
