/** @file Puts a check at every loop back-edge and at the entry of functions that call themselves. */
import type MagicString from "magic-string";
import ts from "typescript";

export interface GuardEdit {
  readonly file: ts.SourceFile;
  readonly text: MagicString;
  /** A statement that throws when the cell was interrupted. */
  readonly guard: string;
}

/** Guards all of a file. Costs about as much as the loop counter; a built-in that loops by itself (`sort`, `replace`) is not reached. */
export function insertGuards(edit: GuardEdit): void {
  const visit = (node: ts.Node): void => {
    guardNode(node, edit);
    ts.forEachChild(node, visit);
  };
  visit(edit.file);
}

/** Edits the text where `node` is a loop or a function that calls itself. Called for outer nodes first. */
export function guardNode(node: ts.Node, edit: GuardEdit): void {
  if (isLoop(node)) guardBody(node.statement, edit);
  else if (callsItself(node)) guardBody(node.body, edit);
}

const isLoop = (node: ts.Node): node is ts.IterationStatement => ts.isIterationStatement(node, false);

/** Openings go to the right of an index and closings to the left, outer ones first and last: nested edits at one index keep their order. */
function guardBody(body: ts.Statement | ts.ConciseBody, { file, text, guard }: GuardEdit): void {
  const start = body.getStart(file);
  if (ts.isBlock(body)) text.appendLeft(start + 1, ` ${guard}`);
  else if (ts.isStatement(body)) text.appendRight(start, `{ ${guard} `).prependLeft(body.end, " }");
  else text.appendRight(start, `{ ${guard} return `).prependLeft(body.end, "; }");
}

type WithBody = (ts.FunctionDeclaration | ts.FunctionExpression | ts.ArrowFunction | ts.MethodDeclaration) & { readonly body: ts.ConciseBody };

/** A function whose body mentions its own name; methods by `.name(…)`. Calls through other names run into the stack's limit or into a loop. */
function callsItself(node: ts.Node): node is WithBody {
  if (ts.isMethodDeclaration(node)) {
    const name = ts.isIdentifier(node.name) || ts.isPrivateIdentifier(node.name) ? node.name.text : undefined;
    return node.body !== undefined && name !== undefined && contains(node.body, (child) => ts.isPropertyAccessExpression(child) && child.name.text === name);
  }
  if (!ts.isFunctionDeclaration(node) && !ts.isFunctionExpression(node) && !ts.isArrowFunction(node)) return false;
  const given = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
  return given !== undefined && ts.isIdentifier(given) && node.body !== undefined && contains(node.body, (child) => ts.isIdentifier(child) && child.text === given.text);
}

const contains = (node: ts.Node, test: (node: ts.Node) => boolean): boolean => test(node) || ts.forEachChild(node, (child) => contains(child, test) || undefined) === true;
