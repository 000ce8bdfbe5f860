/** @file All cells of a notebook as one TypeScript program that follows edits: only what changed is parsed again. */
import { isBuiltin } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { cellPrefix, type Origin, type Prefix } from "./cellModule";
import { CellNames } from "./cellNames";
import { type CellSource, readCell } from "./cellSource";
import { compilerSettings, DiskFiles, isoflopTypes, type LanguageOptions, LIBRARIES, LOOK_AGAIN_MS as LOOK_AT_FILES_MS } from "./compilerHost";
import type { CellSpan } from "./messages";

/** A cell and its text. Its id stays the same however cells are moved and edited. */
export interface Cell {
  readonly id: string;
  readonly code: string;
}

/** A cell as the compiler sees it. */
export interface CellModule {
  readonly id: string;
  /** Place in the notebook, from 0. */
  readonly index: number;
  readonly path: string;
  /** As written in the notebook. */
  readonly code: string;
  readonly source: CellSource;
  readonly prefix: Prefix;
  /** The module's whole text. */
  readonly text: string;
  /** Another one for another text. */
  readonly version: number;
}

/** Parsed files of packages and libraries serve all notebooks of the process. */
const REGISTRY = ts.createDocumentRegistry(true);
const DISK = new DiskFiles([LIBRARIES, join(isoflopTypes(), "..")]);

/** A package that was missing, or changed, is looked for again after this time. */
const LOOK_AGAIN_MS = 5000;

/** Over all notebooks of the process: the registry tells files apart by their paths, and two notebooks may lie in one folder. */
let lastNumber = 0;
const CELL_MODULE = /^\.\/isoflop-cell-\d+$/;
/** For formatting, which needs no program. */
const LONE_CELL = "isoflop-lone-cell.ts";

export class CellProgram {
  readonly service: ts.LanguageService;
  readonly cwd: string;
  /** Modules whose types are given: names, and absolute paths. */
  readonly given: readonly (readonly [name: string, path: string])[];
  private readonly settings: ts.CompilerOptions;
  private readonly numbers = new Map<string, number>();
  private readonly sources = new Map<string, CellSource & { readonly given: string }>();
  private modules: readonly CellModule[] = [];
  private byId = new Map<string, CellModule>();
  private byPath = new Map<string, CellModule>();
  private lone = "";
  private edits = 0;
  private versions = 0;
  /** Paths of cells with an import that was not found. */
  private readonly unresolved = new Set<string>();
  private own: { readonly program: ts.Program; readonly state: string; readonly files: string } | undefined;
  private resolutions: { readonly cache: ts.ModuleResolutionCache; readonly since: number } | undefined;
  names = new CellNames([]);

  constructor(
    options: LanguageOptions,
    private readonly cancellation?: ts.HostCancellationToken,
  ) {
    this.cwd = options.cwd;
    this.given = Object.entries(options.types ?? { isoflop: isoflopTypes() });
    this.settings = compilerSettings(options);
    this.service = ts.createLanguageService(this.host(), REGISTRY);
  }

  /** The notebook's cells as they are now, in order. */
  update(cells: readonly Cell[]): void {
    for (const { id, code } of cells) if (this.sources.get(id)?.given !== code) this.sources.set(id, { ...readCell(code), given: code });
    const sources = cells.map(({ id }) => this.source(id));
    for (const id of this.sources.keys()) if (!cells.some((cell) => cell.id === id)) this.sources.delete(id);
    this.names = new CellNames(sources.map(({ declarations }) => declarations));
    this.modules = cells.map(({ id, code }, index): CellModule => {
      const source = sources[index];
      const prefix = cellPrefix(source, this.origins({ source, index, cells, sources }));
      const old = this.byId.get(id);
      // The very same text costs the compiler nothing.
      const same = old?.source === source && old.prefix.text === prefix.text;
      const text = same ? { text: old.text, version: old.version } : { text: prefix.text + source.code, version: ++this.versions };
      return { id, index, path: old?.path ?? join(this.cwd, `${this.moduleName(id)}.ts`), code, source, prefix, ...text };
    });
    this.byId = new Map(this.modules.map((module) => [module.id, module]));
    this.byPath = new Map(this.modules.map((module) => [module.path, module]));
    this.edits++;
  }

  get cells(): readonly CellModule[] {
    return this.modules;
  }

  cell(id: string): CellModule | undefined {
    return this.byId.get(id);
  }

  cellAt(path: string): CellModule | undefined {
    return this.byPath.get(path);
  }

  get program(): ts.Program {
    const program = this.service.getProgram();
    if (program === undefined) throw new Error("the language service has no program");
    return program;
  }

  /** Files besides cells that the user may edit, with their versions: another text when one of them changes, comes or goes. */
  ownFiles(): string {
    const [program, state] = [this.program, this.state()];
    if (this.own?.program !== program || this.own.state !== state) {
      const own = program.getSourceFiles().filter(({ fileName }) => !this.byPath.has(fileName) && !DISK.isFixed(fileName));
      this.own = { program, state, files: own.map(({ fileName }) => `${fileName} ${DISK.version(fileName)}`).join("\n") };
    }
    return this.own.files;
  }

  tree(module: CellModule): ts.SourceFile {
    const source = this.program.getSourceFile(module.path);
    if (source === undefined) throw new Error(`the program has no ${module.path}`);
    return source;
  }

  /** Changes of a cell by themselves, for what needs no types. Positions are those of the cell. */
  alone<T>(code: string, work: (service: ts.LanguageService, path: string) => T): T {
    this.lone = code;
    this.edits++;
    return work(this.service, join(this.cwd, LONE_CELL));
  }

