/**
 * @file Mixtures of experts as index tables (Rajbhandari et al. 2022, DeepSpeed-MoE, section 5.4): places in the experts' buffers, moving tokens
 * there, and bringing results back. Three functions, each of which is the gradient of the others:
 *
 *   dispatch: to[e, c] = Σ w[n, k] x[n]          over the (n, k) with expert e and slot c: at most one
 *   combine:  out[n]   = Σ_k w[n, k] y[e, s]     with e = experts[n, k], s = slots[n, k]
 *   products: out[n, k] = ⟨x[n], y[e, s]⟩
 *
 * A choice whose slot is the capacity or more is dropped: its term is 0.
 */
import { composite } from "../composite";
import { add, and, div, less, lessEqual, maximum, minimum, mul, scalar, sub, where } from "../ops/elementwise";
import { gather, scatterAdd } from "../ops/indexing";
import { iota, reshape, slice, transpose, zeros } from "../ops/movement";
import { cumSum, sum } from "../ops/reduction";
import type { Tensor } from "../tensor";
import { oneHot } from "./oneHot";

/** How many experts there are, and how many tokens each takes. */
export type Buffers = { readonly experts: number; readonly capacity: number };

/**
 * The running number of each choice among those of the same expert: experts [N, K] int64 → [N, K] int64. All first choices count
 * before the second ones, and tokens in order.
 */
export const expertSlots: (inputs: readonly Tensor[], options: { readonly experts: number }) => Tensor = composite<{ readonly experts: number }>({
  name: "ExpertSlots",
  decompose([chosen], { experts }) {
    const [n, k] = chosen.shape;
    const order = reshape(transpose(chosen), [n * k]);
    const ones = oneHot([order], { depth: experts, dtype: "int64" });
    const places = sum(mul(cumSum(ones, 0, { exclusive: true }), ones), 1);
    return transpose(reshape(places, [k, n]));
  },
  vjp: () => [null],
});

const int = (value: number): Tensor => scalar(value, "int64");

/** Places in the flat buffer [E · C] of all choices [N · K], within it also where dropped; and whether they are kept. */
function places(experts: Tensor, slots: Tensor, { experts: count, capacity }: Buffers): { readonly at: Tensor; readonly kept: Tensor } {
  const [e, s] = [experts, slots].map((x) => reshape(x, [x.size]));
  const inside = and(and(lessEqual(int(0), e), less(e, int(count))), and(lessEqual(int(0), s), less(s, int(capacity))));
  const at = add(mul(minimum(maximum(e, int(0)), int(count - 1)), int(capacity)), minimum(maximum(s, int(0)), int(capacity - 1)));
  return { at, kept: inside };
}

/** Rows of y [E, C, D] for each choice: [N, K, D], zeros where dropped. */
function rowsOf(y: Tensor, { experts, slots }: { readonly experts: Tensor; readonly slots: Tensor }, buffers: Buffers): Tensor {
  const width = y.shape[2];
  const { at, kept } = places(experts, slots, buffers);
  const rows = gather(reshape(y, [buffers.experts * buffers.capacity, width]), at);
  return reshape(where(reshape(kept, [kept.size, 1]), rows, scalar(0, y.dtype)), [...experts.shape, width]);
}

/** (x [N, D], weights [N, K], experts [N, K], slots [N, K]) → [E, C, D]; empty places are 0. No two kept choices share a place. */
export const dispatchRows: (inputs: readonly Tensor[], options: Buffers) => Tensor = composite<Buffers>({
  name: "MoeDispatch",
  decompose([x, weights, experts, slots], buffers) {
    const total = buffers.experts * buffers.capacity;
    const { at, kept } = places(experts, slots, buffers);
    // Which choice stands at each place, from 1; dropped ones go to a place of their own behind the buffer.
    const target = where(kept, at, int(total));
    const numbered = scatterAdd(zeros([total + 1], "int64"), target, { updates: add(iota(at.size, "int64"), int(1)) });
    const choice = sub(slice(numbered, { axis: 0, end: total }), int(1));
    const found = lessEqual(int(0), choice);
    const from = maximum(choice, int(0));
    const rows = mul(gather(x, div(from, int(experts.shape[1]))), reshape(gather(reshape(weights, [weights.size]), from), [total, 1]));
    return reshape(where(reshape(found, [total, 1]), rows, scalar(0, x.dtype)), [buffers.experts, buffers.capacity, x.shape[1]]);
  },
  vjp: ({ inputs: [x, weights, experts, slots], g, options }) => [combineRows([g, weights, experts, slots], options), routedProducts([x, g, experts, slots], options), null, null],
});

/** (y [E, C, D], weights [N, K], experts [N, K], slots [N, K]) → [N, D]. */
export const combineRows: (inputs: readonly Tensor[], options: Buffers) => Tensor = composite<Buffers>({
  name: "MoeCombine",
  decompose: ([y, weights, experts, slots], buffers) => sum(mul(rowsOf(y, { experts, slots }, buffers), reshape(weights, [...weights.shape, 1])), 1),
  vjp: ({ inputs: [y, weights, experts, slots], g, options }) => [dispatchRows([g, weights, experts, slots], options), routedProducts([g, y, experts, slots], options), null, null],
});

/** (x [N, D], y [E, C, D], experts [N, K], slots [N, K]) → [N, K]. */
const routedProducts: (inputs: readonly Tensor[], options: Buffers) => Tensor = composite<Buffers>({
  name: "MoeProducts",
  decompose: ([x, y, experts, slots], buffers) => sum(mul(rowsOf(y, { experts, slots }, buffers), reshape(x, [x.shape[0], 1, x.shape[1]])), 2),
  vjp: ({ inputs: [x, y, experts, slots], g, options }) => [combineRows([y, g, experts, slots], options), dispatchRows([x, g, experts, slots], options), null, null],
});

/** How many choices of all fall on each expert: [E] of the dtype. */
export const expertCounts = (experts: Tensor, { count, dtype }: { readonly count: number; readonly dtype: Tensor["dtype"] }): Tensor => sum(oneHot([reshape(experts, [experts.size])], { depth: count, dtype }), 0);

