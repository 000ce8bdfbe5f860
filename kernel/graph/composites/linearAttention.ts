/**
 * @file Causal linear attention: out_i = Σ_{j ≤ i} ⟨q_i, k_j⟩ v_j, in time and memory linear in the length (Katharopoulos et al. 2020,
 * "Transformers are RNNs", eq. 9 to 12, without the normalizer: give v a column of ones for it). In chunks, as in Hua et al. 2022 (FLASH, section 3.2):
 * products within a chunk, and a running sum of kᵀv between chunks.
 */
import { ShapeError } from "../../errors";
import { composite } from "../composite";
import { add, div, mul, scalar, where } from "../ops/elementwise";
import { matmul } from "../ops/linalg";
import { lowerTriangle, pad, reshape, slice, transpose } from "../ops/movement";
import { cumSum, sum } from "../ops/reduction";
import { sameShape, showShape } from "../shape";
import type { Tensor } from "../tensor";
import { here } from "../trace";

type Direction = {
  /** Sum over j ≥ i instead. */
  readonly reverse: boolean;
};

const CHUNK = 64;

const linearAttentionOf: (inputs: readonly Tensor[], options: Direction) => Tensor = composite<Direction>({
  name: "LinearAttention",
  decompose([q, k, v], { reverse }) {
    const length = q.shape[q.rank - 2];
    const chunk = Math.min(CHUNK, length);
    const chunks = Math.ceil(length / chunk);
    const [qs, ks, vs] = [q, k, v].map((x) => {
      const widths = x.shape.map((_, axis): readonly [number, number] => (axis === x.rank - 2 ? [0, chunks * chunk - length] : [0, 0]));
      return reshape(pad(x, widths), [...x.shape.slice(0, -2), chunks, chunk, x.shape[x.rank - 1]]);
    });
    const scores = matmul(qs, ks, { transB: true });
    const mask = reverse ? transpose(lowerTriangle(chunk, chunk)) : lowerTriangle(chunk, chunk);
    const within = matmul(where(mask, scores, scalar(0, q.dtype)), vs);
    const states = cumSum(matmul(ks, vs, { transA: true }), q.rank - 2, { exclusive: true, reverse });
    const whole = add(within, matmul(qs, states));
    return slice(reshape(whole, [...v.shape.slice(0, -2), chunks * chunk, v.shape[v.rank - 1]]), { axis: -2, end: length });
  },
  // Each gradient is the same function of other operands: dq_i = Σ_{j≤i} ⟨g_i, v_j⟩ k_j, dk_j = Σ_{i≥j} ⟨v_j, g_i⟩ q_i, dv_j = Σ_{i≥j} ⟨k_j, q_i⟩ g_i.
  vjp({ inputs: [q, k, v], g, options: { reverse } }) {
    return [linearAttentionOf([g, v, k], { reverse }), linearAttentionOf([v, g, q], { reverse: !reverse }), linearAttentionOf([k, q, g], { reverse: !reverse })];
  },
});

export interface LinearAttentionOptions {
  /** Position i sees those up to i (default), or all positions. */
  readonly causal?: boolean;
}

/**
 * Σ_j ⟨q_i, k_j⟩ v_j over j ≤ i, or over all j: q [..., T, D], k [..., S, D], v [..., S, E] give [..., T, E]; leading axes equal, and T = S when causal.
 * Feature maps (positive functions of queries and keys) and normalization are the caller's: `normalizedLinearAttention` has the usual one.
 * @throws {ShapeError} when the operands do not fit.
 */
export function linearAttention({ q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor }, { causal = true }: LinearAttentionOptions = {}): Tensor {
  const lead = (x: Tensor, drop: number): readonly number[] => x.shape.slice(0, x.rank - drop);
  const fits = q.rank >= 2 && k.rank === q.rank && v.rank === q.rank && sameShape(lead(q, 2), lead(k, 2)) && sameShape(lead(k, 1), lead(v, 1)) && q.shape[q.rank - 1] === k.shape[k.rank - 1];
  if (!fits || (causal && q.shape[q.rank - 2] !== k.shape[k.rank - 2]))
    throw new ShapeError(`linearAttention: q ${showShape(q.shape)}, k ${showShape(k.shape)}, v ${showShape(v.shape)}`, { where: here(), help: "use q [..., T, D], k [..., S, D], v [..., S, E] with equal leading axes, and T = S when causal" });
  if (!causal || v.size === 0 || q.size === 0) return matmul(q, matmul(k, v, { transA: true }));
  return linearAttentionOf([q, k, v], { reverse: false });
}

/** Keeps the divisor away from 0. */
const DENOMINATOR = 1e-6;

/** Σ_j ⟨q_i, k_j⟩ v_j / Σ_j ⟨q_i, k_j⟩ for non-negative features q and k (Katharopoulos et al. 2020, eq. 9). Shapes as in `linearAttention`. */
export function normalizedLinearAttention({ q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor }, { causal = true }: LinearAttentionOptions = {}): Tensor {
  const values = linearAttention({ q, k, v }, { causal });
  const mass = causal ? sum(mul(q, cumSum(k, k.rank - 2)), -1, { keep: true }) : matmul(q, sum(k, -2, { keep: true }), { transB: true });
  return div(values, add(mass, DENOMINATOR));
}
