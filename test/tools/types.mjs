// Writes the declarations of `isoflop` that cells are checked against, with their documentation: DIR/types/kernel/**/*.d.ts.
// Only files that the public API leads to; nothing is done when no source has changed since the last time.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

export async function buildTypes(outdir) {
  const folder = join(resolve(outdir), "types");
  const record = join(folder, "sources.json");
  if (isCurrent(record)) return;
  const { default: ts } = await import("typescript");
  const { sources, texts } = emit(ts, folder);
  const wanted = reachable(join(folder, "kernel/index.d.ts"), texts);
  for (const path of wanted) {
    mkdirSync(dirname(path), { recursive: true });
    // A file that stays the same keeps its time: programs that run need not read it again.
    if (!existsSync(path) || readFileSync(path, "utf8") !== texts.get(path)) writeFileSync(path, texts.get(path));
  }
  for (const name of readdirSync(folder, { recursive: true })) if (name.endsWith(".d.ts") && !wanted.has(join(folder, name))) rmSync(join(folder, name));
  writeFileSync(record, JSON.stringify(Object.fromEntries(sources.map((path) => [relative(ROOT, path), statSync(path).mtimeMs]))));
}

/** Whether the sources that went in have the times they had. */
function isCurrent(record) {
  if (!existsSync(record)) return false;
  const sources = Object.entries(JSON.parse(readFileSync(record, "utf8")));
  return sources.every(([path, time]) => statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs === time);
}

function emit(ts, folder) {
  const { compilerOptions } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, ROOT);
  const program = ts.createProgram([join(ROOT, "kernel/index.ts")], { ...options, noEmit: false, incremental: false, tsBuildInfoFile: undefined, isolatedModules: false, noUnusedLocals: false, declaration: true, emitDeclarationOnly: true, outDir: folder, rootDir: ROOT });
  const texts = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) => texts.set(resolve(path), text), undefined, true);
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, { getCurrentDirectory: () => ROOT, getCanonicalFileName: (path) => path, getNewLine: () => "\n" }));
  return { texts, sources: program.getSourceFiles().map(({ fileName }) => fileName).filter((path) => !path.includes("/node_modules/")) };
}

/** `from "./x"`, `import "./x"` and `import("./x")`. TypeScript's own list of a file's imports leaves out `export * as name from`. */
const RELATIVE = /\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

/** The declarations that `first` leads to. */
function reachable(first, texts) {
  const found = new Set([first]);
  for (const path of found) {
    for (const [, name] of texts.get(path).matchAll(RELATIVE)) {
      const next = resolve(dirname(path), `${name}.d.ts`);
      if (texts.has(next)) found.add(next);
    }
  }
  return found;
}
