/** @file `isoflop runs`: lists, shows, exports and deletes the runs of a folder. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { flopsText, secondsText, significant } from "../display/format";
import { atomicWrite } from "../io/atomicWrite";
import { deleteRun, listRuns, readRun, type RunProblem } from "../runs/readRuns";
import { DEFAULT_RUNS_FOLDER, type RunData, type RunSummary } from "../runs/schema";
import { metricNames } from "../runs/series";
import { EXIT_FAILED, EXIT_OK, readArguments, UsageError, type Command } from "./command";

const HELP = `usage: isoflop runs [list] [--json]
       isoflop runs show <id> [--json]
       isoflop runs export <id> [-o <file.csv>]
       isoflop runs delete <id>

Runs that notebooks and scripts recorded with runs.start(…). export writes one line for each logged step.

  --folder <path>   where runs are kept (default: ISOFLOP_RUNS, else .isoflop/runs here)
  --json            as JSON
`;

export const runs: Command = {
  help: HELP,
  run: async (args) => {
    const { action, id, folder, json, out } = parse(args);
    switch (action) {
      case "list": {
        const { runs: found, problems } = await listRuns(folder);
        process.stdout.write(json ? `${JSON.stringify(found, undefined, 2)}\n` : table(found, folder));
        process.stderr.write(problems.map(({ message }: RunProblem) => `FormatError: ${message}\n`).join(""));
        return problems.length === 0 ? EXIT_OK : EXIT_FAILED;
      }
      case "show": {
        const run = await readRun(folder, id);
        process.stdout.write(json ? `${JSON.stringify(run, undefined, 2)}\n` : describe(run));
        return EXIT_OK;
      }
      case "export": {
        const text = toCsv(await readRun(folder, id));
        if (out === undefined) process.stdout.write(text);
        else await atomicWrite(out, text);
        return EXIT_OK;
      }
      case "delete":
        await deleteRun(folder, id);
        return EXIT_OK;
    }
  },
};

const ACTIONS = ["list", "show", "export", "delete"] as const;
type Action = (typeof ACTIONS)[number];

interface RunsOptions {
  readonly action: Action;
  /** "" of list. */
  readonly id: string;
  readonly folder: string;
  readonly json: boolean;
  readonly out: string | undefined;
}

const usage = (what: string): UsageError => new UsageError(what, { help: "see isoflop runs --help" });

function parse(args: readonly string[]): RunsOptions {
  const { values, positionals } = readArgs(args);
  const [word = "list", id = "", ...more] = positionals;
  const action = ACTIONS.find((one) => one === word);
  if (action === undefined) throw usage(`isoflop runs cannot ${word}`);
  if (action === "list" ? id !== "" : id === "") throw usage(action === "list" ? `list takes no ${id}` : `${action} which run?`);
  if (more.length > 0) throw usage(`${action} takes one run, and ${more.length + 1} were given`);
  return { action, id, folder: resolve(values.folder ?? (process.env.ISOFLOP_RUNS || DEFAULT_RUNS_FOLDER)), json: values.json === true, out: values.out === undefined ? undefined : resolve(values.out) };
}

function readArgs(args: readonly string[]): { readonly values: { readonly folder?: string; readonly json?: boolean; readonly out?: string }; readonly positionals: readonly string[] } {
  return readArguments("runs", () => parseArgs({ args: [...args], allowPositionals: true, options: { folder: { type: "string" }, json: { type: "boolean" }, out: { type: "string", short: "o" } } }));
}

function table(found: readonly RunSummary[], folder: string): string {
  if (found.length === 0) return `no runs in ${folder}\n`;
  const head = ["id", "status", "step", "loss", "cost", "time"];
  const rows = found.map(({ id, status, last, seconds }) => {
    const loss = last?.values.loss;
    return [id, status, String(last?.step ?? 0), loss === undefined ? "" : significant(loss, 4), last?.flops === undefined ? "" : flopsText(last.flops), secondsText(seconds)];
  });
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
  return [head, ...rows].map((row) => `${row.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()}\n`).join("");
}

function describe({ name, id, group, tags, status, error, started, seconds, last, rows, cost, config, environment }: RunData): string {
  const { git, executor, machine, platform, versions } = environment;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["id", id],
    ["group", group || undefined],
    ["tags", tags.join(", ") || undefined],
    ["status", error === undefined ? status : `${status}: ${error}`],
    ["started", `${started}, ran ${secondsText(seconds)}`],
    ["rows", `${rows.length}: ${metricNames(rows).join(", ")}`],
    ["last", last && `step ${last.step}: ${Object.entries(last.values).map(([metric, value]) => `${metric} ${significant(value, 4)}`).join(", ")}`],
    ["cost", cost && `${flopsText(cost.flops)} a step${last?.flops === undefined ? "" : `, ${flopsText(last.flops)} in all`}`],
    ["commit", git && `${git.commit}${git.dirty ? ", with changes" : ""}`],
    ["machine", `${machine}, ${platform}`],
    ["executor", executor],
    ["versions", Object.entries(versions).map(([what, version]) => `${what} ${version}`).join(", ")],
    ["config", JSON.stringify(config, undefined, 2).replaceAll("\n", "\n          ")],
  ];
  return `${name}\n${lines.flatMap(([what, text]) => (text === undefined ? [] : [`  ${what.padEnd(8)}${text}\n`])).join("")}`;
}

/** Step, seconds, FLOPs, tokens, then the metrics; what a row does not have is empty. */
function toCsv({ rows }: RunData): string {
  const metrics = metricNames(rows);
  const lines = rows.map(({ step, seconds, flops, tokens, values }) => [step, seconds, flops ?? "", tokens ?? "", ...metrics.map((name) => values[name] ?? "")].join(","));
  return [["step", "seconds", "flops", "tokens", ...metrics.map(quoted)].join(","), ...lines].map((line) => `${line}\n`).join("");
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
