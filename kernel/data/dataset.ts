/** @file Data sets: examples of fixed shapes, read in any order, a whole batch at a time. */
import { ArgumentError, ShapeError } from "../errors";
import { hostArray, type Dtype, type HostTensor } from "../graph/dtype";
import { sameShape, showShape, sizeOf, type Shape } from "../graph/shape";
import { fromHost, type Tensor } from "../graph/tensor";
import { HostRandom } from "../random/hostRandom";

/** dtype and shape of one example's value, without the batch axis. */
export interface Field {
  readonly dtype: Dtype;
  readonly shape: Shape;
}

/** Examples stacked on a new first axis, in host memory. */
export type Rows<K extends string = string> = { readonly [name in K]: HostTensor };
/** The same as tensors: what a compiled step takes. */
export type Batch<K extends string = string> = { readonly [name in K]: Tensor };

/**
 * Examples with the same named fields. `rows(indices)` is a pure function of the indices: the same example is the same numbers
 * whenever, wherever and in whatever company it is read, which is what makes resuming exact.
 */
export interface Dataset<K extends string = string> {
  /** Number of examples. */
  readonly size: number;
  readonly fields: { readonly [name in K]: Field };
  /** Examples `indices` as [indices.length, …field shape]. @throws {ArgumentError} for an index outside of 0…size−1. */
  rows(indices: ArrayLike<number>): Rows<K>;
}

/** The names of `fields`, typed. */
// SAFETY: `fields` is a plain record made here or by a reader, so its own keys are exactly K.
export const namesOf = <K extends string>(fields: { readonly [name in K]: Field }): K[] => Object.keys(fields) as K[];

/** An object with `make(name)` for each name. */
export function record<K extends string, T>(names: readonly K[], make: (name: K) => T): { readonly [name in K]: T } {
  // SAFETY: one entry for each name.
  return Object.fromEntries(names.map((name) => [name, make(name)])) as { [name in K]: T };
}

/** Tensors over `rows`, not copied. */
export const toBatch = <K extends string>(rows: Rows<K>): Batch<K> =>
  record(namesOf<K>(rows), (name) => fromHost(rows[name]));

/** @throws {ArgumentError} when an index is not an integer from 0 to size − 1. */
export function checkIndices(indices: ArrayLike<number>, size: number): void {
  for (let i = 0; i < indices.length; i++)
    if (!Number.isInteger(indices[i]) || indices[i] < 0 || indices[i] >= size)
      throw new ArgumentError(`example ${indices[i]} of a data set of ${size}`, { help: `use integers from 0 to ${size - 1}` });
}

/** 0…n−1, for `dataset.rows(range(n))`. */
export const range = (n: number, start = 0): Int32Array => Int32Array.from({ length: n }, (_, i) => start + i);

/**
 * A data set over arrays that share their first axis: fields `x: [N, …]` become examples of shape […].
 * The arrays are read, not copied; do not write to them afterwards.
 * @throws {ShapeError} when the first axes differ or a shape does not agree with its data.
 */
export function arrays<K extends string>(columns: Rows<K>): Dataset<K> {
  const names = namesOf<K>(columns);
  const sizes = names.map((name) => {
    const { shape, data } = columns[name];
    if (shape.length === 0 || sizeOf(shape) !== data.length)
      throw new ShapeError(`arrays(): ${name} has shape ${showShape(shape)} and ${data.length} elements`, { help: "give each array a first axis of examples, and as many elements as its shape says" });
    return shape[0];
  });
  if (names.length === 0 || sizes.some((size) => size !== sizes[0]))
    throw new ShapeError(`arrays(): first axes ${names.map((name, i) => `${name} ${sizes[i]}`).join(", ")}`, { help: "give at least one array, and all of them the same number of examples" });
  const size = sizes[0];
  const fields = record(names, (name): Field => ({ dtype: columns[name].dtype, shape: columns[name].shape.slice(1) }));
  return {
    size,
    fields,
    rows(indices) {
      checkIndices(indices, size);
      return record(names, (name) => gather(columns[name], indices));
    },
  };
}

/** `dataset` with all its examples made now and kept: for sets that cost more to make than to hold. */
export const inMemory = <K extends string>(dataset: Dataset<K>): Dataset<K> => arrays(dataset.rows(range(dataset.size)));

/** Elements `indices` of the first axis. */
export function gather({ dtype, shape, data }: HostTensor, indices: ArrayLike<number>): HostTensor {
  const step = sizeOf(shape.slice(1));
  const out = hostArray(dtype, step * indices.length);
  for (let i = 0; i < indices.length; i++) copyInto({ from: data, start: indices[i] * step, length: step, to: out, at: i * step });
  return { dtype, shape: [indices.length, ...shape.slice(1)], data: out };
}

