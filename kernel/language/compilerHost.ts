/** @file What the compiler is told of the world: its settings, the files on disk, and where packages and the types of `isoflop` are. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export interface LanguageOptions {
  /** The notebook's folder: packages, their types and local files are looked up from here. */
  readonly cwd: string;
  /** Type sources of given modules, absolute paths by name. Default: those of `isoflop`. */
  readonly types?: Readonly<Record<string, string>>;
}

/** The folder of the language's own declarations, `lib.es5.d.ts` and so on. */
export const LIBRARIES = dirname(createRequire(import.meta.url).resolve("typescript/lib/lib.d.ts"));

/** Files of one's own are looked at this often for edits, at most; those of packages once. */
export const LOOK_AGAIN_MS = 1000;

/** The declarations of `isoflop`: built ones beside this file or in the build folder, else its sources. */
export function isoflopTypes(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const candidates = [join(here, "types/kernel/index.d.ts"), resolve(here, "../../dist/types/kernel/index.d.ts"), resolve(here, "../index.ts")];
  return candidates.find((path) => existsSync(path)) ?? candidates[0];
}

export function compilerSettings({ cwd, types = { isoflop: isoflopTypes() } }: LanguageOptions): ts.CompilerOptions {
  const roots = typeRoots(cwd);
  return {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.esnext.decorators.d.ts"],
    types: roots.length === 0 ? [] : ["node"],
    typeRoots: roots,
    paths: Object.fromEntries(Object.entries(types).map(([name, path]) => [name, [path]])),
    // With noImplicitAny, for without it `const losses = []` would be an array of nothing; its complaints are left out in diagnostics.ts.
    strict: true,
    allowJs: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    skipLibCheck: true,
    noEmit: true,
  };
}

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

/** Files on disk with versions, so that only what was edited is read again. */
export class DiskFiles {
  private readonly fixed = new Map<string, string>();
  private readonly seen = new Map<string, { readonly version: string; readonly at: number }>();
  private readonly snapshots = new Map<string, { readonly version: string; readonly snapshot: ts.IScriptSnapshot }>();

  /** Files in these folders are taken for unchanging, as those of packages are. */
  constructor(private readonly fixedFolders: readonly string[]) {}

  /** A new one after an edit. */
  version(path: string): string {
    const fixed = this.fixed.get(path);
    if (fixed !== undefined) return fixed;
    const old = this.seen.get(path);
    const now = Date.now();
    if (old !== undefined && now - old.at < LOOK_AGAIN_MS) return old.version;
    const version = String(ts.sys.getModifiedTime?.(path)?.getTime() ?? 0);
    if (this.isFixed(path)) this.fixed.set(path, version);
    else this.seen.set(path, { version, at: now });
    return version;
  }

  /** Its text, read once for each version: the compiler asks for all files after each edit. */
  snapshot(path: string): ts.IScriptSnapshot | undefined {
    const version = this.version(path);
    const old = this.snapshots.get(path);
    if (old?.version === version) return old.snapshot;
    const text = ts.sys.readFile(path);
    if (text === undefined) return undefined;
    const snapshot = ts.ScriptSnapshot.fromString(text);
    this.snapshots.set(path, { version, snapshot });
    return snapshot;
  }

  /** Whether the file belongs to a package or to us: nobody edits it while a notebook is open. */
  isFixed(path: string): boolean {
    return this.fixed.has(path) || path.includes("/node_modules/") || this.fixedFolders.some((folder) => path.startsWith(folder));
  }
}
