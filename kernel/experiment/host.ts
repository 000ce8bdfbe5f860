/**
 * @file How further processes come to the same call. Experiments are functions of a notebook, and functions do not travel between processes;
 * so a worker process runs the cells that the call depends on, arrives at the call itself, and there does the tasks it is given.
 */

/** Cells that lead to a call, the one that calls last, and where they run. */
export interface Replay {
  readonly cwd: string;
  /** The notebook's path. */
  readonly file?: string;
  readonly cells: readonly string[];
}

/** What runs cells: a kernel, or a command. */
export interface ExperimentHost {
  /** The cells that the running one depends on, itself last; undefined when no cell runs. */
  replay(): Replay | undefined;
  /** Hashes by name of what defines an experiment. */
  sources(slug: string): Readonly<Record<string, string>>;
}

/** What a worker process has been started for. */
export interface WorkerRole {
  /** Of the tasks, as in `TaskSet`. */
  readonly name: string;
  /** Where results go. */
  readonly folder: string;
  /** Does tasks until there are none, and ends the process. */
  serve(execute: (id: string) => Promise<unknown>): Promise<never>;
}

let host: ExperimentHost | undefined;
let role: WorkerRole | undefined;

/** Says who runs cells in this process. */
export function setExperimentHost(next: ExperimentHost | undefined): void {
  host = next;
}
export const experimentHost = (): ExperimentHost | undefined => host;

/** Makes this process a worker. */
export function setWorkerRole(next: WorkerRole | undefined): void {
  role = next;
}
export const workerRole = (): WorkerRole | undefined => role;
