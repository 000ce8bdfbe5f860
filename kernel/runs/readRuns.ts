/** @file Reads runs from their folder: all in short, or one with its rows. No tensors and no executor: the editor reads with it too. */
import { type FileHandle, open, readdir, readFile, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ArgumentError, FormatError, type IsoflopError } from "../errors";
import { errorCode, readError, writeError } from "../io/fileErrors";
import { isRunId, parseRecord, parseRows } from "./parseRun";
import { presentStatus } from "./processAlive";
import { METRICS_FILE, RECORD_FILE, type MetricRow, type RunData, type RunRecord, type RunSummary } from "./schema";

/** A folder among the runs that cannot be read as one. */
export interface RunProblem {
  readonly id: string;
  readonly folder: string;
  /** Three lines. */
  readonly message: string;
}

export interface RunList {
  /** The newest first. */
  readonly runs: readonly RunSummary[];
  readonly problems: readonly RunProblem[];
}

/** Files open at once: far below any system's limit. */
const READ_AT_ONCE = 32;

/** The runs in a folder; none when it does not exist. Folders without a record are no runs and are left out.
 * @throws {IsoflopError} when the folder itself cannot be read. */
export async function listRuns(folder: string): Promise<RunList> {
  const ids = await runIds(folder);
  const runs: RunSummary[] = [];
  const problems: RunProblem[] = [];
  for (let at = 0; at < ids.length; at += READ_AT_ONCE)
    await Promise.all(
      ids.slice(at, at + READ_AT_ONCE).map(async (id) => {
        const path = resolve(folder, id);
        try {
          runs.push(await readSummary(path));
        } catch (error) {
          if (error instanceof ArgumentError) return; // no record (any more)
          problems.push({ id, folder: path, message: error instanceof Error ? error.message : String(error) });
        }
      }),
    );
  const order = (a: RunSummary, b: RunSummary): number => Date.parse(b.started) - Date.parse(a.started) || (a.id < b.id ? 1 : -1);
  return { runs: runs.sort(order), problems: problems.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

async function runIds(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() && isRunId(entry.name) ? [entry.name] : []));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw readError(error, folder);
  }
}

/** One run in short. @throws {ArgumentError} when there is none in this folder. @throws {FormatError} when its record is damaged. */
export async function readSummary(folder: string): Promise<RunSummary> {
  const record = await readRecord(folder);
  return summaryOf(record, { folder, last: lastOf(parseRows(await readTail(join(folder, METRICS_FILE)))) });
}

/** One run with its rows: `id` in `folder`. @throws {ArgumentError} when there is none of this id. @throws {FormatError} when its record is damaged. */
export async function readRun(folder: string, id: string): Promise<RunData> {
  if (!isRunId(id)) throw new ArgumentError(`${JSON.stringify(id)} is no id of a run`, { where: folder, help: "see `isoflop runs list` for the ids" });
  const path = resolve(folder, id);
  const record = await readRecord(path);
  const rows = parseRows(await readFile(join(path, METRICS_FILE), "utf8").catch((error: unknown) => missingIsEmpty(error, path)));
  return { ...summaryOf(record, { folder: path, last: lastOf(rows) }), rows };
}

/** Deletes a run's folder. Its process, where it still runs, goes on without. @throws {ArgumentError} when there is none of this id. @throws {DeviceError} when it cannot be deleted. */
export async function deleteRun(folder: string, id: string): Promise<void> {
  if (!isRunId(id)) throw new ArgumentError(`${JSON.stringify(id)} is no id of a run`, { where: folder, help: "see `isoflop runs list` for the ids" });
  const path = resolve(folder, id);
  // A folder that holds no run is not ours to delete; one whose record is damaged is.
  await readFile(join(path, RECORD_FILE)).catch((error: unknown) => Promise.reject(noRun(error, path)));
  await rm(path, { recursive: true }).catch((error: unknown) => Promise.reject(writeError(error, path)));
}

async function readRecord(folder: string): Promise<RunRecord> {
  const file = join(folder, RECORD_FILE);
  return parseRecord(await readFile(file, "utf8").catch((error: unknown) => Promise.reject(noRun(error, folder))), file);
}

function noRun(error: unknown, folder: string): IsoflopError {
  if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return new ArgumentError("there is no such run", { where: folder, help: "see `isoflop runs list` for the ids" });
  const { what, help } = readError(error, folder);
  return new FormatError(`the run's record cannot be read: ${what}`, { where: folder, help, cause: error });
}

function missingIsEmpty(error: unknown, folder: string): string {
  if (errorCode(error) === "ENOENT") return "";
  throw readError(error, join(folder, METRICS_FILE));
}

function summaryOf(record: RunRecord, { folder, last }: { readonly folder: string; readonly last: MetricRow | undefined }): RunSummary {
  const status = presentStatus(record);
  const begun = Date.parse(record.started);
  const now = status === "running" ? Date.now() : undefined;
  const until = record.ended === undefined ? now : Date.parse(record.ended);
  return { ...record, status, folder, last, seconds: until === undefined ? (last?.seconds ?? 0) : Math.max(0, (until - begun) / 1000) };
}

/** Rows of training and of validation take turns: the last value of each metric counts. */
function lastOf(rows: readonly MetricRow[]): MetricRow | undefined {
  const last = rows.at(-1);
  return last && { ...last, values: Object.assign({}, ...rows.slice(-64).map(({ values }) => values)) };
}

/** Enough for some rows of many metrics. */
const TAIL_BYTES = 16_384;

/** The end of a file, from the start of a line; "" when there is no file. */
async function readTail(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, TAIL_BYTES)), 0, Math.min(size, TAIL_BYTES), start);
    const text = buffer.toString("utf8", 0, bytesRead);
    return start === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw readError(error, path);
  } finally {
    await file?.close();
  }
}
