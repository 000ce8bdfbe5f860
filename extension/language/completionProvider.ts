/** @file Completion of cells; what an entry is and which import it needs is asked when it is looked at. */
import type * as vscode from "vscode";
import type { Completion } from "../../kernel/language/messages";
import type { CellDocuments } from "./cellDocuments";
import { completionKind } from "./kinds";
import { describeVariable, type LiveValues } from "./liveValues";

export const COMPLETION_TRIGGERS = [".", '"', "'", "`", "/", "@", "<", "#"] as const;

interface Asked {
  readonly document: vscode.TextDocument;
  readonly offset: number;
  readonly completion: Completion;
}

export class CompletionProvider implements vscode.CompletionItemProvider {
  private readonly asked = new WeakMap<vscode.CompletionItem, Asked>();

  constructor(
    private readonly vs: typeof vscode,
    private readonly documents: CellDocuments,
    private readonly live: LiveValues,
  ) {}

  async provideCompletionItems(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken, context: vscode.CompletionContext): Promise<vscode.CompletionItem[] | undefined> {
    const { vs, documents } = this;
    const offset = document.offsetAt(position);
    const trigger = context.triggerKind === vs.CompletionTriggerKind.TriggerCharacter ? context.triggerCharacter : undefined;
    const found = await documents.ask("complete", { document, params: { offset, trigger }, token });
    if (found === undefined) return undefined;
    const items = found.items.map((completion) => this.item(document, offset, completion));
    return [...items, ...(await this.liveItems(document, found.live, new Set(found.items.map(({ name }) => name))))];
  }

  async resolveCompletionItem(item: vscode.CompletionItem, token: vscode.CancellationToken): Promise<vscode.CompletionItem> {
    const asked = this.asked.get(item);
    if (asked === undefined) return item;
    const { document, offset, completion } = asked;
    const details = await this.documents.ask("resolve", { document, params: { offset, name: completion.name, from: completion.from }, token });
    if (details === undefined) return item;
    item.detail = completion.from === undefined ? details.signature : `import from "${completion.from}"\n${details.signature}`;
    item.documentation = new this.vs.MarkdownString(details.docs);
    item.additionalTextEdits = details.edits.map((edit) => this.vs.TextEdit.replace(this.documents.range(document, edit), edit.text));
    return item;
  }

  private item(document: vscode.TextDocument, offset: number, completion: Completion): vscode.CompletionItem {
    const { vs } = this;
    const { name, kind, sortText, insertText, span, deprecated, from, commitCharacters } = completion;
    const item = new vs.CompletionItem(from === undefined ? name : { label: name, description: from }, completionKind(vs, kind));
    item.sortText = sortText;
    if (insertText !== undefined) item.insertText = insertText;
    if (span !== undefined) item.range = this.documents.range(document, span);
    // `?.shape` in place of `.shape` is found by what is typed.
    if (span !== undefined && insertText !== undefined) item.filterText = document.getText(item.range instanceof vs.Range ? item.range : undefined) + insertText.replace(/^\?\./, "");
    if (deprecated === true) item.tags = [vs.CompletionItemTag.Deprecated];
    if (commitCharacters !== undefined) item.commitCharacters = [...commitCharacters];
    this.asked.set(item, { document, offset, completion });
    return item;
  }

  private async liveItems(document: vscode.TextDocument, path: string | undefined, known: ReadonlySet<string>): Promise<vscode.CompletionItem[]> {
    const notebook = path === undefined ? undefined : this.documents.notebookOf(document);
    if (path === undefined || notebook === undefined) return [];
    const members = await this.live.members(notebook.uri, path);
    return members.flatMap((variable) => {
      const { name } = variable;
      if (known.has(name) || !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return [];
      const item = new this.vs.CompletionItem({ label: name, description: variable.type }, this.vs.CompletionItemKind[variable.type === "function" ? "Method" : "Field"]);
      item.detail = describeVariable(variable);
      return [item];
    });
  }
}
