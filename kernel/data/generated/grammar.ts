/** @file Sentences of a probabilistic context-free grammar, with the grammar's entropy. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { generate, ints, checkCount, type GeneratedOptions } from "./generate";

/** What a symbol can become, with weights: "noun phrase, verb" → symbols apart by blanks; a symbol without rules is a word. */
export type GrammarRules = Readonly<Record<string, readonly (readonly [weight: number, symbols: string])[]>>;

/** Short reviews: every sentence has one derivation, so the entropy is exact. About 60 words, good and bad ones, some rude. */
export const REVIEW_GRAMMAR: GrammarRules = {
  sentence: [[6, "opinion ."], [2, "opinion link opinion ."], [2, "i verb the noun ."], [1, "address opinion ."]],
  opinion: [[3, "the noun was quality"], [1, "the noun and the noun were quality"], [2, "the place noun seemed quality"]],
  address: [[1, "well ,"], [1, "honestly ,"], [1, "listen you insult ,"]],
  link: [[2, "but"], [1, "while"], [1, "and yet"]],
  quality: [[4, "adjective"], [2, "degree adjective"]],
  degree: [[3, "very"], [2, "quite"], [1, "rather"], [1, "truly"]],
  adjective: [[1, "good"], [1, "bad"]],
  good: [[4, "great"], [3, "nice"], [3, "tasty"], [2, "lovely"], [2, "fresh"], [2, "warm"], [1, "superb"], [1, "charming"], [1, "perfect"], [1, "kind"], [1, "bright"], [1, "clean"]],
  bad: [[4, "awful"], [3, "cold"], [3, "stale"], [2, "dirty"], [2, "slow"], [2, "bland"], [1, "dreadful"], [1, "noisy"], [1, "greasy"], [1, "sour"], [1, "dull"], [1, "broken"]],
  insult: [[3, "fool"], [2, "clown"], [2, "idiot"], [1, "moron"], [1, "dunce"], [1, "twit"]],
  noun: [[5, "food"], [4, "service"], [3, "room"], [3, "soup"], [2, "staff"], [2, "coffee"], [1, "view"], [1, "music"], [1, "bread"]],
  place: [[2, "hotel"], [2, "garden"], [1, "harbour"], [1, "kitchen"]],
  verb: [[3, "liked"], [2, "loved"], [2, "hated"], [1, "ignored"], [1, "tried"]],
};

export interface GrammarOptions extends GeneratedOptions {
  /** Default REVIEW_GRAMMAR. Its first symbol is a sentence. */
  readonly rules?: GrammarRules;
  /** T. Default 32. */
  readonly context?: number;
}

export interface Grammar extends Dataset<"x" | "y"> {
  /** The words, in order of appearance in the rules: token i is words[i]. */
  readonly words: readonly string[];
  readonly vocab: number;
  /** Nats a sentence: entropy of its derivation, which for an unambiguous grammar is that of the sentence. */
  readonly sentenceEntropy: number;
  /** Mean words of a sentence. */
  readonly sentenceWords: number;
  /** Nats a token of sentences one after the other: the least cross-entropy that any model reaches, given long contexts. For ambiguous grammars no model needs this much. */
  readonly entropyRate: number;
  /** The tokens of one sentence. */
  sentence(random: HostRandom): Int32Array;
  /** Words apart by blanks. */
  decode(tokens: ArrayLike<number>): string;
  /** @throws {ArgumentError} for a word that the grammar does not have. */
  encode(text: string): Int32Array;
}

/**
 * Sentences one after the other, cut to T + 1 words, beginning at a sentence. An example has `x` [T] and `y` [T] int32: y[t] follows x[t].
 * @throws {ArgumentError} for a grammar without rules, with weights that are not positive, or whose sentences have no finite mean length.
 */
