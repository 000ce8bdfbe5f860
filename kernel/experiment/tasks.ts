/** @file Tasks that do not depend on each other: each is done once, in this process or in others, and its result is a file. */
import { IsoflopError, LifetimeError } from "../errors";
import { executor, onInterrupt } from "../runtime/session";
import { experimentHost, workerRole } from "./host";
import { physicalCores } from "../runtime/machine";
import type { Launcher } from "./launcher";
import { runLocally } from "./localProcesses";
import { hashOf, libraryIdentity, taskFolder, TaskStore } from "./taskStore";

export interface TaskSet {
  /** As in "primer/experiment". */
  readonly name: string;
  /** What the results depend on besides the code: goes into the key. JSON. */
  readonly settings: unknown;
  readonly ids: readonly string[];
  /** Does one task; the result is JSON (numbers need not be finite). `check` throws when it is to stop. */
  readonly execute: (id: string, check: () => void) => Promise<unknown>;
  /** Tasks at once. Default: as many as there are cores; on a cluster, as many as it gives. */
  readonly processes?: number;
  /** Hears of every result, those of an earlier run too. */
  readonly onResult?: (id: string, progress: TaskProgress) => void;
}

export interface TaskProgress {
  readonly done: number;
  readonly total: number;
  /** Of them, from an earlier run. */
  readonly found: number;
  readonly result: unknown;
}

/** An experiment or sweep that was stopped. What is done is kept. */
export class InterruptedError extends IsoflopError {}

/**
 * The results of all tasks by id. Those of an earlier, interrupted run of the same definition and library are taken as they are.
 * @param launch - what starts them elsewhere. Default: processes of this machine.
 * @throws {InterruptedError} when the running cell was interrupted.
 */
export async function runTasks(set: TaskSet, launch?: Launcher): Promise<ReadonlyMap<string, unknown>> {
  const { name, ids, execute, onResult } = set;
  const host = experimentHost();
  const replay = host?.replay();
  const key = hashOf([set.settings, ids, replay?.cells, libraryIdentity(), (await executor()).description.replace(/\d+ threads?/, "")]);
  const stop = new AbortController();
  const check = (): void => {
    if (stop.signal.aborted) throw new InterruptedError(`${name} was interrupted`, { help: "run it again: it goes on with what is left" });
  };
  const role = workerRole();
  // A worker may run on a machine that describes itself in another way: it writes where it was told to.
  const mine = role !== undefined && role.name === name;
  const store = new TaskStore(mine ? role.folder : taskFolder(name, key));
  if (mine) {
    await role.serve(async (id) => {
      const result = await execute(id, check);
      store.write(id, result);
    });
  }
  const results = new Map<string, unknown>();
  const found = ids.filter((id) => store.read(id) !== undefined);
  const take = (id: string): void => {
    const result = store.read(id);
    results.set(id, result);
    onResult?.(id, { done: results.size, total: ids.length, found: found.length, result });
  };
  found.forEach(take);
  const left = ids.filter((id) => !results.has(id));
  if (left.length === 0) return results;
  if (role !== undefined) throw new LifetimeError(`${name}: ${left.length} results are not there yet in a worker of ${role.name}`, { help: "await each experiment before the next begins" });
  const alone = launch === undefined && Math.min(left.length, set.processes ?? physicalCores()) === 1;
  const forget = onInterrupt(() => stop.abort());
  try {
    if (replay !== undefined && !alone) await (launch ?? runLocally)({ name, ids: left, folder: store.folder, processes: set.processes, isDone: (id) => store.read(id) !== undefined, onDone: take, signal: stop.signal });
    else
      for (const id of left) {
        check();
        store.write(id, await execute(id, check));
        take(id);
      }
    check();
  } finally {
    forget();
  }
  return results;
}
