/** @file Reads a cell as TypeScript: its syntax tree, or an error with line and column. */
import ts from "typescript";
import { CellSyntaxError, type Position } from "./cellSyntaxError";

export interface ParsedCell {
  readonly source: ts.SourceFile;
  /** Where a parenthesis was put in, so that the cell's last line reads as an object. Positions after it on this line are one too far right. */
  readonly inserted?: Position;
  /** Offset at which a semicolon was put in on an earlier line: without it that line would call what the parenthesis begins. */
  readonly separated?: number;
}

/** The tree of a cell. A last statement such as `{ a: 1, b }` is read as an object, not as a block: it is there to be shown.
 * @throws {CellSyntaxError} when the cell is not TypeScript. */
export function parseCell(code: string): ParsedCell {
  const source = parse(code, "cell.ts");
  const asObject = lastObject(source);
  if (asObject !== undefined) return asObject;
  const [error] = syntaxErrors(source);
  if (error !== undefined) throw explain(error, code);
  return { source };
}

const parse = (code: string, fileName: string): ts.SourceFile => ts.createSourceFile(fileName, code, ts.ScriptTarget.ESNext, true);

const OPTIONS: ts.CompilerOptions = { noResolve: true, noLib: true, target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, jsx: ts.JsxEmit.Preserve };

/** What the parser complained about, first to last. A program is how to ask for it; nothing is parsed again, bound or checked. */
function syntaxErrors(source: ts.SourceFile): readonly ts.Diagnostic[] {
  const { fileName } = source;
  const host: ts.CompilerHost = {
    getSourceFile: (name) => (name === fileName ? source : undefined),
    fileExists: (name) => name === fileName,
    readFile: () => undefined,
    writeFile: () => undefined,
    getDefaultLibFileName: () => "lib.d.ts",
    getCurrentDirectory: () => "",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
  };
  return ts.createProgram({ rootNames: [fileName], options: OPTIONS, host }).getSyntacticDiagnostics(source);
}

/** The cell with its last block read as an object literal, where that is possible. */
function lastObject(source: ts.SourceFile): ParsedCell | undefined {
  const blocks = source.statements.filter(ts.isBlock);
  for (const block of blocks.reverse()) {
    const start = block.getStart(source);
    const rest = source.text.slice(start);
    const closed = [rest, withoutLastSemicolon(rest)].find((text) => text !== undefined && isObject(`(${text}\n)`));
    if (closed === undefined) continue;
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    const inserted = { line: line + 1, column: character + 1 };
    const end = source.statements.findLast((statement) => statement.end <= start)?.end;
    for (const separated of end === undefined ? [undefined] : [undefined, end]) {
      const before = separated === undefined ? source.text.slice(0, start) : `${source.text.slice(0, separated)};${source.text.slice(separated, start)}`;
      const code = `${before}(${closed}\n)`;
      const tree = parse(code, "cell.ts");
      if (syntaxErrors(tree).length > 0) continue;
      if (tree.statements.some((statement) => statement.getStart(tree) === before.length)) return { source: tree, inserted, separated };
    }
  }
  return undefined;
}

function isObject(code: string): boolean {
  const tree = parse(code, "cell.ts");
  if (syntaxErrors(tree).length > 0) return false;
  const { statements } = tree;
  const [only] = statements;
  return statements.length === 1 && ts.isExpressionStatement(only) && ts.isParenthesizedExpression(only.expression) && ts.isObjectLiteralExpression(only.expression.expression);
}

/** `text` up to a semicolon that is its last token, or undefined when another token is last. */
function withoutLastSemicolon(text: string): string | undefined {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, true, ts.LanguageVariant.Standard, text);
  let last = ts.SyntaxKind.Unknown;
  let at = 0;
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    last = kind;
    at = scanner.getTokenStart();
  }
  return last === ts.SyntaxKind.SemicolonToken ? text.slice(0, at) : undefined;
}

function explain(error: ts.Diagnostic, code: string): CellSyntaxError {
  const source = parse(code, "cell.ts");
  const position = positionAt(source, error.start ?? 0);
  const message = ts.flattenDiagnosticMessageText(error.messageText, "\n");
  const tsx = parse(code, "cell.tsx");
  const jsx = syntaxErrors(tsx).length === 0 ? findJsx(tsx) : undefined;
  if (jsx !== undefined) return new CellSyntaxError("JSX is no part of a cell; build the markup as a string, or with a function call per element", positionAt(source, jsx.getStart()));
  return new CellSyntaxError(message, position);
}

function findJsx(node: ts.Node): ts.Node | undefined {
  return ts.isJsxElement(node) || ts.isJsxSelfClosingElement(node) || ts.isJsxFragment(node) ? node : ts.forEachChild(node, findJsx);
}

/** Line and column of an offset. */
export function positionAt(source: ts.SourceFile, offset: number): Position {
  const { line, character } = source.getLineAndCharacterOfPosition(offset);
  return { line: line + 1, column: character + 1 };
}