/** `parts` one after the other on their first axis. They must agree in dtype and the other axes. */
export function stackRows(parts: readonly HostTensor[]): HostTensor {
  const { dtype, shape } = parts[0];
  const out = hostArray(dtype, parts.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of parts) {
    copyInto({ from: data, start: 0, length: data.length, to: out, at });
    at += data.length;
  }
  return { dtype, shape: [parts.reduce((sum, part) => sum + part.shape[0], 0), ...shape.slice(1)], data: out };
}

interface Copy {
  readonly from: HostTensor["data"];
  readonly start: number;
  readonly length: number;
  readonly to: HostTensor["data"];
  readonly at: number;
}

function copyInto({ from, start, length, to, at }: Copy): void {
  if (from instanceof BigInt64Array && to instanceof BigInt64Array) to.set(from.subarray(start, start + length), at);
  else if (!(from instanceof BigInt64Array) && !(to instanceof BigInt64Array)) {
    if (length === 1) to[at] = from[start];
    else to.set(from.subarray(start, start + length), at);
  }
}

/** The examples `indices` of `dataset`, in that order; an index may appear more than once. */
export function subset<K extends string>(dataset: Dataset<K>, indices: ArrayLike<number>): Dataset<K> {
  checkIndices(indices, dataset.size);
  const kept = Int32Array.from(indices);
  return {
    size: kept.length,
    fields: dataset.fields,
    rows(asked) {
      checkIndices(asked, kept.length);
      return dataset.rows(Int32Array.from(asked, (index) => kept[index]));
    },
  };
}

/**
 * Two disjoint random parts of `dataset`: `[train, validation]`, together all of it.
 * @param validation - share in the second part, 0…1. Default 0.1; rounded to whole examples.
 * @param seed - default 0. The same seed gives the same parts.
 */
export function split<K extends string>(
  dataset: Dataset<K>,
  { validation = 0.1, seed = 0 }: { readonly validation?: number; readonly seed?: number | string } = {},
): [Dataset<K>, Dataset<K>] {
  if (!(validation >= 0 && validation <= 1)) throw new ArgumentError(`split(): validation ${validation}`, { help: "give a share from 0 to 1" });
  const order = HostRandom.seeded(seed).split("split").permutation(dataset.size);
  const held = Math.round(validation * dataset.size);
  return [subset(dataset, order.subarray(held).sort()), subset(dataset, order.subarray(0, held).sort())];
}

/** All examples of `parts`, one part after the other. @throws {ShapeError} when their fields differ. */
export function concat<K extends string>(parts: readonly Dataset<K>[]): Dataset<K> {
  if (parts.length === 0) throw new ArgumentError("concat() of no data sets", { help: "give at least one" });
  const fields = parts[0].fields;
  const names = namesOf(fields);
  for (const part of parts) checkSameFields(fields, part.fields);
  const starts = parts.reduce<number[]>((sums, part) => [...sums, sums[sums.length - 1] + part.size], [0]);
  const size = starts[parts.length];
  return {
    size,
    fields,
    rows(indices) {
      checkIndices(indices, size);
      const out = record(names, (name) => hostArray(fields[name].dtype, indices.length * sizeOf(fields[name].shape)));
      parts.forEach((part, p) => {
        const places = [...range(indices.length)].filter((i) => indices[i] >= starts[p] && indices[i] < starts[p + 1]);
        if (places.length === 0) return;
        const rows = part.rows(places.map((i) => indices[i] - starts[p]));
        for (const name of names) {
          const length = sizeOf(fields[name].shape);
          places.forEach((place, i) => copyInto({ from: rows[name].data, start: i * length, length, to: out[name], at: place * length }));
        }
      });
      return record(names, (name) => ({ dtype: fields[name].dtype, shape: [indices.length, ...fields[name].shape], data: out[name] }));
    },
  };
}

/** @throws {ShapeError} naming the first field that differs. */
export function checkSameFields<K extends string>(a: { readonly [name in K]: Field }, b: { readonly [name in K]: Field }): void {
  const show = (field: Field | undefined): string => (field === undefined ? "absent" : `${field.dtype} ${showShape(field.shape)}`);
  // SAFETY: lookups by either side's names may miss, which the optional fields below say.
  const [left, right] = [a, b] as Readonly<Record<string, Field | undefined>>[];
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [left[name], right[name]];
    if (x === undefined || y === undefined || x.dtype !== y.dtype || !sameShape(x.shape, y.shape))
      throw new ShapeError(`data sets with different fields: ${name} is ${show(x)} and ${show(y)}`, { help: "join data sets whose fields have the same names, dtypes and shapes" });
  }
}
