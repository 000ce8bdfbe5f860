/** @file One centroid for each bucket of similar tokens that a device sends to an expert, and the way back with what a token differs from it. */
import { ArgumentError, DtypeError, ShapeError } from "../../errors";
import { oneHot } from "../../graph/composites/oneHot";
import { add, cast, div, maximum, minimum, mod, mul, scalar, sub, where } from "../../graph/ops/elementwise";
import { gather, takeAlong } from "../../graph/ops/indexing";
import { broadcastTo, concat, iota, reshape, slice } from "../../graph/ops/movement";
import { argSort, max, min, sort, sum } from "../../graph/ops/reduction";
import { showShape } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import { here } from "../../graph/trace";
import { buckets, segmentMean } from "../../nn/hashing";
import type { Route } from "../../nn/routing";
import { uniform } from "../../random/continuous";
import { split, type Key } from "../../random/key";
import { codeRanges, hashCodes, hashDirections, type Hash } from "./hash";

export interface CompressOptions {
  readonly hash: Hash;
  /** Of the hash's directions. */
  readonly key: Key;
  /** int64 [N]: on which device each token is. */
  readonly sources: Tensor;
  /** S: number of devices. */
  readonly devices: number;
}

/** Who shares a bucket, and how many vectors travel. */
export interface Compression {
  /** int64 [N · k]: the place in the experts' buffers, flat [E · C], of the centroid that stands for each choice; E · C where the choice is dropped. */
  readonly places: Tensor;
  /** int64 [S, E]: vectors that each device sends to each expert without compression, dropped ones not counted. */
  readonly tokens: Tensor;
  /** int64 [S, E]: the same with it. A bucket of a device and an expert is one vector. */
  readonly centroids: Tensor;
}

const int = (value: number): Tensor => scalar(value, "int64");

/** Devices of the tokens of a batch [T, B], time first: sequences stay whole, and each device has B / S that follow each other. int64 [T · B].
 * @throws {ArgumentError} when the devices cannot have equally many. */
export function shardSequences({ time, batch, devices }: { readonly time: number; readonly batch: number; readonly devices: number }): Tensor {
  if (!Number.isInteger(devices) || devices < 1 || batch % devices !== 0) throw new ArgumentError(`lsh-moe: ${batch} sequences on ${devices} devices`, { where: here(), help: "give each device equally many sequences" });
  return div(mod(iota(time * batch, "int64"), int(batch)), int(batch / devices));
}

/** Each row of x [N, ...] k times: [N · k, ...]. */
function each(x: Tensor, k: number): Tensor {
  const [n, ...rest] = x.shape;
  return k === 1 ? x : reshape(broadcastTo(reshape(x, [n, 1, ...rest]), [n, k, ...rest]), [n * k, ...rest]);
}

/**
 * Buckets of tokens x [N, D] that are routed by `way`: those of one device, for one expert, of equal codes. An expert's buckets take its first places, so its
 * buffer need not be larger than for the tokens.
 * @throws {ShapeError | DtypeError} when the devices are not int64 [N], or the tokens were not routed by `way`.
 */
