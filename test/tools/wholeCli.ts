/** @file Builds the whole command line, library and all, for tests that run it as a process. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const ROOT = resolve(import.meta.dirname, "../..");

export interface WholeCli {
  /** Path of cli.js, inside of the repository so that packages are found. */
  readonly bin: string;
  readonly remove: () => void;
}

export async function buildWholeCli(): Promise<WholeCli> {
  mkdirSync(join(ROOT, "out"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "out/test-whole-"));
  await build({ entryPoints: [join(ROOT, "kernel/index.ts"), join(ROOT, "kernel/cli.ts")], outdir: folder, bundle: true, splitting: true, format: "esm", platform: "node", target: "node20", packages: "external" });
  return { bin: join(folder, "cli.js"), remove: () => rmSync(folder, { recursive: true }) };
}
