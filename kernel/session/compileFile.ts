/** @file A local TypeScript or JavaScript file to the function that runs it as a module. */
import MagicString from "magic-string";
import { basename, extname } from "node:path";
import ts from "typescript";
import { CellSyntaxError } from "./cellSyntaxError";
import { insertGuards } from "./loopGuards";
import { positionAt } from "./parseCell";
import { chainTracers, type Tracer, traceMap } from "./tracePosition";

export interface CompiledFile {
  /** An expression: an async function of (exports, require, module, __filename, __dirname, flag, stop, load, meta). */
  readonly code: string;
  readonly trace: Tracer;
  /** What the file imports or re-exports, in order. */
  readonly imports: readonly string[];
  /** It has `import` or `export`; a file without both may set `module.exports`. */
  readonly isModule: boolean;
}

const FLAG = "$file_flag";
const STOP = "$file_stop";
const LOAD = "$file_import";
const META = "$file_meta";
const EXTRA = "//# sourceMappingURL=";

/** Compiles a file; types are erased, loops get the same guards as in cells.
 * @throws {CellSyntaxError} when it is not TypeScript or JavaScript. */
export function compileFile(path: string, source: string): CompiledFile {
  const fileName = [".js", ".mjs", ".cjs"].includes(extname(path)) ? "file.js" : "file.ts";
  const parsed = ts.createSourceFile(fileName, source, ts.ScriptTarget.ESNext, true);
  const isModule = ts.isExternalModule(parsed);
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    // Reads imports through the imported module's object, so they stay live; names of modules are ES modules' own, without interop.
    module: isModule ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext,
    esModuleInterop: false,
    allowJs: true,
    sourceMap: true,
    newLine: ts.NewLineKind.LineFeed,
  };
  const { outputText, sourceMapText, diagnostics } = ts.transpileModule(source, { fileName, reportDiagnostics: true, compilerOptions, transformers: { before: [dynamicImports] } });
  const error = diagnostics?.find(({ category, start }) => category === ts.DiagnosticCategory.Error && start !== undefined);
  if (error !== undefined) throw new CellSyntaxError(`${ts.flattenDiagnosticMessageText(error.messageText, "\n")} (${basename(path)})`, positionAt(parsed, error.start ?? 0));
  const at = outputText.lastIndexOf(EXTRA);
  const js = at < 0 ? outputText : outputText.slice(0, at);
  const text = new MagicString(js);
  insertGuards({ file: ts.createSourceFile("file.js", js, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS), text, guard: `if (${FLAG}[0] !== 0) ${STOP}();` });
  text.prepend(`(async function (exports, require, module, __filename, __dirname, ${FLAG}, ${STOP}, ${LOAD}, ${META}) {\n`);
  text.append("\n})");
  return {
    code: text.toString(),
    trace: chainTracers(traceMap(text.generateMap({ hires: true }).toString()), traceMap(sourceMapText ?? "{}")),
    imports: isModule ? staticImports(js) : [],
    isModule,
  };
}

/** `import(…)` and `import.meta` as names that the wrapping function gets. */
const dynamicImports: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) return factory.createIdentifier(META);
    const seen = ts.visitEachChild(node, visit, context);
    return ts.isCallExpression(seen) && seen.expression.kind === ts.SyntaxKind.ImportKeyword ? factory.updateCallExpression(seen, factory.createIdentifier(LOAD), undefined, seen.arguments) : seen;
  };
  return ts.visitEachChild(file, visit, context);
};

/** The modules that the compiled file requires at its top level: those imports that are used as values. */
function staticImports(js: string): string[] {
  const file = ts.createSourceFile("file.js", js, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "require" && node.arguments.length === 1 && ts.isStringLiteral(node.arguments[0])) found.add(node.arguments[0].text);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...found];
}
