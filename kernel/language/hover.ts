/** @file What a name is: its type, its documentation, and which part of the running notebook it stands for. */
import ts from "typescript";
import type { CellModule, CellProgram } from "./cellProgram";
import { markdown, signatureText } from "./docs";
import type { CompletionDetails, Hover, SignatureHelp } from "./messages";
import { Places, type SharedName } from "./places";

export class Hovers {
  private readonly places: Places;

  constructor(private readonly cells: CellProgram) {
    this.places = new Places(cells);
  }

  at(module: CellModule, offset: number): Hover | undefined {
    const position = this.cells.toModule(module, offset);
    const info = this.cells.service.getQuickInfoAtPosition(module.path, position);
    const span = info === undefined ? undefined : this.cells.toCell(module, info.textSpan.start, info.textSpan.length);
    if (info === undefined || span === undefined) return undefined;
    const node = this.places.token(module, offset);
    const link = node !== undefined && ts.isIdentifier(node) ? this.linkOf(module, node) : undefined;
    const signature = signatureText(this.cells, info.displayParts);
    if (link === undefined) return { ...span, signature, docs: markdown(info.documentation, info.tags), live: this.livePath(module, node) };
    // The line before the cell says `var`, and has no comment.
    const origin = this.described(link);
    const kind = link.origin.source.declarations.get(link.name)?.kind;
    return { ...span, signature: kind === "let" ? signature.replace(/^var /, "let ") : signature, docs: origin?.docs ?? "", live: this.livePath(module, node) };
  }

  /** A name of the notebook, as its own cell has it. */
  described(shared: SharedName): Omit<CompletionDetails, "edits"> | undefined {
    const [place] = this.places.declaredAt(shared);
    const info = place === undefined ? undefined : this.cells.service.getQuickInfoAtPosition(place.path, place.position);
    return info === undefined ? undefined : { signature: signatureText(this.cells, info.displayParts), docs: markdown(info.documentation, info.tags) };
  }

  signature(module: CellModule, { offset, trigger, retrigger }: { readonly offset: number; readonly trigger?: string; readonly retrigger: boolean }): SignatureHelp | undefined {
    const triggerReason: ts.SignatureHelpTriggerReason =
      trigger === "(" || trigger === "," || trigger === "<" ? { kind: "characterTyped", triggerCharacter: trigger } : retrigger ? { kind: "retrigger" } : { kind: "invoked" };
    const help = this.cells.service.getSignatureHelpItems(module.path, this.cells.toModule(module, offset), { triggerReason });
    if (help === undefined) return undefined;
    const signatures = help.items.map(({ prefixDisplayParts, parameters, separatorDisplayParts, suffixDisplayParts, documentation, tags }) => {
      let label = this.text(prefixDisplayParts);
      const placed = parameters.map((parameter, index) => {
        if (index > 0) label += this.text(separatorDisplayParts);
        const start = label.length;
        label += this.text(parameter.displayParts);
        return { start, end: label.length, docs: markdown(parameter.documentation, []) };
      });
      return { label: label + this.text(suffixDisplayParts), docs: markdown(documentation, tags.filter(({ name }) => name !== "param")), parameters: placed };
    });
    const active = help.items[help.selectedItemIndex];
    // All that a rest parameter takes is it.
    const last = (active?.parameters.length ?? 0) - 1;
    return { signatures, activeSignature: help.selectedItemIndex, activeParameter: active?.isVariadic === true ? Math.min(help.argumentIndex, last) : help.argumentIndex };
  }

  private text(parts: readonly ts.SymbolDisplayPart[]): string {
    return this.cells.readable(parts.map(({ text }) => text).join(""));
  }

  /** The path of the notebook's variable, or of the part of one, that an expression names: "model.blocks.0.mlp". */
  livePath(module: CellModule, node: ts.Node | undefined): string | undefined {
    if (node === undefined || !ts.isIdentifier(node)) return undefined;
    const parent = node.parent;
    return this.pathOf(module, ts.isPropertyAccessExpression(parent) && parent.name === node ? parent : node);
  }

  /** As `livePath`, for a whole expression. */
  pathOf(module: CellModule, expression: ts.Node): string | undefined {
    if (ts.isNonNullExpression(expression) || ts.isParenthesizedExpression(expression)) return this.pathOf(module, expression.expression);
    if (ts.isPropertyAccessExpression(expression)) {
      const base = this.pathOf(module, expression.expression);
      return base === undefined || !ts.isIdentifier(expression.name) ? undefined : `${base}.${expression.name.text}`;
    }
    if (ts.isElementAccessExpression(expression)) {
      const base = this.pathOf(module, expression.expression);
      const key = expression.argumentExpression;
      return base !== undefined && (ts.isNumericLiteral(key) || (ts.isStringLiteral(key) && !key.text.includes("."))) ? `${base}.${key.text}` : undefined;
    }
    return ts.isIdentifier(expression) && this.isNotebookVariable(module, expression) ? expression.text : undefined;
  }

  /** Whether a name stands for what the whole notebook sees, not for something inside of a function or block. */
  private isNotebookVariable(module: CellModule, name: ts.Identifier): boolean {
    const symbol = this.cells.program.getTypeChecker().getSymbolAtLocation(name);
    const declarations = symbol?.declarations;
    // Of what a name that nothing declares stands for, only the kernel can know.
    if (declarations === undefined) return true;
    return declarations.some((declaration) => declaration.getSourceFile().fileName === module.path && isTopLevel(declaration) && (module.source.declarations.get(name.text)?.value ?? module.prefix.links.has(name.text)));
  }

  /** The name of another cell's that a node stands for. */
  private linkOf(module: CellModule, node: ts.Identifier): SharedName | undefined {
    const symbol = this.cells.program.getTypeChecker().getSymbolAtLocation(node);
    const source = this.cells.tree(module);
    const declaration = symbol?.declarations?.find((candidate) => candidate.getSourceFile() === source);
    const name = declaration === undefined ? undefined : ts.getNameOfDeclaration(declaration);
    return name === undefined ? undefined : this.places.sharedAt(module.path, name.getStart(source));
  }
}

function isTopLevel(declaration: ts.Node): boolean {
  for (let node = declaration.parent; !ts.isSourceFile(node); node = node.parent) if (ts.isFunctionLike(node) || ts.isBlock(node) || ts.isClassLike(node) || ts.isModuleBlock(node)) return false;
  return true;
}
