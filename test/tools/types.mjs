// Writes the declarations of `isoflop` that cells are checked against: DIR/types/kernel/**/*.d.ts, with their documentation. usage: types.mjs DIR
// Only files that the public API leads to; nothing is done when no source is newer than the last result.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname ?? ".", "../..");
const folder = join(resolve(process.argv[2] ?? "dist"), "types");
const record = join(folder, "sources.json");

/** Sources that went in, by their times. */
function isCurrent() {
  if (!existsSync(record)) return false;
  try {
    const { sources, compiler } = JSON.parse(readFileSync(record, "utf8"));
    return compiler === ts.version && Object.entries(sources).every(([path, time]) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs === time);
  } catch {
    return false;
  }
}

function emit() {
  const { compilerOptions } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, root);
  const program = ts.createProgram([join(root, "kernel/index.ts")], { ...options, noEmit: false, isolatedModules: false, noUnusedLocals: false, declaration: true, emitDeclarationOnly: true, outDir: folder, rootDir: root });
  const texts = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) => texts.set(resolve(path), text), undefined, true);
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, { getCurrentDirectory: () => root, getCanonicalFileName: (path) => path, getNewLine: () => "\n" }));
  return { program, texts };
}

/** The declarations that `first` leads to. */
function reachable(first, texts) {
  const found = new Set([first]);
  for (const path of found) {
    for (const { fileName } of ts.preProcessFile(texts.get(path), true, true).importedFiles) {
      const next = resolve(dirname(path), `${fileName}.d.ts`);
      if (fileName.startsWith(".") && texts.has(next)) found.add(next);
    }
  }
  return found;
}

if (!isCurrent()) {
  const { program, texts } = emit();
  rmSync(folder, { recursive: true, force: true });
  for (const path of reachable(join(folder, "kernel/index.d.ts"), texts)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, texts.get(path));
  }
  const sources = program.getSourceFiles().filter(({ fileName }) => !fileName.includes("node_modules"));
  writeFileSync(record, JSON.stringify({ compiler: ts.version, sources: Object.fromEntries(sources.map(({ fileName }) => [relative(root, fileName), statSync(fileName).mtimeMs])) }));
}
