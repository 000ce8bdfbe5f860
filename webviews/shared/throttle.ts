/** @file The newest of many values, at most so often. */

/** Live views change at most ten times a second: more only makes them flicker. */
export const UPDATE_INTERVAL_MS = 100;

/**
 * Takes values as fast as they come and hands on the newest, at most one in `intervalMs`, the last one always, until aborted.
 * The first comes through at once.
 */
export function throttled<T>(act: (value: T) => void, { intervalMs = UPDATE_INTERVAL_MS, signal }: { readonly intervalMs?: number; readonly signal: AbortSignal }): (value: T) => void {
  let last = -Infinity;
  let waiting: { readonly value: T } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    if (waiting === undefined || signal.aborted) return;
    const { value } = waiting;
    waiting = undefined;
    last = performance.now();
    act(value);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return (value) => {
    if (signal.aborted) return;
    waiting = { value };
    const wait = last + intervalMs - performance.now();
    if (timer !== undefined) return;
    if (wait <= 0) flush();
    else timer = setTimeout(flush, wait);
  };
}
