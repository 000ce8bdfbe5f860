/** @file A cell as a module of the notebook's virtual program: its own text, then imports of what it uses and exports of what it declares. */
import ts from "typescript";
import { type Position } from "./cellSyntaxError";
import { type Declaration, type DeclarationKind, type Declarations, declarationsOf } from "./declarations";
import { parseCell } from "./parseCell";

/** What is known of a cell before it is put among the others. */
export interface VirtualCell {
  /** Text of the cell; what is added comes after it, so positions stay. */
  readonly code: string;
  readonly inserted?: Position;
  readonly declarations: Declarations;
  /** All identifiers in it, whether they refer to a variable or not. */
  readonly mentioned: ReadonlySet<string>;
  /** Names that its own text exports. */
  readonly exported: ReadonlySet<string>;
}

/** @throws {CellSyntaxError} when the cell is not TypeScript. */
export function virtualCell(code: string): VirtualCell {
  const { source, inserted } = parseCell(code);
  const mentioned = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) mentioned.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { code: source.text, inserted, declarations: declarationsOf(source), mentioned, exported: exportsOf(source) };
}

/** A cell that cannot be parsed takes no part. */
export const EMPTY_CELL: VirtualCell = { code: "", declarations: new Map(), mentioned: new Set(), exported: new Set() };

function exportsOf(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of source.statements) {
    if (ts.isExportDeclaration(statement) && statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)) for (const { name } of statement.exportClause.elements) names.add(name.text);
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    const has = (kind: ts.SyntaxKind): boolean => modifiers?.some((modifier) => modifier.kind === kind) ?? false;
    if (!has(ts.SyntaxKind.ExportKeyword) || has(ts.SyntaxKind.DefaultKeyword)) continue;
    const alone = ts.createSourceFile("export.ts", statement.getText(source), ts.ScriptTarget.ESNext, true);
    for (const name of declarationsOf(alone).keys()) names.add(name);
  }
  return names;
}

/** The module of cell `index`. Names come from the last cell before that declares them; those that only a later cell declares, from there. */
export function moduleText(index: number, cells: readonly VirtualCell[], moduleName: (index: number) => string): string {
  const cell = cells[index];
  const imports = [...cell.mentioned].flatMap((name) => {
    const from = originOf(name, index, cells);
    if (from === undefined) return [];
    const module = JSON.stringify(moduleName(from));
    // Variables can be assigned to from any cell, imports cannot.
    return [VARIABLES.has(cells[from].declarations.get(name)?.kind) ? `declare var ${name}: typeof import(${module}).${name};` : `import { ${name} } from ${module};`];
  });
  const exports = [...cell.declarations.keys()].filter((name) => !cell.exported.has(name));
  return `${cell.code}\n${[...imports, `export { ${exports.join(", ")} };`].join("\n")}\n`;
}

/** The cell that gives `name` to cell `index`, or undefined where it has all of it itself. */
export function originOf(name: string, index: number, cells: readonly VirtualCell[]): number | undefined {
  const own = cells[index].declarations.get(name);
  const declares = (k: number): boolean => cells[k].declarations.has(name);
  const before = Array.from({ length: index }, (_, k) => index - 1 - k).find(declares);
  const from = before ?? Array.from({ length: cells.length - index - 1 }, (_, k) => index + 1 + k).find(declares);
  const found = from === undefined ? undefined : cells[from].declarations.get(name);
  if (found === undefined || own === undefined) return from;
  // A type here and a value there are two halves of one name. Where both have a half, the cell's own counts.
  return before !== undefined && adds(found, own) ? before : undefined;
}

const VARIABLES: ReadonlySet<DeclarationKind | undefined> = new Set(["let", "var"]);

const adds = (other: Declaration, own: Declaration): boolean => (other.value && !own.value) || (other.type && !own.type);
