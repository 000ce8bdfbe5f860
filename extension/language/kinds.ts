/** @file TypeScript's names of kinds as the editor's icons. */
import type * as vscode from "vscode";
import type { SymbolKind } from "../../kernel/language/messages";

type Completions = keyof typeof vscode.CompletionItemKind;
type Symbols = keyof typeof vscode.SymbolKind;

const KINDS: ReadonlyMap<SymbolKind, readonly [Completions, Symbols]> = new Map<SymbolKind, readonly [Completions, Symbols]>([
  ["keyword", ["Keyword", "Variable"]],
  ["primitive type", ["Keyword", "TypeParameter"]],
  ["const", ["Constant", "Constant"]],
  ["let", ["Variable", "Variable"]],
  ["var", ["Variable", "Variable"]],
  ["local var", ["Variable", "Variable"]],
  ["parameter", ["Variable", "Variable"]],
  ["alias", ["Reference", "Variable"]],
  ["import", ["Reference", "Variable"]],
  ["property", ["Field", "Field"]],
  ["getter", ["Field", "Property"]],
  ["setter", ["Field", "Property"]],
  ["accessor", ["Field", "Property"]],
  ["function", ["Function", "Function"]],
  ["local function", ["Function", "Function"]],
  ["method", ["Method", "Method"]],
  ["construct", ["Method", "Constructor"]],
  ["constructor", ["Method", "Constructor"]],
  ["call", ["Method", "Method"]],
  ["index", ["Method", "Method"]],
  ["enum", ["Enum", "Enum"]],
  ["enum member", ["EnumMember", "EnumMember"]],
  ["module", ["Module", "Module"]],
  ["namespace", ["Module", "Namespace"]],
  ["external module name", ["Module", "Module"]],
  ["class", ["Class", "Class"]],
  ["local class", ["Class", "Class"]],
  ["interface", ["Interface", "Interface"]],
  ["type", ["Interface", "Interface"]],
  ["type parameter", ["TypeParameter", "TypeParameter"]],
  ["script", ["File", "File"]],
  ["directory", ["Folder", "Package"]],
  ["string", ["Constant", "String"]],
]);

export const completionKind = (vs: typeof vscode, kind: SymbolKind): vscode.CompletionItemKind => vs.CompletionItemKind[KINDS.get(kind)?.[0] ?? "Variable"];

export const symbolKind = (vs: typeof vscode, kind: SymbolKind): vscode.SymbolKind => vs.SymbolKind[KINDS.get(kind)?.[1] ?? "Variable"];
