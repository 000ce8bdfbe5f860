/** @file Names that could be imported: those of `isoflop`, of Node's modules, and of packages that the notebook uses or its folder has. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import type { CellModule, CellProgram } from "./cellProgram";
import type { CellEdit, SymbolKind } from "./messages";

export interface Importable {
  readonly name: string;
  readonly from: string;
  readonly kind: SymbolKind;
  readonly value: boolean;
  readonly type: boolean;
}

/** Best first. Of two modules with the same name the earlier counts. */
const FIRST = "isoflop";

export class Importables {
  private key = "";
  private found: readonly Importable[] = [];
  private manifest: readonly Importable[] | undefined;

  constructor(private readonly cells: CellProgram) {}

  /** All of them; found anew only when a module is added. */
  all(): readonly Importable[] {
    const modules = this.modules();
    const key = modules.map(({ name }) => name).join(" ");
    if (key === this.key) return this.found;
    const byName = new Map<string, Importable>();
    for (const { name: from, symbol } of modules) {
      for (const exported of this.checker.getExportsOfModule(symbol)) {
        const name = exported.name;
        if (name === "default" || name === "export=" || name.startsWith("_") || byName.has(name)) continue;
        const { flags } = exported.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(exported) : exported;
        byName.set(name, { name, from, kind: kindOf(flags), value: (flags & ts.SymbolFlags.Value) !== 0, type: (flags & ts.SymbolFlags.Type) !== 0 });
      }
    }
    this.manifest ??= packagesOf(this.cells.cwd);
    for (const item of this.manifest) if (!byName.has(item.name)) byName.set(item.name, item);
    this.key = key;
    this.found = [...byName.values()];
    return this.found;
  }

  /** The thing itself, for its type and documentation. */
  symbol({ name, from }: Pick<Importable, "name" | "from">): ts.Symbol | undefined {
    const module = this.modules().find((candidate) => candidate.name === from)?.symbol;
    return module === undefined ? undefined : this.checker.tryGetMemberInModuleExports(name, module);
  }

  /** What to change in a cell so that it has the name: one more in an import that it has, or a line at its start. */
  edit(module: CellModule, { name, from }: Pick<Importable, "name" | "from">): CellEdit[] {
    const source = this.cells.tree(module);
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier) || statement.moduleSpecifier.text !== from) continue;
      const clause = statement.importClause;
      const bindings = clause?.namedBindings;
      if (clause?.phaseModifier !== undefined || bindings === undefined || !ts.isNamedImports(bindings)) continue;
      const last = bindings.elements.at(-1);
      const span = this.cells.toCell(module, last?.getEnd() ?? bindings.getStart(source) + 1, 0);
      if (span !== undefined) return [{ ...span, text: last === undefined ? ` ${name}` : `, ${name}` }];
    }
    const whole = this.manifest?.some((item) => item.name === name && item.from === from) === true;
    return [{ cell: module.id, start: 0, end: 0, text: `import ${whole ? `* as ${name}` : `{ ${name} }`} from ${JSON.stringify(from)};\n` }];
  }

  private get checker(): ts.TypeChecker {
    return this.cells.program.getTypeChecker();
  }

  private modules(): readonly { readonly name: string; readonly symbol: ts.Symbol }[] {
    const { program } = this.cells;
    const types = this.cells.given.flatMap(([name, path]) => {
      const file = program.getSourceFile(path);
      const symbol = file === undefined ? undefined : this.checker.getSymbolAtLocation(file);
      return symbol === undefined ? [] : [{ name, symbol }];
    });
    const ambient = this.checker.getAmbientModules().flatMap((symbol) => {
      const name = symbol.name.slice(1, -1);
      return name.startsWith("node:") && !name.includes("/") ? [{ name, symbol }] : [];
    });
    return [...types.sort((a, b) => Number(b.name === FIRST) - Number(a.name === FIRST)), ...this.packages(), ...ambient];
  }

  /** Packages that cells import. */
  private packages(): readonly { readonly name: string; readonly symbol: ts.Symbol }[] {
    const found = new Map<string, ts.Symbol>();
    for (const module of this.cells.cells) {
      for (const statement of this.cells.tree(module).statements) {
        if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier) || !PACKAGE.test(statement.moduleSpecifier.text)) continue;
        const symbol = this.checker.getSymbolAtLocation(statement.moduleSpecifier);
        if (symbol !== undefined && !this.cells.given.some(([name]) => name === statement.moduleSpecifier.getText().slice(1, -1))) found.set(statement.moduleSpecifier.text, symbol);
      }
    }
    return [...found].map(([name, symbol]) => ({ name, symbol }));
  }
}

/** No path, and none of Node's. */
const PACKAGE = /^(?!node:)[a-z@]/i;

function kindOf(flags: ts.SymbolFlags): SymbolKind {
  if (flags & ts.SymbolFlags.Function) return "function";
  if (flags & ts.SymbolFlags.Class) return "class";
  if (flags & ts.SymbolFlags.Enum) return "enum";
  if (flags & ts.SymbolFlags.Module) return "module";
  if (flags & ts.SymbolFlags.Interface) return "interface";
  if (flags & ts.SymbolFlags.TypeAlias) return "type";
  return "const";
}

/** Packages that the nearest package.json names, each whole: `d3-array` as `d3Array`. */
function packagesOf(folder: string): readonly Importable[] {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = read(join(at, "package.json"));
    if (manifest !== undefined) {
      return manifest
        .filter((name) => !name.startsWith("@types/"))
        .map((from) => ({ name: from.replace(/^@[^/]*\//, "").replaceAll(/[^A-Za-z0-9_$]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? ""), from, kind: "module", value: true, type: false }));
    }
    if (dirname(at) === at) return [];
  }
}

/** Names of its dependencies; undefined without a readable manifest. */
function read(path: string): string[] | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
    const dependencies = typeof manifest === "object" && manifest !== null && "dependencies" in manifest ? manifest.dependencies : undefined;
    return typeof dependencies === "object" && dependencies !== null ? Object.keys(dependencies) : [];
  } catch {
    return undefined;
  }
}
