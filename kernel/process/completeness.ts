/** @file Whether code is a whole cell, for consoles: a line that opens a bracket asks for the next. */
import ts from "typescript";
import type { ReplyContent } from "../protocol/jupyter";
import { CellSyntaxError } from "../session/cellSyntaxError";
import { parseCell } from "../session/parseCell";

const INDENT = "  ";

export function completeness(code: string): ReplyContent<"is_complete_request"> {
  try {
    parseCell(code);
    return { status: "complete" };
  } catch (error) {
    if (!(error instanceof CellSyntaxError)) throw error;
    return endsInside(code) ? { status: "incomplete", indent: INDENT.repeat(openBrackets(code)) } : { status: "invalid" };
  }
}

/** Whether the first thing wrong with it is that it ends. */
function endsInside(code: string): boolean {
  const { diagnostics = [] } = ts.transpileModule(code, { fileName: "cell.ts", reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext } });
  const [first] = diagnostics;
  return first?.start !== undefined && first.start >= code.trimEnd().length;
}

const OPEN: ReadonlySet<ts.SyntaxKind> = new Set([ts.SyntaxKind.OpenBraceToken, ts.SyntaxKind.OpenParenToken, ts.SyntaxKind.OpenBracketToken]);
const CLOSE: ReadonlySet<ts.SyntaxKind> = new Set([ts.SyntaxKind.CloseBraceToken, ts.SyntaxKind.CloseParenToken, ts.SyntaxKind.CloseBracketToken]);

function openBrackets(code: string): number {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, true, ts.LanguageVariant.Standard, code);
  let depth = 0;
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) depth += OPEN.has(kind) ? 1 : CLOSE.has(kind) ? -1 : 0;
  return Math.max(0, depth);
}
