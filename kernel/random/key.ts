/** @file Keys of random streams: tensors of two words, so that a key can be an argument of a compiled function. */
import { ArgumentError, DtypeError } from "../errors";
import { isFloat } from "../graph/dtype";
import { cast } from "../graph/ops/elementwise";
import { at, full, iota, reshape, zeros } from "../graph/ops/movement";
import { fromHost, storedData, type Tensor } from "../graph/tensor";
import { philox4x32, seedKey, splitKey, type Key as HostKey, SPLIT_TAG } from "./philox";
import { derivedKeys, wordsOfLabels } from "./philoxGraph";

/** int64 [2]: two words of 32 bits, low word first, each 0…2^32−1. */
export type Key = Tensor;

/** Sorts of labels from which keys are derived (1 and 2 as in `splitKey` of philox.ts): equal labels of different sorts give different keys. */
const KIND_NUMBER = 1;
const KIND_NAME = 2;
const KIND_SPLIT = 3;

const keyTensor = ([low, high]: HostKey): Key => fromHost({ dtype: "int64", shape: [2], data: BigInt64Array.of(BigInt(low), BigInt(high)) });

/** The words of a key that holds data; undefined for one that is traced or not computed yet. */
export function wordsOf(key: Key): HostKey | undefined {
  if (key.storage === undefined) return undefined;
  const [low, high] = storedData(key);
  return [Number(low), Number(high)];
}

/** @throws {ArgumentError} when `key` is no key. */
export function requireKey(key: Key, op: string): void {
  if (key.dtype !== "int64" || key.rank !== 1 || key.shape[0] !== 2)
    throw new ArgumentError(`${op}: the key is ${key.toString()}`, { help: "make keys with random.key(seed), and more with random.split or random.fold" });
}

/** The key of a seed: an integer from 0 to 2^53 − 1, or a name.
 * @throws {ArgumentError} for other numbers. */
export const key = (seed: number | string): Key => keyTensor(seedKey(seed));

/**
 * `count` keys whose streams are independent of each other, of that of `parent`, and of all keys made by `fold`.
 * The first keys do not depend on `count`.
 */
export function split(parent: Key, count = 2): Key[] {
  requireKey(parent, "split");
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`split: ${count} keys`, { help: "ask for one key or more" });
  const words = wordsOf(parent);
  if (words === undefined) {
    const keys = derivedKeys(parent, { low: iota(count, "int64"), high: zeros([count], "int64"), kind: KIND_SPLIT });
    return Array.from({ length: count }, (_, i) => at(keys, i));
  }
  return Array.from({ length: count }, (_, i) => {
    const [low, high] = philox4x32([i, 0, KIND_SPLIT, SPLIT_TAG], words);
    return keyTensor([low, high]);
  });
}

/**
 * The key of child `label` of `parent`: a number from 0 to 2^53 − 1 (a layer's index), a name, or an integer tensor of
 * one element (the step of a training loop). A number and a tensor that holds it give the same key; the number 1 and the name "1" do not.
 * @throws {DtypeError} when the tensor is not an integer. @throws {ArgumentError} when it has more than one element.
 */
export function fold(parent: Key, label: number | string | Tensor): Key {
  requireKey(parent, "fold");
  if (typeof label === "object") return foldTensor(parent, label);
  const words = wordsOf(parent);
  if (words !== undefined) return keyTensor(splitKey(words, label));
  const [low, high] = seedKey(label).map((word) => full([1], word, "int64"));
  return reshape(derivedKeys(parent, { low, high, kind: typeof label === "number" ? KIND_NUMBER : KIND_NAME }), [2]);
}

function foldTensor(parent: Key, label: Tensor): Key {
  if (isFloat(label.dtype) || label.dtype === "bool")
    throw new DtypeError(`fold: the label is ${label.toString()}`, { help: 'count in integers, as in step.cast("int64")' });
  if (label.size !== 1) throw new ArgumentError(`fold: the label is ${label.toString()}`, { help: "give one number; split() makes many keys at once" });
  return reshape(derivedKeys(parent, { ...wordsOfLabels(reshape(cast(label, "int64"), [1])), kind: KIND_NUMBER }), [2]);
}
