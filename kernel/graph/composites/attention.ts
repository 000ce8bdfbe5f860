/** @file Scaled dot-product attention over heads already parted. */
import { composite } from "../composite";
import { add, mul, scalar, sub, where } from "../ops/elementwise";
import { matmul } from "../ops/linalg";
import { lowerTriangle } from "../ops/movement";
import { sum } from "../ops/reduction";
import type { Tensor } from "../tensor";
import { softmax } from "./activations";

interface AttentionOptions extends Record<string, number | boolean> {
  readonly causal: boolean;
  readonly scale: number;
}

/** Large and finite: −∞ would make NaN of a row that is masked throughout. */
const MASKED = -1e9;

/** 0 where query i may see key j, else a large negative number: [T, S]. The last query sees every key. */
export function causalBias(queries: number, keys: number, dtype: Tensor["dtype"]): Tensor {
  return where(lowerTriangle(queries, keys, keys - queries), scalar(0, dtype), scalar(MASKED, dtype));
}

/** Softmax of the scaled scores: q [..., T, D] and k [..., S, D] give [..., T, S]. */
export function attentionWeights(q: Tensor, k: Tensor, { causal, scale }: AttentionOptions): Tensor {
  const scores = matmul(q, k, { transB: true, alpha: scale });
  const [queries, keys] = scores.shape.slice(-2);
  return softmax(causal ? add(scores, causalBias(queries, keys, q.dtype)) : scores);
}

const attentionOf = composite<AttentionOptions>({
  name: "Attention",
  decompose: ([q, k, v], options) => matmul(attentionWeights(q, k, options), v),
  // dS = P ⊙ (dP − rowsum(dO ⊙ O)): the row sums are over D instead of over S (Dao et al. 2022, eq. 4).
  vjp({ inputs: [q, k, v], output, g, options }) {
    const p = attentionWeights(q, k, options);
    const dP = matmul(g, v, { transB: true });
    const dS = mul(p, sub(dP, sum(mul(g, output), -1, { keep: true })));
    return [matmul(dS, k, { alpha: options.scale }), matmul(dS, q, { transA: true, alpha: options.scale }), matmul(p, g, { transA: true })];
  },
});

/**
 * softmax(q kᵀ · scale) v: q [..., T, D], k [..., S, D], v [..., S, E] give [..., T, E]; leading axes equal.
 * @param options.causal - query i sees keys up to i + S − T. Default false.
 * @param options.scale - default 1 / √D.
 */
export function scaledDotProductAttention({ q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor }, { causal = false, scale = 1 / Math.sqrt(q.shape[q.rank - 1]) }: { readonly causal?: boolean; readonly scale?: number } = {}): Tensor {
  return attentionOf([q, k, v], { causal, scale });
}
