/**
 * @file The files of a run, as types. A run is the folder `<runs folder>/<id>/` with two files:
 * `run.json`, one RunRecord, always replaced as a whole; `metrics.jsonl`, one MetricRow a line, only ever appended to.
 * A last line without line feed is one that was being written when the process ended: readers leave it out.
 */

export const RUN_VERSION = 1;
export const RECORD_FILE = "run.json";
export const METRICS_FILE = "metrics.jsonl";
/** Under the notebook's folder, or the one a script runs in. */
export const DEFAULT_RUNS_FOLDER = ".isoflop/runs";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type RunConfig = { readonly [key: string]: Json };

/** As it stands in the file: "stopped" is a run whose process ended, or whose cell ran again, before it was finished. */
export type StoredStatus = "running" | "finished" | "failed" | "stopped";
/** As it is: "died" is one that says "running" and whose process is gone. */
export type RunStatus = StoredStatus | "died";

/** Predicted cost of one step. */
export interface StepCost {
  readonly flops: number;
  readonly bytesMoved: number;
  readonly peakBytes: number;
  readonly parameters: number;
  /** Tokens (or items) that a step sees; absent when not given. */
  readonly tokens?: number;
}

export interface RunEnvironment {
  /** Processor, cores, memory. */
  readonly machine: string;
  /** "linux-x64". */
  readonly platform: string;
  /** Of the executor: "native (onnxruntime 1.30.0, cpu, 2 threads)"; absent until it is loaded. */
  readonly executor?: string;
  readonly device?: string;
  /** By name: isoflop, node. */
  readonly versions: { readonly [name: string]: string };
  /** Of the notebook's folder; absent outside of a repository. Files that git does not follow are not counted as changes. */
  readonly git?: { readonly commit: string; readonly dirty: boolean };
}

export interface RunRecord {
  readonly version: typeof RUN_VERSION;
  /** Name of its folder. */
  readonly id: string;
  readonly name: string;
  /** "" when none. */
  readonly group: string;
  readonly tags: readonly string[];
  readonly config: RunConfig;
  readonly status: StoredStatus;
  /** What went wrong, of a failed run. */
  readonly error?: string;
  /** ISO 8601. */
  readonly started: string;
  /** ISO 8601; absent while it runs, and when the process was killed. */
  readonly ended?: string;
  readonly process: { readonly pid: number; readonly host: string };
  /** The latest that was given. */
  readonly cost?: StepCost;
  readonly environment: RunEnvironment;
}

/** One call of `log`. */
export interface MetricRow {
  /** Steps done. */
  readonly step: number;
  /** Since the run began. */
  readonly seconds: number;
  /** Spent so far; absent when neither a cost nor a number was given. */
  readonly flops?: number;
  readonly tokens?: number;
  /** By metric. In the file NaN and infinite ones are the texts "NaN", "Infinity" and "-Infinity". */
  readonly values: { readonly [metric: string]: number };
}

/** A run without its rows. */
export interface RunSummary extends Omit<RunRecord, "status"> {
  readonly status: RunStatus;
  /** Absolute path of its folder. */
  readonly folder: string;
  /** The last row; undefined when there is none. Its values are completed by those of the rows just before. */
  readonly last: MetricRow | undefined;
  /** How long it ran, or has run; of one that died until its last row. */
  readonly seconds: number;
}

/** A run with all of its rows. */
export interface RunData extends RunSummary {
  readonly rows: readonly MetricRow[];
}

/** What curves can be drawn against. */
export const AXES = ["step", "flops", "tokens", "seconds"] as const;
export type Axis = (typeof AXES)[number];
