/** @file Trees: plain objects, arrays and class instances that hold tensors at their leaves. */
import { ArgumentError } from "../errors";
import { isFloat } from "./dtype";
import { fromHost, Tensor } from "./tensor";

/** Anything that may hold tensors. Leaves that are not tensors (numbers, strings, functions) are kept as they are. */
export type Tree = unknown;

/** Objects and class instances by their fields; not maps, dates, promises and other things with an inside of their own. */
const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null && !(value instanceof Tensor) && (Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]");

/** What a branch holds, by name; undefined for leaves. */
export const childrenOf = (value: unknown): ReadonlyMap<string, unknown> | undefined => (isBranch(value) ? new Map(Object.entries(value)) : undefined);

const join = (path: string, key: string): string => (path === "" ? key : `${path}.${key}`);

/** Layer path of a class instance ("blocks.2.mlp"), set where trees are traced; its calls are labelled with it. */
const paths = new WeakMap<object, string>();
export const pathOf = (instance: object): string => paths.get(instance) ?? "";
export const setPath = (instance: object, path: string): void => void paths.set(instance, path);

/**
 * A tree of the same form with `fn` applied to every tensor. Classes are kept (prototype and own fields);
 * a branch in which nothing changed is returned as the same object.
 * @param fn - gets the tensor and its path ("blocks.2.mlp.up.weight").
 */
export function map<T extends Tree>(tree: T, fn: (leaf: Tensor, path: string) => unknown): T {
  const visit = (value: unknown, path: string): unknown => {
    if (value instanceof Tensor) return fn(value, path);
    if (!isBranch(value)) return value;
    const entries = Object.entries(value).map(([key, child]) => [key, child, visit(child, join(path, key))] as const);
    if (entries.every(([, before, after]) => before === after)) return value;
    return rebuild(value, entries.map(([key, , after]) => [key, after] as const));
  };
  // SAFETY: the form and the classes are those of `tree`.
  return visit(tree, "") as T;
}

/** Makes trees of the form of `tree` with other tensors, which `next` gives in the order of `leaves`. As `map`, prepared once for many. */
export function unflattener<T extends Tree>(tree: T): (next: () => Tensor) => T {
  const prepare = (value: unknown): ((next: () => Tensor) => unknown) => {
    if (value instanceof Tensor) return (next) => next();
    if (!isBranch(value) || tensorsOf(value).length === 0) return () => value;
    const children = Object.entries(value).map(([key, child]) => [key, prepare(child)] as const);
    if (Array.isArray(value)) return (next) => children.map(([, child]) => child(next));
    return (next) => rebuild(value, children.map(([key, child]) => [key, child(next)] as const));
  };
  // SAFETY: the form and the classes are those of `tree`.
  return prepare(tree) as (next: () => Tensor) => T;
}

/** A copy of `branch` with `entries` for its own properties; prototype and layer path are kept. */
function rebuild(branch: object, entries: readonly (readonly [string, unknown])[]): object {
  if (Array.isArray(branch)) return entries.map(([, value]) => value);
  const copy: object = Object.assign(Object.create(Object.getPrototypeOf(branch)), Object.fromEntries(entries));
  const path = paths.get(branch);
  if (path !== undefined) paths.set(copy, path);
  return copy;
}

/** Copies of all branches with layer paths set below `root`, so that what they compute is labelled. Tensors go through `fn`. */
export function mapLabelled<T extends Tree>(tree: T, fn: (leaf: Tensor, path: string) => Tensor, root = ""): T {
  const visit = (value: unknown, path: string): unknown => {
    if (value instanceof Tensor) return fn(value, path);
    if (!isBranch(value)) return value;
    const copy = rebuild(
      value,
      Object.entries(value).map(([key, child]) => [key, visit(child, join(path, key))] as const),
    );
    setPath(copy, path);
    return copy;
  };
  // SAFETY: as in `map`.
  return visit(tree, root) as T;
}

/** Every tensor with its path, in a fixed order (that of the properties). A tensor held twice appears twice. */
export function leaves(tree: Tree): (readonly [path: string, leaf: Tensor])[] {
  const out: (readonly [string, Tensor])[] = [];
  const visit = (value: unknown, path: string): void => {
    if (value instanceof Tensor) out.push([path, value]);
    else if (isBranch(value)) for (const [key, child] of Object.entries(value)) visit(child, join(path, key));
  };
  visit(tree, "");
  return out;
}

/** Every tensor, in the order of `leaves`. */
export function tensorsOf(tree: Tree): Tensor[] {
  const out: Tensor[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof Tensor) out.push(value);
    else if (isBranch(value)) Object.values(value).forEach(visit);
  };
  visit(tree);
  return out;
}

/** Paths of all tensors. */
export const pathsOf = (tree: Tree): string[] => leaves(tree).map(([path]) => path);

/** Number of elements of all floating tensors together: the parameter count of a model. */
export const countParameters = (tree: Tree): number => leaves(tree).reduce((sum, [, leaf]) => (isFloat(leaf.dtype) ? sum + leaf.size : sum), 0);

/**
 * `tree` with the tensors at the given paths replaced.
 * @throws {ArgumentError} when a path names no tensor.
 */
export function replace<T extends Tree>(tree: T, replacements: Readonly<Record<string, Tensor>>): T {
  const left = new Set(Object.keys(replacements));
  const out = map(tree, (leaf, path) => {
    if (!left.delete(path)) return leaf;
    return replacements[path];
  });
  if (left.size > 0) throw new ArgumentError(`tree.replace: no tensor at ${[...left].join(", ")}`, { help: `paths here are ${preview(pathsOf(tree))}` });
  return out;
}

/** A copy that shares no memory with `tree`, so that a training may take one over and leave the other as it is. */
export async function clone<T extends Tree>(tree: T): Promise<T> {
  const copies = await Promise.all(leaves(tree).map(async ([path, leaf]) => [path, fromHost(await leaf.host())] as const));
  return replace(tree, Object.fromEntries(copies));
}

/** Applies `fn` to the tensors of two trees at equal paths. The result has the form of the first.
 * @throws {ArgumentError} naming the paths that only one of them has. */
export function zip<T extends Tree>(a: T, b: Tree, fn: (a: Tensor, b: Tensor, path: string) => unknown): T {
  const others = new Map(leaves(b));
  const mine = new Set(pathsOf(a));
  const missing = [...mine].filter((path) => !others.has(path));
  const extra = [...others.keys()].filter((path) => !mine.has(path));
  if (missing.length + extra.length > 0)
    throw new ArgumentError(`tree.zip: the trees differ: ${[...missing.map((p) => `-${p}`), ...extra.map((p) => `+${p}`)].slice(0, 6).join(", ")}`, {
      help: "both trees need tensors at the same paths (was the optimizer's state made for another model?)",
    });
  return map(a, (leaf, path) => {
    const other = others.get(path);
    return other === undefined ? leaf : fn(leaf, other, path);
  });
}

const preview = (items: readonly string[]): string => (items.length <= 6 ? items.join(", ") : `${items.slice(0, 6).join(", ")}, … (${items.length})`);
