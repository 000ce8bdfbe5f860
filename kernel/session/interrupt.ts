/** @file Interrupts of the running cell: the flag that loop guards read, and the signal that waiting code listens to. */
import { IsoflopError } from "../errors";

/** Raised in a cell that was interrupted; names assigned until then keep their values. */
export class InterruptError extends IsoflopError {
  constructor(reason = "the cell was interrupted") {
    super(reason, { help: "what the cell assigned until then is kept; run it again, or go on with the next one" });
  }
}

/** Values of the flag. A number instead of a boolean, so that the thread which raises it can say why. */
export const RUNNING = 0;
export const INTERRUPTED = 1;
export const TIMED_OUT = 2;
/** A question waits for this thread: it is answered at the next loop, and the cell goes on. */
export const SERVICE = 3;

/** One 32-bit flag in shared memory. Any thread may store INTERRUPTED or TIMED_OUT in it, or put SERVICE in the place of RUNNING; every loop of a cell reads it. */
export const createFlag = (): Int32Array => new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

interface Current {
  readonly flag: Int32Array;
  readonly signal: AbortSignal;
  /** Answers what waits, and returns. */
  readonly service?: () => void;
}

let current: Current | undefined;

/** Makes `next` what `currentSignal` and `checkInterrupt` look at; undefined when no cell runs. */
export function setCurrent(next: Current | undefined): void {
  current = next;
}

/** The signal that is aborted when the running cell is interrupted; undefined when no cell runs. For long waits and training loops. */
export const currentSignal = (): AbortSignal | undefined => current?.signal;

/** Returns at once while the running cell may go on. For long loops in library code, once per step.
 * @throws {InterruptError} when the running cell was interrupted or is over its time. */
export function checkInterrupt(): void {
  if (current === undefined) return;
  if (current.flag[0] !== RUNNING) obeyFlag(current.flag, current.service);
  if (current.signal.aborted) throw interruptError(INTERRUPTED);
}

/** What a loop does where the flag is raised: answers what waits and returns, or ends the cell.
 * @throws {InterruptError} unless a question was all. */
export function obeyFlag(flag: Int32Array, service: (() => void) | undefined): void {
  // Down before the answer: a question that comes meanwhile raises it again.
  if (Atomics.compareExchange(flag, 0, SERVICE, RUNNING) === SERVICE) service?.();
  if (isStopped(flag)) throw interruptError(flag[0]);
}

/** Whether the flag ends the cell. */
export const isStopped = (flag: Int32Array): boolean => flag[0] === INTERRUPTED || flag[0] === TIMED_OUT;

/** The error for a raised flag. */
export const interruptError = (flag: number): InterruptError => new InterruptError(flag === TIMED_OUT ? "the cell ran longer than its time limit" : undefined);
