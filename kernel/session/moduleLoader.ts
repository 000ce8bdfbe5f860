/** @file What cells and local files import: objects given to the session, local files (again when edited), packages, built-in modules. */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { ArgumentError, FormatError } from "../errors";
import { type CompiledFile, compileFile } from "./compileFile";
import { type Attributes, nativeImport, type Namespace } from "./nativeImport";
import { isLocal, resolveLocal } from "./resolveLocal";
import type { ScriptRegistry } from "./scriptRegistry";

/** Modules by name that are given, not looked up; a function is called when the module is first imported. */
export type GivenModules = Readonly<Record<string, Namespace | (() => Promise<Namespace>)>>;

export interface LoaderOptions {
  readonly modules: GivenModules;
  readonly scripts: ScriptRegistry;
  readonly flag: Int32Array;
  readonly stop: () => void;
}

interface LoadedFile {
  readonly stamp: string;
  /** Local files it imports. */
  readonly needs: readonly string[];
  /** Settles when the file has run. */
  readonly done: Promise<Namespace>;
  /** What it has exported so far. */
  readonly exports: Namespace;
}

/** Runs each local file once, until it or a file it imports is edited. */
export class ModuleLoader {
  private readonly options: LoaderOptions;
  private readonly files = new Map<string, LoadedFile>();

  constructor(options: LoaderOptions) {
    this.options = options;
  }

  /** The module that `specifier` means in `folder`.
   * @throws {ArgumentError} when there is no such file or package.
   * @throws {FormatError} when a JSON file is none. */
  load(specifier: string, folder: string, attributes: Attributes = {}): Promise<Namespace> {
    return this.resolve({ specifier, folder, attributes, loading: [] });
  }

  private async resolve({ specifier, folder, attributes, loading }: Resolve): Promise<Namespace> {
    if (typeof specifier !== "string") throw new TypeError(`import() needs a string, got ${typeof specifier}`);
    if (Object.hasOwn(this.options.modules, specifier)) return given(this.options.modules[specifier]);
    if (!isLocal(specifier)) return nativeImport(specifier, folder, attributes);
    const path = resolveLocal(specifier, folder);
    return path.endsWith(".json") || attributes.type === "json" ? this.json(path) : path.endsWith(".node") || path.endsWith(".wasm") ? nativeImport(pathToFileURL(path).href, folder) : this.file(path, loading);
  }

  private file(path: string, loading: readonly string[]): Promise<Namespace> {
    const old = this.files.get(path);
    // In a cycle of imports the file that is still running shows what it has exported so far.
    if (old !== undefined && loading.includes(path)) return Promise.resolve(old.exports);
    if (old !== undefined && this.isFresh(path, new Set())) return old.done;
    const source = readFileSync(path, "utf8");
    const compiled = compileFile(path, source);
    const needs = compiled.imports.filter(isLocal).map((specifier) => resolveLocal(specifier, dirname(path)));
    const exports = {};
    const done = this.run({ path, source, compiled, exports, loading });
    this.files.set(path, { stamp: stampOf(path), needs, exports, done });
    done.catch(() => this.files.delete(path));
    return done;
  }

  private async run({ path, source, compiled, exports, loading }: FileRun): Promise<Namespace> {
    const { scripts, flag, stop } = this.options;
    const folder = dirname(path);
    // The caller has to note the file first, for cycles.
    await Promise.resolve();
    const needed = new Map<string, Namespace>();
    for (const specifier of compiled.imports) needed.set(specifier, await this.resolve({ specifier, folder, attributes: {}, loading: [...loading, path] }));
    const native = createRequire(path);
    const require = Object.assign((specifier: string): unknown => needed.get(specifier) ?? native(specifier), native);
    const { filename } = scripts.add({ label: path, isCell: false, source, trace: compiled.trace });
    // SAFETY: compileFile returns the text of an async function of these arguments.
    const main = new vm.Script(compiled.code, { filename }).runInThisContext() as (...args: readonly unknown[]) => Promise<void>;
    const meta = { url: pathToFileURL(path).href, filename: path, dirname: folder };
    const load = (specifier: string, options?: { readonly with?: Attributes }): Promise<Namespace> => this.load(specifier, folder, options?.with);
    const module = { exports };
    await main(exports, require, module, path, folder, flag, stop, load, meta);
    return compiled.isModule ? exports : { ...ownValues(module.exports), default: module.exports };
  }

  private json(path: string): Promise<Namespace> {
    const stamp = stampOf(path);
    const old = this.files.get(path);
    if (old?.stamp === stamp) return old.done;
    const exports = readJson(path);
    const done = Promise.resolve(exports);
    this.files.set(path, { stamp, needs: [], exports, done });
    return done;
  }

  /** Neither the file nor anything it imports has changed since it ran. */
  private isFresh(path: string, seen: Set<string>): boolean {
    if (seen.has(path)) return true;
    seen.add(path);
    const entry = this.files.get(path);
    return entry !== undefined && entry.stamp === stampOf(path) && entry.needs.every((need) => this.isFresh(need, seen));
  }
}

interface Resolve {
  readonly specifier: string;
  readonly folder: string;
  readonly attributes: Attributes;
  /** Local files whose imports are being loaded, outermost first. */
  readonly loading: readonly string[];
}

interface FileRun {
  readonly path: string;
  readonly source: string;
  readonly compiled: CompiledFile;
  readonly exports: Record<string, unknown>;
  readonly loading: readonly string[];
}

const given = (module: Namespace | (() => Promise<Namespace>)): Namespace | Promise<Namespace> => (typeof module === "function" ? module() : module);

const ownValues = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

function stampOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false });
  return status === undefined ? "missing" : `${status.mtimeMs} ${status.size} ${status.ino}`;
}

function readJson(path: string): Namespace {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return { ...ownValues(value), default: value };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw new ArgumentError(`the file cannot be read: ${error instanceof Error ? error.message : String(error)}`, { where: path, help: "check its permissions", cause: error });
    throw new FormatError(`the file is not JSON: ${error.message}`, { where: path, help: "correct the file, or read it as text with node:fs" });
  }
}
