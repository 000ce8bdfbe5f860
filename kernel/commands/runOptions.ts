/** @file The options of `isoflop run`. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { readArguments, UsageError } from "./command";

export interface RunOptions {
  /** Absolute path of the notebook. */
  readonly input: string;
  readonly set: ReadonlyMap<string, string>;
  readonly out?: string;
  readonly html?: string;
  readonly stopOnError: boolean;
  /** Time limit of one cell. */
  readonly timeoutMs?: number;
  /** Whether the code cell of this number (from 1) is to run. */
  readonly selects: (cell: number) => boolean;
}

export const RUN_HELP = `usage: isoflop run <notebook.ipynb> [options]

Executes the code cells in order, in the notebook's folder, and prints what they write.

  --out <file.ipynb>    write the notebook with its outputs; what has finished is there at any moment
  --html <file.html>    write one self-contained page
  --set <name>=<value>  give the variable another value (JSON, or text); may be repeated
  --cells <list>        only these code cells, counted from 1: 1-3,5 or 4-
  --timeout <seconds>   time limit of each cell
  --allow-errors        go on after a cell that fails (the exit code is 1 all the same)
  --stop-on-error       stop there; the default

Ctrl-C stops the running cell and writes what there is; a second one ends at once.
Exit code: 0 all cells ran, 1 a cell or a file failed, 2 wrong usage, 130 interrupted.`;

/** @throws {UsageError} when the arguments make no sense. */
export function parseRunOptions(args: readonly string[]): RunOptions {
  const { values, positionals } = parse(args);
  const [input, ...more] = positionals;
  if (input === undefined || more.length > 0) throw usage(input === undefined ? "no notebook was given" : `more than one notebook was given: ${positionals.join(", ")}`);
  if (values["allow-errors"] === true && values["stop-on-error"] === true) throw usage("--allow-errors and --stop-on-error exclude each other");
  const absolute = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path));
  const out = absolute(values.out);
  const html = absolute(values.html);
  if (out !== undefined && out === html) throw usage("--out and --html name the same file");
  return { input: resolve(input), set: settings(values.set ?? []), out, html, stopOnError: values["allow-errors"] !== true, timeoutMs: milliseconds(values.timeout), selects: selection(values.cells) };
}

const usage = (what: string): UsageError => new UsageError(what, { help: "see isoflop run --help" });

interface Parsed {
  readonly values: { readonly out?: string; readonly html?: string; readonly set?: string[]; readonly cells?: string; readonly timeout?: string; readonly "allow-errors"?: boolean; readonly "stop-on-error"?: boolean };
  readonly positionals: readonly string[];
}

function parse(args: readonly string[]): Parsed {
  return readArguments("run", () => {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: "string", short: "o" },
        html: { type: "string" },
        set: { type: "string", multiple: true },
        cells: { type: "string" },
        timeout: { type: "string" },
        "allow-errors": { type: "boolean" },
        "stop-on-error": { type: "boolean" },
      },
    });
  });
}

function settings(pairs: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at <= 0) throw new UsageError(`--set ${pair}: no name and value`, { help: "write --set name=value" });
    const name = pair.slice(0, at).trim();
    if (found.has(name)) throw new UsageError(`--set ${name} was given twice`, { help: "give each name one value" });
    found.set(name, pair.slice(at + 1));
  }
  return found;
}

function milliseconds(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const value = Number(seconds);
  // Timers count in 31-bit milliseconds.
  if (seconds.trim() === "" || !(value > 0 && value * 1000 < 2 ** 31)) throw new UsageError(`--timeout ${seconds}: no number of seconds above 0 (and below 24 days)`, { help: "write --timeout 60" });
  return value * 1000;
}

function selection(list: string | undefined): (cell: number) => boolean {
  if (list === undefined) return () => true;
  const ranges = list.split(",").map((part) => {
    const match = /^\s*(\d+)?\s*(-)?\s*(\d+)?\s*$/.exec(part);
    const first = match?.[1] === undefined ? undefined : Number(match[1]);
    const last = match?.[3] === undefined ? undefined : Number(match[3]);
    const isRange = match?.[2] !== undefined;
    const from = first ?? 1;
    const to = isRange ? (last ?? Infinity) : from;
    if (match === null || (first === undefined && last === undefined) || from < 1 || to < from) throw new UsageError(`--cells ${list}: \`${part.trim()}\` is no range of cells`, { help: "write --cells 1-3,5 (code cells, counted from 1)" });
    return [from, to] as const;
  });
  return (cell) => ranges.some(([from, to]) => cell >= from && cell <= to);
}
