/** @file Byte-pair encoding over bytes: encode and decode with learnt merges. */
import { ArgumentError } from "../../errors";
import { checkTokens, textOf, utf8, type Tokenizer } from "./tokenizer";
import { Heap } from "./heap";
import { presplit } from "./presplit";

export interface BpeParts {
  /** The bytes of each token. Tokens 0…255 need not be the single bytes, but every single byte must be a token. */
  readonly tokens: readonly Uint8Array[];
  /** Pairs of tokens that join, most wanted first, with the token they make. */
  readonly merges: readonly (readonly [left: number, right: number, joined: number])[];
  /** Texts that are one token wherever they appear ("<|endoftext|>"), with their token. */
  readonly special?: ReadonlyMap<string, number>;
}

/** Longest piece whose tokens are remembered, in UTF-16 units, and how many are. Words repeat; long runs do not. */
const CACHED_PIECE_UNITS = 64;
const CACHE_PIECES = 1 << 16;
/** Pieces up to this many bytes are merged by scanning; longer ones with a heap, so that time stays n·log n. */
const SCANNED_PIECE_BYTES = 48;

/** Byte-level BPE. Text is cut as GPT-2 does, each piece is merged on its own, so any bytes and any text can be encoded. */
export class Bpe implements Tokenizer {
  readonly tokens: readonly Uint8Array[];
  readonly merges: BpeParts["merges"];
  readonly special: ReadonlyMap<string, number>;
  private readonly byteTokens = new Int32Array(256).fill(-1);
  /** left · vocab + right → rank of the merge. */
  private readonly ranks = new Map<number, number>();
  private readonly cache = new Map<string, readonly number[]>();
  private readonly specialPattern: RegExp | undefined;

  /** @throws {ArgumentError} when a byte has no token, or a merge does not fit its tokens. */
  constructor({ tokens, merges, special = new Map() }: BpeParts) {
    this.tokens = tokens;
    this.merges = merges;
    this.special = special;
    const specials = new Set(special.values());
    tokens.forEach((token, id) => {
      if (token.length === 1 && !specials.has(id)) this.byteTokens[token[0]] = id;
    });
    const missing = this.byteTokens.indexOf(-1);
    if (missing >= 0) throw new ArgumentError(`a BPE vocabulary without byte 0x${missing.toString(16)}`, { help: "byte-level BPE needs all 256 single bytes" });
    merges.forEach(([left, right, joined], rank) => {
      checkTokens([left, right, joined], tokens.length);
      if (tokens[joined].length !== tokens[left].length + tokens[right].length)
        throw new ArgumentError(`merge ${rank} joins tokens ${left} and ${right} to ${joined}, whose bytes are others`, { help: "give for each merge the token of both parts' bytes" });
      this.ranks.set(this.pairKey(left, right), rank);
    });
    if (special.size > 0) {
      // The longest first, so that one which begins another does not hide it.
      const names = [...special.keys()].sort((a, b) => b.length - a.length).map((name) => name.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"));
      this.specialPattern = new RegExp(`(${names.join("|")})`, "u");
    }
  }

  get vocab(): number {
    return this.tokens.length;
  }
  get name(): string {
    return `bpe ${this.vocab}`;
  }

  /** The tokens of `text`; special texts in it become their tokens. Unpaired surrogates become U+FFFD. */
  encode(text: string): Int32Array {
    const out: number[] = [];
    const parts = this.specialPattern === undefined ? [text] : text.split(this.specialPattern);
    for (const part of parts) {
      const special = this.special.get(part);
      if (special === undefined) presplit(part, (start, end) => this.encodePiece(part.slice(start, end), out));
      else out.push(special);
    }
    return Int32Array.from(out);
  }

  /** Tokens of bytes that need not be text, merged as one piece. */
  encodeBytes(bytes: Uint8Array): Int32Array {
    return Int32Array.from(this.merge(bytes));
  }

  decode(tokens: ArrayLike<number>): string {
    return textOf(this.decodeBytes(tokens));
  }

  /** @throws {ArgumentError} for a token outside of the vocabulary. */
  decodeBytes(tokens: ArrayLike<number>): Uint8Array {
    checkTokens(tokens, this.vocab);
    let length = 0;
    for (let i = 0; i < tokens.length; i++) length += this.tokens[tokens[i]].length;
    const out = new Uint8Array(length);
    let at = 0;
    for (let i = 0; i < tokens.length; i++) {
      out.set(this.tokens[tokens[i]], at);
      at += this.tokens[tokens[i]].length;
    }
    return out;
  }

  private encodePiece(piece: string, out: number[]): void {
    let tokens = this.cache.get(piece);
    if (tokens === undefined) {
      tokens = this.merge(utf8(piece));
      if (piece.length <= CACHED_PIECE_UNITS) {
        if (this.cache.size >= CACHE_PIECES) this.cache.clear();
        this.cache.set(piece, tokens);
      }
    }
    for (const token of tokens) out.push(token);
  }

  private pairKey(left: number, right: number): number {
    return left * this.tokens.length + right;
  }

  /** Applies the best merge (lowest rank, then leftmost) until none applies. */
  private merge(bytes: Uint8Array): number[] {
    const ids = Array.from(bytes, (byte) => this.byteTokens[byte]);
    return ids.length <= SCANNED_PIECE_BYTES ? this.mergeByScan(ids) : this.mergeByHeap(ids);
  }

  private mergeByScan(ids: number[]): number[] {
    while (ids.length > 1) {
      let best = Infinity;
      let place = -1;
      for (let i = 0; i + 1 < ids.length; i++) {
        const rank = this.ranks.get(this.pairKey(ids[i], ids[i + 1]));
        if (rank !== undefined && rank < best) {
          best = rank;
          place = i;
        }
      }
      if (place < 0) break;
      ids.splice(place, 2, this.merges[best][2]);
    }
    return ids;
  }

  private mergeByHeap(ids: number[]): number[] {
    const next = Int32Array.from(ids, (_, i) => i + 1);
    const previous = Int32Array.from(ids, (_, i) => i - 1);
    // Entries are rank · length + place, so that the smallest number is the best merge, leftmost.
    const heap = new Heap<number>((a, b) => a < b);
    const offer = (place: number): void => {
      if (place < 0 || next[place] >= ids.length) return;
      const rank = this.ranks.get(this.pairKey(ids[place], ids[next[place]]));
      if (rank !== undefined) heap.push(rank * ids.length + place);
    };
    for (let i = 0; i < ids.length; i++) offer(i);
    for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
      const place = entry % ids.length;
      const rank = (entry - place) / ids.length;
      const [left, right, joined] = this.merges[rank];
      const other = next[place];
      // Stale entries: one side was joined to something else since.
      if (ids[place] !== left || other >= ids.length || ids[other] !== right) continue;
      ids[place] = joined;
      ids[other] = -1;
      next[place] = next[other];
      if (next[place] < ids.length) previous[next[place]] = place;
      offer(place);
      offer(previous[place]);
    }
    return ids.filter((id) => id >= 0);
  }
}
