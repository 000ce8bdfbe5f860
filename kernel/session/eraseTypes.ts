/** @file TypeScript to JavaScript: types away, enums, namespaces, decorators and `using` lowered, the last expression marked for showing. */
import ts from "typescript";
import { type Tracer, traceMap } from "./tracePosition";

export interface Erased {
  readonly code: string;
  /** From a position in `code` to the one in the source. */
  readonly trace: Tracer;
}

export interface EraseOptions {
  readonly source: ts.SourceFile;
  /** Name of the function that gets the last expression's value; without it nothing is shown. */
  readonly show?: string;
}

const OPTIONS: ts.CompilerOptions = {
  // What Node 20 runs as it is; decorators and `using` are newer and become calls.
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  // An import that this cell does not use may be used by the next one.
  verbatimModuleSyntax: true,
  sourceMap: true,
  newLine: ts.NewLineKind.LineFeed,
};

/** The cell as JavaScript. Its text always has all semicolons, so later edits need not think of automatic ones. */
export function eraseTypes({ source, show }: EraseOptions): Erased {
  const before = show === undefined ? [] : [markLast(show)];
  const { outputText, sourceMapText } = ts.transpileModule(source.text, { fileName: "cell.ts", compilerOptions: OPTIONS, transformers: { before } });
  return { code: withoutMapComment(outputText), trace: traceMap(sourceMapText ?? "{}") };
}

const MAP_COMMENT = "//# sourceMappingURL=cell.js.map";
const withoutMapComment = (code: string): string => (code.endsWith(MAP_COMMENT) ? code.slice(0, -MAP_COMMENT.length) : code);

/** Whether a last expression is something to show: an assignment is not, as in other notebooks. */
function isShown(expression: ts.Expression): boolean {
  const assigns = ts.isBinaryExpression(expression) && expression.operatorToken.kind >= ts.SyntaxKind.FirstAssignment && expression.operatorToken.kind <= ts.SyntaxKind.LastAssignment;
  return !assigns && !ts.isVoidExpression(expression);
}

function markLast(show: string): ts.TransformerFactory<ts.SourceFile> {
  return ({ factory }) => (file) => {
    const statements = file.statements.map((statement) => simplify(statement, factory));
    const at = statements.findLastIndex((statement) => !ts.isEmptyStatement(statement));
    const last = statements[at];
    if (last !== undefined && ts.isExpressionStatement(last) && isShown(unwrap(last.expression))) {
      const call = factory.createCallExpression(factory.createIdentifier(show), undefined, [last.expression]);
      statements[at] = ts.setTextRange(factory.createExpressionStatement(call), last);
    }
    return factory.updateSourceFile(file, statements);
  };
}

/** `export default e` as the expression it exports, `import a = require("m")` as a call: forms that only modules have. */
function simplify(statement: ts.Statement, factory: ts.NodeFactory): ts.Statement {
  if (ts.isExportAssignment(statement)) return ts.setTextRange(factory.createExpressionStatement(statement.expression), statement);
  if (ts.isImportEqualsDeclaration(statement) && !statement.isTypeOnly && ts.isExternalModuleReference(statement.moduleReference)) {
    const call = factory.createCallExpression(factory.createIdentifier("require"), undefined, [statement.moduleReference.expression]);
    const declaration = factory.createVariableDeclaration(statement.name, undefined, undefined, call);
    return ts.setTextRange(factory.createVariableStatement(undefined, factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const)), statement);
  }
  return statement;
}

function unwrap(expression: ts.Expression): ts.Expression {
  return ts.isParenthesizedExpression(expression) && !ts.isObjectLiteralExpression(expression.expression) ? unwrap(expression.expression) : expression;
}
