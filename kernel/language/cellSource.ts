/** @file What is known of a cell before it is put among the others: the names it declares, mentions and exports. Half-typed cells count too. */
import ts from "typescript";
import { CellSyntaxError } from "../session/cellSyntaxError";
import { type Declarations, declarationsOf } from "../session/declarations";
import { parseCell } from "../session/parseCell";

export interface CellSource {
  /** Text as the compiler gets it: the cell's own, but for a parenthesis round an object that is its last line, and a semicolon before it. */
  readonly code: string;
  /** Offsets of what was put in, one character each, ascending. */
  readonly inserted: readonly number[];
  readonly declarations: Declarations;
  /** All identifiers in it but keys and members of objects, whether they refer to a variable of another cell or not, sorted. */
  readonly mentioned: readonly string[];
  /** Names that its own text exports. */
  readonly exported: ReadonlySet<string>;
  /** Why it cannot run. The rest is what could be made of it all the same. */
  readonly error?: CellSyntaxError;
}

/** Never throws: what cannot be parsed has an `error`, and the names that were understood. */
export function readCell(code: string): CellSource {
  try {
    const { source, inserted, separated } = parseCell(code);
    const at = inserted === undefined ? [] : [source.getPositionOfLineAndCharacter(inserted.line - 1, inserted.column - 1)];
    return { code: source.text, inserted: separated === undefined ? at : [separated, ...at], ...namesOf(source), declarations: declarationsOf(source) };
  } catch (error) {
    if (!(error instanceof CellSyntaxError)) throw error;
    const source = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext, true);
    return { code, inserted: [], ...namesOf(source), declarations: declarationsIn(source), error };
  }
}

function namesOf(source: ts.SourceFile): Pick<CellSource, "mentioned" | "exported"> {
  const mentioned = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text !== "" && !isKey(node)) mentioned.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { mentioned: [...mentioned].sort(), exported: exportsOf(source) };
}

/** The declarations of a cell with errors: those that could be read, and of two of one name the first. */
const declarationsIn = (source: ts.SourceFile): Declarations => new Map([...declarationsOf(source, () => undefined)].filter(([name]) => IDENTIFIER.test(name)));

/** What the parser puts where a name is missing is none. */
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

/** `b` in `a.b`, `{ b: 1 }`, `const { b: c } = a` and in types and classes: no name of a variable. */
function isKey(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  const named = ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodSignature(parent) || ts.isPropertyDeclaration(parent) || ts.isMethodDeclaration(parent);
  return named && parent.name === node;
}

function exportsOf(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)) for (const { name } of statement.exportClause.elements) names.add(name.text);
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    const has = (kind: ts.SyntaxKind): boolean => modifiers?.some((modifier) => modifier.kind === kind) ?? false;
    if (!has(ts.SyntaxKind.ExportKeyword) || has(ts.SyntaxKind.DefaultKeyword)) continue;
    for (const name of declarationsOf(alone(statement, source), () => undefined).keys()) names.add(name);
  }
  return names;
}

const alone = (statement: ts.Statement, source: ts.SourceFile): ts.SourceFile => ts.createSourceFile("statement.ts", statement.getText(source), ts.ScriptTarget.ESNext, true);
