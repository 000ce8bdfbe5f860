/** @file Cuts text into the pieces within which byte-pair merges happen, as GPT-2 does, in one pass. */

/** Kinds of characters that GPT-2's pattern tells apart. */
const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const OTHER = 4;
type Kind = typeof LETTER | typeof NUMBER | typeof SPACE | typeof OTHER;

const letter = /\p{L}/u;
const number = /\p{N}/u;
const space = /\s/u;

const kindOfPoint = (point: number): Kind => {
  const character = String.fromCodePoint(point);
  return letter.test(character) ? LETTER : number.test(character) ? NUMBER : space.test(character) ? SPACE : OTHER;
};
/** Kinds of the code points seen so far (0 = not seen), two planes; the rest is asked each time. */
const kinds = new Uint8Array(0x20000);

function kindAt(text: string, at: number): Kind {
  const point = text.codePointAt(at) ?? 0;
  if (point >= kinds.length) return kindOfPoint(point);
  if (kinds[point] === 0) kinds[point] = kindOfPoint(point);
  // SAFETY: only kinds are written.
  return kinds[point] as Kind;
}

const CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/**
 * Calls `piece(start, end)` for each piece of `text`, in order; together they are the whole text.
 * The same pieces as GPT-2's `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
 * (github.com/openai/gpt-2, src/encoder.py), without a regular expression, whose stack a long run of letters would overflow.
 */
export function presplit(text: string, piece: (start: number, end: number) => void): void {
  let at = 0;
  while (at < text.length) {
    const end = pieceEnd(text, at);
    piece(at, end);
    at = end;
  }
}

function pieceEnd(text: string, at: number): number {
  if (text[at] === "'") {
    const contraction = CONTRACTIONS.find((ending) => text.startsWith(ending, at));
    if (contraction !== undefined) return at + contraction.length;
  }
  const first = kindAt(text, at);
  if (first !== SPACE) return runEnd(text, at, first);
  // One blank belongs to the word after it.
  if (text[at] === " " && at + 1 < text.length) {
    const second = kindAt(text, at + 1);
    if (second !== SPACE) return runEnd(text, at + 1, second);
  }
  const end = runEnd(text, at, SPACE);
  // A run of white space leaves its last character to what follows.
  return end === text.length || end - at === 1 ? end : end - 1;
}

function runEnd(text: string, at: number, kind: Kind): number {
  let end = at;
  while (end < text.length && kindAt(text, end) === kind) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return end;
}
