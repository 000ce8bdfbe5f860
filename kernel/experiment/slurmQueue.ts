/** @file The commands of Slurm that a sweep needs: submit an array, see what is left of it, cancel it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DeviceError } from "../errors";

const execute = promisify(execFile);
/** A controller that is busy answers late; one that is gone does not. */
const TIMEOUT_MS = 60_000;

/** What each task of an array asks for. Left out: the cluster's defaults. */
export interface SlurmResources {
  readonly partition?: string;
  readonly account?: string;
  /** Time limit of one task. */
  readonly minutes?: number;
  /** Cores of one task. Default 1. */
  readonly cpus?: number;
  readonly memoryGb?: number;
  readonly gpus?: number;
  /** Further options of sbatch: ["--qos=long"]. */
  readonly options?: readonly string[];
}

export interface ArrayJob {
  readonly name: string;
  /** Number of tasks; each finds its index in SLURM_ARRAY_TASK_ID. */
  readonly count: number;
  /** Tasks at once. Default: as many as the cluster gives. */
  readonly atOnce?: number;
  /** Where tasks write what they print; %a stands for the index. */
  readonly output: string;
  readonly cwd: string;
  /** A shell script. */
  readonly script: string;
}

/** Submits; returns the job's number. @throws {DeviceError} when Slurm is missing or refuses. */
export async function submit({ name, count, atOnce, output, cwd, script }: ArrayJob, { partition, account, minutes, cpus = 1, memoryGb, gpus, options = [] }: SlurmResources): Promise<string> {
  const flag = (option: string, value: string | number | undefined): string[] => (value === undefined ? [] : [`--${option}=${value}`]);
  const parts = [
    ...["--parsable", "--export=ALL", `--array=0-${count - 1}${atOnce === undefined ? "" : `%${atOnce}`}`, `--job-name=${name}`, `--output=${output}`, `--chdir=${cwd}`, `--cpus-per-task=${cpus}`],
    ...flag("partition", partition),
    ...flag("account", account),
    ...flag("time", minutes === undefined ? undefined : Math.ceil(minutes)),
    ...flag("mem", memoryGb === undefined ? undefined : `${Math.ceil(memoryGb * 1024)}M`),
    ...flag("gpus-per-task", gpus),
    ...(gpus === undefined ? [] : ["--ntasks=1"]),
    ...options,
  ];
  const printed = await run("sbatch", parts, script);
  const job = /^\d+/.exec(printed.trim())?.[0];
  if (job === undefined) throw new DeviceError(`sbatch printed ${JSON.stringify(printed.slice(0, 80))} instead of the number of a job`, { help: "try `sbatch --parsable` by hand" });
  return job;
}

/** Tasks of these jobs that wait or run, as "<job>_<index>"; undefined while the controller does not answer. */
export async function queued(jobs: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  if (jobs.length === 0) return new Set();
  try {
    const printed = await run("squeue", ["--noheader", "--array", `--jobs=${jobs.join(",")}`, "--format=%F_%K"]);
    return new Set(printed.split("\n").map((line) => line.trim()).filter((line) => line !== ""));
  } catch (error) {
    // A controller forgets jobs some minutes after their end.
    return /invalid job id/i.test(String(error)) ? new Set() : undefined;
  }
}

/** Ends what is left of these jobs. */
export async function cancel(jobs: readonly string[]): Promise<void> {
  if (jobs.length > 0) await run("scancel", jobs);
}

async function run(command: string, parts: readonly string[], input?: string): Promise<string> {
  const pending = execute(command, [...parts], { timeout: TIMEOUT_MS });
  if (input !== undefined) pending.child.stdin?.on("error", () => undefined).end(input);
  try {
    return (await pending).stdout;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") throw new DeviceError(`Slurm's ${command} is not on this machine`, { help: "run the notebook where jobs are submitted (a login node), or leave out `on`", cause: error });
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new DeviceError(`${command} failed: ${said || String(error)}`, { help: "look at `sinfo`, and at the options given to slurm()", cause: error });
  }
}
