/**
 * @file Top-k routing of tokens to experts with a capacity: who goes where, there and back. Fedus et al. 2022 (Switch Transformer) and
 * Rajbhandari et al. 2022 (DeepSpeed-MoE) for capacity and the balancing loss; gates are those of Shazeer et al. 2017.
 */
import { ArgumentError, ShapeError } from "../errors";
import { softmax } from "../graph/composites/activations";
import { combineRows, dispatchRows, expertCounts, expertSlots } from "../graph/composites/routing";
import { cast, div, less, mul, requireFloat, scalar, square, stopGradient } from "../graph/ops/elementwise";
import { gather, takeAlong } from "../graph/ops/indexing";
import { onesLike, at, transpose } from "../graph/ops/movement";
import { argSort, logSumExp, mean, sum, topK } from "../graph/ops/reduction";
import { sameShape, showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { here } from "../graph/trace";
import { uniform } from "../random/continuous";
import type { Key } from "../random/key";

export interface RouteOptions {
  /** Experts for each token. Default 1. */
  readonly k?: number;
  /** Places of each expert, as a multiple of an equal share: ⌈k N / E · factor⌉. Default 1. */
  readonly capacityFactor?: number;
  /** At least so many places. Default 4. */
  readonly minCapacity?: number;
  /** Whether the gates of a token's k experts are scaled to sum to 1. Default: for k above 1. */
  readonly normalize?: boolean;
  /** With a key, chance decides who is dropped where an expert is full ("random token selection"); without, who comes first stays. */
  readonly key?: Key;
  /** The choices [N, k] int64, made elsewhere (by noise, by a hash). Default: the k highest logits. */
  readonly experts?: Tensor;
}

/** Where each token's choices go. Indices have no gradient; gates and probabilities do. */
export interface Route {
  /** [N, k] int64: best first. */
  readonly experts: Tensor;
  /** [N, k] int64: place in the expert's buffer; `capacity` or more: dropped. */
  readonly slots: Tensor;
  /** [N, k]: the weights of the combination. */
  readonly gates: Tensor;
  /** [N, k] bool. */
  readonly kept: Tensor;
  /** [N, E]: softmax of the logits. */
  readonly probabilities: Tensor;
  readonly capacity: number;
}

/**
 * The experts of N tokens by their logits [N, E]. All first choices get places before the second ones.
 * @throws {ArgumentError} when k is not from 1 to E, or a factor is not positive. @throws {ShapeError} for experts of another shape.
 */
export function route(logits: Tensor, { k = 1, capacityFactor = 1, minCapacity = 4, normalize = k > 1, key, experts: given }: RouteOptions = {}): Route {
  requireFloat(logits, "route");
  if (logits.rank !== 2 || logits.size === 0) throw new ShapeError(`route: logits ${showShape(logits.shape)}`, { where: here(), help: "give [N, E]: one row for each token; flatten batches first" });
  const [n, e] = logits.shape;
  if (!Number.isInteger(k) || k < 1 || k > e) throw new ArgumentError(`route: ${k} of ${e} experts`, { where: here(), help: `choose k from 1 to ${e}` });
  if (!(capacityFactor > 0) || !Number.isInteger(minCapacity) || minCapacity < 1) throw new ArgumentError(`route: capacity factor ${capacityFactor}, at least ${minCapacity}`, { where: here(), help: "give a positive factor and a whole number of places" });
  const capacity = Math.min(n * k, Math.max(minCapacity, Math.ceil(((k * n) / e) * capacityFactor)));
  const probabilities = softmax(logits);
  if (given !== undefined && !sameShape(given.shape, [n, k])) throw new ShapeError(`route: experts ${showShape(given.shape)} for ${k} choices of ${n} tokens`, { where: here(), help: "give the experts [N, k]" });
  const experts = given ?? topK(stopGradient(logits), k).indices;
  const chosen = takeAlong(probabilities, experts);
  const gates = normalize ? div(chosen, sum(chosen, -1, { keep: true })) : chosen;
  const slots = key === undefined ? expertSlots([experts], { experts: e }) : shuffledSlots(experts, { count: e, key });
  return { experts, slots, gates, kept: less(slots, scalar(capacity, "int64")), probabilities, capacity };
}

/** Places in the order of a random permutation of the tokens. */
function shuffledSlots(experts: Tensor, { count, key }: { readonly count: number; readonly key: Key }): Tensor {
  const order = argSort(uniform(key, [experts.shape[0]]));
  return gather(expertSlots([gather(experts, order)], { experts: count }), argSort(order));
}

const buffers = ({ probabilities, capacity }: Route): { readonly experts: number; readonly capacity: number } => ({ experts: probabilities.shape[1], capacity });

/** Tokens x [N, D] at their experts' places: [E, capacity, D], zeros where nobody is. */
export function dispatch(x: Tensor, way: Route): Tensor {
  if (x.rank !== 2 || x.shape[0] !== way.experts.shape[0]) throw new ShapeError(`dispatch: tokens ${showShape(x.shape)} by a route of ${way.experts.shape[0]}`, { where: here(), help: "give the tokens [N, D] that were routed" });
  const gates = cast(stopGradient(way.gates), x.dtype);
  return dispatchRows([x, onesLike(gates), way.experts, way.slots], buffers(way));
}

/** The experts' results y [E, capacity, D] back at their tokens, weighed by the gates: [N, D]. Dropped choices add nothing. */
export function combine(y: Tensor, way: Route): Tensor {
  const { experts, capacity } = buffers(way);
  if (y.rank !== 3 || y.shape[0] !== experts || y.shape[1] !== capacity) throw new ShapeError(`combine: results ${showShape(y.shape)} of a route to [${experts}, ${capacity}]`, { where: here(), help: "give the experts' results [E, capacity, D], as dispatch() made their operands" });
  return combineRows([y, cast(way.gates, y.dtype), way.experts, way.slots], { experts, capacity });
}

/** E Σ_e (mean probability of e) · (share of first choices that fall on e, before dropping): 1 when even, E when all go to one. */
export function loadBalancingLoss({ probabilities, experts }: Route): Tensor {
  const [n, e] = probabilities.shape;
  const first = at(transpose(experts), 0);
  const share = mul(expertCounts(first, { count: e, dtype: probabilities.dtype }), 1 / n);
  return mul(sum(mul(mean(probabilities, 0), share)), e);
}

/** log(Σ e^logits)², mean over tokens: keeps logits small (Zoph et al. 2022, ST-MoE, eq. 5). logits [N, E]. */
export const routerZLoss = (logits: Tensor): Tensor => mean(square(logSumExp(logits, -1)));

