/** @file Learns byte-pair merges from text. */
import { ArgumentError } from "../../errors";
import { Bpe, type BpeParts } from "./bpe";
import { Heap } from "./heap";
import { presplit } from "./presplit";
import { utf8 } from "./tokenizer";

export interface BpeTrainingOptions {
  /** Number of tokens: 256 bytes, the merges, and the special texts. Fewer come out when no pair is frequent enough. */
  readonly vocab: number;
  /** Pairs seen less often than this are not merged. Default 2. */
  readonly minFrequency?: number;
  /** Texts that get a token of their own, the last ones of the vocabulary. Default none. */
  readonly special?: readonly string[];
}

/** Longer pieces are cut for counting: a megabyte without blanks would make each merge scan all of it, and teaches nothing more. */
const MAX_PIECE_BYTES = 256;

/** A distinct piece of the corpus as tokens, and how often it appears. */
interface Word {
  readonly count: number;
  ids: number[];
}

/**
 * Byte-level BPE learnt from `corpus` (Sennrich et al. 2016, over bytes and pieces cut as GPT-2 does): the most frequent pair is merged until
 * the vocabulary is full; of equally frequent pairs the one with the lowest tokens. The same corpus gives the same merges.
 * @throws {ArgumentError} when `vocab` leaves no room for 256 bytes and the special texts.
 */
export function trainBpe(corpus: string | readonly string[], { vocab, minFrequency = 2, special = [] }: BpeTrainingOptions): Bpe {
  const room = vocab - special.length;
  if (!Number.isInteger(vocab) || room < 256 || new Set(special).size !== special.length || special.includes(""))
    throw new ArgumentError(`trainBpe(): vocab ${vocab} with ${special.length} special texts`, { help: "give at least 256 plus the number of special texts, which differ and are not empty" });
  const words = countPieces(typeof corpus === "string" ? [corpus] : corpus);
  const tokens: Uint8Array[] = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const merges: [number, number, number][] = [];
  const pairs = new PairCounts(words);
  while (tokens.length < room) {
    const best = pairs.best(Math.max(1, minFrequency));
    if (best === undefined) break;
    const [left, right] = best;
    const joined = tokens.length;
    tokens.push(Uint8Array.from([...tokens[left], ...tokens[right]]));
    merges.push([left, right, joined]);
    pairs.join(left, right, joined);
  }
  const specials = new Map(special.map((text) => [text, tokens.push(utf8(text)) - 1]));
  const parts: BpeParts = { tokens, merges, special: specials };
  return new Bpe(parts);
}

function countPieces(texts: readonly string[]): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    presplit(text, (start, end) => {
      const piece = text.slice(start, end);
      counts.set(piece, (counts.get(piece) ?? 0) + 1);
    });
  }
  return [...counts].flatMap(([piece, count]) => {
    const bytes = utf8(piece);
    return Array.from({ length: Math.ceil(bytes.length / MAX_PIECE_BYTES) }, (_, i) => ({ count, ids: [...bytes.subarray(i * MAX_PIECE_BYTES, (i + 1) * MAX_PIECE_BYTES)] }));
  });
}

/** Tokens stay below this, so a pair is one exact number. */
const PAIR_BASE = 2 ** 24;

/** How often each pair of neighbours appears, and in which words, kept up to date as pairs are joined. */
class PairCounts {
  private readonly counts = new Map<number, number>();
  /** Words a pair was ever seen in; a superset of where it is now. */
  private readonly places = new Map<number, Set<number>>();
  private readonly heap = new Heap<{ readonly count: number; readonly pair: number }>((a, b) => a.count > b.count || (a.count === b.count && a.pair < b.pair));

  constructor(private readonly words: readonly Word[]) {
    words.forEach(({ ids, count }, word) => {
      for (let i = 0; i + 1 < ids.length; i++) this.add(ids[i] * PAIR_BASE + ids[i + 1], count, word);
    });
    for (const [pair, count] of this.counts) this.heap.push({ pair, count });
  }

  /** The most frequent pair, seen at least `least` times. */
  best(least: number): readonly [number, number] | undefined {
    for (;;) {
      const top = this.heap.pop();
      if (top === undefined) return undefined;
      const now = this.counts.get(top.pair) ?? 0;
      if (now === top.count) return now < least ? undefined : [Math.floor(top.pair / PAIR_BASE), top.pair % PAIR_BASE];
      // The count fell since this entry was made: put it back where it belongs.
      if (now > 0 && now < top.count) this.heap.push({ pair: top.pair, count: now });
    }
  }

  join(left: number, right: number, joined: number): void {
    const pair = left * PAIR_BASE + right;
    const changed = new Set<number>();
    for (const word of this.places.get(pair) ?? []) this.joinIn(word, [left, right, joined], changed);
    this.counts.delete(pair);
    this.places.delete(pair);
    for (const grown of changed) this.heap.push({ pair: grown, count: this.counts.get(grown) ?? 0 });
  }

  private joinIn(word: number, [left, right, joined]: readonly [number, number, number], grown: Set<number>): void {
    const { ids, count } = this.words[word];
    const out: number[] = [];
    let at = 0;
    while (at < ids.length) {
      if (ids[at] === left && ids[at + 1] === right) {
        out.push(joined);
        at += 2;
      } else out.push(ids[at++]);
    }
    if (out.length === ids.length) return;
    for (let i = 0; i + 1 < ids.length; i++) this.add(ids[i] * PAIR_BASE + ids[i + 1], -count, word);
    for (let i = 0; i + 1 < out.length; i++) {
      const pair = out[i] * PAIR_BASE + out[i + 1];
      this.add(pair, count, word);
      if (out[i] === joined || out[i + 1] === joined) grown.add(pair);
    }
    this.words[word].ids = out;
  }

  private add(pair: number, count: number, word: number): void {
    this.counts.set(pair, (this.counts.get(pair) ?? 0) + count);
    if (count < 0) return;
    const places = this.places.get(pair);
    if (places === undefined) this.places.set(pair, new Set([word]));
    else places.add(word);
  }
}
