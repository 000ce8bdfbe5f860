/** @file What starts tasks elsewhere: processes of this machine, or jobs of a cluster. */
import { IsoflopError } from "../errors";

/** Runs what starts and watches the work on `ids` elsewhere. Rejects when a task fails for good, after all others have ended. */
export type Launcher = (work: RemoteWork) => Promise<void>;

export interface RemoteWork {
  /** As in "primer/experiment". */
  readonly name: string;
  readonly ids: readonly string[];
  /** Where results, and what workers need, are kept. */
  readonly folder: string;
  /** Tasks at once. Default: the launcher's. */
  readonly processes: number | undefined;
  /** Whether the result of a task is there. */
  readonly isDone: (id: string) => boolean;
  /** Called when the result of a task is there. */
  readonly onDone: (id: string) => void;
  /** Aborted on an interrupt. */
  readonly signal: AbortSignal;
}

/** How often a task is tried whose process dies under it. */
export const TRIES = 2;

/** What a launcher rejects with. @param failures - "id: why", at least one. */
export const failureOf = (name: string, failures: readonly string[]): IsoflopError =>
  new IsoflopError(`${name}: ${failures.length === 1 ? "a task" : `${failures.length} tasks`} failed: ${failures[0]}`, { help: "what was finished is kept: correct the cause and run it again" });
