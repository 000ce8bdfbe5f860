/** @file Changing a model's parts: one layer put in the place of another. */
import { NoEffectError } from "../errors";
import { mapLabelled, pathOf } from "../graph/tree";
import { Tensor } from "../graph/tensor";
import { Module } from "./module";

/** A layer of any kind. */
export type AnyModule = Module<never>;

/** Whether a layer of this path stands in the blocks of a transformer: it belongs neither to embeddings nor to heads. Where methods for linear layers act by default. */
export const inBlocks = (path: string): boolean => !/(^|\.)(\w*embed\w*|heads?)(\.|$)/.test(path);

/** Every layer with its path ("blocks.2.mlp"), outer ones first. For replacements that have to be computed before: weights are read asynchronously. */
export function modulesOf(model: object): (readonly [path: string, layer: AnyModule])[] {
  const found: (readonly [string, AnyModule])[] = [];
  visitModules(model, (layer, path) => {
    found.push([path, layer]);
    return layer;
  });
  return found;
}

/**
 * A copy of `model` in which `replacement` was asked about every layer, outer ones first: it returns the layer given for "no
 * change", or what stands there from now on, which is not asked about again and must be called in the same way. Tensors are
 * shared with `model`.
 * @param replacement - gets each layer with its path ("blocks.2.mlp").
 * @throws {NoEffectError} when nothing was replaced.
 */
export function replaceModules<M extends object>(model: M, replacement: (layer: AnyModule, path: string) => AnyModule): M {
  const seen: string[] = [];
  const changed = visitModules(model, (layer, path) => {
    seen.push(path);
    return replacement(layer, path);
  });
  if (changed === model) throw new NoEffectError(`replaceModules: none of the ${seen.length} layers was replaced`, { help: `match one of ${seen.slice(0, 8).join(", ")}` });
  // SAFETY: the form is that of `model`; what stands in a layer's place is called in the same way.
  return mapLabelled(changed, (leaf) => leaf, pathOf(model)) as M;
}

/** The tree with what `visit` returns for each module; below a module that it changed it does not go. */
function visitModules(model: object, visit: (layer: AnyModule, path: string) => AnyModule): unknown {
  const walk = (value: unknown, path: string): unknown => {
    if (value instanceof Tensor || typeof value !== "object" || value === null) return value;
    if (value instanceof Module) {
      const other = visit(value, path);
      if (other !== value) return other;
    } else if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value;
    const parts = Object.entries(value).map(([name, part]) => [name, part, walk(part, path === "" ? name : `${path}.${name}`)] as const);
    if (parts.every(([, before, after]) => before === after)) return value;
    if (Array.isArray(value)) return parts.map(([, , after]) => after);
    return Object.assign(Object.create(Object.getPrototypeOf(value)), Object.fromEntries(parts.map(([name, , after]) => [name, after])));
  };
  return walk(model, "");
}
