/** @file `isoflop methods`: the methods that are there, and what was measured of them. */
import { parseArgs } from "node:util";
import entries from "../methods/catalogue.json";
import { cards } from "../methods/index";
import { notebooksFolder } from "./claimNotebook";
import { committed } from "./claims";
import { EXIT_OK, readArguments, type Command } from "./command";

const HELP = `usage: isoflop methods [--all] [--json]

The methods that are there, where each acts, and the verdict on its claim.

  --all     those of the catalogue that are still to come, too
  --json    as JSON`;

export const methods: Command = {
  help: HELP,
  run: async (args) => {
    const { all = false, json = false } = parse(args);
    const rows = entries.flatMap(({ slug, title, acts, claim }) => {
      const there = cards.some((card) => card.slug === slug);
      return there || all ? [{ slug, title, acts, state: there ? verdictOf(slug) : "to come", claim }] : [];
    });
    process.stdout.write(json ? `${JSON.stringify(rows, undefined, 2)}\n` : table(rows.map((row) => [row.slug, row.title, row.acts, row.state])));
    return EXIT_OK;
  },
};

const verdictOf = (slug: string): string => committed(slug, { folder: notebooksFolder() })?.verdict ?? "not measured";

function table(rows: readonly (readonly string[])[]): string {
  const all = [["method", "title", "acts on", "claim"], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()}\n`).join("");
}

function parse(args: readonly string[]): { readonly all?: boolean; readonly json?: boolean } {
  return readArguments("methods", () => parseArgs({ args: [...args], options: { all: { type: "boolean" }, json: { type: "boolean" } } }).values);
}
