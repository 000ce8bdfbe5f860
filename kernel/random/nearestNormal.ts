/** @file Normal noise chosen for a point: the nearest of several candidates (Li et al., "Immiscible Diffusion", 2024, and its KNN form of 2025). */
import { ArgumentError, ShapeError } from "../errors";
import { composite } from "../graph/composite";
import { add, cast, mul, requireFloat, scalar, square, sub } from "../graph/ops/elementwise";
import { gather } from "../graph/ops/indexing";
import { iota, reshape } from "../graph/ops/movement";
import { argMin, sum } from "../graph/ops/reduction";
import { matmul } from "../graph/ops/linalg";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { here } from "../graph/trace";
import { normal } from "./continuous";
import { requireKey, type Key } from "./key";

/** As many as the operator takes: more would keep a run busy for hours. */
const MAX_CANDIDATES = 2 ** 16;

type Candidates = { readonly candidates: number };

const nearestNormalOf = composite<Candidates>({
  name: "NearestNormal",
  decompose([x, key], { candidates }) {
    const [b, d] = x.shape;
    const noise = normal(key, [b, candidates, d]);
    // ‖x − n‖² without the part that all candidates share.
    const distance = sub(sum(square(noise), 2), mul(reshape(matmul(noise, reshape(x, [b, d, 1])), [b, candidates]), 2));
    const at = add(argMin(distance, 1), mul(iota(b, "int64"), scalar(candidates, "int64")));
    return gather(reshape(noise, [b * candidates, d]), at);
  },
  vjp: () => [null, null],
});

/**
 * For each point of x [B, ...] the nearest of `candidates` standard normal draws, in the shape of x. Candidate j of point b is
 * normal(key, [B, candidates, D])[b, j]. Memory is that of x where our operators are loaded. Has no gradient.
 * @throws {ArgumentError} when there is no candidate.
 */
export function nearestNormal(key: Key, x: Tensor, { candidates }: Candidates): Tensor {
  requireKey(key, "nearestNormal");
  requireFloat(x, "nearestNormal");
  if (!Number.isInteger(candidates) || candidates < 1 || candidates > MAX_CANDIDATES) throw new ArgumentError(`nearestNormal: ${candidates} candidates`, { where: here(), help: `draw 1 to ${MAX_CANDIDATES}; Immiscible Diffusion uses 2 to 64` });
  if (x.rank === 0) throw new ShapeError(`nearestNormal: points ${showShape(x.shape)}`, { where: here(), help: "give a batch of points [B, ...]" });
  if (x.size === 0) return x;
  const flat = reshape(cast(x, "float32"), [x.shape[0], x.size / x.shape[0]]);
  return cast(reshape(nearestNormalOf([flat, key], { candidates }), x.shape), x.dtype);
}
