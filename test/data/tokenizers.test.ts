import { Tokenizer as HubTokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Bpe } from "../../kernel/data/tokenizers/bpe";
import { trainBpe } from "../../kernel/data/tokenizers/bpeTraining";
import { presplit } from "../../kernel/data/tokenizers/presplit";
import { bytes, chars, utf8 } from "../../kernel/data/tokenizers/tokenizer";
import { loadTokenizer, parseTokenizer, tokenizerJson } from "../../kernel/data/tokenizers/tokenizerJson";
import { ArgumentError, FormatError } from "../../kernel/errors";

const CORPUS = "the quick brown fox jumps over the lazy dog, and the dog doesn't mind.\n\n  Größe 42 und 4711; 東京 東京 \u{1f600}\u{1f600}! ".repeat(20);
const bpe = trainBpe(CORPUS, { vocab: 340, special: ["<|end|>", "<|end|>>"] });
/** Text of words and blanks of the corpus, and of anything else. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.constantFrom("the", " quick", "  ", "\n", "'s", "'", "'ll", "é", "42", "東京", "\u{1f600}", "<|end|>", "\ufeff", "\t", " ", "aaaa"), { maxLength: 30 }).map((parts) => parts.join("")),
);

const pieces = (content: string): string[] => {
  const out: string[] = [];
  presplit(content, (start, end) => out.push(content.slice(start, end)));
  return out;
};

describe("presplit", () => {
  it("cuts any text as GPT-2's regular expression does", () => {
    const pattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
    fc.assert(
      fc.property(text, (content) => {
        expect(pieces(content)).toEqual(content.match(pattern) ?? []);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes megabytes without a blank, on which a regular expression's stack may end", () => {
    const long = "a".repeat(3_000_000);
    expect(pieces(`${long} ${" ".repeat(3_000_000)}b`).map((piece) => piece.length)).toEqual([3_000_000, 3_000_000, 2]);
  });
});

describe("tokenizers", () => {
  it("give any text back: bytes, BPE", () => {
    fc.assert(
      fc.property(text, (content) => {
        expect(bytes.decode(bytes.encode(content))).toBe(content);
        expect(bpe.decode(bpe.encode(content))).toBe(content);
        const own = chars(content);
        expect(own.decode(own.encode(content))).toBe(content);
        expect(own.vocab).toBe(new Set(content).size);
      }),
    );
  });

  it("give any bytes back: BPE", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
        expect(bpe.decodeBytes(bpe.encodeBytes(content))).toEqual(content);
      }),
    );
  });

  it("refuse tokens and characters that they do not have", () => {
    expect(() => bytes.decode([256])).toThrow(ArgumentError);
    expect(() => bpe.decode([-1])).toThrow(ArgumentError);
    expect(() => bpe.decode([1.5])).toThrow(ArgumentError);
    expect(() => chars("ab").encode("abc")).toThrow(/"c" is not in the vocabulary of 2/);
  });
});

describe("trainBpe", () => {
  it("merges the most frequent pair first, the lower tokens of equals", () => {
    const { merges } = trainBpe("abab abab cdcd", { vocab: 258 });
    // a b: 4 times; then of b·a… the count of (ab, ab) is 2, as is that of (blank, abab) later.
    expect(merges[0]).toEqual([97, 98, 256]);
    expect(merges[1]).toEqual([99, 100, 257]);
  });

  it("counts as a straightforward recount after each merge does", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("aab", "abab", "bbb", "ba", "aaaa", "cab"), { minLength: 1, maxLength: 30 }), (words) => {
        const { merges } = trainBpe(words.join(" "), { vocab: 270, minFrequency: 1 });
        const current = pieces(words.join(" ")).map((piece) => [...utf8(piece)]);
        for (const [left, right, joined] of merges) {
          const counts = new Map<number, number>();
          for (const ids of current) for (let i = 0; i + 1 < ids.length; i++) counts.set(ids[i] * 1000 + ids[i + 1], (counts.get(ids[i] * 1000 + ids[i + 1]) ?? 0) + 1);
          const best = [...counts].sort(([a, x], [b, y]) => y - x || a - b)[0][0];
          expect(left * 1000 + right).toBe(best);
          for (const ids of current)
            for (let i = 0; i + 1 < ids.length; i++) if (ids[i] === left && ids[i + 1] === right) ids.splice(i, 2, joined);
        }
      }),
    );
  });

  it("stops when no pair is frequent enough, and keeps room for special texts", () => {
    const small = trainBpe("abc", { vocab: 300, special: ["<s>"] });
    expect(small.vocab).toBe(257);
    expect([...small.encode("a<s>b")]).toEqual([97, 256, 98]);
    expect(() => trainBpe("abc", { vocab: 256, special: ["<s>"] })).toThrow(ArgumentError);
  });

  it("takes long text without a blank, in training and in encoding", () => {
    const long = "abcd".repeat(60_000);
    const learnt = trainBpe(long, { vocab: 300 });
    const tokens = learnt.encode(long);
    expect(tokens.length).toBeLessThan(long.length / 100);
    expect(learnt.decode(tokens)).toBe(long);
  });

  it("merges long pieces as it merges short ones", () => {
    const slow = (ids: number[]): number[] => {
      bpe.merges.forEach(([left, right, joined]) => {
        for (let i = 0; i + 1 < ids.length; i++) if (ids[i] === left && ids[i + 1] === right) ids.splice(i, 2, joined);
      });
      return ids;
    };
    fc.assert(
      fc.property(fc.array(fc.constantFrom("the", "quick", "dog", "and", "o", "er"), { maxLength: 60 }).map((parts) => utf8(parts.join(""))), (content) => {
        expect([...bpe.encodeBytes(content)]).toEqual(slow([...content]));
      }),
    );
  });
});

describe("tokenizer.json", () => {
  it("gives the same tokens in @huggingface/tokenizers", () => {
    const hub = new HubTokenizer(JSON.parse(tokenizerJson(bpe)), {});
    fc.assert(
      fc.property(text, (content) => {
        // That library composes no text for "", and gives one unknown token.
        fc.pre(content !== "");
        expect(hub.encode(content).ids).toEqual([...bpe.encode(content)]);
      }),
    );
  });

  it("comes back as the same tokenizer", () => {
    const again = parseTokenizer(tokenizerJson(bpe));
    expect(again).toBeInstanceOf(Bpe);
    expect(again.vocab).toBe(bpe.vocab);
    fc.assert(fc.property(text, (content) => void expect([...again.encode(content)]).toEqual([...bpe.encode(content)])));
  });

  it("of another model goes through @huggingface/tokenizers", () => {
    const wordLevel = parseTokenizer(
      JSON.stringify({
        version: "1.0",
        added_tokens: [{ id: 0, content: "[UNK]", single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }],
        normalizer: { type: "Lowercase" },
        pre_tokenizer: { type: "Whitespace" },
        post_processor: null,
        decoder: null,
        model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: { "[UNK]": 0, hello: 1, "##s": 2, world: 3 } },
      }),
    );
    expect(wordLevel.vocab).toBe(4);
    expect([...wordLevel.encode("Hellos world")]).toEqual([1, 2, 3]);
    expect(wordLevel.decode([1, 3])).toContain("hello");
    expect(() => wordLevel.decode([9])).toThrow(ArgumentError);
  });

  it("that is cut anywhere, or inconsistent, is an error with the file's name", () => {
    const content = tokenizerJson(bpe);
    const folder = mkdtempSync(join(tmpdir(), "isoflop-tokenizer-"));
    const path = join(folder, "tokenizer.json");
    try {
      fc.assert(
        fc.property(fc.nat(content.length - 1), (length) => {
          expect(() => parseTokenizer(content.slice(0, length))).toThrow(FormatError);
        }),
      );
      const broken = JSON.parse(content);
      for (const change of [
        { model: { ...broken.model, merges: [["zz", "q"]] } },
        { model: { ...broken.model, merges: ["a b c"] } },
        { model: { ...broken.model, vocab: { a: 0 } } },
        { model: { ...broken.model, vocab: { ...broken.model.vocab, q: 99999 } } },
        { model: { ...broken.model, vocab: undefined } },
        { model: { type: "Nonsense" } },
        { model: null },
        { added_tokens: [{}] },
      ]) {
        writeFileSync(path, JSON.stringify({ ...broken, ...change }));
        expect(() => loadTokenizer(path)).toThrow(FormatError);
        expect(() => loadTokenizer(path)).toThrow(path);
      }
      expect(() => loadTokenizer(join(folder, "none.json"))).toThrow(ArgumentError);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
