/** @file Which cells of a session another process has to run to arrive where one of them is. */
import ts from "typescript";
import { declarationsOf } from "./declarations";
import { parseCell } from "./parseCell";

interface CellUse {
  readonly code: string;
  readonly declares: ReadonlySet<string>;
  /** Identifiers that are not names of properties. */
  readonly mentions: ReadonlySet<string>;
  /** Names that it assigns to, at any depth outside of functions. */
  readonly assigns: ReadonlySet<string>;
  /** Imports something for its effect alone. */
  readonly effect: boolean;
}

/**
 * Those of `cells` that the last one depends on, itself last: for every name that is mentioned the last cell before that declares it, and later
 * ones that assign to it. Cells that only show something, or train a model that nobody asks for, are left out.
 */
export function cellsFor(cells: readonly string[]): string[] {
  const uses = cells.map(useOf);
  const wanted = new Set<number>();
  const visit = (at: number): void => {
    if (wanted.has(at)) return;
    wanted.add(at);
    for (const name of uses[at].mentions) {
      const declared = uses.findLastIndex((use, i) => i < at && use.declares.has(name));
      if (declared < 0) continue;
      visit(declared);
      for (let i = declared + 1; i < at; i++) if (uses[i].assigns.has(name)) visit(i);
    }
  };
  visit(cells.length - 1);
  uses.forEach(({ effect }, i) => {
    if (effect) visit(i);
  });
  return cells.filter((_, i) => wanted.has(i));
}

/** The code without comments, empty lines and the author's spacing: equal where it means the same. */
export function plainCode(code: string, fileName = "cell.ts"): string {
  const source = ts.createSourceFile(fileName, code, ts.ScriptTarget.ESNext, true);
  return ts.createPrinter({ removeComments: true }).printFile(source);
}

function useOf(code: string): CellUse {
  const source = readOrEmpty(code);
  const mentions = new Set<string>();
  const assigns = new Set<string>();
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (ts.isIdentifier(node) && !isPropertyName(node)) mentions.add(node.text);
    if (!inFunction && ts.isBinaryExpression(node) && node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment && node.operatorToken.kind <= ts.SyntaxKind.LastAssignment) targets(node.left, assigns);
    if (!inFunction && (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && ts.isIdentifier(node.operand)) assigns.add(node.operand.text);
    ts.forEachChild(node, (child) => visit(child, inFunction || ts.isFunctionLike(node)));
  };
  visit(source, false);
  const effect = source.statements.some((statement) => ts.isImportDeclaration(statement) && statement.importClause === undefined);
  return { code, declares: new Set(declarationsOf(source, () => undefined).keys()), mentions, assigns, effect };
}

/** A cell that is no TypeScript has failed, and declares nothing. */
function readOrEmpty(code: string): ts.SourceFile {
  try {
    return parseCell(code).source;
  } catch {
    return ts.createSourceFile("cell.ts", "", ts.ScriptTarget.ESNext, true);
  }
}

const isPropertyName = (node: ts.Identifier): boolean => (ts.isPropertyAccessExpression(node.parent) && node.parent.name === node) || (ts.isPropertyAssignment(node.parent) && node.parent.name === node);

/** Names under an assignment's left side: `a`, `a.b`, `({ a, b: c })`. */
function targets(node: ts.Node, found: Set<string>): void {
  if (ts.isIdentifier(node)) found.add(node.text);
  else if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) targets(node.expression, found);
  else if (ts.isPropertyAssignment(node)) targets(node.initializer, found);
  else ts.forEachChild(node, (child) => targets(child, found));
}
