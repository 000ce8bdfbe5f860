/** @file Orthogonalize: a matrix with its singular values moved to about 1, by matrix products only. */
import { composite } from "../graph/composite";
import { add, div, mul, sqrt, square } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { swapAxes } from "../graph/ops/movement";
import { sum } from "../graph/ops/reduction";
import type { Tensor } from "../graph/tensor";

/** The quintic x ↦ a x + b x³ + c x⁵ of Jordan et al. 2024 ("Muon"), chosen for its slope at 0: five steps bring singular values to 0.7…1.2. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const EPSILON = 1e-7;
export const NEWTON_SCHULZ_STEPS = 5;

const newtonSchulz = composite<{ readonly steps: number }>({
  name: "NewtonSchulz",
  decompose([g], { steps }) {
    const tall = g.shape[g.rank - 2] > g.shape[g.rank - 1];
    const wide = tall ? swapAxes(g) : g;
    let x = div(wide, add(sqrt(sum(square(wide), [-2, -1], { keep: true })), EPSILON));
    for (let step = 0; step < steps; step++) {
      const gram = matmul(x, x, { transB: true });
      x = add(mul(x, A), matmul(add(mul(gram, B), matmul(gram, gram, { alpha: C })), x));
    }
    return tall ? swapAxes(x) : x;
  },
});

/** U V ᵀ of g = U S Vᵀ, about: [..., M, N] → the same shape. */
export const orthogonalize = (g: Tensor, { steps = NEWTON_SCHULZ_STEPS }: { readonly steps?: number } = {}): Tensor => newtonSchulz([g], { steps });
