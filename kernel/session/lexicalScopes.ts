/** @file Which names a piece of JavaScript binds by itself: parameters, block-level declarations, class and function names. */
import ts from "typescript";
import { boundNames } from "./declarations";

/** Names bound around a place in the code; all other names there are free. */
export class LexicalScope {
  private readonly names: ReadonlySet<string>;
  private readonly parent: LexicalScope | undefined;
  /** Inside of a function, so that `var` no longer belongs to the cell. */
  readonly inFunction: boolean;

  constructor(names: ReadonlySet<string>, parent?: LexicalScope, inFunction = parent?.inFunction ?? false) {
    this.names = names;
    this.parent = parent;
    this.inFunction = inFunction;
  }

  binds(name: string): boolean {
    return this.names.has(name) || (this.parent?.binds(name) ?? false);
  }

  /** The scope inside of `node`, or this one where `node` opens none. */
  enter(node: ts.Node): LexicalScope {
    const names = new Set<string>();
    if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)) {
      addFunction(node, names);
      return new LexicalScope(names, this, true);
    }
    if (ts.isBlock(node) || ts.isCaseBlock(node)) addBlock(node, names);
    else if (ts.isForStatement(node) || ts.isForInStatement(node) || ts.isForOfStatement(node)) addLexical(node.initializer, names);
    else if (ts.isCatchClause(node) && node.variableDeclaration !== undefined) add(node.variableDeclaration.name, names);
    else if (ts.isClassLike(node) && node.name !== undefined) names.add(node.name.text);
    return names.size === 0 ? this : new LexicalScope(names, this);
  }
}

const add = (name: ts.BindingName, names: Set<string>): void => boundNames(name).forEach(({ text }) => names.add(text));

function addFunction(node: ts.SignatureDeclaration | ts.ClassStaticBlockDeclaration, names: Set<string>): void {
  if (ts.isFunctionExpression(node) && node.name !== undefined) names.add(node.name.text);
  if (!ts.isArrowFunction(node)) names.add("arguments");
  if (ts.isFunctionLike(node)) for (const parameter of node.parameters) add(parameter.name, names);
  const body = "body" in node ? node.body : undefined;
  if (body !== undefined) addVars(body, names);
}

function addBlock(block: ts.Block | ts.CaseBlock, names: Set<string>): void {
  const statements = ts.isBlock(block) ? block.statements : block.clauses.flatMap((clause) => [...clause.statements]);
  for (const statement of statements) {
    if (ts.isVariableStatement(statement)) addLexical(statement.declarationList, names);
    else if ((ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name !== undefined) names.add(statement.name.text);
  }
}

export const isVar = (list: ts.VariableDeclarationList): boolean => (list.flags & ts.NodeFlags.BlockScoped) === 0;

function addLexical(node: ts.Node | undefined, names: Set<string>): void {
  if (node === undefined || !ts.isVariableDeclarationList(node) || isVar(node)) return;
  for (const { name } of node.declarations) add(name, names);
}

/** Adds the `var` names of `node` at any depth outside of inner functions. */
export function addVars(node: ts.Node, names: Set<string>): void {
  if (ts.isVariableDeclarationList(node) && isVar(node)) for (const { name } of node.declarations) add(name, names);
  ts.forEachChild(node, (child) => {
    if (!ts.isFunctionLike(child) && !ts.isClassLike(child)) addVars(child, names);
  });
}
