/** @file Batches of a data set: shuffled epochs, sharding over workers, augmentation, exact resume. */
import { ArgumentError } from "../errors";
import { HostRandom } from "../random/hostRandom";
import { BatchStream } from "./batchStream";
import { range, toBatch, type Batch, type Dataset, type Rows } from "./dataset";

export interface MapContext {
  readonly step: number;
  /** Example indices of the batch. */
  readonly indices: Int32Array;
  /** Random numbers of this step and worker, for augmentation: the same whenever the step is asked for. */
  readonly random: HostRandom;
}

export interface LoaderOptions {
  /** Examples in a batch (of this worker). */
  readonly batch: number;
  /** Default 0. Decides the order and what `map` draws. */
  readonly seed?: number | string;
  /** A new order each epoch. Default true. */
  readonly shuffle?: boolean;
  /** Leave out the last examples of an epoch that do not fill a batch, so that all batches have one shape. Default true. */
  readonly dropLast?: boolean;
  /**
   * This worker's place among `world` workers, each of which gets other examples of the same order. Default: rank 0 of 1.
   * Workers get equally many batches: left-over examples are dropped, or with `dropLast: false` the first of the order are seen twice.
   */
  readonly shard?: { readonly rank: number; readonly world: number };
}

/** Batches of `dataset` as tensors [B, …]. */
export function loader<K extends string>(dataset: Dataset<K>, options: LoaderOptions): BatchStream<Batch<K>>;
/** Batches after `map`, a pure function of the rows and its context (crops, noise, mixing), which runs on the host. */
export function loader<K extends string, M extends string>(
  dataset: Dataset<K>,
  options: LoaderOptions & { readonly map: (rows: Rows<K>, context: MapContext) => Rows<M> },
): BatchStream<Batch<M>>;
/** @throws {ArgumentError} when the batch is larger than an epoch, or the shard does not exist. */
export function loader<K extends string>(
  dataset: Dataset<K>,
  options: LoaderOptions & { readonly map?: (rows: Rows<K>, context: MapContext) => Rows },
): BatchStream<Batch> {
  const { batch, seed = 0, shuffle = true, dropLast = true, shard: { rank, world } = { rank: 0, world: 1 }, map } = options;
  if (!Number.isInteger(batch) || batch < 1) throw new ArgumentError(`loader(): batch ${batch}`, { help: "give a positive number of examples" });
  if (!Number.isInteger(world) || !Number.isInteger(rank) || rank < 0 || rank >= world)
    throw new ArgumentError(`loader(): rank ${rank} of ${world} workers`, { help: "ranks are integers from 0 to world − 1" });
  const own = dropLast ? Math.floor(dataset.size / world) : Math.ceil(dataset.size / world);
  const batchesPerEpoch = dropLast ? Math.floor(own / batch) : Math.ceil(own / batch);
  if (batchesPerEpoch === 0)
    throw new ArgumentError(`loader(): ${dataset.size} examples over ${world} workers do not fill one batch of ${batch}`, { help: "use a smaller batch, or dropLast: false" });

  const random = HostRandom.seeded(seed);
  const orderOf = remember((epoch) => (shuffle ? random.split("order").split(epoch).permutation(dataset.size) : range(dataset.size)));
  const at = (step: number): Batch => {
    const epoch = Math.floor(step / batchesPerEpoch);
    const first = (step % batchesPerEpoch) * batch;
    const order = orderOf(epoch);
    const indices = Int32Array.from({ length: Math.min(batch, own - first) }, (_, i) => order[((first + i) * world + rank) % dataset.size]);
    const rows = dataset.rows(indices);
    return toBatch(map === undefined ? rows : map(rows, { step, indices, random: random.split("map").split(rank).split(step) }));
  };
  const identity = `loader of ${dataset.size} examples, batch ${batch}, seed ${seed}, shuffle ${shuffle}, dropLast ${dropLast}, rank ${rank} of ${world}`;
  return new BatchStream({ identity, batchesPerEpoch, at });
}

/** `make`, keeping its last result: an epoch's order is asked for at every step. */
function remember<T>(make: (key: number) => T): (key: number) => T {
  let kept: { readonly key: number; readonly value: T } | undefined;
  return (key) => (kept?.key === key ? kept : (kept = { key, value: make(key) })).value;
}
