/** @file `runs`: records of training runs beside the notebook: configuration, metrics, cost and environment, with no server and no account. */
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { ArgumentError } from "../errors";
import { atomicWriteSync } from "../io/atomicWrite";
import { errorCode, writeError } from "../io/fileErrors";
import { completeEnvironment, environmentNow } from "./environment";
import { MetricsFile } from "./metricsFile";
import { deleteRun, listRuns, readRun } from "./readRuns";
import { formatRecord, metricsPath, Run } from "./run";
import { toConfig } from "./runConfig";
import { DEFAULT_RUNS_FOLDER, RECORD_FILE, RUN_VERSION, type RunData, type RunRecord, type RunSummary } from "./schema";

export { Run, type CostSource, type FinishOptions, type LogOptions } from "./run";
export { type MetricRow, type RunConfig, type RunData, type RunEnvironment, type RunRecord, type RunStatus, type RunSummary, type StepCost } from "./schema";

export interface FolderOptions {
  /** Where runs are kept. Default: the environment variable ISOFLOP_RUNS, else `.isoflop/runs` in the folder of the notebook. */
  readonly folder?: string;
}

export interface StartOptions extends FolderOptions {
  readonly name: string;
  /** What was chosen: sizes, rates, seeds. Kept as JSON and compared between runs. */
  readonly config?: object;
  /** Runs of one experiment. Default none. */
  readonly group?: string;
  readonly tags?: readonly string[];
}

const open = new Set<Run>();
let watching = false;

/**
 * A new run, open for rows. Its folder is there when this returns; the commit and the executor are filled in a little later.
 * A run of the same name and group that this process still has open ends as "stopped": its cell ran again.
 *
 * @throws {ArgumentError} for an empty name or a configuration that cannot be kept.
 * @throws {DeviceError} when the folder cannot be written.
 */
export function start({ name, config = {}, group = "", tags = [], folder = runsFolder() }: StartOptions): Run {
  if (typeof name !== "string" || name.trim() === "") throw new ArgumentError("a run without a name", { where: "runs.start", help: 'give one: runs.start({ name: "baseline" })' });
  const settings = toConfig(config);
  for (const run of open) if (run.name === name && run.group === group) run.stop();
  const started = new Date();
  const { id, path } = makeFolder(folder, { name, started });
  const record: RunRecord = {
    version: RUN_VERSION,
    id,
    name,
    group,
    tags: tags.map(String),
    config: settings,
    status: "running",
    started: started.toISOString(),
    process: { pid: process.pid, host: hostname() },
    environment: environmentNow(),
  };
  atomicWriteSync(join(path, RECORD_FILE), formatRecord(record));
  const run = new Run({ folder: path, record, environment: completeEnvironment(process.cwd()), onEnd: (ended) => open.delete(ended) }, new MetricsFile(metricsPath(path)));
  open.add(run);
  if (!watching) process.once("exit", () => open.forEach((left) => left.stop()));
  watching = true;
  return run;
}

/** All runs of a folder, the newest first, without their rows; damaged ones are left out (`isoflop runs list` names them). */
export async function list({ folder = runsFolder() }: FolderOptions = {}): Promise<readonly RunSummary[]> {
  return (await listRuns(folder)).runs;
}

/** A run with all of its rows. @throws {ArgumentError} when there is none of this id. */
export async function read(id: string, { folder = runsFolder() }: FolderOptions = {}): Promise<RunData> {
  return readRun(folder, id);
}

/** Deletes a run. @throws {ArgumentError} when there is none of this id. */
export async function remove(id: string, { folder = runsFolder() }: FolderOptions = {}): Promise<void> {
  await deleteRun(folder, id);
}

/** Where runs are kept when nothing else is said; an absolute path. */
export const runsFolder = (): string => resolve(process.env.ISOFLOP_RUNS || DEFAULT_RUNS_FOLDER);

const MAX_NAME_CHARACTERS = 40;
const TRIES = 100;

/** "2026-11-24-141530-first-a1b2": sorts by time, says the name, and two processes in one second do not meet. */
function makeFolder(folder: string, { name, started }: { readonly name: string; readonly started: Date }): { readonly id: string; readonly path: string } {
  const time = started.toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");
  const slug = name.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "").toLowerCase().slice(0, MAX_NAME_CHARACTERS);
  try {
    mkdirSync(folder, { recursive: true });
    for (let left = TRIES; ; left--) {
      const id = [time, ...(slug === "" ? [] : [slug]), randomBytes(2).toString("hex")].join("-");
      const path = resolve(folder, id);
      try {
        mkdirSync(path);
        return { id, path };
      } catch (error) {
        if (errorCode(error) !== "EEXIST" || left === 0) throw error;
      }
    }
  } catch (error) {
    throw writeError(error, folder);
  }
}
