/** @file Transforms one after another, and different ones for different parameters. */
import { ArgumentError } from "../errors";
import { isFloat } from "../graph/dtype";
import { leaves, map, type Tree } from "../graph/tree";
import type { Tensor } from "../graph/tensor";
import { transform, type Transform } from "./transform";

/** States by the name of their transform. */
export type States = Readonly<Record<string, unknown>>;

/** The transforms applied in order: updates of one are the gradients of the next. The state of each is a field named after it (`scale`, `scale2`, …). */
export function chain(...transforms: readonly Transform[]): Transform<States> {
  const seen = new Map<string, number>();
  const named = transforms.map((part) => {
    const count = (seen.get(part.name) ?? 0) + 1;
    seen.set(part.name, count);
    return [count === 1 ? part.name : `${part.name}${count}`, part] as const;
  });
  return transform<States>({
    name: "chain",
    init: (params) => Object.fromEntries(named.map(([name, part]) => [name, part.init(params)])),
    update: (grads, state, params) => {
      let updates = grads;
      const next = named.map(([name, part]) => {
        const [after, own] = part.update(updates, state[name], params);
        updates = after;
        return [name, own] as const;
      });
      return [updates, Object.fromEntries(next)];
    },
  });
}

/**
 * A transform for each label: every floating parameter goes to the one that `labelOf` names.
 * The state of each is a field named by the label; inside, the other parameters are null.
 * @throws {ArgumentError} for a label without a transform.
 */
export function partition<Label extends string>(
  transforms: Readonly<Record<Label, Transform>>,
  labelOf: (path: string, leaf: Tensor) => Label,
): Transform<Readonly<Record<Label, unknown>>> {
  // SAFETY: the keys of `transforms` are all of Label.
  const labels = Object.keys(transforms) as Label[];
  const labelled = (params: Tree): Map<string, Label> =>
    new Map(
      leaves(params).flatMap(([path, leaf]) => {
        if (!isFloat(leaf.dtype)) return [];
        const label = labelOf(path, leaf);
        if (!labels.includes(label))
          throw new ArgumentError(`partition: no transform for the label "${label}"`, { where: path, help: `labels here are ${labels.join(", ")}` });
        return [[path, label] as const];
      }),
    );
  const only = (tree: Tree, label: Label, of: ReadonlyMap<string, Label>): Tree => map(tree, (leaf, path) => (of.get(path) === label ? leaf : null));
  // SAFETY: one entry for each label.
  const byLabel = (entries: readonly (readonly [Label, unknown])[]): Record<Label, unknown> => Object.fromEntries(entries) as Record<Label, unknown>;
  return transform({
    name: "partition",
    init: (params) => {
      const of = labelled(params);
      return byLabel(labels.map((label) => [label, transforms[label].init(only(params, label, of))] as const));
    },
    update: (grads, state, params) => {
      const of = labelled(params);
      const done = labels.map((label) => [label, transforms[label].update(only(grads, label, of), state[label], only(params, label, of))] as const);
      const updates = new Map(done.flatMap(([, [own]]) => leaves(own)));
      return [map(params, (_, path) => updates.get(path) ?? null), byLabel(done.map(([label, [, next]]) => [label, next] as const))];
    },
  });
}
