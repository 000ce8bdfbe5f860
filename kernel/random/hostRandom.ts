/** @file Random numbers for the host (data order, generated data sets), from the same keyed streams as graphs use. */
import { ArgumentError } from "../errors";
import { philoxWords, seedKey, splitKey, type Key } from "./philox";

/** Where a HostRandom stands. Plain JSON. */
export interface HostRandomState {
  readonly key: Key;
  /** Stream elements used so far. */
  readonly position: number;
}

const TWO_32 = 2 ** 32;
const UNIFORM_STEP = 2 ** -24;
/** Words made at a time: one for every split that draws a few numbers, few enough to waste little. */
const AHEAD_WORDS = 16;

/**
 * A stream of random numbers, determined by its key and position. Not for secrets.
 * `split` gives independent streams, so that parts of a program can draw numbers without shifting each other's.
 */
export class HostRandom {
  private position: number;
  private readonly words = new Uint32Array(AHEAD_WORDS);
  /** Stream position of words[0]; −1 while nothing is made. */
  private wordsStart = -1;

  constructor(
    readonly key: Key,
    position = 0,
  ) {
    if (!Number.isSafeInteger(position) || position < 0) throw new ArgumentError(`random position ${position}`, { help: "give the position of a saved state" });
    this.position = position;
  }

  /** The stream of a seed: an integer from 0 to 2^53 − 1, or a name. */
  static seeded(seed: number | string): HostRandom {
    return new HostRandom(seedKey(seed));
  }

  /** Continues exactly where `state()` was taken. */
  static restore({ key, position }: HostRandomState): HostRandom {
    return new HostRandom(key, position);
  }

  state(): HostRandomState {
    return { key: this.key, position: this.position };
  }

  /** An independent stream for `label`; it does not depend on how much of this one was used. */
  split(label: number | string): HostRandom {
    return new HostRandom(splitKey(this.key, label));
  }

  /** The next element of the stream, 0…2^32−1. */
  bits(): number {
    const offset = this.position - this.wordsStart;
    if (this.wordsStart < 0 || offset >= AHEAD_WORDS) {
      this.wordsStart = this.position - (this.position % 4);
      philoxWords(this.key, this.wordsStart, this.words);
    }
    return this.words[this.position++ - this.wordsStart];
  }

  /** Uniform in [0, 1): the upper 24 bits of one element, so float32 holds it exactly. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * ((this.bits() >>> 8) * UNIFORM_STEP);
  }

  /** Standard normal by Box–Muller, from the next two elements that begin at an even position. */
  normal(mean = 0, deviation = 1): number {
    if (this.position % 2 === 1) this.position++;
    const radius = radiusOf(this.bits());
    return mean + deviation * radius * Math.cos(angleOf(this.bits()));
  }

  /** Uniform integer in 0…n−1, without bias (Lemire 2019: multiply, reject the short remainder).
   * @param n - 1…2^32. */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) throw new ArgumentError(`int(${n})`, { help: "give a number of choices from 1 to 2^32" });
    const reject = TWO_32 % n;
    for (;;) {
      const bits = this.bits();
      // floor(bits·n / 2^32) and the remainder, exactly: bits·n may need 64 bits.
      const high = Math.floor(bits / 65536) * n;
      const low = (bits % 65536) * n;
      const sum = Math.floor(low / 65536) + high;
      const remainder = (sum % 65536) * 65536 + (low % 65536);
      if (remainder >= reject) return Math.floor(sum / 65536);
    }
  }

  /** One of `items`, each equally likely. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new ArgumentError("pick() from an empty list", { help: "give at least one item" });
    return items[this.int(items.length)];
  }

  /** Index drawn from cumulative weights (ascending, the last one is the total). */
  categorical(cumulative: ArrayLike<number>): number {
    const target = this.uniform() * cumulative[cumulative.length - 1];
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Shuffles `items` in place (Fisher–Yates) and returns them. */
  shuffle<T extends { [index: number]: unknown; readonly length: number }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const other = this.int(i + 1);
      const kept = items[i];
      items[i] = items[other];
      items[other] = kept;
    }
    return items;
  }

  /** 0…n−1 in random order. */
  permutation(n: number): Int32Array {
    return this.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  }

  /** Fills `out` with uniforms in [0, 1), one element each: in bulk, many times faster than `uniform()`. */
  fillUniform<T extends Float32Array | Float64Array>(out: T): T {
    const words = philoxWords(this.key, this.position, new Uint32Array(out.length));
    for (let i = 0; i < out.length; i++) out[i] = (words[i] >>> 8) * UNIFORM_STEP;
    this.position += out.length;
    return out;
  }

  /** Fills `out` with standard normals. Elements 2j and 2j+1 give cosine and sine of one Box–Muller pair; an odd last element uses two. */
  fillNormal<T extends Float32Array | Float64Array>(out: T): T {
    if (this.position % 2 === 1) this.position++;
    const words = philoxWords(this.key, this.position, new Uint32Array(out.length + (out.length % 2)));
    for (let i = 0; i < out.length; i += 2) {
      const radius = radiusOf(words[i]);
      const angle = angleOf(words[i + 1]);
      out[i] = radius * Math.cos(angle);
      if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
    }
    this.position += words.length;
    return out;
  }
}

/** Radius of Box–Muller from a uniform in (0, 1]: the half step keeps the logarithm finite. */
const radiusOf = (bits: number): number => Math.sqrt(-2 * Math.log(((bits >>> 8) + 0.5) * UNIFORM_STEP));
const angleOf = (bits: number): number => 2 * Math.PI * ((bits >>> 8) * UNIFORM_STEP);
