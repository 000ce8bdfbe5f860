/** @file One use of a free name in a cell, as a property of the notebook's scope object. */
import ts from "typescript";
import type { RewriteInput } from "./rewriteNames";

/** How the name is used; `short` is `{ name }`, `shortAssign` the same on the left of an assignment. */
export type ReferenceUse = "read" | "assign" | "short" | "shortAssign";

export interface Reference {
  readonly node: ts.Identifier;
  readonly use: ReferenceUse;
}

/** Edits the text where the name belongs to the notebook; globals stay as they are. */
export function rewriteReference({ node, use }: Reference, { file, text, names, constants, lookUp }: RewriteInput): void {
  const found = lookUp(node.text);
  if (found === undefined) return;
  const start = node.getStart(file);
  const assigns = use === "assign" || use === "shortAssign";
  const prefix = `${assigns && constants.has(node.text) ? names.constants : names.scope}.`;
  if (use === "short" || use === "shortAssign") text.appendRight(start, `${node.text}: ${prefix}`);
  // As a property it would be called with the scope object as `this`.
  else if (isCallee(node)) text.appendRight(start, `(0, ${prefix}`).prependLeft(node.end, ")");
  else if (found === "perhaps" && ts.isTypeOfExpression(node.parent)) text.appendRight(start, `(${JSON.stringify(node.text)} in ${names.scope} ? ${prefix}`).prependLeft(node.end, " : void 0)");
  else text.appendRight(start, prefix);
}

function isCallee(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isParenthesizedExpression(parent)) return isCallee(parent);
  return (ts.isCallExpression(parent) && parent.expression === node) || (ts.isTaggedTemplateExpression(parent) && parent.tag === node);
}
