/** @file Hovers and call hints of cells. */
import type * as vscode from "vscode";
import type { CellDocuments } from "./cellDocuments";
import { describeVariable, type LiveValues } from "./liveValues";

export class HoverProvider implements vscode.HoverProvider {
  constructor(
    private readonly vs: typeof vscode,
    private readonly documents: CellDocuments,
    private readonly live: LiveValues,
  ) {}

  async provideHover(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken): Promise<vscode.Hover | undefined> {
    const { vs, documents } = this;
    const hover = await documents.ask("hover", { document, params: { offset: document.offsetAt(position) }, token });
    if (hover === undefined) return undefined;
    const notebook = hover.live === undefined ? undefined : documents.notebookOf(document);
    const variable = hover.live === undefined || notebook === undefined ? undefined : await this.live.at(notebook.uri, hover.live);
    const text = new vs.MarkdownString();
    text.appendCodeblock(hover.signature, "typescript");
    if (variable !== undefined) text.appendMarkdown("**now** ").appendText(describeVariable(variable)).appendMarkdown("\n\n");
    text.appendMarkdown(hover.docs);
    return new vs.Hover(text, documents.range(document, hover));
  }
}

export class SignatureProvider implements vscode.SignatureHelpProvider {
  constructor(
    private readonly vs: typeof vscode,
    private readonly documents: CellDocuments,
  ) {}

  async provideSignatureHelp(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken, context: vscode.SignatureHelpContext): Promise<vscode.SignatureHelp | undefined> {
    const { vs } = this;
    const found = await this.documents.ask("signature", { document, params: { offset: document.offsetAt(position), trigger: context.triggerCharacter, retrigger: context.isRetrigger }, token });
    if (found === undefined || found.signatures.length === 0) return undefined;
    const help = new vs.SignatureHelp();
    help.signatures = found.signatures.map(({ label, docs, parameters }) => {
      const signature = new vs.SignatureInformation(label, new vs.MarkdownString(docs));
      signature.parameters = parameters.map(({ start, end, docs: about }) => new vs.ParameterInformation([start, end], new vs.MarkdownString(about)));
      return signature;
    });
    help.activeSignature = found.activeSignature;
    help.activeParameter = found.activeParameter;
    return help;
  }
}