  /** Offset in the module of an offset in the cell. */
  toModule({ prefix, source }: CellModule, offset: number): number {
    let inner = offset;
    // Where something was put in, what was there comes after it.
    for (const at of source.inserted) if (inner >= at) inner++;
    return prefix.text.length + inner;
  }

  /** The part of a cell that a span of its module stands for; undefined for what is not the cell's own text. */
  toCell(module: CellModule, start: number, length: number): CellSpan | undefined {
    const { prefix, source, code } = module;
    if (start < prefix.text.length) return undefined;
    const back = (at: number): number => {
      const inner = at - prefix.text.length;
      return Math.min(code.length, inner - source.inserted.filter((added) => added < inner).length);
    };
    return { cell: module.id, start: back(start), end: back(start + length) };
  }

  /** As `toCell`, for a file of the program. */
  spanIn(path: string, { start, length }: ts.TextSpan): CellSpan | undefined {
    const module = this.byPath.get(path);
    return module === undefined ? undefined : this.toCell(module, start, length);
  }

  /** Text for people: cells are called by their places, and a tensor of any operation a tensor. */
  readable(text: string): string {
    return text.replaceAll("Tensor<keyof OpAttrs>", "Tensor").replaceAll(/import\("[^"]*isoflop-cell-(\d+)"\)(?:\.)?/g, (whole, number: string) => {
      const module = this.modules.find(({ id }) => this.numbers.get(id) === Number(number));
      return module === undefined ? whole : whole.endsWith(".") ? "" : `cell ${module.index + 1}`;
    });
  }

  dispose(): void {
    this.service.dispose();
  }

  /** While it is the same the compiler need not look at the versions of all files. */
  private state(): string {
    return `${this.edits} ${Math.floor(Date.now() / LOOK_AT_FILES_MS)}`;
  }

  private source(id: string): CellSource {
    const source = this.sources.get(id);
    if (source === undefined) throw new Error(`no cell ${id}`);
    return source;
  }

  private moduleName(id: string): string {
    const number = this.numbers.get(id) ?? ++lastNumber;
    this.numbers.set(id, number);
    return `isoflop-cell-${number}`;
  }

  private origins({ source, index, cells, sources }: OriginsOf): Origin[] {
    return source.mentioned.flatMap((name) => {
      const from = this.names.originOf(name, index);
      const declaration = from === undefined ? undefined : sources[from].declarations.get(name);
      return from === undefined || declaration === undefined ? [] : [{ name, from: cells[from].id, declaration, module: `./${this.moduleName(cells[from].id)}` }];
    });
  }

  private resolutionCache(): ts.ModuleResolutionCache {
    const now = Date.now();
    if (this.resolutions === undefined || now - this.resolutions.since > LOOK_AGAIN_MS) {
      const canonical = (name: string): string => (ts.sys.useCaseSensitiveFileNames ? name : name.toLowerCase());
      this.resolutions = { cache: ts.createModuleResolutionCache(this.cwd, canonical, this.settings), since: now };
    }
    return this.resolutions.cache;
  }

  private host(): ts.LanguageServiceHost {
    const { cwd, settings } = this;
    const lonePath = join(cwd, LONE_CELL);
    const host: ts.LanguageServiceHost & Pick<ts.CompilerHost, "getModuleResolutionCache"> = {
      getProjectVersion: () => this.state(),
      getCompilationSettings: () => settings,
      getCurrentDirectory: () => cwd,
      getDefaultLibFileName: (options) => join(LIBRARIES, ts.getDefaultLibFileName(options)),
      // The given modules too: their names can be imported before any cell does.
      getScriptFileNames: () => [...this.given.map(([, path]) => path), ...this.modules.map(({ path }) => path)],
      getScriptVersion: (path) => {
        const module = this.byPath.get(path);
        if (module === undefined) return path === lonePath ? String(this.edits) : DISK.version(path);
        return this.unresolved.has(path) ? `${module.version} ${Math.floor(Date.now() / LOOK_AGAIN_MS)}` : String(module.version);
      },
      getScriptSnapshot: (path) => {
        const text = path === lonePath ? this.lone : this.byPath.get(path)?.text;
        return text === undefined ? DISK.snapshot(path) : ts.ScriptSnapshot.fromString(text);
      },
      fileExists: (path) => this.byPath.has(path) || ts.sys.fileExists(path),
      readFile: (path) => this.byPath.get(path)?.text ?? ts.sys.readFile(path),
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      readDirectory: ts.sys.readDirectory,
      realpath: ts.sys.realpath,
      getCancellationToken: () => this.cancellation ?? { isCancellationRequested: () => false },
      getModuleResolutionCache: () => this.resolutionCache(),
      resolveModuleNameLiterals: (literals, file, redirected, options) => {
        this.unresolved.delete(file);
        return literals.map(({ text }): ts.ResolvedModuleWithFailedLookupLocations => {
          if (CELL_MODULE.test(text)) return { resolvedModule: { resolvedFileName: join(cwd, `${text}.ts`), extension: ts.Extension.Ts, isExternalLibraryImport: false } };
          // Their types are declared by name.
          if (isBuiltin(text)) return { resolvedModule: undefined };
          const found = ts.resolveModuleName(text, file, options, host, this.resolutionCache(), redirected);
          if (found.resolvedModule === undefined && this.byPath.has(file)) this.unresolved.add(file);
          return found;
        });
      },
    };
    return host;
  }
}

interface OriginsOf {
  readonly source: CellSource;
  readonly index: number;
  readonly cells: readonly Cell[];
  readonly sources: readonly CellSource[];
}
