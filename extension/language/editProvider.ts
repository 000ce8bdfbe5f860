/** @file Formatting of cells, imports for names that are not found, and colours by meaning. */
import type * as vscode from "vscode";
import type { CellEdit, LanguageParams } from "../../kernel/language/messages";
import type { CellDocuments } from "./cellDocuments";

export const TYPING_TRIGGERS = [";", "}", "\n"] as const;

/** Types and modifiers in the order in which TypeScript counts them. */
export const TOKEN_TYPES = ["class", "enum", "interface", "namespace", "typeParameter", "type", "parameter", "variable", "enumMember", "property", "function", "method"] as const;
export const TOKEN_MODIFIERS = ["declaration", "static", "async", "readonly", "defaultLibrary", "local"] as const;

export class EditProvider implements vscode.DocumentFormattingEditProvider, vscode.DocumentRangeFormattingEditProvider, vscode.OnTypeFormattingEditProvider, vscode.CodeActionProvider, vscode.DocumentSemanticTokensProvider {
  readonly legend: vscode.SemanticTokensLegend;

  constructor(
    private readonly vs: typeof vscode,
    private readonly documents: CellDocuments,
  ) {
    this.legend = new vs.SemanticTokensLegend([...TOKEN_TYPES], [...TOKEN_MODIFIERS]);
  }

  provideDocumentFormattingEdits(document: vscode.TextDocument, options: vscode.FormattingOptions, token: vscode.CancellationToken): Promise<vscode.TextEdit[]> {
    return this.format(document, { options: plain(options) }, token);
  }

  provideDocumentRangeFormattingEdits(document: vscode.TextDocument, range: vscode.Range, options: vscode.FormattingOptions, token: vscode.CancellationToken): Promise<vscode.TextEdit[]> {
    return this.format(document, { options: plain(options), start: document.offsetAt(range.start), end: document.offsetAt(range.end) }, token);
  }

  provideOnTypeFormattingEdits(document: vscode.TextDocument, position: vscode.Position, key: string, options: vscode.FormattingOptions, token: vscode.CancellationToken): Promise<vscode.TextEdit[]> {
    return this.format(document, { options: plain(options), typed: { offset: document.offsetAt(position), key } }, token);
  }

  async provideCodeActions(document: vscode.TextDocument, range: vscode.Range, _: vscode.CodeActionContext, token: vscode.CancellationToken): Promise<vscode.CodeAction[]> {
    const found = await this.documents.ask("fixes", { document, params: { start: document.offsetAt(range.start), end: document.offsetAt(range.end) }, token });
    return (found ?? []).map(({ title, edits }) => {
      const action = new this.vs.CodeAction(title, this.vs.CodeActionKind.QuickFix);
      action.edit = new this.vs.WorkspaceEdit();
      action.edit.set(document.uri, this.textEdits(document, edits));
      action.isPreferred = true;
      return action;
    });
  }

  async provideDocumentSemanticTokens(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.SemanticTokens | undefined> {
    const { version } = document;
    const found = await this.documents.ask("tokens", { document, params: {}, token });
    if (found === undefined || document.version !== version) return undefined;
    const builder = new this.vs.SemanticTokensBuilder(this.legend);
    for (let k = 0; k + 4 < found.length; k += 5) {
      const [start, length, type, modifiers] = found.slice(k, k + 4);
      const { line, character } = document.positionAt(start);
      builder.push(line, character, length, type, modifiers);
    }
    return builder.build();
  }

  private async format(document: vscode.TextDocument, params: Omit<LanguageParams<"format">, "cell">, token: vscode.CancellationToken): Promise<vscode.TextEdit[]> {
    const { version } = document;
    const found = await this.documents.ask("format", { document, params, token });
    return found === undefined || document.version !== version ? [] : this.textEdits(document, found);
  }

  private textEdits(document: vscode.TextDocument, edits: readonly CellEdit[]): vscode.TextEdit[] {
    return edits.map((edit) => this.vs.TextEdit.replace(this.documents.range(document, edit), edit.text));
  }
}

const plain = ({ tabSize, insertSpaces }: vscode.FormattingOptions): LanguageParams<"format">["options"] => ({ tabSize, insertSpaces });
