/** @file What all generated data sets share: keyed examples, each made on its own. */
import { ArgumentError } from "../../errors";
import { sizeOf } from "../../graph/shape";
import { HostRandom } from "../../random/hostRandom";
import { checkIndices, namesOf, record, type Dataset, type Field } from "../dataset";

export interface GeneratedOptions {
  /** Number of examples. Default 10 000. Fewer give the first of the same. */
  readonly examples?: number;
  /** Default 0. Decides what is planted (weights, tables, identities) and all examples. */
  readonly seed?: number | string;
  /** Examples of another name are others, with the same planted structure: "train" (default), "test", … */
  readonly part?: string;
}

export type FloatField = Field & { readonly dtype: "float32" };
export type IntField = Field & { readonly dtype: "int32" };
export const floats = (...shape: readonly number[]): FloatField => ({ dtype: "float32", shape });
export const ints = (...shape: readonly number[]): IntField => ({ dtype: "int32", shape });

/** Elements of one example, zeroed, to be written. */
export type Writable = Float32Array | Int32Array;

export interface Generator<K extends string> extends GeneratedOptions {
  /** Name of the set: sets of different names never share random numbers. */
  readonly name: string;
  readonly fields: { readonly [name in K]: FloatField | IntField };
  /** Writes example `index` into `out`, using only `random`. */
  readonly draw: (out: { readonly [name in K]: Writable }, random: HostRandom, index: number) => void;
}

/** The stream for what is planted in a set: the same for all of its parts. */
export const plantedRandom = (name: string, seed: number | string = 0): HostRandom => HostRandom.seeded(seed).split(name).split("planted");

/** A data set whose example `i` is drawn from the stream (seed, name, part, i). */
export function generate<K extends string>({ name, fields, draw, examples = 10_000, seed = 0, part = "train" }: Generator<K>): Dataset<K> {
  if (!Number.isInteger(examples) || examples < 1) throw new ArgumentError(`${name}(): ${examples} examples`, { help: "give a positive integer" });
  const names = namesOf<K>(fields);
  const random = HostRandom.seeded(seed).split(name).split(part);
  return {
    size: examples,
    fields,
    rows(indices) {
      checkIndices(indices, examples);
      const whole = record(names, (field): Writable => {
        const length = indices.length * sizeOf(fields[field].shape);
        return fields[field].dtype === "float32" ? new Float32Array(length) : new Int32Array(length);
      });
      for (let i = 0; i < indices.length; i++) {
        const out = record(names, (field) => {
          const length = sizeOf(fields[field].shape);
          return whole[field].subarray(i * length, (i + 1) * length);
        });
        draw(out, random.split(indices[i]), indices[i]);
      }
      return record(names, (field) => ({ dtype: fields[field].dtype, shape: [indices.length, ...fields[field].shape], data: whole[field] }));
    },
  };
}

/** @throws {ArgumentError} unless `value` is an integer of at least `least`. */
export function checkCount(what: string, value: number, least = 1): void {
  if (!Number.isInteger(value) || value < least) throw new ArgumentError(`${what} ${value}`, { help: `give an integer of at least ${least}` });
}

/** Weights from a symmetric Dirichlet distribution: small concentrations give few large ones. */
export function dirichlet(random: HostRandom, { count, concentration }: { readonly count: number; readonly concentration: number }): Float64Array {
  const draws = Float64Array.from({ length: count }, () => gamma(random, concentration));
  const sum = draws.reduce((total, value) => total + value, 0);
  // All gammas of a tiny concentration may underflow: then one entry has all the weight, as in the limit.
  if (!(sum > 0)) draws[random.int(count)] = 1;
  return draws.map((value) => value / (sum > 0 ? sum : 1));
}

/** A Gamma(shape, 1) draw: Marsaglia and Tsang 2000; below shape 1 by their boost U^(1/shape). */
function gamma(random: HostRandom, shape: number): number {
  if (shape < 1) return gamma(random, shape + 1) * random.uniform(2 ** -25, 1) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = random.normal();
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(random.uniform(2 ** -25, 1)) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v;
  }
}
