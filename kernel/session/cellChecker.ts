/** @file Type errors of a notebook: all cells in one virtual program, in which later cells may declare names anew. */
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { CellSyntaxError } from "./cellSyntaxError";
import { EMPTY_CELL, moduleText, originOf, type VirtualCell, virtualCell } from "./virtualCell";

export interface CellDiagnostic {
  /** Index among the checked cells. */
  readonly cell: number;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** TypeScript's number of the error; 0 for what it has no number for. */
  readonly code: number;
  readonly message: string;
}

export interface CheckerOptions {
  /** The notebook's folder: packages, their types and local files are looked up from here. */
  readonly cwd: string;
  /** Type sources of given modules, absolute paths by name: `{ isoflop: ".../kernel/index.ts" }`. */
  readonly types?: Readonly<Record<string, string>>;
}

const CANNOT_FIND_NAME: ReadonlySet<number> = new Set([2304, 2552, 2580, 2583, 2584]);
const ASSIGNS_IMPORT = 2632;
const ASSIGNS_CONSTANT = 2588;

/** Checks the same notebook again and again, fast after the first time. Execution never waits for it. */
export class CellChecker {
  private readonly options: CheckerOptions;
  private readonly service: ts.LanguageService;
  private texts: readonly string[] = [];

  constructor(options: CheckerOptions) {
    this.options = options;
    this.service = ts.createLanguageService(this.host(), ts.createDocumentRegistry());
  }

  /** Errors of all cells, in order. */
  check(cells: readonly string[]): CellDiagnostic[] {
    const found: CellDiagnostic[] = [];
    const virtual = cells.map((code, cell): VirtualCell => {
      try {
        return virtualCell(code);
      } catch (error) {
        if (!(error instanceof CellSyntaxError)) throw error;
        const { line, column } = error.position;
        found.push({ cell, line, column, endLine: line, endColumn: column + 1, code: 0, message: error.message });
        return EMPTY_CELL;
      }
    });
    this.texts = virtual.map((_, index) => moduleText(index, virtual, (k) => `./${moduleName(k)}`));
    for (const index of virtual.keys()) found.push(...this.diagnostics(index, virtual));
    return found.sort((a, b) => a.cell - b.cell || a.line - b.line || a.column - b.column);
  }

  private diagnostics(index: number, cells: readonly VirtualCell[]): CellDiagnostic[] {
    const cell = cells[index];
    return this.service.getSemanticDiagnostics(this.pathOf(index)).flatMap(({ file, start, length = 1, code, messageText }) => {
      // What was added is ours, and complaints about it are no news to the user.
      if (file === undefined || start === undefined || start >= cell.code.length) return [];
      const name = cell.code.slice(start, start + length);
      // Node's types may be missing where its names are not.
      if (CANNOT_FIND_NAME.has(code) && (name in globalThis || name === "require")) return [];
      const assigned = code === ASSIGNS_IMPORT ? originOf(name, index, cells) : undefined;
      const kind = assigned === undefined ? undefined : cells[assigned].declarations.get(name)?.kind;
      if (assigned !== undefined && kind !== "const" && kind !== "import") return [];
      const shift = (at: ts.LineAndCharacter): ts.LineAndCharacter => (cell.inserted?.line === at.line + 1 && at.character >= cell.inserted.column ? { ...at, character: at.character - 1 } : at);
      const from = shift(file.getLineAndCharacterOfPosition(start));
      const to = shift(file.getLineAndCharacterOfPosition(Math.min(start + length, cell.code.length)));
      const message = assigned === undefined ? ts.flattenDiagnosticMessageText(messageText, "\n") : `Cannot assign to '${name}' because it is a constant.`;
      return [{ cell: index, line: from.line + 1, column: from.character + 1, endLine: to.line + 1, endColumn: to.character + 1, code: assigned === undefined ? code : ASSIGNS_CONSTANT, message }];
    });
  }

  private readonly pathOf = (index: number): string => join(this.options.cwd, `${moduleName(index)}.ts`);

  private host(): ts.LanguageServiceHost {
    const { cwd, types = {} } = this.options;
    const roots = typeRoots(cwd);
    const settings: ts.CompilerOptions = {
      target: ts.ScriptTarget.ESNext,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      moduleDetection: ts.ModuleDetectionKind.Force,
      lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.esnext.decorators.d.ts"],
      types: roots.length === 0 ? [] : ["node"],
      typeRoots: roots,
      paths: Object.fromEntries(Object.entries(types).map(([name, path]) => [name, [path]])),
      strict: true,
      // In a notebook a parameter without a type is no mistake.
      noImplicitAny: false,
      allowJs: true,
      allowImportingTsExtensions: true,
      resolveJsonModule: true,
      esModuleInterop: true,
      skipLibCheck: true,
      noEmit: true,
    };
    const textOf = (path: string): string | undefined => {
      const index = this.texts.findIndex((_, k) => this.pathOf(k) === path);
      return index < 0 ? ts.sys.readFile(path) : this.texts[index];
    };
    const isOurs = (path: string): boolean => this.texts.some((_, k) => this.pathOf(k) === path);
    return {
      getCompilationSettings: () => settings,
      getCurrentDirectory: () => cwd,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      getScriptFileNames: () => this.texts.map((_, k) => this.pathOf(k)),
      // The text is its own version: equal texts need no new work.
      getScriptVersion: (path) => (isOurs(path) ? (textOf(path) ?? "") : String(ts.sys.getModifiedTime?.(path)?.getTime() ?? 0)),
      getScriptSnapshot: (path) => {
        const text = textOf(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      fileExists: (path) => isOurs(path) || ts.sys.fileExists(path),
      readFile: textOf,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      readDirectory: ts.sys.readDirectory,
      realpath: ts.sys.realpath,
    };
  }
}

const moduleName = (index: number): string => `isoflop-cell-${index + 1}`;

/** Folders with Node's types: the notebook's own, else those that came with us. */
function typeRoots(cwd: string): string[] {
  for (const from of [join(cwd, "notebook.ts"), import.meta.url]) {
    try {
      return [resolve(dirname(createRequire(from).resolve("@types/node/package.json")), "..")];
    } catch {
      // Not there; look in the next place.
    }
  }
  return [];
}
