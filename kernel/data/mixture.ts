/** @file Batches mixed from several data sets in given shares. */
import { ArgumentError } from "../errors";
import { HostRandom } from "../random/hostRandom";
import { BatchStream } from "./batchStream";
import { checkSameFields, namesOf, record, stackRows, toBatch, type Batch, type Dataset } from "./dataset";

export interface MixtureOptions<S extends string> {
  readonly batch: number;
  /** Share of each source; they are divided by their sum. */
  readonly weights: Readonly<Record<S, number>>;
  /** Default 0. */
  readonly seed?: number | string;
}

/**
 * Batches mixed from several data sets with the same fields, examples drawn with replacement. The counts in a batch are `batch × weight`
 * rounded up or down without bias, so exact where that is an integer. Batches have `source` [B] int32 besides: the place of its source among the names.
 * A batch is a pure function of the step.
 * @throws {ShapeError} when the fields differ. @throws {ArgumentError} for weights that are negative or all zero.
 */
export function mixture<K extends string, S extends string>(
  sources: { readonly [name in S]: Dataset<K> },
  { batch, weights, seed = 0 }: MixtureOptions<S>,
): BatchStream<Batch<K> & Batch<"source">> {
  // SAFETY: Object.keys of the record of sources.
  const names = Object.keys(sources) as S[];
  const total = names.reduce((sum, name) => sum + weights[name], 0);
  if (!(total > 0) || !names.every((name) => weights[name] >= 0))
    throw new ArgumentError(`mixture(): weights ${names.map((name) => `${name} ${weights[name]}`).join(", ")}`, { help: "give each source a weight ≥ 0, and at least one above 0" });
  const fields = sources[names[0]].fields;
  for (const name of names) {
    checkSameFields(fields, sources[name].fields);
    if (weights[name] > 0 && sources[name].size === 0) throw new ArgumentError(`mixture(): source ${name} has no examples`, { help: "give it weight 0 or leave it out" });
  }
  let sum = 0;
  const cumulative = names.map((name) => (sum += weights[name] / total));
  const random = HostRandom.seeded(seed).split("mixture");
  const at = (step: number): Batch<K> & Batch<"source"> => {
    const draw = random.split(step);
    const offset = draw.uniform();
    // Systematic sampling: equally spaced points with a random offset; the small step back keeps exact products exact.
    const below = cumulative.map((share, s) => (s === names.length - 1 ? batch : Math.ceil(share * batch - offset - 1e-9)));
    const counts = below.map((count, s) => count - (s === 0 ? 0 : below[s - 1]));
    const parts = names.map((name, s) => sources[name].rows(Int32Array.from({ length: counts[s] }, () => draw.int(sources[name].size))));
    const source = Int32Array.from(counts.flatMap((count, s) => new Array<number>(count).fill(s)));
    const rows = record(namesOf(fields), (name) => stackRows(parts.map((part) => part[name])));
    return { ...toBatch(rows), ...toBatch({ source: { dtype: "int32", shape: [batch], data: source } }) };
  };
  const identity = `mixture of ${names.map((name) => `${name} ${sources[name].size}×${weights[name]}`).join(", ")}, batch ${batch}, seed ${seed}`;
  return new BatchStream({ identity, batchesPerEpoch: Infinity, at });
}
