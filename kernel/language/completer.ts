/** @file Completion: what TypeScript knows at the cursor, names of other cells, and names that could be imported. */
import ts from "typescript";
import type { CellModule, CellProgram } from "./cellProgram";
import { markdown, signatureText } from "./docs";
import type { Hovers } from "./hover";
import type { Importables } from "./importable";
import type { Completion, CompletionDetails, Completions } from "./messages";

const PREFERENCES: ts.GetCompletionsAtPositionOptions = {
  includeCompletionsForModuleExports: false,
  includeCompletionsWithInsertText: true,
  includeAutomaticOptionalChainCompletions: true,
  includeCompletionsWithObjectLiteralMethodSnippets: false,
  includePackageJsonAutoImports: "off",
};

/** Before globals ("15") and keywords, after what the cell itself has ("11"). */
const SORT_OTHER_CELL = "12";
const SORT_IMPORT = "16";

export class Completer {
  constructor(
    private readonly cells: CellProgram,
    private readonly hovers: Hovers,
    private readonly importables: Importables,
  ) {}

  at(module: CellModule, { offset, trigger }: { readonly offset: number; readonly trigger?: string }): Completions | undefined {
    const position = this.cells.toModule(module, offset);
    const info = this.cells.service.getCompletionsAtPosition(module.path, position, { ...PREFERENCES, triggerCharacter: isTrigger(trigger) ? trigger : undefined });
    const items = (info?.entries ?? []).flatMap((entry): Completion[] => {
      if (entry.name.startsWith("isoflop-cell-")) return [];
      const { name, kind, sortText, insertText, replacementSpan, commitCharacters } = entry;
      const span = replacementSpan === undefined ? undefined : this.cells.toCell(module, replacementSpan.start, replacementSpan.length);
      const deprecated = entry.kindModifiers?.includes("deprecated") === true ? true : undefined;
      const link = module.prefix.links.get(name);
      const own = link === undefined ? undefined : this.cells.cell(link.from)?.source.declarations.get(name)?.kind;
      return [{ name, kind: own ?? kind, sortText, insertText, span, deprecated, commitCharacters: info?.isMemberCompletion === true ? (commitCharacters ?? info.defaultCommitCharacters) : undefined }];
    });
    const before = this.expressionBeforeDot(module, offset);
    if (before !== undefined) {
      const live = this.isUnknown(before) ? this.hovers.pathOf(module, before) : undefined;
      return items.length === 0 && live === undefined ? undefined : { items, live };
    }
    if (info === undefined) return undefined;
    const names = new Set(items.map(({ name }) => name));
    // Where an expression can stand so can `new`, and in a type its operators; in a string or after a dot neither.
    const place = names.has("new") ? "value" : names.has("keyof") ? "type" : undefined;
    return { items: place === undefined ? items : [...items, ...this.more({ module, place, names, prefix: wordBefore(module.code, offset) })] };
  }

  resolve(module: CellModule, { offset, name, from }: { readonly offset: number; readonly name: string; readonly from?: string }): CompletionDetails | undefined {
    if (from !== undefined) return this.resolveImport(module, { name, from });
    const shared = this.sharedName(module, name);
    const position = this.cells.toModule(module, Math.min(offset, module.code.length));
    const details = this.cells.service.getCompletionEntryDetails(module.path, position, name, {}, undefined, PREFERENCES, undefined);
    const described = shared === undefined ? undefined : this.hovers.described(shared);
    if (described !== undefined && (details === undefined || module.prefix.links.has(name))) return { ...described, edits: [] };
    if (details === undefined) return undefined;
    return { signature: signatureText(this.cells, details.displayParts), docs: markdown(details.documentation, details.tags), edits: [] };
  }

  private resolveImport(module: CellModule, wanted: { readonly name: string; readonly from: string }): CompletionDetails {
    const checker = this.cells.program.getTypeChecker();
    const exported = this.importables.symbol(wanted);
    const symbol = exported !== undefined && exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const isValue = symbol !== undefined && (symbol.flags & (ts.SymbolFlags.Variable | ts.SymbolFlags.Function)) !== 0;
    const signature = symbol === undefined ? wanted.from : isValue ? `${wanted.name}: ${checker.typeToString(checker.getTypeOfSymbol(symbol))}` : wanted.name;
    return {
      signature: this.cells.readable(signature),
      docs: symbol === undefined ? "" : markdown(symbol.getDocumentationComment(checker), symbol.getJsDocTags(checker)),
      edits: this.importables.edit(module, wanted),
    };
  }

  private more({ module, place, names, prefix }: More): Completion[] {
    const fits = ({ value, type }: { readonly value: boolean; readonly type: boolean }): boolean => (place === "value" ? value : type);
    const found: Completion[] = [];
    for (const name of this.cells.names.all) {
      const shared = names.has(name) ? undefined : this.sharedName(module, name);
      const declaration = shared?.origin.source.declarations.get(name);
      if (declaration === undefined || !fits(declaration)) continue;
      names.add(name);
      found.push({ name, kind: declaration.kind === "import" ? "alias" : declaration.kind, sortText: SORT_OTHER_CELL });
    }
    const first = prefix.slice(0, 1).toLowerCase();
    for (const item of this.importables.all()) {
      // Node alone has two thousand: only those that can match what is typed.
      if (names.has(item.name) || !fits(item) || (first === "" ? item.from !== "isoflop" : !item.name.toLowerCase().startsWith(first))) continue;
      found.push({ name: item.name, kind: item.kind, sortText: SORT_IMPORT, from: item.from });
    }
    return found;
  }

  private sharedName(module: CellModule, name: string): { readonly name: string; readonly origin: CellModule } | undefined {
    const index = this.cells.names.originOf(name, module.index);
    const origin = index === undefined ? undefined : this.cells.cells[index];
    return origin === undefined ? undefined : { name, origin };
  }

  private expressionBeforeDot(module: CellModule, offset: number): ts.Expression | undefined {
    const start = offset - wordBefore(module.code, offset).length;
    if (module.code[start - 1] !== ".") return undefined;
    const dot = this.cells.toModule(module, start) - 1;
    const find = (node: ts.Node): ts.Expression | undefined => {
      if (dot < node.pos || dot > node.end) return undefined;
      const inner = ts.forEachChild(node, find);
      return inner ?? (ts.isPropertyAccessExpression(node) && node.expression.end <= dot && node.name.pos >= dot ? node.expression : undefined);
    };
    return find(this.cells.tree(module));
  }

  private isUnknown(expression: ts.Expression): boolean {
    const type = this.cells.program.getTypeChecker().getTypeAtLocation(expression);
    return (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0;
  }
}

interface More {
  readonly module: CellModule;
  readonly place: "value" | "type";
  readonly names: Set<string>;
  readonly prefix: string;
}

const wordBefore = (code: string, offset: number): string => /[\p{ID_Continue}$\u200c\u200d]*$/u.exec(code.slice(0, offset))?.[0] ?? "";

const TRIGGERS: ReadonlySet<string> = new Set([".", '"', "'", "`", "/", "@", "<", "#", " "]);
const isTrigger = (key: string | undefined): key is ts.CompletionsTriggerCharacter => key !== undefined && TRIGGERS.has(key);
