/** @file Philox4x32-10 in graphs: the streams and derived keys of philox.ts, bit for bit, in int64 operations. */
import { composite } from "../graph/composite";
import { parseDtype } from "../graph/dtype";
import { add, bitAnd, bitXor, cast, cos, log, mul, scalar, shiftRight, sin, sqrt } from "../graph/ops/elementwise";
import { concat, flip, full, iota, reshape, slice, stack, transpose, zeros } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";
import { MULTIPLIER_0, MULTIPLIER_1, SPLIT_TAG, WEYL_0, WEYL_1 } from "./philox";

const ROUNDS = 10;
const WORD_BITS = 32;
const WORD_MASK = 0xffffffff;
const word = (value: number): Tensor => scalar(value, "int64");
/** Two words as a column [2, 1]: one for each half of the counter. */
const column = ([first, second]: readonly [number, number]): Tensor => concat([full([1, 1], first, "int64"), full([1, 1], second, "int64")]);

/** Counter words (x0, x2) and (x1, x3) of N blocks, each [2, N]. */
interface Halves {
  readonly even: Tensor;
  readonly odd: Tensor;
}

/**
 * Ten rounds over all blocks at once, both products of a round in one operation.
 * Words lie in int64 as 0…2^32−1; a product wraps to the 64 bits that its halves are read from, and high bits
 * that a round leaves above a word are cut only where they would reach the next product.
 */
function tenRounds(key: Tensor, counter: Halves): Halves {
  const multipliers = column([MULTIPLIER_0, MULTIPLIER_1]);
  const weyl = column([WEYL_0, WEYL_1]);
  let { even, odd } = counter;
  let roundKey = reshape(key, [2, 1]);
  for (let round = 0; round < ROUNDS; round++) {
    // Rows (M0·x0, M1·x2); the next (x0, x2) and (x1, x3) take the halves of the other row.
    const crossed = flip(mul(even, multipliers), 0);
    even = bitAnd(bitXor(bitXor(shiftRight(crossed, word(WORD_BITS)), odd), roundKey), word(WORD_MASK));
    odd = crossed;
    roundKey = add(roundKey, weyl);
  }
  return { even, odd: bitAnd(odd, word(WORD_MASK)) };
}

const philoxBits = composite<{ readonly count: number }>({
  name: "PhiloxBits",
  decompose([key], { count }) {
    const blocks = Math.max(1, Math.ceil(count / 4));
    const even = concat([reshape(iota(blocks, "int64"), [1, blocks]), zeros([1, blocks], "int64")]);
    const words = tenRounds(key, { even, odd: zeros([2, 1], "int64") });
    const lanes = reshape(stack([words.even, words.odd], 1), [4, blocks]);
    return slice(reshape(transpose(lanes), [4 * blocks]), { axis: 0, end: count });
  },
  vjp: () => [null],
});

/** Elements 0…count−1 of the stream of `key` [2]: int64 [count], each 0…2^32−1. */
export const streamBits = (key: Tensor, count: number): Tensor => philoxBits([key], { count });

/** How stream elements become numbers between 0 and 1. */
export type Fraction = {
  /** Upper bits used. */
  readonly bits: number;
  /** Half a step is added, so that neither 0 nor 1 comes out. */
  readonly half: boolean;
  readonly dtype: string;
};

/** The upper bits of stream elements as a fraction: (k + half) 2^−bits. */
export function fractionOf(words: Tensor, { bits, half, dtype }: Fraction): Tensor {
  const upper = cast(shiftRight(words, word(WORD_BITS - bits)), parseDtype(dtype));
  return mul(half ? add(upper, 0.5) : upper, 2 ** -bits);
}

const philoxUniform = composite<Fraction & { readonly count: number }>({
  name: "PhiloxUniform",
  decompose: ([key], { count, ...fraction }) => fractionOf(philoxBits([key], { count }), fraction),
  vjp: () => [null],
});

/** Elements 0…count−1 of the stream of `key` as fractions: [count]. */
export const streamFractions = (key: Tensor, { count, ...fraction }: Fraction & { readonly count: number }): Tensor => philoxUniform([key], { count, ...fraction });

const boxMuller = composite<{ readonly dtype: string }>({
  name: "BoxMuller",
  decompose([pairs], { dtype }) {
    const half = (which: 0 | 1): Tensor => slice(pairs, { axis: 1, start: which, end: which + 1 });
    const radius = sqrt(mul(log(fractionOf(half(0), { bits: 24, half: true, dtype })), -2));
    const angle = mul(fractionOf(half(1), { bits: 24, half: false, dtype }), 2 * Math.PI);
    return reshape(concat([mul(radius, cos(angle)), mul(radius, sin(angle))], 1), [pairs.size]);
  },
  vjp: () => [null],
});

/** Box–Muller on pairs of stream elements [N, 2] (radius, angle): cosine and sine of each pair, [2 N]. Standard normal. */
export const normalsOf = (pairs: Tensor, dtype: string): Tensor => boxMuller([pairs], { dtype });

const philoxNormal = composite<{ readonly count: number; readonly dtype: string }>({
  name: "PhiloxNormal",
  decompose([key], { count, dtype }) {
    const pairs = Math.ceil(count / 2);
    return slice(normalsOf(reshape(philoxBits([key], { count: 2 * pairs }), [pairs, 2]), dtype), { axis: 0, end: count });
  },
  vjp: () => [null],
});

/** Standard normal numbers [count] of the stream of `key`. */
export const streamNormals = (key: Tensor, { count, dtype }: { readonly count: number; readonly dtype: string }): Tensor => philoxNormal([key], { count, dtype });

const philoxKeys = composite<{ readonly kind: number }>({
  name: "PhiloxKeys",
  decompose([key, low, high], { kind }) {
    const n = low.size;
    const even = concat([reshape(low, [1, n]), full([1, n], kind, "int64")]);
    const odd = concat([reshape(high, [1, n]), full([1, n], SPLIT_TAG, "int64")]);
    const words = tenRounds(key, { even, odd });
    return transpose(concat([slice(words.even, { axis: 0, end: 1 }), slice(words.odd, { axis: 0, end: 1 })]));
  },
  vjp: () => [null, null, null],
});

/** Labels of N derived keys: low and high words, int64 [N]. */
export interface Labels {
  readonly low: Tensor;
  readonly high: Tensor;
  /** Keeps sorts of labels apart. */
  readonly kind: number;
}

/** Keys derived from `key` [2] for each label: [N, 2]. */
export const derivedKeys = (key: Tensor, { low, high, kind }: Labels): Tensor => philoxKeys([key, low, high], { kind });

/** Low and high words of integers [N], as labels. */
export const wordsOfLabels = (labels: Tensor): Pick<Labels, "low" | "high"> => ({
  low: bitAnd(labels, word(WORD_MASK)),
  high: shiftRight(labels, word(WORD_BITS)),
});
