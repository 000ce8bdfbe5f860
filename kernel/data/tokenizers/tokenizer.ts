/** @file What a tokenizer is, and the two without training: bytes and characters. */
import { ArgumentError } from "../../errors";

/** Text to token numbers and back. `decode(encode(text)) === text` for all well-formed text, unless a tokenizer says otherwise. */
export interface Tokenizer {
  /** Says which one it is, in messages and data states. */
  readonly name: string;
  /** Tokens are 0…vocab−1. */
  readonly vocab: number;
  encode(text: string): Int32Array;
  /** Bytes that are no UTF-8 (a cut-off character) become U+FFFD. @throws {ArgumentError} for a token outside of the vocabulary. */
  decode(tokens: ArrayLike<number>): string;
}

const encoder = new TextEncoder();
// A BOM is text like any other here: without this, a leading one would be lost.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
export const utf8 = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** UTF-8 bytes as tokens 0…255. Text with unpaired surrogates, which UTF-8 cannot say, comes back with U+FFFD. */
export const bytes: Tokenizer = {
  name: "bytes",
  vocab: 256,
  encode: (text) => new Int32Array(utf8(text)),
  decode(tokens) {
    checkTokens(tokens, 256);
    return textOf(Uint8Array.from(tokens));
  },
};

/** The Unicode characters that appear in `corpus`, numbered in code point order.
 * Its `encode` throws an ArgumentError for a character that is not among them. */
export function chars(corpus: string): Tokenizer {
  const points = Uint32Array.from(new Set(codePoints(corpus))).sort();
  const ids = new Map([...points].map((point, id) => [point, id]));
  return {
    name: `chars ${points.length}`,
    vocab: points.length,
    encode: (text) =>
      Int32Array.from(codePoints(text), (point) => {
        const id = ids.get(point);
        if (id === undefined)
          throw new ArgumentError(`character ${JSON.stringify(String.fromCodePoint(point))} is not in the vocabulary of ${points.length} characters`, {
            help: "make the tokenizer from a corpus that has it, or use bytes",
          });
        return id;
      }),
    decode(tokens) {
      checkTokens(tokens, points.length);
      const parts: string[] = [];
      for (let i = 0; i < tokens.length; i++) parts.push(String.fromCodePoint(points[tokens[i]]));
      return parts.join("");
    },
  };
}

function* codePoints(text: string): Generator<number> {
  for (const character of text) yield character.codePointAt(0) ?? 0;
}

/** @throws {ArgumentError} for a token that is not an integer from 0 to vocab − 1. */
export function checkTokens(tokens: ArrayLike<number>, vocab: number): void {
  for (let i = 0; i < tokens.length; i++)
    if (!Number.isInteger(tokens[i]) || tokens[i] < 0 || tokens[i] >= vocab)
      throw new ArgumentError(`token ${tokens[i]} at place ${i} of a vocabulary of ${vocab}`, { help: `tokens are integers from 0 to ${vocab - 1}` });
}
