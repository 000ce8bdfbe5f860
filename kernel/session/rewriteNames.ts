/** @file Makes a cell's top-level names live in the notebook's scope object, so that every cell sees their present values. */
import type MagicString from "magic-string";
import ts from "typescript";
import { boundNames } from "./declarations";
import { type ImportRequest, importRequest } from "./importRequest";
import { addVars, isVar, LexicalScope } from "./lexicalScopes";
import { guardNode } from "./loopGuards";
import { rewriteReference, type ReferenceUse } from "./rewriteReference";
import type { Tracer } from "./tracePosition";

/** Identifiers through which the cell reaches its surroundings; none of them occurs in the cell itself. */
export interface Names {
  /** Object that holds the notebook's names. */
  readonly scope: string;
  /** Same, but assigning through it throws: constants. */
  readonly constants: string;
  readonly flag: string;
  readonly stop: string;
  readonly show: string;
  readonly load: string;
  readonly meta: string;
  /** Object that all functions of the cell hold. */
  readonly owner: string;
}

export interface RewriteInput {
  /** The cell as JavaScript. */
  readonly file: ts.SourceFile;
  readonly text: MagicString;
  readonly names: Names;
  /** Statement for every loop back-edge. */
  readonly guard: string;
  readonly trace: Tracer;
  /** Names that the cell declares as values. */
  readonly declared: ReadonlySet<string>;
  /** Names the cell cannot assign to, its own and those of earlier cells. */
  readonly constants: ReadonlySet<string>;
  /** Whether a free name belongs to the notebook: `certainly` when it was declared, `perhaps` when nothing is known of it, undefined for globals. */
  readonly lookUp: (name: string) => "certainly" | "perhaps" | undefined;
}

export interface Rewritten {
  readonly imports: readonly ImportRequest[];
  /** Statements to run first: functions are there before their declaration. */
  readonly hoisted: readonly string[];
  /** Names that need a variable of the wrapping function. */
  readonly locals: readonly string[];
}

/** Edits `text`; afterwards it is the body of a function. */
export function rewriteNames(input: RewriteInput): Rewritten {
  const rewriter = new Rewriter(input);
  rewriter.run();
  return rewriter;
}

class Rewriter implements Rewritten {
  readonly imports: ImportRequest[] = [];
  readonly hoisted: string[] = [];
  readonly locals: string[] = [];
  private readonly input: RewriteInput;

  constructor(input: RewriteInput) {
    this.input = input;
  }

