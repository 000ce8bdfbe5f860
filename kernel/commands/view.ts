/** @file `isoflop view`: an array in a file as the output that a notebook would show, for other programs. */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DISPLAY } from "../display/displayable";
import { view as views } from "../display/view";
import { readError } from "../io/fileErrors";
import { decodeNpy } from "../io/npy";
import { EXIT_OK, readArguments, UsageError, type Command } from "./command";

const HELP = `usage: isoflop view <array.npy> [--title <text>]

Prints the output for an array as JSON, by MIME type: data for the interactive view, a picture, and what it says in words.
`;

export const view: Command = {
  help: HELP,
  run: async (args) => {
    const { path, title } = parse(args);
    const bytes = await readFile(path).catch((error: unknown) => Promise.reject(readError(error, path)));
    const bundle = views.tensor(decodeNpy(bytes, path), { title })[DISPLAY]();
    process.stdout.write(`${JSON.stringify(bundle)}\n`);
    return EXIT_OK;
  },
};

function parse(args: readonly string[]): { readonly path: string; readonly title: string } {
  const usage = (what: string): UsageError => new UsageError(what, { help: "see isoflop view --help" });
  return readArguments("view", () => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { title: { type: "string" } } });
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw usage(file === undefined ? "no file was given" : `more than one file was given: ${positionals.join(", ")}`);
    return { path: resolve(file), title: values.title ?? basename(file) };
  });
}
