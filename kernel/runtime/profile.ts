/** @file Times of what runs, as a Chrome trace (chrome://tracing, Perfetto). */

export interface Span {
  readonly name: string;
  /** Milliseconds of `performance.now()`. */
  readonly start: number;
  readonly end: number;
  readonly args?: Readonly<Record<string, number | string>>;
  /** The row it stands in. Default "programs". */
  readonly track?: string;
}

/** A training run of hours must not fill the memory: the first ones are kept. */
const MAX_SPANS = 100_000;
const MICROSECONDS = 1000;

let spans: Span[] | undefined;

export const isProfiling = (): boolean => spans !== undefined;

/** Keeps spans from now on; those of before are gone. */
export function startProfile(): void {
  spans = [];
}

/** Takes a span, where a profile is made. */
export function profileSpan(span: Span): void {
  if (spans !== undefined && spans.length < MAX_SPANS) spans.push(span);
}

/** Ends the profile; undefined where none was made. */
export function stopProfile(): readonly Span[] | undefined {
  const made = spans;
  spans = undefined;
  return made;
}

/** Spans as a Chrome trace, JSON text: complete events in microseconds, one row for each track. */
export function chromeTrace(made: readonly Span[]): string {
  const tracks = [...new Set(made.map(({ track = "programs" }) => track))];
  const rows = tracks.map((name, i) => ({ name: "thread_name", ph: "M", pid: 1, tid: i + 1, args: { name } }));
  const events = made.map(({ name, start, end, args = {}, track = "programs" }) => ({ name, ph: "X", pid: 1, tid: tracks.indexOf(track) + 1, ts: start * MICROSECONDS, dur: (end - start) * MICROSECONDS, args }));
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: [...rows, ...events] });
}
