/** @file `isoflop compose`: what methods do two at a time at equal FLOPs, as a grid. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { effectsTable } from "../experiment/grid";
import { notebooksFolder, readClaim } from "./claimNotebook";
import { committed, measure, seedsParameter, staleness } from "./claims";
import { EXIT_FAILED, EXIT_OK, readArguments, type Command } from "./command";

/** The notebook that defines the experiment, and its result. */
const SLUG = "composition";

const HELP = `usage: isoflop compose [options]

Runs the experiment of notebooks/${SLUG}.ipynb (methods alone and in pairs, at equal FLOPs, paired over seeds), writes
notebooks/results/${SLUG}.json, and prints the grid: effects alone on the diagonal, those of pairs above it, and below it by how
much a pair differs from the sum of its parts.

  --show            run nothing: print the grid that is there, and fail when it is stale
  --seeds <n>       so many seeds instead of the notebook's; the result is only printed
  --notebooks <dir> folder of the notebooks (default: notebooks)`;

export const compose: Command = {
  help: HELP,
  run: async (args) => {
    const { show = false, seeds, notebooks } = parse(args);
    const folder = notebooks === undefined ? notebooksFolder() : resolve(notebooks);
    const notebook = readClaim(SLUG, { folder, set: seedsParameter(seeds, "compose") });
    const record = show ? committed(SLUG, { folder }) : await measure(notebook, { check: false, seeds, folder });
    const stale = show ? staleness(notebook, record) : [];
    if (record !== undefined) process.stdout.write(`${effectsTable(record).text}\n`);
    process.stderr.write(stale.map((problem) => `${problem}\n`).join(""));
    return stale.length === 0 ? EXIT_OK : EXIT_FAILED;
  },
};

function parse(args: readonly string[]): { readonly show?: boolean; readonly seeds?: string; readonly notebooks?: string } {
  return readArguments("compose", () => parseArgs({ args: [...args], options: { show: { type: "boolean" }, seeds: { type: "string" }, notebooks: { type: "string" } } }).values);
}
