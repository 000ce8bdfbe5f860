/** @file A cell of TypeScript to the function that runs it. */
import MagicString from "magic-string";
import ts from "typescript";
import { CellSyntaxError, type Position } from "./cellSyntaxError";
import { type Declarations, declarationsOf } from "./declarations";
import { eraseTypes } from "./eraseTypes";
import type { ImportRequest } from "./importRequest";
import { addVars } from "./lexicalScopes";
import { parseCell, positionAt } from "./parseCell";
import { type Names, rewriteNames } from "./rewriteNames";
import { chainTracers, type Tracer, traceMap } from "./tracePosition";

/** What a cell is compiled against. */
export interface CellContext {
  /** Names that earlier cells declared. */
  readonly declared: ReadonlySet<string>;
  /** Those of them that cannot be assigned to. */
  readonly constants: ReadonlySet<string>;
  /** Names that every cell gets as arguments (`console`, `require`). */
  readonly provided: readonly string[];
}

export interface CompiledCell {
  /** An expression: a function of any object, which everything that the cell leaves behind will hold. It returns a function of (scope, constants, flag, stop,
   * show, load, meta, ...provided) that runs the cell and returns a promise. */
  readonly code: string;
  /** From a position in `code` to the one in the cell. */
  readonly trace: Tracer;
  /** Static imports, to be brought in before the cell runs. */
  readonly imports: readonly ImportRequest[];
  readonly declarations: Declarations;
  /** Names of the cell that have a value from its start, undefined at first: `var`. */
  readonly vars: readonly string[];
  /** Names of the cell that later cells cannot assign to. */
  readonly constants: readonly string[];
}

/** Compiles a cell. Nothing is resolved or run; types are not checked.
 * @throws {CellSyntaxError} when the cell is not TypeScript, or uses forms that a cell cannot have (`return` at top level, JSX). */
export function transformCell(code: string, context: CellContext): CompiledCell {
  const { source, inserted } = parseCell(code);
  const declarations = declarationsOf(source);
  refuseReturn(source, source);
  const names = freshNames(code);
  const erased = eraseTypes({ source, show: names.show });
  const atSource = inserted === undefined ? erased.trace : unshifted(erased.trace, inserted);
  const file = ts.createSourceFile("cell.js", erased.code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const text = new MagicString(erased.code);

  const values = [...declarations].filter(([, { value }]) => value);
  const declared = new Set(values.map(([name]) => name));
  const own = constantsOf(file, declared);
  const lookUp = (name: string): "certainly" | "perhaps" | undefined => {
    if (declared.has(name) || context.declared.has(name)) return "certainly";
    return context.provided.includes(name) || name in globalThis || name === "arguments" || HIDDEN.has(name) || Object.values(names).includes(name) ? undefined : "perhaps";
  };
  const constants = new Set([...own, ...[...context.constants].filter((name) => !declared.has(name))]);

  const guard = `if (${names.flag}[0] !== 0) ${names.stop}();`;
  const { imports, hoisted, locals } = rewriteNames({ file, text, names, guard, trace: atSource, declared, constants, lookUp });
  // An enum or namespace of an earlier run would be added to instead of replaced.
  const replaced = values.filter(([, { kind }]) => kind === "enum" || kind === "namespace").map(([name]) => `${names.scope}.${name} = void 0;`);
  const variables = locals.length === 0 ? [] : [`let ${locals.join(", ")};`];
  const parameters = [names.scope, names.constants, names.flag, names.stop, names.show, names.load, names.meta, ...context.provided];
  // Named inside, so that the engine keeps it in the scope that all functions of the cell have in common.
  text.prepend(`(function (${names.owner}) { "use strict"; return async (${parameters.join(", ")}) => { ${[`${names.owner};`, ...variables, ...replaced, ...hoisted].join(" ")}\n`);
  text.append("\n}; })");
  return {
    code: text.toString(),
    trace: chainTracers(traceMap(text.generateMap({ hires: true }).toString()), atSource),
    imports,
    declarations,
    vars: varsOf(file, declared),
    constants: own,
  };
}

/** Names of the language that are no properties of the global object. */
const HIDDEN: ReadonlySet<string> = new Set(["eval"]);

function freshNames(code: string): Names {
  let suffix = "";
  while (code.includes(`$cell${suffix}`)) suffix += "_";
  const name = (use: string): string => `$cell${suffix}_${use}`;
  return { scope: name("names"), constants: name("const"), flag: name("flag"), stop: name("stop"), show: name("show"), load: name("import"), meta: name("meta"), owner: name("owner") };
}

/** `var` as the JavaScript has it, lowered enums and `using` too. */
function varsOf(file: ts.SourceFile, declared: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  addVars(file, found);
  return [...found].filter((name) => declared.has(name));
}

/** Constants as the JavaScript has them: where `using` was lowered, they have become variables that are assigned later. */
function constantsOf(file: ts.SourceFile, declared: ReadonlySet<string>): string[] {
  const found: string[] = [];
  for (const statement of file.statements) {
    if (ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.Const) !== 0) for (const { name } of statement.declarationList.declarations) collect(name, found);
    const clause = ts.isImportDeclaration(statement) ? statement.importClause : undefined;
    if (clause?.name !== undefined) found.push(clause.name.text);
    if (clause?.namedBindings !== undefined) found.push(...(ts.isNamespaceImport(clause.namedBindings) ? [clause.namedBindings.name.text] : clause.namedBindings.elements.map(({ name }) => name.text)));
  }
  return found.filter((name) => declared.has(name));
}

function collect(name: ts.BindingName, found: string[]): void {
  if (ts.isIdentifier(name)) found.push(name.text);
  else for (const element of name.elements) if (!ts.isOmittedExpression(element)) collect(element.name, found);
}

/** The wrapping function would take a `return` of the cell for its own. */
function refuseReturn(node: ts.Node, source: ts.SourceFile): void {
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) return;
  if (ts.isReturnStatement(node)) throw new CellSyntaxError("`return` outside of a function; the value of the last line is shown by itself", positionAt(source, node.getStart(source)));
  ts.forEachChild(node, (child) => refuseReturn(child, source));
}

/** Positions in the text that the compiler saw, in the text that the user wrote. A function of its own, which holds nothing else of the compilation. */
function unshifted(trace: Tracer, inserted: Position): Tracer {
  return (position) => {
    const found = trace(position);
    const moved = found !== undefined && found.line === inserted.line && found.column > inserted.column;
    return moved ? { line: found.line, column: found.column - 1 } : found;
  };
}
