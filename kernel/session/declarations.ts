/** @file The names that a cell declares at its top level, as values, as types or both. */
import ts from "typescript";
import { CellSyntaxError } from "./cellSyntaxError";

export type DeclarationKind = "const" | "let" | "var" | "function" | "class" | "enum" | "namespace" | "import" | "type";

export interface Declaration {
  readonly kind: DeclarationKind;
  /** The name stands for something at run time. */
  readonly value: boolean;
  /** The name stands for a type. */
  readonly type: boolean;
}

export type Declarations = ReadonlyMap<string, Declaration>;

/** The declarations of a cell, in the order of their first appearance. `var` counts at any depth outside of functions, as the language has it.
 * @param conflict takes the error when the cell declares one name twice in a way that no TypeScript file may. By default it is thrown; else the first counts.
 * @throws {CellSyntaxError} */
export function declarationsOf(source: ts.SourceFile, conflict: (error: CellSyntaxError) => void = raise): Declarations {
  const found = new Map<string, Declaration>();
  const add = (name: ts.Identifier, next: Declaration): void => {
    const old = found.get(name.text);
    if (old !== undefined && conflicts(old, next)) {
      const { line, character } = source.getLineAndCharacterOfPosition(name.getStart(source));
      conflict(new CellSyntaxError(`the cell declares \`${name.text}\` twice (${old.kind} and ${next.kind})`, { line: line + 1, column: character + 1 }));
    }
    // A function or class that a namespace or interface adds to stays what it is.
    const strongest = old === undefined || !old.value ? next : old;
    found.set(name.text, { kind: strongest.kind, value: next.value || old?.value === true, type: next.type || old?.type === true });
  };
  for (const statement of source.statements) addStatement(statement, add);
  return found;
}

function raise(error: CellSyntaxError): never {
  throw error;
}

type Add = (name: ts.Identifier, declaration: Declaration) => void;

const VALUE = { value: true, type: false } as const;
const BOTH = { value: true, type: true } as const;
const TYPE = { kind: "type", value: false, type: true } as const;

function addStatement(statement: ts.Statement, add: Add): void {
  // `declare` makes nothing at run time, but says a type.
  const ambient = ts.canHaveModifiers(statement) && (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword);
  const put: Add = ambient ? (name, declaration) => add(name, { ...declaration, kind: "type", value: false, type: true }) : add;
  if (ts.isVariableStatement(statement)) addList(statement.declarationList, put);
  else if (ts.isFunctionDeclaration(statement)) {
    if (statement.name !== undefined && statement.body !== undefined) put(statement.name, { kind: "function", ...VALUE });
  } else if (ts.isClassDeclaration(statement)) {
    if (statement.name !== undefined) put(statement.name, { kind: "class", ...BOTH });
  } else if (ts.isEnumDeclaration(statement)) put(statement.name, { kind: "enum", ...BOTH });
  else if (ts.isModuleDeclaration(statement)) {
    if (ts.isIdentifier(statement.name) && (statement.flags & ts.NodeFlags.GlobalAugmentation) === 0) put(statement.name, { kind: "namespace", ...BOTH });
  } else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) put(statement.name, TYPE);
  else if (ts.isImportDeclaration(statement)) addImport(statement, put);
  else if (ts.isImportEqualsDeclaration(statement)) put(statement.name, statement.isTypeOnly ? TYPE : { kind: "import", ...BOTH });
  else addNestedVars(statement, put);
}

function addImport({ importClause }: ts.ImportDeclaration, add: Add): void {
  if (importClause === undefined) return;
  const kindOf = (typeOnly: boolean): Declaration => (typeOnly || importClause.phaseModifier === ts.SyntaxKind.TypeKeyword ? TYPE : { kind: "import", ...BOTH });
  if (importClause.name !== undefined) add(importClause.name, kindOf(false));
  const bindings = importClause.namedBindings;
  if (bindings === undefined) return;
  if (ts.isNamespaceImport(bindings)) add(bindings.name, kindOf(false));
  else for (const element of bindings.elements) add(element.name, kindOf(element.isTypeOnly));
}

function addList(list: ts.VariableDeclarationList, add: Add): void {
  const scoped = list.flags & ts.NodeFlags.BlockScoped;
  // `using` and `await using` make constants too.
  const kind = scoped === 0 ? "var" : scoped === ts.NodeFlags.Let ? "let" : "const";
  for (const declaration of list.declarations) for (const name of boundNames(declaration.name)) add(name, { kind, ...VALUE });
}

/** `var` inside of blocks and loops. */
function addNestedVars(node: ts.Node, add: Add): void {
  if (ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node)) return;
  if (ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0) addList(node, add);
  ts.forEachChild(node, (child) => addNestedVars(child, add));
}

/** The identifiers that a binding name declares. */
export function boundNames(name: ts.BindingName): ts.Identifier[] {
  return ts.isIdentifier(name) ? [name] : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)));
}

const SINGLE: ReadonlySet<DeclarationKind> = new Set(["const", "let", "class", "import"]);
const MERGES: ReadonlySet<DeclarationKind> = new Set(["namespace", "enum", "type"]);

/** Interfaces, namespaces and enums merge, `var` repeats, overloads have no body; all else may stand once. */
function conflicts(old: Declaration, next: Declaration): boolean {
  if (!old.value || !next.value) return false;
  if (old.kind === "function" && next.kind === "function") return true;
  if (SINGLE.has(old.kind)) return !(old.kind === "class" && next.kind === "namespace");
  return SINGLE.has(next.kind) || (MERGES.has(next.kind) && old.kind === "var");
}
