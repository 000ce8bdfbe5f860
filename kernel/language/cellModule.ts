/** @file A cell as a module of the notebook's virtual program: one line with imports of what it uses and exports of what it declares, then its own text. */
import type { Declaration, DeclarationKind } from "../session/declarations";
import type { CellSource } from "./cellSource";

/** A name that comes from another cell. */
export interface Link {
  /** Id of the cell that declares it. */
  readonly from: string;
  /** Offset in the module of the name that stands for it there. */
  readonly at: number;
  /** Offset of the reference to the other cell's name. Equal to `at` for imports. */
  readonly refers: number;
}

/** What comes before a cell's text. It stands in front, so that it survives an unclosed bracket, string or comment in the cell. */
export interface Prefix {
  readonly text: string;
  readonly links: ReadonlyMap<string, Link>;
}

export interface Origin {
  readonly name: string;
  /** Id of the cell. */
  readonly from: string;
  readonly declaration: Declaration;
  /** As written in an import. */
  readonly module: string;
}

/** The line before a cell that takes `origins` from other cells. The same for the same names, whatever else is in the cells. */
export function cellPrefix(cell: CellSource, origins: readonly Origin[]): Prefix {
  const links = new Map<string, Link>();
  let text = DIRECTIVE.exec(cell.code)?.[1] ?? "";
  if (text !== "") text += "\n";
  for (const { name, from, declaration, module } of origins) {
    const path = JSON.stringify(module);
    // Variables can be assigned to from any cell, imports cannot.
    if (VARIABLES.has(declaration.kind)) {
      const start = `declare var ${name}: typeof import(${path}).`;
      links.set(name, { from, at: text.length + "declare var ".length, refers: text.length + start.length });
      text += `${start}${name}; `;
    } else {
      const at = text.length + "import { ".length;
      links.set(name, { from, at, refers: at });
      text += `import { ${name} } from ${path}; `;
    }
  }
  const exports = [...cell.declarations.keys()].filter((name) => !cell.exported.has(name));
  return { text: `${text}export { ${exports.join(", ")} };\n`, links };
}

/** Only at the very start of a file does the compiler see it. */
const DIRECTIVE = /^\s*(\/\/\s*@ts-(?:no)?check\b)/;

const VARIABLES: ReadonlySet<DeclarationKind> = new Set(["let", "var"]);
