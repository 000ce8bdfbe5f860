/** @file "Fit Scaling Law from CSV or Runs": a cell that fits and shows it is added and run, so that it can be changed. */
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, relative } from "node:path";
import type * as vscode from "vscode";
import type { RunSummary } from "../../kernel/runs/schema";
import type { Services } from "../services";
import type { RunStore } from "../views/runs/runStore";
import { pickRuns } from "./chooseRuns";
import { insertCells, requireNotebook, runCell } from "./notebookCells";
import { register } from "./register";
import { UserError } from "./userError";

export function fitScalingLaw(services: Services, store: RunStore): vscode.Disposable {
  const { vs } = services;
  return register(services, "fitScalingLaw", async () => {
    const editor = requireNotebook(services);
    const source = await vs.window.showQuickPick(
      [
        { label: "$(graph-line) Runs", description: "one point of each run: its last loss against its size or FLOPs", from: "runs" as const },
        { label: "$(table) CSV file", description: "two columns", from: "csv" as const },
      ],
      { placeHolder: "Points from" },
    );
    if (source === undefined) return;
    const code = source.from === "runs" ? await fromRuns(services, store, editor.notebook) : await fromCsv(services, editor.notebook);
    if (code === undefined) return;
    const index = await insertCells(services, editor, [{ kind: "code", source: code }]);
    await runCell(services, editor.notebook, index);
  });
}

/** A fit with an irreducible part needs four points. */
const LEAST_POINTS = 4;

/** How the cell fits and shows, from `points`. */
const fitAndShow = (x: string): string => `const law = fitPowerLaw(points, { irreducible: ${x} });
view.scaling({ x: { label: xLabel }, y: { label: yLabel }, points: { x: points.map(({ x }) => x), y: points.map(({ y }) => y) }, fit: law });`;
const ENOUGH = `points.length < ${LEAST_POINTS} ? "none" : "fit"`;

async function fromRuns(services: Services, store: RunStore, notebook: vscode.NotebookDocument): Promise<string | undefined> {
  const { vs } = services;
  const runs = await pickRuns(services, store, { placeHolder: "Runs to fit a law to (three or more)", picked: [] });
  if (runs === undefined) return undefined;
  if (runs.length < 3) throw new UserError(`${runs.length} runs are no law`, "choose three or more, of different size or budget");
  const axis = await vs.window.showQuickPick(
    [
      { label: "parameters", field: "run.cost.parameters", known: runs.every(({ cost }) => cost !== undefined) },
      { label: "FLOPs", field: "run.last.flops", known: runs.every(({ last }) => last?.flops !== undefined) },
      { label: "tokens", field: "run.last.tokens", known: runs.every(({ last }) => last?.tokens !== undefined) },
      { label: "steps", field: "run.last.step", known: runs.every(({ last }) => last !== undefined) },
    ].filter(({ known }) => known),
    { placeHolder: "Against what?" },
  );
  if (axis === undefined) return undefined;
  const metric = await chooseMetric(services, runs);
  return metric && runsCell({ runs, axis, metric, notebook: notebook.uri.fsPath });
}

async function chooseMetric({ vs }: Services, runs: readonly RunSummary[]): Promise<string | undefined> {
  const metrics = Object.keys(runs[0].last?.values ?? {}).filter((name) => runs.every(({ last }) => last !== undefined && name in last.values));
  if (metrics.length === 0) throw new UserError("these runs have no metric in common", "choose others");
  return metrics.length === 1 ? metrics[0] : vs.window.showQuickPick([...metrics].sort((a, b) => Number(b === "loss") - Number(a === "loss")), { placeHolder: "Which metric?" });
}

export interface RunsCellParts {
  readonly runs: readonly Pick<RunSummary, "id" | "folder">[];
  readonly axis: { readonly label: string; readonly field: string };
  readonly metric: string;
  /** Path of the notebook. */
  readonly notebook: string;
}

/** The code of a cell that reads the runs and fits their last values. Names are written as text, whatever is in them. */
export function runsCell({ runs, axis, metric, notebook }: RunsCellParts): string {
  const ids = runs.map(({ id, folder }) => `  [${JSON.stringify(id)}, ${JSON.stringify(pathFrom(notebook, dirname(folder)))}],`).join("\n");
  return `import { fitPowerLaw, runs, view } from "isoflop";

const chosen = [
${ids}
];
const records = await Promise.all(chosen.map(([id, folder]) => runs.read(id, { folder })));
const [xLabel, yLabel] = [${JSON.stringify(axis.label)}, ${JSON.stringify(metric)}];
const points = records.map((run) => ({ x: ${axis.field.replaceAll(".cost.", ".cost!.").replaceAll(".last.", ".last!.")}, y: run.last!.values[yLabel] }));
${fitAndShow(ENOUGH)}`;
}

async function fromCsv({ vs }: Services, notebook: vscode.NotebookDocument): Promise<string | undefined> {
  const [file] = (await vs.window.showOpenDialog({ canSelectMany: false, filters: { CSV: ["csv", "tsv", "txt"] }, openLabel: "Fit" })) ?? [];
  if (file === undefined) return undefined;
  const header = (await readFile(file.fsPath, "utf8")).replace(/^\uFEFF/, "").split(/\r?\n/, 1)[0];
  const delimiter = header.includes("\t") ? "\t" : header.includes(";") && !header.includes(",") ? ";" : ",";
  const columns = header.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
  if (columns.length < 2) throw new UserError("the file has one column", "its first line must name two or more");
  const x = await vs.window.showQuickPick(columns, { placeHolder: "Column of x: parameters, FLOPs, tokens" });
  const y = x && (await vs.window.showQuickPick(columns.filter((name) => name !== x), { placeHolder: "Column of y: the loss" }));
  return x && y && csvCell({ path: pathFrom(notebook.uri.fsPath, file.fsPath), delimiter, x, y });
}

export interface CsvCellParts {
  readonly path: string;
  readonly delimiter: string;
  readonly x: string;
  readonly y: string;
}

/** The code of a cell that reads two columns and fits them. */
export function csvCell({ path, delimiter, x, y }: CsvCellParts): string {
  const options = delimiter === "," ? "" : `, { delimiter: ${JSON.stringify(delimiter)} }`;
  return `import { data, fitPowerLaw, view } from "isoflop";

const table = data.csv(${JSON.stringify(path)}${options});
const [xLabel, yLabel] = [${JSON.stringify(x)}, ${JSON.stringify(y)}];
const column = (name: string) => Array.from(table.numbers(name).data, Number);
const [xs, ys] = [column(xLabel), column(yLabel)];
const points = xs.map((x, i) => ({ x, y: ys[i] })).filter(({ x, y }) => x > 0 && y > 0);
${fitAndShow(ENOUGH)}`;
}

/** Relative to the notebook's folder, where cells run, so that the notebook can be moved with its files. */
function pathFrom(notebook: string, path: string): string {
  const short = relative(dirname(notebook), path);
  return (short === "" ? "." : isAbsolute(short) || short.startsWith("..") ? path : short).replaceAll("\\", "/");
}
