/** @file Definitions, references, rename, highlights and outline of cells. */
import type * as vscode from "vscode";
import type { OutlineItem } from "../../kernel/language/messages";
import { UserError } from "../commands/userError";
import type { CellDocuments } from "./cellDocuments";
import { symbolKind } from "./kinds";

export class NavigationProvider implements vscode.DefinitionProvider, vscode.ReferenceProvider, vscode.RenameProvider, vscode.DocumentHighlightProvider, vscode.DocumentSymbolProvider {
  constructor(
    private readonly vs: typeof vscode,
    private readonly documents: CellDocuments,
  ) {}

  async provideDefinition(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken): Promise<vscode.Location[]> {
    const found = await this.documents.ask("definition", { document, params: { offset: document.offsetAt(position) }, token });
    return (found ?? []).flatMap((place) => this.documents.location(place) ?? []);
  }

  async provideReferences(document: vscode.TextDocument, position: vscode.Position, context: vscode.ReferenceContext, token: vscode.CancellationToken): Promise<vscode.Location[]> {
    const found = await this.documents.ask("references", { document, params: { offset: document.offsetAt(position), declaration: context.includeDeclaration }, token });
    return (found ?? []).flatMap((place) => this.documents.location(place) ?? []);
  }

  /** @throws {UserError} where nothing can be renamed: the editor shows why. */
  async prepareRename(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken): Promise<{ readonly range: vscode.Range; readonly placeholder: string } | undefined> {
    const found = await this.documents.ask("prepareRename", { document, params: { offset: document.offsetAt(position) }, token });
    if (found === undefined) return undefined;
    if ("refused" in found) throw new UserError(found.refused, "rename a name that a cell declares");
    return { range: this.documents.range(document, found), placeholder: found.name };
  }

  /** @throws {UserError} where the name cannot be given, or cells were edited meanwhile. */
  async provideRenameEdits(document: vscode.TextDocument, position: vscode.Position, name: string, token: vscode.CancellationToken): Promise<vscode.WorkspaceEdit | undefined> {
    const notebook = this.documents.notebookOf(document);
    const versions = new Map((notebook === undefined ? [] : this.documents.cells(notebook)).map((cell) => [cell, cell.version]));
    const found = await this.documents.ask("rename", { document, params: { offset: document.offsetAt(position), name }, token });
    if (found === undefined) return undefined;
    if ("refused" in found) throw new UserError(found.refused, "choose another name");
    if ([...versions].some(([cell, version]) => cell.version !== version)) throw new UserError("a cell was edited meanwhile", "rename again");
    const edit = new this.vs.WorkspaceEdit();
    for (const change of found.edits) {
      const cell = this.documents.document(change.cell);
      if (cell !== undefined) edit.replace(cell.uri, this.documents.range(cell, change), change.text);
    }
    return edit;
  }

  async provideDocumentHighlights(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken): Promise<vscode.DocumentHighlight[]> {
    const { Write, Read } = this.vs.DocumentHighlightKind;
    const found = await this.documents.ask("highlights", { document, params: { offset: document.offsetAt(position) }, token });
    return (found ?? []).map((place) => new this.vs.DocumentHighlight(this.documents.range(document, place), place.write ? Write : Read));
  }

  async provideDocumentSymbols(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.DocumentSymbol[]> {
    const found = await this.documents.ask("outline", { document, params: {}, token });
    return this.symbols(document, found ?? []);
  }

  private symbols(document: vscode.TextDocument, items: readonly OutlineItem[]): vscode.DocumentSymbol[] {
    return items.map((item) => {
      const range = this.documents.range(document, item);
      const name = this.documents.range(document, { start: item.nameStart, end: item.nameEnd });
      const symbol = new this.vs.DocumentSymbol(item.name, "", symbolKind(this.vs, item.kind), range, range.contains(name) ? name : range);
      symbol.children = this.symbols(document, item.children);
      return symbol;
    });
  }
}
