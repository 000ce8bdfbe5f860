/** @file Limits on gradients. */
import { ArgumentError } from "../errors";
import { isFloat } from "../graph/dtype";
import { add, cast, clip, div, maximum, mul, scalar, sqrt, square } from "../graph/ops/elementwise";
import { sum } from "../graph/ops/reduction";
import type { Tensor } from "../graph/tensor";
import { leaves, type Tree } from "../graph/tree";
import { mapUpdates, transform, workDtype, type Transform } from "./transform";

/** Euclidean norm of all floating tensors of a tree together: a float32 scalar (float64 where all are). */
export function globalNorm(tree: Tree): Tensor {
  const floats = leaves(tree).flatMap(([, leaf]) => (isFloat(leaf.dtype) ? [leaf] : []));
  const work = floats.length > 0 && floats.every((leaf) => leaf.dtype === "float64") ? "float64" : "float32";
  const squares = floats.map((leaf) => cast(sum(square(cast(leaf, workDtype(leaf.dtype)))), work));
  return squares.length === 0 ? scalar(0) : sqrt(squares.reduce((total, part) => add(total, part)));
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
