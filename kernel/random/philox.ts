/** @file Philox4x32-10 on the host: the counter-based generator behind every random number, and the layout of its stream.
 *
 * Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011: ten rounds of two 32×32→64 bit products,
 * the key raised by a Weyl constant between rounds. The same key and counter give the same four words on every device.
 *
 * The stream of a key, for the host and for graphs: element `i` (0 ≤ i < 2^53) is lane `i & 3` of the block whose counter is
 * `[b mod 2^32, floor(b / 2^32), 0, 0]` with `b = floor(i / 4)`. Counters whose last word is SPLIT_TAG make the keys of `splitKey`, so that
 * a stream and the keys derived from it never share a block.
 */
import { ArgumentError } from "../errors";

/** Two unsigned 32-bit words, low word first. */
export type Key = readonly [number, number];
/** Four unsigned 32-bit words, low word first. */
export type Counter = readonly [number, number, number, number];

const ROUNDS = 10;
/** Multipliers and Weyl increments (2^32 × golden ratio, 2^32 × (√3 − 1)) of Random123's philox.h. */
export const MULTIPLIER_0 = 0xd2511f53;
export const MULTIPLIER_1 = 0xcd9e8d57;
export const WEYL_0 = 0x9e3779b9;
export const WEYL_1 = 0xbb67ae85;
/** Last counter word of the blocks that derive keys: "SPLT". */
export const SPLIT_TAG = 0x53504c54;
const TWO_32 = 2 ** 32;

/** High 32 bits of the 64-bit product of two unsigned words, as a signed 32-bit number. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  // Each sum stays below 2^32, so doubles hold it exactly.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) | 0;
}

/** Writes the four words of one block at `out[at…at+3]`. Words may be signed or unsigned: only their 32 bits count. */
function block(out: Uint32Array, at: number, [a, b, c, d]: Counter, [keyLow, keyHigh]: Key): void {
  let x0 = a | 0;
  let x1 = b | 0;
  let x2 = c | 0;
  let x3 = d | 0;
  let k0 = keyLow | 0;
  let k1 = keyHigh | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, x0);
    const low0 = Math.imul(MULTIPLIER_0, x0);
    const high1 = multiplyHigh(MULTIPLIER_1, x2);
    const low1 = Math.imul(MULTIPLIER_1, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[at] = x0;
  out[at + 1] = x1;
  out[at + 2] = x2;
  out[at + 3] = x3;
}

/** The four words of Philox4x32-10 for one counter and key, each 0…2^32−1. */
export function philox4x32(counter: Counter, key: Key): [number, number, number, number] {
  const out = new Uint32Array(4);
  block(out, 0, counter, key);
  return [out[0], out[1], out[2], out[3]];
}

/** Fills `out` with elements `start`, `start + 1`, … of the stream of `key`. Any split of a range into calls gives the same elements.
 * @throws {ArgumentError} when the range leaves 0…2^53−1. */
export function philoxWords(key: Key, start: number, out: Uint32Array): Uint32Array {
  if (!Number.isSafeInteger(start) || start < 0 || !Number.isSafeInteger(start + out.length))
    throw new ArgumentError(`stream position ${start} with ${out.length} elements`, { help: "positions are integers from 0 to 2^53 − 1" });
  let i = 0;
  const edge = new Uint32Array(4);
  while (i < out.length) {
    const position = start + i;
    const index = Math.floor(position / 4);
    const lane = position % 4;
    const counter: Counter = [index % TWO_32, Math.floor(index / TWO_32), 0, 0];
    if (lane === 0 && out.length - i >= 4) {
      block(out, i, counter, key);
      i += 4;
    } else {
      block(edge, 0, counter, key);
      for (let from = lane; from < 4 && i < out.length; from++) out[i++] = edge[from];
    }
  }
  return out;
}

/** The key of child `label` of `key`: keys of different labels, and the stream of `key` itself, are independent.
 * @param label - an integer from 0 to 2^53 − 1 (an index), or a name. The integer 1 and the name "1" are different labels. */
export function splitKey(key: Key, label: number | string): Key {
  const [low, high] = typeof label === "number" ? wordsOf(label, "label") : hashWords(label);
  const words = philox4x32([low, high, typeof label === "number" ? 1 : 2, SPLIT_TAG], key);
  return [words[0], words[1]];
}

/** The key of a seed: the integer's low and high words, or the hash of a name.
 * @throws {ArgumentError} when a number is not an integer from 0 to 2^53 − 1. */
export const seedKey = (seed: number | string): Key => (typeof seed === "number" ? wordsOf(seed, "seed") : hashWords(seed));

function wordsOf(value: number, what: string): Key {
  if (!Number.isSafeInteger(value) || value < 0) throw new ArgumentError(`${what} ${value}`, { help: `a ${what} is an integer from 0 to 2^53 − 1, or a name` });
  return [value % TWO_32, Math.floor(value / TWO_32)];
}

/** 64 bits of a name: FNV-1a over its UTF-16 units in two 32-bit lanes with different offsets. Philox mixes them further. */
function hashWords(name: string): Key {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + i), 0x85ebca6b) ^ (b >>> 13);
  }
  return [a >>> 0, b >>> 0];
}
