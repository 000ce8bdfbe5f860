/** @file Waiting for what gives no event: asked again and again, until it is so or too much time has gone. */
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 100;

/** Resolves with the first answer of `ask` that is neither undefined nor false.
 * @throws {Error} with `otherwise` when there is none after `limitMs`. */
export async function polled<T>(ask: () => Promise<T | undefined | false>, limitMs: number, otherwise: (seconds: number) => string): Promise<T> {
  for (const limit = Date.now() + limitMs; ; await sleep(POLL_MS)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > limit) throw new Error(otherwise(limitMs / 1000));
  }
}
