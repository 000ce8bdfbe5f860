/** @file `isoflop server`: a Jupyter server for clients that want one rather than a kernelspec. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { JupyterServer } from "../server/jupyterServer";
import { EXIT_OK, readArguments, UsageError, type Command } from "./command";

const HELP = `usage: isoflop server [options] [-- <flags of each kernel>]

A Jupyter server on 127.0.0.1 that has this kernel and nothing else: kernels, kernelspecs, sessions and websockets, no files and no
pages. Prints one line of JSON, { "url": …, "token": … }: whoever has the token can run code as you. Runs until Ctrl-C.

  --port N        default: any that is free
  --root DIR      folder that the paths of notebooks are relative to (default: the current one)
  --with-parent   end when standard input ends, as it does when whoever started it is gone
`;

const MAX_PORT = 65535;

export const server: Command = {
  help: HELP,
  run: async (args) => {
    const { port, root, withParent, flags } = parse(args);
    const folder = mkdtempSync(join(tmpdir(), "isoflop-server-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    const running = await JupyterServer.listen({ port, root, folder, flags });
    process.stdout.write(`${JSON.stringify({ url: running.url, token: running.token })}\n`);
    await new Promise<void>((done) => {
      process.once("SIGINT", () => done());
      process.once("SIGTERM", () => done());
      if (withParent) process.stdin.once("close", () => done()).on("error", () => done()).resume();
    });
    await running.close();
    return EXIT_OK;
  },
};

function parse(args: readonly string[]): { readonly port: number; readonly root: string; readonly withParent: boolean; readonly flags: readonly string[] } {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  return readArguments("server", () => {
    const { values } = parseArgs({ args: args.slice(0, end), options: { port: { type: "string", default: "0" }, root: { type: "string", default: "." }, "with-parent": { type: "boolean", default: false } } });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) throw new UsageError(`--port ${values.port} is no port`, { help: "give a number up to 65535, or 0 for any that is free" });
    return { port, root: resolve(values.root), withParent: values["with-parent"], flags: args.slice(end + 1) };
  });
}
