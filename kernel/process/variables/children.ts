/** @file What is inside of a value: its children by name, without running any of its code. */
import { types } from "node:util";
import { asTensor } from "./asTensor";

/** A part of a value, by the last segment of its path. */
export interface Child {
  /** As shown. */
  readonly name: string;
  /** In a path: the property, or `#n` for the n-th entry of a map or set. */
  readonly key: string;
  /** A property with a getter has none: running it could do anything. */
  readonly value?: unknown;
  readonly getter: boolean;
}

/** Number of children. */
export function childCount(value: unknown): number {
  if (Array.isArray(value) && !types.isProxy(value)) return value.length;
  if (types.isMap(value) || types.isSet(value)) return sizeOf(value);
  return isBranch(value) ? Object.keys(value).length : 0;
}

/** Up to `limit` children, in order. */
export function childrenOf(value: unknown, limit: number): readonly Child[] {
  if (types.isMap(value)) return first(MAP_ENTRIES.call(value), limit).map((entry, i) => ({ name: keyName(pairOf(entry)[0], i), key: `#${i}`, value: pairOf(entry)[1], getter: false }));
  if (types.isSet(value)) return first(SET_VALUES.call(value), limit).map((member, i) => ({ name: `#${i}`, key: `#${i}`, value: member, getter: false }));
  if (!isBranch(value)) return [];
  const keys = Array.isArray(value) ? Array.from({ length: Math.min(limit, value.length) }, (_, i) => String(i)) : Object.keys(value).slice(0, limit);
  return keys.map((key) => childAt(value, key));
}

/** The child that the beginning of `path` names, and the rest of the path; undefined where there is none. Names may have dots in them. */
export function childFor(value: unknown, path: string): { readonly child: Child; readonly rest: string } | undefined {
  if (types.isMap(value) || types.isSet(value)) {
    const [, index, rest = ""] = /^#(\d+)(?:\.(.*))?$/s.exec(path) ?? [];
    const child = index === undefined ? undefined : childrenOf(value, Number(index) + 1)[Number(index)];
    return child === undefined ? undefined : { child, rest };
  }
  if (!isBranch(value)) return undefined;
  for (let end = path.indexOf("."); ; end = path.indexOf(".", end + 1)) {
    const key = end < 0 ? path : path.slice(0, end);
    if (Object.prototype.propertyIsEnumerable.call(value, key)) return { child: childAt(value, key), rest: end < 0 ? "" : path.slice(end + 1) };
    if (end < 0) return undefined;
  }
}

/** The methods of the language: a value may have its own of the same name. */
const MAP_ENTRIES: (this: ReadonlyMap<unknown, unknown>) => Iterator<unknown> = Map.prototype.entries;
const SET_VALUES: (this: ReadonlySet<unknown>) => Iterator<unknown> = Set.prototype.values;

const sizeOf = (value: object): number => Number(Reflect.get(types.isMap(value) ? Map.prototype : Set.prototype, "size", value));

/** Values with an inside that is their own, and proxies, whose inside is code. */
function isBranch(value: unknown): value is object {
  if (typeof value !== "object" || value === null || types.isProxy(value) || asTensor(value) !== undefined || ArrayBuffer.isView(value)) return false;
  return !(types.isPromise(value) || types.isDate(value) || types.isRegExp(value) || types.isAnyArrayBuffer(value) || types.isModuleNamespaceObject(value) || types.isWeakMap(value) || types.isWeakSet(value));
}

function childAt(value: object, key: string): Child {
  const property = Object.getOwnPropertyDescriptor(value, key);
  if (property === undefined) return { name: key, key, value: undefined, getter: false };
  return property.get === undefined && property.set === undefined ? { name: key, key, value: property.value, getter: false } : { name: key, key, getter: true };
}

function first(iterator: Iterator<unknown>, limit: number): unknown[] {
  const values: unknown[] = [];
  for (let next = iterator.next(); next.done !== true && values.length < limit; next = iterator.next()) values.push(next.value);
  return values;
}

const pairOf = (entry: unknown): readonly unknown[] => (Array.isArray(entry) ? entry : []);

const keyName = (key: unknown, index: number): string => (typeof key === "string" || typeof key === "number" || typeof key === "boolean" || typeof key === "bigint" ? String(key) : `#${index}`);
