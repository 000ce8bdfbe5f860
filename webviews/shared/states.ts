/** @file Saved states of views, read with care: they may come from another version. */

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

/** A field of a saved state, whatever it is. */
export const savedField = (state: unknown, name: string): unknown => (isRecord(state) ? state[name] : undefined);

/** A saved number between `low` and `high`; `fallback` for anything else. */
export function savedNumber(state: unknown, name: string, { low, high, fallback }: { readonly low: number; readonly high: number; readonly fallback: number }): number {
  const value = savedField(state, name);
  return typeof value === "number" && value >= low && value <= high ? value : fallback;
}

/** Names in the saved list `hidden`. */
export function hiddenNames(state: unknown): ReadonlySet<string> {
  const names = savedField(state, "hidden");
  return new Set(Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : []);
}
