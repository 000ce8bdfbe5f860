/** @file Scaled dot-product attention over heads already parted. */
import { ShapeError } from "../../errors";
import { composite, composites } from "../composite";
import { add, log, mul, scalar, sub, where } from "../ops/elementwise";
import { matmul } from "../ops/linalg";
import { lowerTriangle, repeat, reshape, transpose } from "../ops/movement";
import { max, sum } from "../ops/reduction";
import { showShape } from "../shape";
import type { Tensor } from "../tensor";
import { here } from "../trace";
import { softmax } from "./activations";

interface Settings extends Record<string, number | boolean> {
  readonly causal: boolean;
  readonly scale: number;
  /** Operands and result are [T, N, D] instead of [N, T, D]. */
  readonly timeFirst: boolean;
}

/** Large and finite: −∞ would make NaN of a row that is masked throughout. */
const MASKED = -1e9;

/** 0 where query i may see key j, else a large negative number: [T, S]. The last query sees every key. */
export function causalBias(queries: number, keys: number, dtype: Tensor["dtype"]): Tensor {
  return where(lowerTriangle(queries, keys, keys - queries), scalar(0, dtype), scalar(MASKED, dtype));
}

const swapped = (x: Tensor): Tensor => transpose(x, [1, 0, 2]);
const headsFirst = (x: Tensor, { timeFirst }: Settings): Tensor => (timeFirst ? swapped(x) : x);
/** Heads of keys repeated for the heads of queries that share them: [N, S, D]. */
const shared = (x: Tensor, heads: number): Tensor => (x.shape[0] === heads ? x : repeat(x, heads / x.shape[0], 0));

/** A bias is [B or 1, N / B or 1, T or 1, S or 1]: `x` [N, T, S] with heads parted as it parts them. */
function partedAs(bias: Tensor, x: Tensor): Tensor {
  const [batch, inner] = bias.shape;
  const heads = inner > 1 ? inner : x.shape[0] / batch;
  return reshape(x, [x.shape[0] / heads, heads, x.shape[1], x.shape[2]]);
}

interface Scored {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly bias: Tensor | undefined;
}

/** Scaled and masked scores [N, T, S] of heads that stand first. */
function scoresOf({ q, k, bias }: Scored, { causal, scale }: Settings): Tensor {
  const scores = matmul(q, k, { transB: true, alpha: scale });
  const masked = causal ? add(scores, causalBias(q.shape[1], k.shape[1], q.dtype)) : scores;
  return bias === undefined ? masked : reshape(add(partedAs(bias, masked), bias), masked.shape);
}

/** (q, k, v, bias?) → mixed values, and the logarithm of each query's sum of exponentials [N, T]: log Σ e^s = max s − log max p. */
const attentionOf = composites<Settings>({
  name: "Attention",
  decompose([q, k, v, bias], options) {
    const heads = q.shape[options.timeFirst ? 1 : 0];
    const [queries, keys, values] = [headsFirst(q, options), shared(headsFirst(k, options), heads), shared(headsFirst(v, options), heads)];
    const scores = scoresOf({ q: queries, k: keys, bias }, options);
    const weights = softmax(scores);
    return [headsFirst(matmul(weights, values), options), sub(max(scores, -1), log(max(weights, -1)))];
  },
  vjp({ inputs, output, g, options }) {
    const [q, k, v, bias] = inputs;
    const [, logSums] = attentionOf(inputs, options);
    const gradients = attentionGradient([q, k, v, output, logSums, g, ...(bias === undefined ? [] : [bias])], options);
    return bias === undefined ? gradients : [...gradients, biasGradient([q, k, v, output, g, bias], options)];
  },
});

interface Slopes {
  readonly weights: Tensor;
  /** Gradients of the scores, before the scale. */
  readonly scores: Tensor;
}

/** dS = P ⊙ (dP − rowsum(dO ⊙ O)): the row sums are over D instead of over S (Dao et al. 2022, eq. 4). Heads stand first. */
function slopesOf({ q, k, v, output, g, bias }: Scored & Readonly<Record<"v" | "output" | "g", Tensor>>, options: Settings): Slopes {
  const weights = softmax(scoresOf({ q, k, bias }, options));
  const dP = matmul(g, v, { transB: true });
  return { weights, scores: mul(weights, sub(dP, sum(mul(g, output), -1, { keep: true }))) };
}

