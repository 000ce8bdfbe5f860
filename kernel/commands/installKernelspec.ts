/** @file `isoflop install-kernelspec`: makes Jupyter know the kernel. */
import { copyFile, mkdir, realpath } from "node:fs/promises";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { atomicWrite } from "../io/atomicWrite";
import { EXIT_OK, readArguments, type Command } from "./command";

const HELP = `usage: isoflop install-kernelspec [--prefix <folder>]

Tells Jupyter of this kernel, for the current user: \`jupyter console --kernel isoflop\`, \`jupyter nbconvert --execute\`,
JupyterLab and Notebook then offer it. Running it again renews what is there.

  --prefix <folder>   install into <folder>/share/jupyter instead (that of a Python environment)
`;

export const installKernelspec: Command = {
  help: HELP,
  run: async (args) => {
    const folder = join(dataFolder(parse(args)), "kernels", "isoflop");
    await mkdir(folder, { recursive: true });
    await atomicWrite(join(folder, "kernel.json"), `${JSON.stringify(await kernelspec(), undefined, 2)}\n`);
    const logo = iconFile();
    if (logo !== undefined) await copyFile(logo, join(folder, "logo-64x64.png"));
    process.stdout.write(`${folder}\n`);
    return EXIT_OK;
  },
};

/** What Jupyter starts. Interrupts come as messages: a signal would not reach a loop. */
async function kernelspec(): Promise<object> {
  const cli = await realpath(process.argv[1]);
  // An editor's own Node runs as Node only when it is told to.
  const env: Record<string, string> = process.versions["electron"] === undefined ? {} : { ELECTRON_RUN_AS_NODE: "1" };
  return { argv: [process.execPath, cli, "kernel", "-f", "{connection_file}"], display_name: "IsoFLOP", language: "typescript", interrupt_mode: "message", env, metadata: { debugger: false } };
}

/** Where Jupyter looks (jupyter --paths). */
function dataFolder(prefix: string | undefined): string {
  if (prefix !== undefined) return join(resolve(prefix), "share", "jupyter");
  if (process.env.JUPYTER_DATA_DIR !== undefined && process.env.JUPYTER_DATA_DIR !== "") return process.env.JUPYTER_DATA_DIR;
  switch (process.platform) {
    case "win32":
      return join(process.env.APPDATA ?? join(homedir(), "AppData", "Roaming"), "jupyter");
    case "darwin":
      return join(homedir(), "Library", "Jupyter");
    default:
      return join(process.env.XDG_DATA_HOME ?? join(homedir(), ".local", "share"), "jupyter");
  }
}

function iconFile(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return ["../extension/resources/icon.png", "../../extension/resources/icon.png"].map((path) => join(here, path)).find((path) => existsSync(path));
}

function parse(args: readonly string[]): string | undefined {
  return readArguments("install-kernelspec", () => parseArgs({ args: [...args], options: { prefix: { type: "string" } } }).values.prefix);
}
