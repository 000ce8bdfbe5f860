/** @file `isoflop html`: a notebook as it stands, as one page; nothing is executed. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { notebookToHtml } from "../display/page";
import { atomicWrite } from "../io/atomicWrite";
import { readError } from "../io/fileErrors";
import { parseNotebook } from "../session/notebook";
import { EXIT_OK, readArguments, UsageError, type Command } from "./command";

const HELP = `usage: isoflop html <notebook.ipynb> [-o <file.html>]

Writes a notebook with the outputs that it has as one self-contained page: no scripts, no network. Nothing is executed.

  -o, --out <file.html>   default: beside the notebook, under its name
`;

export const html: Command = {
  help: HELP,
  run: async (args) => {
    const { input, out } = parse(args);
    const text = await readFile(input, "utf8").catch((error: unknown) => Promise.reject(readError(error, input)));
    await atomicWrite(out, notebookToHtml(parseNotebook(text, input)));
    process.stdout.write(`${out}\n`);
    return EXIT_OK;
  },
};

function parse(args: readonly string[]): { readonly input: string; readonly out: string } {
  const usage = (what: string): UsageError => new UsageError(what, { help: "see isoflop html --help" });
  return readArguments("html", () => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { out: { type: "string", short: "o" } } });
    const [input, ...more] = positionals;
    if (input === undefined || more.length > 0) throw usage(input === undefined ? "no notebook was given" : `more than one notebook was given: ${positionals.join(", ")}`);
    const out = resolve(values.out ?? `${input.replace(/\.ipynb$/i, "")}.html`);
    if (out === resolve(input)) throw usage("--out names the notebook itself");
    return { input: resolve(input), out };
  });
}