/** (q, k, v, result, sums, g, bias?) → gradients of q, k and v. The sums of the forward pass spare kernels the search for the largest score. */
const attentionGradient = composites<Settings>({
  name: "AttentionGradient",
  decompose([q, k, v, output, , g, bias], options) {
    const heads = q.shape[options.timeFirst ? 1 : 0];
    const first = (x: Tensor): Tensor => shared(headsFirst(x, options), heads);
    const operands = { q: first(q), k: first(k), v: first(v), output: first(output), g: first(g) };
    const { weights, scores } = slopesOf({ ...operands, bias }, options);
    const back = (x: Tensor, like: Tensor): Tensor => {
      const count = like.shape[options.timeFirst ? 1 : 0];
      const joined = count === heads ? x : sum(reshape(x, [count, heads / count, x.shape[1], x.shape[2]]), 1);
      return headsFirst(joined, options);
    };
    const dQ = matmul(scores, operands.k, { alpha: options.scale });
    const dK = matmul(scores, operands.q, { transA: true, alpha: options.scale });
    return [back(dQ, q), back(dK, k), back(matmul(weights, operands.g, { transA: true }), v)];
  },
});

/** In primitives: a learned bias has a gradient as large as the scores. */
const biasGradient = composite<Settings>({
  name: "AttentionBiasGradient",
  decompose([q, k, v, output, g, bias], options) {
    const heads = q.shape[options.timeFirst ? 1 : 0];
    const first = (x: Tensor): Tensor => shared(headsFirst(x, options), heads);
    const { scores } = slopesOf({ q: first(q), k: first(k), v: first(v), output: first(output), g: first(g), bias }, options);
    const parted = partedAs(bias, scores);
    const repeated = bias.shape.flatMap((size, axis) => (size === 1 && parted.shape[axis] !== 1 ? [axis] : []));
    return repeated.length === 0 ? parted : sum(parted, repeated, { keep: true });
  },
});

export interface AttentionOptions {
  /** Query i sees keys up to i + S − T. Default false. */
  readonly causal?: boolean;
  /** Default 1 / √D. */
  readonly scale?: number;
  /** Added to the scores: [B or 1, N / B or 1, T or 1, S or 1], where N heads belong to B examples. A large negative number hides a key. */
  readonly bias?: Tensor;
  /** Operands and result are [T, N, D], [S, N, D] and [T, N, E]. Default false. */
  readonly timeFirst?: boolean;
}

/**
 * softmax(q kᵀ · scale + bias) v: q [..., T, D], k [..., S, D], v [..., S, E] give [..., T, E]. Leading axes are equal; of operands
 * with three axes, k and v may have N / g heads, each for g neighbouring heads of queries.
 * @throws {ShapeError} when the operands do not fit each other.
 */
export function scaledDotProductAttention(
  { q, k, v }: { readonly q: Tensor; readonly k: Tensor; readonly v: Tensor },
  { causal = false, scale = 1 / Math.sqrt(q.shape[q.rank - 1]), bias, timeFirst = false }: AttentionOptions = {},
): Tensor {
  const flat = (x: Tensor): Tensor => (x.rank === 3 ? x : reshape(x, [x.shape.slice(0, -2).reduce((a, b) => a * b, 1), ...x.shape.slice(-2)]));
  const [queries, keys, values] = [q, k, v].map(flat);
  const [n, t] = timeFirst ? [1, 0] : [0, 1];
  const shares = keys.shape[n] === values.shape[n] && queries.shape[n] % keys.shape[n] === 0;
  if (q.rank < 2 || !shares || keys.shape[t] !== values.shape[t] || queries.shape[2] !== keys.shape[2])
    throw new ShapeError(`attention: queries ${showShape(q.shape)}, keys ${showShape(k.shape)} and values ${showShape(v.shape)}`, { where: here(), help: "keys and values have equal heads and lengths, queries the width of the keys; heads of keys divide those of queries" });
  const mixed = attentionOf([queries, keys, values, ...(bias === undefined ? [] : [bias])], { causal, scale, timeFirst })[0];
  return q.rank === 3 ? mixed : reshape(mixed, [...q.shape.slice(0, -1), v.shape[v.rank - 1]]);
}
