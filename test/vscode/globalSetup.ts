/** @file Before the tests in VS Code: the package, freshly made, and an installed VS Code; or the reason why these tests are skipped. */
import { execFile } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { installVsCode } from "./installVsCode";
import { REPOSITORY } from "./server";
import { findChromium } from "./workbench";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the packaged extension. */
    readonly vsix: string;
    /** Why VS Code cannot run here; "" where it can. */
    readonly skipReason: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const skipReason = await whySkipped();
  project.provide("skipReason", skipReason);
  project.provide("vsix", skipReason === "" ? await packaged() : "");
  if (skipReason !== "") console.warn(`tests in VS Code are skipped: ${skipReason}`);
}

async function whySkipped(): Promise<string> {
  if (findChromium() === undefined) return "no Chromium is installed (apt-get install chromium)";
  return installVsCode(console.log).then(() => "", (error: unknown) => (error instanceof Error ? error.message : String(error)));
}

/** Not caught: where VS Code can run, a package that cannot be made is a failure. */
async function packaged(): Promise<string> {
  const folder = join(REPOSITORY, "out");
  const made = (): readonly string[] => readdirSync(folder).filter((name) => name.endsWith(".vsix"));
  for (const old of made()) rmSync(join(folder, old));
  await promisify(execFile)("npm", ["run", "package"], { cwd: REPOSITORY, maxBuffer: 16e6 });
  return join(folder, made()[0]);
}
