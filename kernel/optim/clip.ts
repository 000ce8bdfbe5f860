/** @file Limits on gradients. */
import { ArgumentError } from "../errors";
import { isFloat } from "../graph/dtype";
import { sumOfSquares } from "../graph/composites/sumOfSquares";
import { add, cast, clip, div, maximum, mul, scalar, sqrt } from "../graph/ops/elementwise";
import type { Tensor } from "../graph/tensor";
import { leaves, type Tree } from "../graph/tree";
import { mapUpdates, transform, workDtype, type Transform } from "./transform";

/** Euclidean norm of all floating tensors of a tree together: a float32 scalar (float64 where all are). */
export function globalNorm(tree: Tree): Tensor {
  const floats = leaves(tree).flatMap(([, leaf]) => (isFloat(leaf.dtype) ? [leaf] : []));
  const work = floats.length > 0 && floats.every((leaf) => leaf.dtype === "float64") ? "float64" : "float32";
  if (floats.length === 0) return scalar(0);
  const operands = floats.map((leaf) => cast(leaf, workDtype(leaf.dtype)));
  const sums = (["float32", "float64"] as const).map((dtype) => operands.filter((leaf) => leaf.dtype === dtype)).filter((group) => group.length > 0).map((group) => cast(sumOfSquares(group), work));
  return sqrt(sums.reduce((total, part) => add(total, part)));
}

const stateless = { init: () => ({}) };

/** Scales all gradients together so that their norm is at most `limit` (Pascanu et al. 2013); below it they stay exactly as they are. */
export function clipByGlobalNorm(limit: number): Transform<Record<never, never>> {
  requireLimit("clipByGlobalNorm", limit);
  return transform({
    ...stateless,
    name: "clipByGlobalNorm",
    update: (grads, state) => {
      const norm = globalNorm(grads);
      const scale = div(limit, maximum(norm, limit));
      return [mapUpdates(grads, (g) => cast(mul(cast(g, workDtype(g.dtype)), cast(scale, workDtype(g.dtype))), g.dtype)), state];
    },
  });
}

/** Limits every element to [−limit, limit]. */
export function clipByValue(limit: number): Transform<Record<never, never>> {
  requireLimit("clipByValue", limit);
  return transform({ ...stateless, name: "clipByValue", update: (grads, state) => [mapUpdates(grads, (g) => clip(g, -limit, limit)), state] });
}

function requireLimit(name: string, limit: number): void {
  if (!(limit > 0)) throw new ArgumentError(`${name}(${limit})`, { help: "the limit is a number above 0" });
}