export function grammar(options: GrammarOptions = {}): Grammar {
  const { rules = REVIEW_GRAMMAR, context = 32 } = options;
  checkCount("grammar(): context", context);
  const { symbols, words, expansions } = readRules(rules);
  const wordIds = new Map(words.map((word, id) => [word, id]));
  const [lengths, entropies] = solveMeans(expansions, symbols.length);
  if (!(lengths[0] > 0) || lengths.some((length) => !(length >= 0 && length < 1e9)))
    throw new ArgumentError(`grammar(): sentences of ${symbols[0]} have no finite, positive mean length`, { help: "give the rules that come back to a symbol less weight" });

  const sentence = (random: HostRandom): Int32Array => {
    const out: number[] = [];
    const stack = [0];
    for (let symbol = stack.pop(); symbol !== undefined; symbol = stack.pop()) {
      if (symbol >= symbols.length) out.push(symbol - symbols.length);
      else {
        const { cumulative, parts } = expansions[symbol];
        const chosen = parts[random.categorical(cumulative)];
        for (let i = chosen.length - 1; i >= 0; i--) stack.push(chosen[i]);
      }
    }
    return Int32Array.from(out);
  };

  const set = generate({
    ...options,
    name: "grammar",
    fields: { x: ints(context), y: ints(context) },
    draw(out, random) {
      let t = 0;
      while (t <= context)
        for (const token of sentence(random)) {
          if (t < context) out.x[t] = token;
          if (t > 0 && t <= context) out.y[t - 1] = token;
          t++;
        }
    },
  });
  return {
    ...set,
    words,
    vocab: words.length,
    sentenceEntropy: entropies[0],
    sentenceWords: lengths[0],
    entropyRate: entropies[0] / lengths[0],
    sentence,
    decode: (tokens) => Array.from(tokens, (token) => words[token]).join(" "),
    encode: (text) =>
      Int32Array.from(text.split(/\s+/).filter((word) => word !== ""), (word) => {
        const id = wordIds.get(word);
        if (id === undefined) throw new ArgumentError(`grammar has no word ${JSON.stringify(word)}`, { help: `use its ${words.length} words` });
        return id;
      }),
  };
}

interface Expansions {
  /** Probability of each part, and summed up. */
  readonly shares: readonly number[];
  readonly cumulative: readonly number[];
  /** Symbols: below the number of symbols a rule's name, else a word. */
  readonly parts: readonly (readonly number[])[];
}

function readRules(rules: GrammarRules): { readonly symbols: readonly string[]; readonly words: readonly string[]; readonly expansions: readonly Expansions[] } {
  const symbols = Object.keys(rules);
  const known = new Map(symbols.map((symbol, i) => [symbol, i]));
  const words: string[] = [];
  const idOf = (name: string): number => {
    const id = known.get(name) ?? symbols.length + words.push(name) - 1;
    known.set(name, id);
    return id;
  };
  if (symbols.length === 0) throw new ArgumentError("grammar(): no rules", { help: "give at least the rules of a sentence" });
  const expansions = symbols.map((symbol): Expansions => {
    const total = rules[symbol].reduce((sum, [weight]) => sum + weight, 0);
    if (!rules[symbol].every(([weight]) => weight > 0 && Number.isFinite(weight)) || rules[symbol].length === 0)
      throw new ArgumentError(`grammar(): weights of ${symbol}: ${rules[symbol].map(([weight]) => weight).join(", ")}`, { help: "give each symbol at least one rule, and rules positive weights" });
    let sum = 0;
    return {
      shares: rules[symbol].map(([weight]) => weight / total),
      cumulative: rules[symbol].map(([weight]) => (sum += weight)),
      parts: rules[symbol].map(([, text]) => text.split(" ").filter((name) => name !== "").map(idOf)),
    };
  });
  return { symbols, words, expansions };
}

/** Mean length and entropy of what each symbol becomes: v = own + M v with M[a][b] the mean number of b in an expansion of a, by elimination. */
function solveMeans(expansions: readonly Expansions[], count: number): readonly [number[], number[]] {
  const rows = expansions.map(({ shares, parts }, a) => {
    const row = new Float64Array(count + 2);
    row[a] = 1;
    parts.forEach((part, r) => {
      for (const symbol of part) row[symbol < count ? symbol : count] += symbol < count ? -shares[r] : shares[r];
      row[count + 1] -= shares[r] * Math.log(shares[r]);
    });
    return row;
  });
  for (let column = 0; column < count; column++) {
    const pivot = rows.reduce((best, row, r) => (r >= column && Math.abs(row[column]) > Math.abs(rows[best][column]) ? r : best), column);
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let r = 0; r < count; r++) {
      const factor = r === column ? 0 : rows[r][column] / rows[column][column];
      if (factor !== 0) for (let c = column; c < count + 2; c++) rows[r][c] -= factor * rows[column][c];
    }
  }
  return [rows.map((row, a) => row[count] / row[a]), rows.map((row, a) => row[count + 1] / row[a])];
}
