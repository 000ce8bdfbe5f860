/** @file Cells of the open notebooks as the language worker knows them: which take part, and where in the editor a place of one is. */
import { homedir } from "node:os";
import { dirname } from "node:path";
import type * as vscode from "vscode";
import type { CellSpan, FileSpan, LanguageMethod, LanguageParams, LanguageResult } from "../../kernel/language/messages";
import { CELL_LANGUAGE, LANGUAGES, NOTEBOOK_TYPE } from "../controller/notebookFormat";
import type { LanguageClient, NotebookState } from "./languageClient";

/** What providers are for. Cells in `typescript` take part, but the editor's own server speaks for them. */
export const SELECTOR: vscode.DocumentSelector = [{ language: CELL_LANGUAGE, notebookType: NOTEBOOK_TYPE }];

export class CellDocuments {
  constructor(
    private readonly vs: typeof vscode,
    private readonly client: Pick<LanguageClient, "ask" | "tell">,
  ) {}

  /** Cells of ours in a notebook, in order; none in a notebook of another kind. */
  cells(notebook: vscode.NotebookDocument): readonly vscode.TextDocument[] {
    if (notebook.notebookType !== NOTEBOOK_TYPE || notebook.isClosed) return [];
    const documents = notebook.getCells().filter(({ kind, document }) => kind === this.vs.NotebookCellKind.Code && LANGUAGES.includes(document.languageId));
    return documents.some(({ document }) => document.languageId === CELL_LANGUAGE) ? documents.map(({ document }) => document) : [];
  }

  notebookOf(document: vscode.TextDocument): vscode.NotebookDocument | undefined {
    return this.vs.workspace.notebookDocuments.find((notebook) => notebook.getCells().some((cell) => cell.document === document));
  }

  /** Lets the worker read the types of a notebook before anybody asks for them. */
  warm(notebook: vscode.NotebookDocument): void {
    if (this.cells(notebook).length > 0) this.client.tell(this.state(notebook));
  }

  /** Asks about a cell; undefined also where the cell is in no notebook any more. */
  async ask<M extends LanguageMethod>(method: M, { document, params, token }: { readonly document: vscode.TextDocument; readonly params: Omit<LanguageParams<M>, "cell">; readonly token?: vscode.CancellationToken }): Promise<LanguageResult<M> | undefined> {
    const notebook = this.notebookOf(document);
    if (notebook === undefined) return undefined;
    // SAFETY: the parameters of every method are those given and the cell.
    const whole = { ...params, cell: document.uri.toString() } as unknown as LanguageParams<M>;
    return this.client.ask(method, { state: this.state(notebook), params: whole, token });
  }

  state(notebook: vscode.NotebookDocument): NotebookState {
    const folder = this.vs.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir();
    const cells = this.cells(notebook).map((document) => ({ id: document.uri.toString(), version: document.version, text: () => document.getText() }));
    return { notebook: notebook.uri.toString(), cwd: notebook.uri.scheme === "file" ? dirname(notebook.uri.fsPath) : folder, cells };
  }

  /** The cell of an id. */
  document(id: string): vscode.TextDocument | undefined {
    return this.vs.workspace.notebookDocuments.flatMap((notebook) => this.cells(notebook)).find(({ uri }) => uri.toString() === id);
  }

  range(document: vscode.TextDocument, { start, end }: { readonly start: number; readonly end: number }): vscode.Range {
    return new this.vs.Range(document.positionAt(start), document.positionAt(end));
  }

  location(place: CellSpan | FileSpan): vscode.Location | undefined {
    if ("file" in place) return new this.vs.Location(this.vs.Uri.file(place.file), new this.vs.Range(place.line, place.column, place.endLine, place.endColumn));
    const document = this.document(place.cell);
    return document === undefined ? undefined : new this.vs.Location(document.uri, this.range(document, place));
  }
}
