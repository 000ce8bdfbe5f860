/** @file Text of a run's files to records: what is not as it should be is an error that says so, never a half-filled record. */
import { FormatError } from "../errors";
import { RUN_VERSION, type MetricRow, type RunConfig, type RunRecord, type StepCost, type StoredStatus } from "./schema";

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const STATUSES: readonly StoredStatus[] = ["running", "finished", "failed", "stopped"];
/** A folder name that stays in its folder. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/;

export const isRunId = (text: string): boolean => ID.test(text);

/** The record in the text of `run.json`. Unknown fields are left out. @throws {FormatError} when it is no record. */
export function parseRecord(text: string, where: string): RunRecord {
  const broken = (what: string): FormatError => new FormatError(what, { where, help: "delete the run's folder, or restore the file" });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(`the run's record is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isFields(value)) throw broken("the run's record is no object");
  if (value.version !== RUN_VERSION) throw new FormatError(`the run's record has version ${JSON.stringify(value.version)?.slice(0, 40)}, and this IsoFLOP reads ${RUN_VERSION}`, { where, help: "update IsoFLOP" });
  const { id, name, group, tags, config, status, error, started, ended, process, cost, environment } = value;
  const known = STATUSES.find((one) => one === status);
  if (typeof id !== "string" || !isRunId(id)) throw broken("the run's record has no id");
  if (known === undefined) throw broken(`the run's record has the status ${JSON.stringify(status)?.slice(0, 40)}`);
  if (typeof started !== "string" || !Number.isFinite(Date.parse(started))) throw broken("the run's record does not say when it began");
  return {
    version: RUN_VERSION,
    id,
    name: textOf(name, id),
    group: textOf(group, ""),
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [],
    config: isConfig(config) ? config : {},
    status: known,
    ...(typeof error === "string" ? { error } : {}),
    started,
    ...(typeof ended === "string" && Number.isFinite(Date.parse(ended)) ? { ended } : {}),
    process: isFields(process) ? { pid: numberOf(process.pid, 0), host: textOf(process.host, "") } : { pid: 0, host: "" },
    ...(isFields(cost) ? { cost: parseCost(cost) } : {}),
    environment: parseEnvironment(isFields(environment) ? environment : {}),
  };
}

const textOf = (value: unknown, fallback: string): string => (typeof value === "string" ? value : fallback);
const numberOf = (value: unknown, fallback: number): number => (typeof value === "number" ? value : fallback);

// What JSON.parse gives is JSON.
const isConfig = (value: unknown): value is RunConfig => isFields(value);

function parseCost(cost: Fields): StepCost {
  const { flops, bytesMoved, peakBytes, parameters, tokens } = cost;
  return { flops: numberOf(flops, 0), bytesMoved: numberOf(bytesMoved, 0), peakBytes: numberOf(peakBytes, 0), parameters: numberOf(parameters, 0), ...(typeof tokens === "number" ? { tokens } : {}) };
}

function parseEnvironment({ machine, platform, executor, device, versions, git }: Fields): RunRecord["environment"] {
  return {
    machine: textOf(machine, ""),
    platform: textOf(platform, ""),
    ...(typeof executor === "string" ? { executor } : {}),
    ...(typeof device === "string" ? { device } : {}),
    versions: isFields(versions) ? Object.fromEntries(Object.entries(versions).map(([name, version]) => [name, String(version)])) : {},
    ...(isFields(git) && typeof git.commit === "string" ? { git: { commit: git.commit, dirty: git.dirty === true } } : {}),
  };
}

/** A number that JSON has no word for. */
const SPECIAL: Readonly<Record<string, number>> = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

export const formatNumber = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

const parseNumber = (value: unknown): number | undefined => (typeof value === "number" ? value : typeof value === "string" ? SPECIAL[value] : undefined);

/** Rows of the text of `metrics.jsonl`. A last line without line feed is left out, and so is a line that is no row: one damaged place does not take the rest. */
export function parseRows(text: string): MetricRow[] {
  const lines = text.split("\n");
  lines.pop(); // "" after a line feed, or an unfinished line
  return lines.flatMap((line) => parseRow(line) ?? []);
}

function parseRow(line: string): MetricRow | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isFields(value) || typeof value.step !== "number" || !isFields(value.values)) return undefined;
  const values: Record<string, number> = Object.create(null);
  for (const [metric, one] of Object.entries(value.values)) {
    const number = parseNumber(one);
    if (number !== undefined) values[metric] = number;
  }
  const { step, seconds, flops, tokens } = value;
  return { step, seconds: numberOf(seconds, 0), ...(typeof flops === "number" ? { flops } : {}), ...(typeof tokens === "number" ? { tokens } : {}), values };
}
