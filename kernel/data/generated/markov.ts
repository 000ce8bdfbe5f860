/** @file Token sequences from a random Markov chain, whose best possible loss is known exactly. */
import { ArgumentError } from "../../errors";
import type { Dataset } from "../dataset";
import { checkCount, dirichlet, generate, ints, plantedRandom, type GeneratedOptions } from "./generate";

export interface MarkovOptions extends GeneratedOptions {
  /** V. Default 64. */
  readonly vocab?: number;
  /** How many tokens back the next one depends on. Default 1. vocab ** order is at most 2^20. */
  readonly order?: number;
  /** Smallest and largest number of tokens that can follow a context. Default [2, 8]. */
  readonly successors?: readonly [number, number];
  /** Dirichlet concentration of their probabilities: small ones are easy to predict. Default 0.5. */
  readonly concentration?: number;
  /** T. Default 64. */
  readonly context?: number;
}

export interface Markov extends Dataset<"x" | "y"> {
  readonly vocab: number;
  /** Nats a token: the cross-entropy of the best prediction from all that came before, when that is at least `order` tokens. */
  readonly entropyRate: number;
  /** Nats a token: the least expected cross-entropy over `x` → `y`, whose first positions see fewer than `order` tokens. */
  readonly lossFloor: number;
  /** Probabilities [V] of the token after `previous` (the last `order` tokens, oldest first). */
  next(previous: ArrayLike<number>): Float64Array;
}

const MAX_CONTEXTS = 2 ** 20;
/** Stops finding the stationary distribution when a step changes it by less than this in all. */
const STATIONARY_CHANGE = 1e-13;
const STATIONARY_STEPS = 20_000;

/**
 * Stationary sequences of a chain planted by the seed. An example has `x` [T] and `y` [T] int32: y[t] follows x[t].
 * @throws {ArgumentError} for sizes out of range.
 */
export function markov(options: MarkovOptions = {}): Markov {
  const { vocab = 64, order = 1, successors = [2, 8], concentration = 0.5, context = 64 } = options;
  checkCount("markov(): vocab", vocab);
  checkCount("markov(): order", order);
  checkCount("markov(): context", context);
  const contexts = vocab ** order;
  if (contexts > MAX_CONTEXTS) throw new ArgumentError(`markov(): ${vocab} tokens and order ${order} make ${contexts} contexts`, { help: `keep vocab ** order at or below ${MAX_CONTEXTS}` });
  const [fewest, most] = successors;
  if (!(Number.isInteger(fewest) && Number.isInteger(most) && fewest >= 1 && fewest <= most && most <= vocab) || !(concentration > 0))
    throw new ArgumentError(`markov(): ${fewest} to ${most} successors of ${vocab} tokens, concentration ${concentration}`, { help: "give 1 ≤ fewest ≤ most ≤ vocab, and a positive concentration" });

  const table = plant();
  const stationary = stationaryOf(table);
  const entropyRate = stationary.reduce((sum, share, c) => sum + share * entropy(table.shares[c]), 0);
  const startCumulative = cumulativeOf(stationary);

  const set = generate({
    ...options,
    name: "markov",
    fields: { x: ints(context), y: ints(context) },
    draw(out, random) {
      let state = random.categorical(startCumulative);
      for (let t = 0; t <= context; t++) {
        // The first tokens are those of the starting context, oldest first.
        const token = t < order ? Math.floor(state / vocab ** (order - 1 - t)) % vocab : table.tokens[state][random.categorical(table.cumulative[state])];
        if (t >= order) state = (state % vocab ** (order - 1)) * vocab + token;
        if (t < context) out.x[t] = token;
        if (t > 0) out.y[t - 1] = token;
      }
    },
  });
  return {
    ...set,
    vocab,
    entropyRate,
    lossFloor: floorOf(),
    next(previous) {
      let state = 0;
      for (let i = 0; i < order; i++) state = state * vocab + previous[previous.length - order + i];
      if (!(state >= 0 && state < contexts)) throw new ArgumentError(`next(): fewer than ${order} tokens, or tokens outside of 0…${vocab - 1}`, { help: `give the last ${order} tokens` });
      const out = new Float64Array(vocab);
      table.tokens[state].forEach((token, i) => (out[token] = table.shares[state][i]));
      return out;
    },
  };

  function plant(): ChainTable {
    const random = plantedRandom("markov", options.seed);
    const tokens: Int32Array[] = [];
    const shares: Float64Array[] = [];
    for (let c = 0; c < contexts; c++) {
      const source = random.split(c);
      const count = fewest + source.int(most - fewest + 1);
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(source.int(vocab));
      tokens.push(Int32Array.from(chosen));
      shares.push(dirichlet(source, { count, concentration }));
    }
    return { tokens, shares, cumulative: shares.map(cumulativeOf) };
  }

  /** From uniform, by the chain that stays with probability ½: it has the same stationary distribution and no cycles. */
  function stationaryOf({ tokens, shares }: ChainTable): Float64Array {
    let now = new Float64Array(contexts).fill(1 / contexts);
    for (let step = 0; step < STATIONARY_STEPS; step++) {
      const next = now.map((share) => share / 2);
      for (let c = 0; c < contexts; c++) {
        const base = (c % vocab ** (order - 1)) * vocab;
        for (let i = 0; i < tokens[c].length; i++) next[base + tokens[c][i]] += (now[c] * shares[c][i]) / 2;
      }
      const change = next.reduce((sum, share, c) => sum + Math.abs(share - now[c]), 0);
      now = next;
      if (change < STATIONARY_CHANGE) break;
    }
    return now;
  }

  /** Position t predicts from min(t + 1, order) tokens; with m < order known, the entropy is that of m + 1 tokens less that of m. */
  function floorOf(): number {
    const blocks = Array.from({ length: order + 1 }, (_, m) => (m === 0 ? 0 : entropy(marginal(m))));
    let sum = 0;
    for (let t = 0; t < context; t++) sum += t + 1 < order ? blocks[t + 2] - blocks[t + 1] : entropyRate;
    return sum / context;
  }

  /** Stationary probabilities of the first m tokens of a context. */
  function marginal(m: number): Float64Array {
    const out = new Float64Array(vocab ** m);
    stationary.forEach((share, c) => (out[Math.floor(c / vocab ** (order - m))] += share));
    return out;
  }
}

interface ChainTable {
  /** For each context: the tokens that can follow, their probabilities, and those summed up. */
  readonly tokens: readonly Int32Array[];
  readonly shares: readonly Float64Array[];
  readonly cumulative: readonly Float64Array[];
}

function cumulativeOf(shares: Float64Array): Float64Array {
  let sum = 0;
  return shares.map((share) => (sum += share));
}

/** In nats. */
const entropy = (shares: Float64Array): number => shares.reduce((sum, share) => (share > 0 ? sum - share * Math.log(share) : sum), 0);
