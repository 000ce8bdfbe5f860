/** @file `isoflop kernel`: a kernel for Jupyter clients, which start it with a connection file. */
import { tmpdir } from "node:os";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { startKernelProcess } from "../process/kernelProcess";
import { readArguments, UsageError, type Command } from "./command";

const HELP = `usage: isoflop kernel -f <connection file>

Runs a kernel that speaks Jupyter's protocol over ZeroMQ, until it is told to shut down. Jupyter starts it by itself after
\`isoflop install-kernelspec\`; cells run in the current folder.

  -f, --connection-file <file>   written by Jupyter
`;

export const kernel: Command = {
  help: HELP,
  run: async (args) => {
    const connection = parse(args);
    const folder = mkdtempSync(join(tmpdir(), "isoflop-jupyter-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    await startKernelProcess(["--connection", connection, "--folder", folder, "--cwd", process.cwd(), "--notebook", pathToFileURL(join(process.cwd(), "notebook.ipynb")).href]);
    // The kernel ends the process.
    return new Promise(() => undefined);
  },
};

function parse(args: readonly string[]): string {
  const usage = (what: string): UsageError => new UsageError(what, { help: "see isoflop kernel --help" });
  return readArguments("kernel", () => {
    const { values } = parseArgs({ args: [...args], options: { "connection-file": { type: "string", short: "f" } } });
    const file = values["connection-file"];
    if (file === undefined) throw usage("no connection file was given");
    return file;
  });
}
