/** @file Builds the command line with a small library, and runs it as a process. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const ROOT = resolve(import.meta.dirname, "../..");

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when stdout and stderr together contain `text`; rejects when the process ends without. */
  readonly says: (text: string) => Promise<void>;
}

/** A built command line in a folder of its own, inside the repository so that packages are found. */
export interface Cli {
  readonly folder: string;
  readonly start: (...args: readonly string[]) => RunningCli;
  readonly run: (...args: readonly string[]) => Promise<Finished>;
  /** Writes a notebook of code cells and returns its path. */
  readonly notebook: (name: string, cells: readonly (string | object)[]) => string;
  /** The outputs of a written notebook, cell by cell. */
  readonly outputs: (path: string) => readonly (readonly Readonly<Record<string, unknown>>[])[];
  readonly remove: () => void;
}

export async function buildCli(): Promise<Cli> {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "out/test-cli-"));
  const library = join(import.meta.dirname, "fixtures/smallLibrary.ts");
  await build({
    entryPoints: [join(ROOT, "kernel/cli.ts")],
    outdir: join(folder, "bin"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    plugins: [
      {
        name: "small-library",
        setup: (b) => {
          b.onResolve({ filter: /^\.\.\/index$/ }, () => ({ path: library }));
          // The other commands have tests of their own.
          b.onResolve({ filter: /./ }, ({ importer, path }) => (importer.endsWith("commands/table.ts") && path !== "./run" && path !== "./command" ? { path, external: true } : undefined));
        },
      },
    ],
  });
  const start = (...args: readonly string[]): RunningCli => startCli(join(folder, "bin/cli.js"), folder, args);
  return {
    folder,
    start,
    run: (...args) => start(...args).finished,
    notebook: (name, cells) => {
      const path = join(folder, name);
      const content = cells.map((cell) => ({ cell_type: "code", metadata: {}, execution_count: null, outputs: [], ...(typeof cell === "string" ? { source: cell } : cell) }));
      writeFileSync(path, JSON.stringify({ cells: content, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
      return path;
    },
    outputs: (path) => {
      const { cells }: { cells: { outputs?: Record<string, unknown>[] }[] } = JSON.parse(readFileSync(path, "utf8"));
      return cells.map(({ outputs }) => outputs ?? []);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function startCli(cli: string, cwd: string, args: readonly string[]): RunningCli {
  const child = spawn(process.execPath, [cli, ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; watchers.forEach((look) => look()); });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; watchers.forEach((look) => look()); });
  const finished = new Promise<Finished>((done) => child.once("close", (code) => done({ code, stdout, stderr })));
  const says = (text: string): Promise<void> =>
    new Promise((done, fail) => {
      const look = (): void => {
        if (!(stdout + stderr).includes(text)) return;
        watchers.delete(look);
        done();
      };
      watchers.add(look);
      look();
      void finished.then(() => fail(new Error(`ended without saying "${text}": ${stdout}${stderr}`)));
    });
  return { process: child, finished, says };
}
