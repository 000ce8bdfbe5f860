import fc from "fast-check";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { corpus, type CorpusKind } from "../../kernel/data/corpus";
import { range } from "../../kernel/data/dataset";
import { mixture } from "../../kernel/data/mixture";
import { text, type TextBatch } from "../../kernel/data/text";
import { trainBpe } from "../../kernel/data/tokenizers/bpeTraining";
import { ArgumentError, FormatError } from "../../kernel/errors";
import { storedData } from "../../kernel/graph/tensor";

const story = Array.from({ length: 400 }, (_, i) => `Line ${i} of a story about ${["wind", "rain", "snow"][i % 3]}.\n`).join("");
const values = (batch: TextBatch): [number[], number[]] => [[...storedData(batch.x)].map(Number), [...storedData(batch.y)].map(Number)];

describe("text", () => {
  it("gives windows and the tokens after them", () => {
    const data = text(story, { context: 16, batch: 4 });
    const batch = data.batch(3);
    expect([batch.x.shape, batch.y.shape, batch.x.dtype]).toEqual([[4, 16], [4, 16], "int32"]);
    const [x, y] = values(batch);
    for (let b = 0; b < 4; b++) {
      expect(y.slice(b * 16, b * 16 + 15)).toEqual(x.slice(b * 16 + 1, b * 16 + 16));
      expect(story).toContain(data.decode([...x.slice(b * 16, b * 16 + 16), y[b * 16 + 15]]));
    }
    expect(data.vocab).toBe(256);
  });

  it("is a pure function of seed and step, and its stream resumes exactly", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(20), fc.nat(10), (seed, before, after) => {
        const make = (): ReturnType<typeof text> => text(story, { context: 8, batch: 2, seed, tokenizer: "chars" });
        const whole = [...make().train.take(before + after)].map(values);
        const interrupted = make();
        [...interrupted.train.take(before)].forEach(() => undefined);
        const resumed = make();
        resumed.train.restore(JSON.parse(JSON.stringify(interrupted.train.state())));
        expect([...resumed.train.take(after)].map(values)).toEqual(whole.slice(before));
        expect(values(make().batch(before))).toEqual(values(make().train.batch(before)));
      }),
      { numRuns: 20 },
    );
    expect(values(text(story, { context: 8, batch: 2, seed: 1 }).batch(0))).not.toEqual(values(text(story, { context: 8, batch: 2, seed: 2 }).batch(0)));
  });

  it("refuses the state of another text", () => {
    const state = text(story, { context: 8, batch: 2 }).train.state();
    expect(() => text(`${story}!`, { context: 8, batch: 2 }).train.restore(state)).toThrow(ArgumentError);
    expect(() => text(story, { context: 8, batch: 2, tokenizer: "chars" }).train.restore(state)).toThrow(/tokenizer bytes.*tokenizer chars/s);
  });

  it("keeps validation apart from training, and covers it once", () => {
    const data = text([story, story.toUpperCase()], { context: 10, batch: 3, validation: 0.25 });
    expect(data.tokens.length + data.validationTokens.length).toBe(2 * story.length);
    expect(data.decode(data.validationTokens)).toBe(story.slice(-Math.floor(story.length / 4)) + story.toUpperCase().slice(-Math.floor(story.length / 4)));
    const seen = [...data.validation].flatMap((batch) => values(batch)[0]);
    expect(seen).toEqual([...data.validationTokens.subarray(0, seen.length)]);
    expect(data.validationTokens.length - seen.length).toBeLessThanOrEqual(10 * 3);
    expect([...data.validation].length).toBe(data.validation.size);
    expect(text(story, { context: 10, batch: 3, validationBatches: 2 }).validation.size).toBe(2);
    expect(text(story, { context: 10, batch: 3, validation: 0 }).validation.size).toBe(0);
    expect(() => data.validation.batch(data.validation.size)).toThrow(ArgumentError);
  });

  it("takes validation from all parts of a long document", () => {
    const long = Array.from({ length: 30_000 }, (_, i) => `${i}\n`).join("");
    const held = text(long, { context: 8, batch: 1 });
    const numbers = held.decode(held.validationTokens).split("\n").map(Number);
    expect(Math.min(...numbers.slice(1))).toBeLessThan(15_000);
    expect(held.tokens.length + held.validationTokens.length).toBe(long.length);
    expect(held.validationTokens.length / long.length).toBeCloseTo(0.1, 3);
  });

  it("takes BPE, files and mixtures", () => {
    const folder = mkdtempSync(join(tmpdir(), "isoflop-text-"));
    try {
      const path = join(folder, "story.txt");
      writeFileSync(path, story);
      const tokenizer = trainBpe(story, { vocab: 300 });
      const learnt = text({ files: path }, { context: 8, batch: 2, tokenizer });
      expect(learnt.decode(learnt.tokens) + learnt.decode(learnt.validationTokens)).toBe(story);
      expect(learnt.tokens.length).toBeLessThan(story.length / 2);
      const other = text({ files: [path, path] }, { context: 8, batch: 2, tokenizer });
      const mixed = mixture({ a: learnt.windows, b: other.windows }, { batch: 8, weights: { a: 1, b: 3 } }).next();
      expect([mixed.x.shape, [...storedData(mixed.source)]]).toEqual([[8, 8], [0, 0, 1, 1, 1, 1, 1, 1]]);
      writeFileSync(path, Uint8Array.of(0x61, 0xff, 0xfe));
      expect(() => text({ files: path }, { context: 1, batch: 1 })).toThrow(FormatError);
      expect(() => text({ files: join(folder, "none") }, { context: 1, batch: 1 })).toThrow(/no such file/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says what is wrong with sizes that give no window", () => {
    expect(() => text("abc", { context: 3, batch: 1, validation: 0 })).toThrow(/3 training tokens for windows of 3/);
    expect(() => text("", { context: 3, batch: 1 })).toThrow(ArgumentError);
    expect(() => text(story, { context: 0, batch: 1 })).toThrow(ArgumentError);
    expect(() => text(story, { context: 4, batch: 1, validation: 1 })).toThrow(ArgumentError);
    expect([...text("abcd", { context: 3, batch: 2, validation: 0 }).windows.rows(range(1)).x.data]).toEqual([97, 98, 99]);
  });
});