export function compress(x: Tensor, way: Route, { hash, key, sources, devices }: CompressOptions): Compression {
  const [n, k] = way.experts.shape;
  const experts = way.probabilities.shape[1];
  const capacity = way.capacity;
  if (x.rank !== 2 || x.shape[0] !== n || sources.rank !== 1 || sources.size !== n)
    throw new ShapeError(`lsh-moe: tokens ${showShape(x.shape)} on devices ${showShape(sources.shape)}, routed by ${showShape(way.experts.shape)}`, { where: here(), help: "give tokens [N, D], a device for each, and their route" });
  if (sources.dtype !== "int64") throw new DtypeError(`lsh-moe: devices are ${sources.toString()}`, { where: here(), help: "give int64" });
  const [directionKey, chanceKey] = split(key);
  const kept = reshape(way.kept, [n * k]);
  // Dropped choices are those of one more expert behind the others, where nothing is sent.
  const expert = where(kept, reshape(way.experts, [n * k]), int(experts));
  const source = each(sources, k);
  const codes = hashCodes(x, hash, hashDirections(hash, { key: directionKey, width: x.shape[1] }));
  const columns = concat([...[expert, source].map((column) => reshape(column, [n * k, 1])), each(codes, k)], 1);
  const { ids: found } = buckets(columns, [experts + 1, devices, ...codeRanges(hash)]);
  const group = add(mul(expert, int(devices)), source);
  const ids = hash.shuffled ? shuffledWithin(group, found, chanceKey) : found;
  // Buckets are numbered expert after expert, and there device after device: those of a group follow each other.
  const groups = (experts + 1) * devices;
  const members = oneHot([group], { depth: groups, dtype: "bool" });
  const column = reshape(ids, [n * k, 1]);
  const first = min(where(members, column, int(n * k)), 0);
  const last = max(where(members, column, int(-1)), 0);
  const table = (values: Tensor): Tensor => slice(reshape(values, [experts + 1, devices]), { axis: 0, end: experts });
  const start = min(reshape(first, [experts + 1, devices]), 1);
  const within = sub(ids, gather(start, expert));
  return {
    places: where(kept, add(mul(expert, int(capacity)), within), int(experts * capacity)),
    tokens: byDevice(table(sum(cast(members, "int64"), 0))),
    centroids: byDevice(table(maximum(add(sub(last, first), int(1)), int(0)))),
  };
}

const byDevice = (table: Tensor): Tensor => table.transpose();

/** The same numbers in every group, each given to a member by chance. Numbers ascend with the group. */
function shuffledWithin(group: Tensor, ids: Tensor, key: Key): Tensor {
  const order = argSort(add(cast(group, "float32"), uniform(key, [group.size], { high: 0.5 })));
  return gather(sort(ids).values, argSort(order));
}

/** Centroids / tokens that travel: the paper's compression rate, a scalar. What is sent, not what is saved. */
export const rateOf = ({ tokens, centroids }: Pick<Compression, "tokens" | "centroids">): Tensor => div(cast(sum(centroids), "float32"), cast(sum(tokens), "float32"));

/** The centroids of tokens x [N, D] in the experts' buffers: [E, C, D], zeros where there is none. */
export function centroidsOf(x: Tensor, way: Route, { places }: Compression): Tensor {
  const [, k] = way.experts.shape;
  const [experts, size] = [way.probabilities.shape[1], way.probabilities.shape[1] * way.capacity];
  const means = segmentMean(each(x, k), places, size + 1);
  return reshape(slice(means, { axis: 0, end: size }), [experts, way.capacity, x.shape[1]]);
}

export interface ThroughOptions {
  readonly compression: Compression;
  /** What the experts make of their buffers: [E, C, D] → [E, C, D]. */
  readonly experts: (buffers: Tensor) => Tensor;
  /** Adds to each result what its token differs from the centroid (error compensation). Default true. */
  readonly compensate?: boolean;
}

/**
 * Σ_k g_k (E(c) + x − c), c the centroid of a token's bucket at its k-th expert: [N, D]. Dropped choices add nothing. Experts are computed on buffers of the size they
 * have without compression; fewer of their rows are in use.
 */
export function throughCentroids(x: Tensor, way: Route, { compression, experts, compensate = true }: ThroughOptions): Tensor {
  const [n, k] = way.experts.shape;
  const width = x.shape[1];
  const sent = centroidsOf(x, way, compression);
  const results = experts(sent);
  if (showShape(results.shape) !== showShape(sent.shape)) throw new ShapeError(`lsh-moe: experts made ${showShape(results.shape)} of ${showShape(sent.shape)}`, { where: here(), help: "give experts that keep the shape [E, C, D]" });
  const size = way.probabilities.shape[1] * way.capacity;
  const back = reshape(compensate ? sub(results, sent) : results, [size, width]);
  // Elements of rows, not rows: the gradient then adds up what there is, and is charged so; that of rows is charged as a product with one-hot rows.
  const places = broadcastTo(reshape(minimum(compression.places, int(size - 1)), [n * k, 1]), [n * k, width]);
  const rows = takeAlong(back, places, 0);
  const own = compensate ? add(rows, each(x, k)) : rows;
  const gates = where(way.kept, cast(way.gates, x.dtype), scalar(0, x.dtype));
  return sum(mul(reshape(own, [n, k, width]), reshape(gates, [n, k, 1])), 1);
}
