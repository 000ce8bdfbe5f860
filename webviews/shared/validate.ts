/** @file Checks of payloads at the border: a value comes back with the promised type, or an error names the field that is wrong. */
import type { ByteGrid, MaybeNumber, PayloadBase } from "../../kernel/display/schema";

/** A payload that is not what its MIME type promises. */
export class PayloadError extends Error {
  override readonly name = "PayloadError";
}

/** Gives `value` back with its type. `path` names it in errors. @throws {PayloadError} */
export type Check<T> = (value: unknown, path: string) => T;

const shown = (value: unknown): string => {
  if (typeof value === "string") return `text “${value.slice(0, 40)}”`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null) return "null";
  return typeof value === "number" || typeof value === "boolean" ? String(value) : typeof value === "undefined" ? "missing" : `of type ${typeof value}`;
};

const refuse = (path: string, value: unknown, wanted: string): never => {
  throw new PayloadError(`${path === "" ? "the payload" : path} is ${shown(value)}; expected ${wanted}`);
};

/** Text of at most `limit` characters. */
export const text =
  (limit = 2000): Check<string> =>
  (value, path) =>
    typeof value !== "string" ? refuse(path, value, "text") : value.length > limit ? refuse(path, `${value.slice(0, 20)}…`, `at most ${limit} characters`) : value;

export const finite: Check<number> = (value, path) => (typeof value === "number" && Number.isFinite(value) ? value : refuse(path, value, "a finite number"));

/** null stands for NaN and infinite values. */
export const maybe: Check<MaybeNumber> = (value, path) => (value === null ? null : finite(value, path));

/** A whole number from `low` to `high`, both included. */
export const whole =
  (low: number, high: number): Check<number> =>
  (value, path) =>
    typeof value === "number" && Number.isInteger(value) && value >= low && value <= high ? value : refuse(path, value, `a whole number from ${low} to ${high}`);

export const flag: Check<boolean> = (value, path) => (typeof value === "boolean" ? value : refuse(path, value, "true or false"));

/** One of the given values. */
export const oneOf =
  <const T extends string | number>(...values: readonly T[]): Check<T> =>
  (value, path) =>
    values.find((one) => one === value) ?? refuse(path, value, values.join(" or "));

/** Entries of the longest list that a view takes: a payload within the budget of an output has fewer. */
const MAX_ENTRIES = 100_000;

/** A list of at most `limit` entries, each checked. */
export const list =
  <T>(check: Check<T>, limit = MAX_ENTRIES): Check<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) return refuse(path, value, "a list");
    if (value.length > limit) return refuse(path, value, `at most ${limit} entries`);
    return value.map((entry: unknown, index) => check(entry, `${path}[${index}]`));
  };

/** Exactly two numbers. */
export const pair: Check<readonly [number, number]> = (value, path) => {
  const [low, high, ...more] = list(finite)(value, path);
  return high === undefined || more.length > 0 ? refuse(path, value, "two numbers") : [low, high];
};

/** Missing, or as `check` says. */
export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

/** null, or as `check` says. */
export const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, path) =>
    value === null ? null : check(value, path);

export type Fields<T> = { readonly [K in keyof T]-?: Check<T[K]> };

/** A record with these fields; others are dropped. */
export const record =
  <T extends object>(fields: Fields<T>): Check<T> =>
  (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(path, value, "a record");
    const source = new Map<string, unknown>(Object.entries(value));
    const names = Object.keys(fields) as (keyof T & string)[]; // SAFETY: `fields` has the keys of T and no others, by its type.
    const out = Object.fromEntries(names.map((name) => [name, fields[name](source.get(name), path === "" ? name : `${path}.${name}`)]));
    return out as T; // SAFETY: every field of T stands in `fields` and was checked.
  };

/** A record whose field `key` says which of the given checks holds. */
export const tagged =
  <T>(key: string, checks: Readonly<Record<string, Check<T>>>): Check<T> =>
  (value, path) => {
    const tag: unknown = typeof value === "object" && value !== null ? new Map<string, unknown>(Object.entries(value)).get(key) : undefined;
    const check = typeof tag === "string" && Object.hasOwn(checks, tag) ? checks[tag] : undefined;
    return check === undefined ? refuse(`${path === "" ? "" : `${path}.`}${key}`, tag, Object.keys(checks).join(" or ")) : check(value, path);
  };

const version: Check<1> = (value, path) => {
  if (typeof value === "number" && value > 1)
    throw new PayloadError(`${path} is ${value}, made by a newer IsoFLOP; this view reads version 1: update the extension`);
  return value === 1 ? 1 : refuse(path, value, "1");
};

/** The fields of every payload. */
export const BASE: Fields<PayloadBase> = { version, title: text(), finding: text(20_000), cuts: list(text(), 2000) };

/** Bytes of the largest grid that a view takes. */
const MAX_GRID_BYTES = 4_000_000;

/** Bytes by row-major order, as many as the shape says. */
export const byteGrid: Check<ByteGrid> = (value, path) => {
  const grid = record<ByteGrid>({ shape: list(whole(0, MAX_GRID_BYTES), 16), low: finite, high: finite, data: base64(MAX_GRID_BYTES) })(value, path);
  const size = grid.shape.reduce((product, axis) => product * axis, 1);
  const bytes = base64Bytes(grid.data);
  return size === bytes ? grid : refuse(`${path}.data`, `${bytes} bytes`, `${size} bytes, as shape [${grid.shape.join(", ")}] needs`);
};

/** Bytes that base64 text of this length and padding holds. */
export const base64Bytes = (data: string): number => (data.length / 4) * 3 - (data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0);

/** Base64 text of at most `limit` bytes; "" is allowed. */
export function base64(limit: number): Check<string> {
  const inner = text(Math.ceil(limit / 3) * 4);
  return (value, path) => {
    const data = inner(value, path);
    return data.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(data) ? data : refuse(path, value, "base64");
  };
}

/** @throws {PayloadError} when lists that belong together differ in length. */
export function sameLength(lists: Readonly<Record<string, readonly unknown[]>>, path: string): void {
  const lengths = Object.entries(lists).map(([name, entries]) => `${entries.length} ${name}`);
  if (new Set(Object.values(lists).map((entries) => entries.length)).size > 1)
    throw new PayloadError(`${path} holds ${lengths.join(" and ")}; expected lists of one length`);
}
