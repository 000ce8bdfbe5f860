/** @file `isoflop claims`: measures the claims of methods again, and prints the table. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readResult } from "../experiment/resultFile";
import type { ExperimentRecord } from "../experiment/schema";
import { experimentsFolder } from "../experiment/taskStore";
import { atomicWrite } from "../io/atomicWrite";
import { cards } from "../methods/index";
import { notebooksFolder, readClaim, runClaim, type ClaimNotebook } from "./claimNotebook";
import { textTable, withTable } from "./claimTable";
import { EXIT_FAILED, EXIT_OK, readArguments, UsageError, type Command } from "./command";
import { writeOver } from "./liveLine";

const HELP = `usage: isoflop claims [slug…] [options]

Runs the experiments of methods again (default: of all that have a notebook), writes notebooks/results/<slug>.json, and prints
for each claim the paper's figure, ours with its interval, the cost, and the verdict. What an earlier call left unfinished goes on.

  --show            run nothing: print the results that are there
  --check           run, but leave the results as they are: fail when one is stale (its cells or its method have changed) or its verdict flips
  --stale           with --check: run nothing, only look whether results are current
  --seeds <n>       so many seeds instead of the notebook's; the results are only printed
  --write <file>    replace the table of claims in this Markdown file (README.md) by the results that are there
  --notebooks <dir> folder of the notebooks (default: notebooks)`;

interface ClaimsOptions {
  readonly slugs: readonly string[];
  readonly folder: string;
  readonly show: boolean;
  readonly check: boolean;
  readonly stale: boolean;
  readonly seeds: string | undefined;
  readonly write: string | undefined;
}

export const claims: Command = {
  help: HELP,
  run: async (args) => {
    const options = parse(args);
    if (options.write !== undefined) return writeTable(options.write, options);
    if (options.show) {
      process.stdout.write(textTable(options.slugs.flatMap((slug) => committed(slug, options) ?? [])));
      return EXIT_OK;
    }
    const problems: string[] = [];
    for (const slug of options.slugs) {
      const notebook = readClaim(slug, { folder: options.folder, set: seedsParameter(options.seeds, "claims") });
      if (options.check) problems.push(...staleness(readClaim(slug, { folder: options.folder }), committed(slug, options)));
      if (options.stale) continue;
      const record = await measure(notebook, options);
      process.stdout.write(`${textTable([record])}\n`);
      const before = committed(slug, options);
      if (options.check && before !== undefined && before.verdict !== record.verdict) problems.push(`${slug}: the verdict was ${before.verdict}, and is ${record.verdict} now: ${record.reason}`);
    }
    process.stderr.write(problems.map((problem) => `${problem}\n`).join(""));
    return problems.length === 0 ? EXIT_OK : EXIT_FAILED;
  },
};

/** The result in the notebooks' folder. */
export function committed(slug: string, { folder }: Pick<ClaimsOptions, "folder">): ExperimentRecord | undefined {
  const path = join(folder, "results", `${slug}.json`);
  return existsSync(path) ? readResult(path) : undefined;
}

/** The notebook's parameter that `--seeds` sets; undefined where it was not given. @throws {UsageError} unless it is a number from 1. */
export function seedsParameter(seeds: string | undefined, command: string): ReadonlyMap<string, string> | undefined {
  if (seeds !== undefined && !/^[1-9]\d*$/.test(seeds)) throw new UsageError(`--seeds ${seeds}: no number from 1`, { help: `see isoflop ${command} --help` });
  return seeds === undefined ? undefined : new Map([["seeds", seeds]]);
}

/** Why a committed result is not that of the notebook and method as they are; empty when it is. */
export function staleness({ slug, sources }: ClaimNotebook, record: ExperimentRecord | undefined): string[] {
  if (record === undefined) return [`${slug}: there is no result; run \`isoflop claims ${slug}\``];
  const changed = [...new Set([...Object.keys(sources), ...Object.keys(record.sources)])].filter((name) => sources[name] !== record.sources[name]);
  return changed.length === 0 ? [] : [`${slug}: the result is stale, ${changed.join(" and ")} changed since; run \`isoflop claims ${slug}\``];
}

/** Runs the experiment. Its result is written beside the notebook, or nowhere where it is only compared. */
export async function measure(notebook: ClaimNotebook, { check, seeds, folder }: Pick<ClaimsOptions, "check" | "seeds" | "folder">): Promise<ExperimentRecord> {
  const keep = !check && seeds === undefined;
  const results = keep ? join(folder, "results") : mkdtempSync(join(tmpdir(), "isoflop-claims-"));
  const before = process.env.ISOFLOP_RESULTS;
  process.env.ISOFLOP_RESULTS = results;
  process.env.ISOFLOP_RUNS ??= join(folder, ".isoflop", "runs");
  try {
    await runClaim(notebook, statusLine());
    const record = readResult(join(results, `${notebook.slug}.json`));
    // Finished: the next call measures anew.
    rmSync(experimentsFolder(notebook.slug), { recursive: true, force: true });
    return record;
  } finally {
    if (before === undefined) delete process.env.ISOFLOP_RESULTS;
    else process.env.ISOFLOP_RESULTS = before;
    if (!keep) rmSync(results, { recursive: true, force: true });
  }
}

async function writeTable(path: string, options: ClaimsOptions): Promise<number> {
  const records = options.slugs.flatMap((slug) => committed(slug, options) ?? []);
  const next = withTable(readFileSync(path, "utf8"), records);
  if (next === undefined) throw new UsageError("the file has no marks for the table", { where: path, help: "write <!-- claims: written by `isoflop claims --write` --> and <!-- /claims --> where it belongs" });
  await atomicWrite(path, next);
  return EXIT_OK;
}

const QUIET_MS = 10_000;

/** Says how far it is: in place on a terminal, else now and then. */
function statusLine(): (text: string) => void {
  let last = -Infinity;
  return (text) => {
    if (process.stderr.isTTY === true) writeOver(text);
    else if (performance.now() - last > QUIET_MS) {
      last = performance.now();
      process.stderr.write(`${text.split("\n")[0]}\n`);
    }
  };
}

const usage = (what: string): UsageError => new UsageError(what, { help: "see isoflop claims --help" });

function parse(args: readonly string[]): ClaimsOptions {
  const { values, positionals } = readArgs(args);
  const folder = values.notebooks === undefined ? notebooksFolder() : resolve(values.notebooks);
  seedsParameter(values.seeds, "claims");
  if (values.stale === true && values.check !== true) throw usage("--stale goes with --check");
  const all = cards.map(({ slug }) => slug).filter((slug) => existsSync(join(folder, `${slug}.ipynb`)));
  return { slugs: positionals.length === 0 ? all : positionals, folder, show: values.show === true, check: values.check === true, stale: values.stale === true, seeds: values.seeds, write: values.write };
}

function readArgs(args: readonly string[]) {
  const flag = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  return readArguments("claims", () => parseArgs({ args: [...args], allowPositionals: true, options: { show: flag, check: flag, stale: flag, seeds: text, write: text, notebooks: text } }));
}