  run(): void {
    const { file, declared } = this.input;
    // What lowering added (`__esDecorate`, `env_1`) stays inside of the wrapping function.
    const helpers = new Set<string>();
    addVars(file, helpers);
    for (const statement of file.statements) {
      if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) boundNames(name).forEach(({ text }) => helpers.add(text));
    }
    for (const name of declared) helpers.delete(name);
    const scope = new LexicalScope(helpers);
    for (const statement of file.statements) this.statement(statement, scope);
  }

  private statement(node: ts.Statement, scope: LexicalScope): void {
    const { file, text, trace, declared, names } = this.input;
    const start = node.getStart(file);
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined) this.imports.push(importRequest(node, file, trace));
      text.update(start, node.end, ";");
      return;
    }
    if (ts.isVariableStatement(node)) {
      this.list(node.declarationList, scope, true);
      return;
    }
    if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) {
      const modifiers = ts.getModifiers(node)?.filter(({ kind }) => kind === ts.SyntaxKind.ExportKeyword || kind === ts.SyntaxKind.DefaultKeyword) ?? [];
      const last = modifiers.at(-1);
      // What has no name (`export default class {}`) is made and forgotten.
      const prefix = node.name === undefined ? "void " : ts.isClassDeclaration(node) && declared.has(node.name.text) ? `${names.scope}.${node.name.text} = ` : "";
      if (last !== undefined) text.update(modifiers[0].getStart(file), last.end, prefix);
      else if (prefix !== "") text.appendRight(start, prefix);
      if (ts.isClassDeclaration(node)) text.prependLeft(node.end, ";");
      else if (node.name !== undefined) this.hoisted.push(`${names.scope}.${node.name.text} = ${node.name.text};`);
    }
    this.visit(node, scope);
  }

  /** A list of variables. Those of the cell become assignments; all others stay. */
  private list(list: ts.VariableDeclarationList, scope: LexicalScope, ofStatement: boolean): void {
    const { file, text, declared } = this.input;
    const names = list.declarations.flatMap(({ name }) => boundNames(name)).map((name) => name.text);
    if (!names.some((name) => declared.has(name))) {
      ts.forEachChild(list, (child) => this.visit(child, scope));
      return;
    }
    this.locals.push(...names.filter((name) => !declared.has(name)));
    const outer = ofStatement ? list.parent : list;
    text.update(outer.getStart(file), list.declarations[0].getStart(file), " ");
    for (const declaration of list.declarations) {
      const { name, initializer } = declaration;
      const pattern = !ts.isIdentifier(name) && ofStatement;
      if (pattern) text.appendRight(name.getStart(file), "(");
      this.target(name, scope);
      if (initializer !== undefined) {
        const naming = ts.isIdentifier(name) && isAnonymous(initializer) ? name.text : undefined;
        // A property of that name gives the function its name, as the declaration would have.
        if (naming !== undefined) text.appendRight(initializer.getStart(file), `{ ${naming}: `).prependLeft(initializer.end, ` }.${naming}`);
        this.visit(initializer, scope);
      } else if (ofStatement && !isVar(list)) text.prependLeft(declaration.end, " = void 0");
      if (pattern) text.prependLeft(declaration.end, ")");
    }
  }

  /** A declared name or pattern of the cell, as the target of an assignment. */
  private target(name: ts.BindingName, scope: LexicalScope): void {
    const { file, text, names, declared } = this.input;
    if (ts.isIdentifier(name)) {
      if (declared.has(name.text)) text.appendRight(name.getStart(file), `${names.scope}.`);
      return;
    }
    for (const element of name.elements) {
      if (ts.isOmittedExpression(element)) continue;
      if (element.propertyName !== undefined && ts.isComputedPropertyName(element.propertyName)) this.visit(element.propertyName, scope);
      const isShort = ts.isObjectBindingPattern(name) && element.propertyName === undefined && element.dotDotDotToken === undefined;
      if (isShort && ts.isIdentifier(element.name)) text.appendRight(element.name.getStart(file), `${element.name.text}: `);
      this.target(element.name, scope);
      if (element.initializer !== undefined) this.visit(element.initializer, scope);
    }
  }

  private visit(node: ts.Node, scope: LexicalScope): void {
    const { file, text, names, guard } = this.input;
    guardNode(node, { file, text, guard });
    if (ts.isIdentifier(node)) return this.reference(node, scope, "read");
    if (ts.isVariableDeclarationList(node) && isVar(node) && !scope.inFunction) return this.list(node, scope, ts.isVariableStatement(node.parent));
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) {
      this.assigned(node.left, scope);
      return this.visit(node.right, scope);
    }
    if ((ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken))
      return this.assigned(node.operand, scope);
    if (ts.isMetaProperty(node)) {
      if (node.keywordToken === ts.SyntaxKind.ImportKeyword) text.update(node.getStart(file), node.end, names.meta);
      return;
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) text.update(node.expression.getStart(file), node.expression.end, names.load);
    if (ts.isShorthandPropertyAssignment(node)) return this.reference(node.name, scope, "short");
    const inner = scope.enter(node);
    if ((ts.isForInStatement(node) || ts.isForOfStatement(node)) && !ts.isVariableDeclarationList(node.initializer)) {
      this.assigned(node.initializer, scope);
      this.visit(node.expression, inner);
      return this.visit(node.statement, inner);
    }
    ts.forEachChild(node, (child) => {
      if (!isName(child, node)) this.visit(child, inner);
    });
  }

  /** The left side of an assignment: a name, a property, or a pattern of them. */
  private assigned(node: ts.Node, scope: LexicalScope): void {
    if (ts.isIdentifier(node)) this.reference(node, scope, "assign");
    else if (ts.isParenthesizedExpression(node) || ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) this.assigned(node.expression, scope);
    else if (ts.isArrayLiteralExpression(node)) for (const element of node.elements) this.assigned(element, scope);
    else if (ts.isObjectLiteralExpression(node)) for (const property of node.properties) this.assigned(property, scope);
    else if (ts.isPropertyAssignment(node)) {
      if (ts.isComputedPropertyName(node.name)) this.visit(node.name, scope);
      this.assigned(node.initializer, scope);
    } else if (ts.isShorthandPropertyAssignment(node)) {
      this.reference(node.name, scope, "shortAssign");
      if (node.objectAssignmentInitializer !== undefined) this.visit(node.objectAssignmentInitializer, scope);
    } else this.visit(node, scope);
  }

  private reference(node: ts.Identifier, scope: LexicalScope, use: ReferenceUse): void {
    if (!scope.binds(node.text)) rewriteReference({ node, use }, this.input);
  }
}

const isAssignment = (kind: ts.SyntaxKind): boolean => kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;

/** Functions and classes that take their name from what they are assigned to. */
const isAnonymous = (node: ts.Expression): boolean => ts.isArrowFunction(node) || ((ts.isFunctionExpression(node) || ts.isClassExpression(node)) && node.name === undefined);

/** Whether `child` is an identifier that names something in `parent`, instead of referring to a variable. */
function isName(child: ts.Node, parent: ts.Node): boolean {
  if (!ts.isIdentifier(child)) return false;
  if (ts.isPropertyAccessExpression(parent) || ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return child !== (ts.isPropertyAccessExpression(parent) ? parent.expression : undefined);
  if (ts.isBindingElement(parent) || ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) return child !== parent.initializer;
  return ts.isFunctionLike(parent) ? child === parent.name : ts.isClassLike(parent) && child === parent.name;
}