describe("corpus", () => {
  it.each<{ kind: CorpusKind; least: number; word: string }>([
    { kind: "english", least: 1_000_000, word: " the " },
    { kind: "licences", least: 50_000, word: "Permission is hereby granted" },
    { kind: "markdown", least: 150_000, word: "## " },
    { kind: "typescript", least: 1_000_000, word: "interface " },
    { kind: "javascript", least: 1_000_000, word: "function " },
    { kind: "cpp", least: 500_000, word: "#include" },
    { kind: "json", least: 1_000_000, word: "{" },
  ])("of $kind is at least $least bytes of what it says", ({ kind, least, word }) => {
    const found = corpus({ kind });
    expect(found.bytes).toBeGreaterThan(least);
    const share = found.documents.filter((document) => document.text.includes(word)).length;
    expect(share).toBeGreaterThan(0);
    expect(found.documents.every((document) => !document.name.includes("node_modules") && !document.text.includes("\r"))).toBe(true);
  });

  it("is the same every time, without documents that appear twice", () => {
    const [a, b] = [corpus(), corpus()];
    expect(a.digest).toBe(b.digest);
    expect(new Set(a.documents.map((document) => document.text)).size).toBe(a.documents.length);
    expect(a.bytes).toBe(a.documents.reduce((sum, document) => sum + Buffer.byteLength(document.text), 0));
  });

  it("is cut at a line below the limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), (bytes) => {
        const cut = corpus({ kind: "licences", bytes, packages: ["typescript"] });
        expect(cut.bytes).toBeLessThanOrEqual(bytes);
        if (bytes > 1000) expect(cut.bytes).toBeGreaterThan(0.5 * Math.min(bytes, 9142));
      }),
      { numRuns: 25 },
    );
  });

  it("names a package that is not installed", () => {
    expect(() => corpus({ packages: ["no-such-package-here"] })).toThrow(/no-such-package-here is not installed/);
  });
});
