/** @file Token tasks that need attention: repeat a segment, recall a pair, copy a word from far back. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { checkCount, floats, generate, ints, type GeneratedOptions, type Generator, type Writable } from "./generate";

export interface TaskOptions extends GeneratedOptions {
  /** Number of content tokens. Default 32. */
  readonly vocab?: number;
}

/**
 * An example has `x` [T] and `y` [T] int32 (y[t] follows x[t]) and `mask` [T] float32: 1 where y[t] follows from x[0…t] with certainty.
 * Where it is 0, content is independent and uniform over its tokens, or a marker whose place is fixed.
 */
export interface SequenceTask extends Dataset<"x" | "y" | "mask"> {
  /** Content and marker tokens together. */
  readonly vocab: number;
  /** T. */
  readonly context: number;
}

type SequenceDraw = (write: (token: number, certain: boolean) => void, random: HostRandom) => void;

/** A set whose draw writes T + 1 tokens one after the other. */
function sequences({ context, draw, ...options }: Omit<Generator<"x" | "y" | "mask">, "fields" | "draw"> & { readonly context: number; readonly draw: SequenceDraw }): Dataset<"x" | "y" | "mask"> {
  return generate({
    ...options,
    fields: { x: ints(context), y: ints(context), mask: floats(context) },
    draw({ x, y, mask }: { readonly x: Writable; readonly y: Writable; readonly mask: Writable }, random) {
      let t = 0;
      draw((token, certain) => {
        if (t < context) x[t] = token;
        if (t > 0) {
          y[t - 1] = token;
          mask[t - 1] = certain ? 1 : 0;
        }
        t++;
      }, random);
    },
  });
}

/**
 * A random segment of `length` tokens, repeated to the end: what induction heads solve.
 * @param options.length - tokens of the segment. Default 16.
 * @param options.context - T. Default 2 × length − 1, so that all of the second segment is predicted.
 */
export function induction(options: TaskOptions & { readonly length?: number; readonly context?: number } = {}): SequenceTask {
  const { vocab = 32, length = 16, context = 2 * length - 1 } = options;
  for (const [name, value] of Object.entries({ vocab, length, context })) checkCount(`induction(): ${name}`, value);
  const set = sequences({
    ...options,
    name: "induction",
    context,
    draw(write, random) {
      const segment = Array.from({ length }, () => random.int(vocab));
      for (let t = 0; t <= context; t++) write(segment[t % length], t >= length);
    },
  });
  return { ...set, vocab, context };
}

/**
 * Associative recall: `pairs` different keys, each with a value, then `queries` of the keys, each with its value after it.
 * Tokens 0…keys−1 are keys, the others values.
 * @param options.keys - number of keys. Default 32. @param options.values - number of values, default 32.
 */
export function recall(options: GeneratedOptions & { readonly keys?: number; readonly values?: number; readonly pairs?: number; readonly queries?: number } = {}): SequenceTask {
  const { keys = 32, values = 32, pairs = 8, queries = 4 } = options;
  for (const [name, value] of Object.entries({ keys, values, pairs, queries })) checkCount(`recall(): ${name}`, value);
  if (pairs > keys) throw new ArgumentError(`recall(): ${pairs} pairs of ${keys} keys`, { help: "use at most as many pairs as keys" });
  const context = 2 * (pairs + queries) - 1;
  const set = sequences({
    ...options,
    name: "recall",
    context,
    draw(write, random) {
      const order = random.permutation(keys);
      const held = Array.from({ length: pairs }, () => keys + random.int(values));
      held.forEach((value, p) => {
        write(order[p], false);
        write(value, false);
      });
      for (let q = 0; q < queries; q++) {
        const asked = random.int(pairs);
        write(order[asked], false);
        write(held[asked], true);
      }
    },
  });
  return { ...set, vocab: keys + values, context };
}

/**
 * Copy from far back: a code word of `length` tokens, `gap` filler tokens, a marker (token `vocab`), the code word again.
 * @param options.length - default 8. @param options.gap - default 32.
 */
export function copy(options: TaskOptions & { readonly length?: number; readonly gap?: number } = {}): SequenceTask {
  const { vocab = 32, length = 8, gap = 32 } = options;
  checkCount("copy(): vocab", vocab);
  checkCount("copy(): length", length);
  checkCount("copy(): gap", gap, 0);
  const context = 2 * length + gap;
  const set = sequences({
    ...options,
    name: "copy",
    context,
    draw(write, random) {
      const code = Array.from({ length }, () => random.int(vocab));
      for (const token of code) write(token, false);
      for (let g = 0; g < gap; g++) write(random.int(vocab), false);
      write(vocab, false);
      for (const token of code) write(token, true);
    },
  });
  return { ...set, vocab: vocab + 1, context };
}
