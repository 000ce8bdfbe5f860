/** @file Arithmetic modulo a prime: all pairs, some for training. */
import { ArgumentError } from "../../errors";
import { HostRandom } from "../../random/hostRandom";
import { arrays, split, type Dataset } from "../dataset";
import { checkCount } from "./generate";

/** What is asked of a pair, before taking it modulo p. */
const OPERATIONS = {
  add: (a: number, b: number): number => a + b,
  subtract: (a: number, b: number): number => a - b,
  multiply: (a: number, b: number): number => a * b,
  /** a² + a b + b²: hard to generalise. */
  quadratic: (a: number, b: number): number => a * a + a * b + b * b,
} as const;
export type ModularOperation = keyof typeof OPERATIONS;

export interface ModularOptions {
  /** p. Default 97. */
  readonly modulus?: number;
  /** Default `add`. */
  readonly operation?: ModularOperation;
  /** Share of the pairs for training. Default 0.5. */
  readonly train?: number;
  /** Default 0. Which pairs are for training. */
  readonly seed?: number | string;
}

export interface Modular {
  readonly train: Dataset<"x" | "y">;
  readonly test: Dataset<"x" | "y">;
  /** p numbers and the equals sign, token p. */
  readonly vocab: number;
}

/**
 * All p² pairs, as used to show grokking (Power et al. 2022). An example has `x` [3] int32: a, b, equals sign; and `y` int32 []: the result, 0…p−1.
 * @throws {ArgumentError} when a part would be empty.
 */
export function modular({ modulus = 97, operation = "add", train = 0.5, seed = 0 }: ModularOptions = {}): Modular {
  checkCount("modular(): modulus", modulus, 2);
  const count = modulus * modulus;
  const held = Math.round((1 - train) * count);
  if (!(held > 0 && held < count)) throw new ArgumentError(`modular(): training share ${train} of ${count} pairs`, { help: "give a share that leaves pairs for both parts" });
  const x = new Int32Array(3 * count);
  const y = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const [a, b] = [Math.floor(i / modulus), i % modulus];
    x.set([a, b, modulus], 3 * i);
    y[i] = ((OPERATIONS[operation](a, b) % modulus) + modulus) % modulus;
  }
  const all = arrays({ x: { dtype: "int32", shape: [count, 3], data: x }, y: { dtype: "int32", shape: [count], data: y } });
  const [first, second] = split(all, { validation: held / count, seed: HostRandom.seeded(seed).split("modular").bits() });
  return { train: first, test: second, vocab: modulus + 1 };
}
