/** @file Signatures: what must be equal for a traced graph to be used again. */
import { ArgumentError } from "../errors";
import type { Dtype } from "../graph/dtype";
import { sameShape, type Shape } from "../graph/shape";
import { Tensor } from "../graph/tensor";
import type { Tree } from "../graph/tree";

/** Path → shape and dtype of each tensor, or the value of each other leaf. */
export type Signature = ReadonlyMap<string, string>;

/** The signature of call arguments, named as the function names them. */
export function signatureOf(args: readonly Tree[], names: readonly string[]): Signature {
  const out = new Map<string, string>();
  const visit = (value: unknown, path: string): void => {
    if (value instanceof Tensor) out.set(path, `${value.dtype}[${value.shape.join()}]`);
    else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
      out.set(`${path}:`, Object.getPrototypeOf(value)?.constructor?.name ?? "");
      for (const key of Object.keys(value)) visit(Reflect.get(value, key), `${path}.${key}`);
    } else out.set(path, settingOf(value));
  };
  args.forEach((arg, i) => visit(arg, names[i] ?? `argument ${i}`));
  return out;
}

/** A value that is not a tensor, as text that no value of another type has. */
function settingOf(value: unknown): string {
  if (typeof value === "function") return `function ${functionId(value)}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

const functionIds = new WeakMap<object, number>();
let nextFunction = 0;
function functionId(fn: object): number {
  const known = functionIds.get(fn) ?? nextFunction++;
  functionIds.set(fn, known);
  return known;
}

export const keyOf = (signature: Signature): string => [...signature].map(([path, value]) => `${path}=${value}`).join(";");

/** One visit of a walk over arguments: a tensor, a branch with its keys, or any other value. */
type Visit = { readonly dtype: Dtype; readonly shape: Shape } | { readonly prototype: object | null; readonly keys: readonly string[] } | { readonly setting: unknown };

/** What arguments are like, for `fits`. */
export type Layout = readonly Visit[];

export function layoutOf(args: readonly Tree[]): Layout {
  const visits: Visit[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof Tensor) visits.push({ dtype: value.dtype, shape: value.shape });
    else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
      const keys = Object.keys(value);
      visits.push({ prototype: Object.getPrototypeOf(value), keys });
      for (const key of keys) visit(Reflect.get(value, key));
    } else visits.push({ setting: value });
  };
  args.forEach(visit);
  return visits;
}

/** Whether arguments are like that: then their signatures are equal. Without building text, as it is asked at every call. */
export function fits(layout: Layout, args: readonly Tree[]): boolean {
  let next = 0;
  const same = (value: unknown): boolean => {
    const before = layout[next++];
    if (before === undefined) return false;
    if (value instanceof Tensor) return "dtype" in before && before.dtype === value.dtype && sameShape(before.shape, value.shape);
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return "setting" in before && Object.is(before.setting, value);
    if (!("keys" in before) || Object.getPrototypeOf(value) !== before.prototype) return false;
    const keys = Object.keys(value);
    return keys.length === before.keys.length && keys.every((key, i) => key === before.keys[i] && same(Reflect.get(value, key)));
  };
  return args.every(same) && next === layout.length;
}

/** What differs between two signatures, as text. */
export function differences(before: Signature, after: Signature): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].flatMap((path) => (before.get(path) === after.get(path) ? [] : [`${path}: ${before.get(path) ?? "absent"} → ${after.get(path) ?? "absent"}`]));
}

/**
 * Positions of the donated parameters. Bundlers append digits to a name that is shadowed ("model" → "model2"), so such a name is accepted.
 * @throws {ArgumentError} when `donate` names no parameter.
 */
export function donatedIndices(donate: readonly string[], names: readonly string[]): Set<number> {
  return new Set(
    donate.map((name) => {
      const exact = names.indexOf(name);
      const index = exact >= 0 ? exact : names.findIndex((candidate) => candidate.startsWith(name) && /^\d+$/.test(candidate.slice(name.length)));
      if (index < 0) throw new ArgumentError(`compile: donate names ${JSON.stringify(name)}, which is no parameter`, { help: `the parameters are ${names.join(", ")}` });
      return index;
    }),
  );
}
