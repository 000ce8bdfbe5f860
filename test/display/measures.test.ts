/** @file Scores of attention heads, ranks of spectra, and words about curves: known answers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { earlierOccurrences, headScores, isCausal } from "../../kernel/display/attentionScores";
import { curveIndices, pool } from "../../kernel/display/downsample";
import { powerLaw } from "../../kernel/display/powerLaw";
import { effectiveRank, stableRank, tailExponent } from "../../kernel/display/spectrumMeasures";
import { histogram, tensorStats } from "../../kernel/display/tensorStats";
import { trend } from "../../kernel/display/trend";
import { byteGrid, gridValues } from "../../kernel/display/values";
import { view } from "../../kernel/display/view";
import { powerSpectrum } from "./pictures";

const matrix = (rows: readonly (readonly number[])[]) => ({ shape: [rows.length, rows[0].length], data: Float64Array.from(rows.flat()) });

describe("scores of attention heads", () => {
  it("of a head that looks at the previous token", () => {
    const weights = matrix([
      [1, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(isCausal([weights])).toBe(true);
    expect(headScores({ weights, causal: true })).toEqual({ previous: 1, self: 0.3333, first: 0.5, induction: null, entropy: 0 });
  });

  it("of a head that spreads evenly over what it may see", () => {
    const weights = matrix([
      [1, 0, 0],
      [0.5, 0.5, 0],
      [1 / 3, 1 / 3, 1 / 3],
    ]);
    expect(headScores({ weights, causal: true }).entropy).toBe(1);
    expect(headScores({ weights, causal: false }).entropy).toBeLessThan(0.7);
  });

  it("of an induction head, with queries that are the last positions of a cache", () => {
    const tokens = ["a", "b", "c", "a", "b"];
    expect(earlierOccurrences(tokens)).toEqual([-1, -1, -1, 0, 1]);
    const weights = matrix([
      [0, 1, 0, 0, 0],
      [0, 0, 1, 0, 0],
    ]);
    expect(headScores({ weights, causal: true, earlier: earlierOccurrences(tokens) })).toMatchObject({ induction: 1, previous: 0, self: 0 });
  });

  it("do not call a bidirectional head causal", () => {
    expect(
      isCausal([
        matrix([
          [0.5, 0.5],
          [0, 1],
        ]),
      ]),
    ).toBe(false);
  });

  it("name the head of a per-layer list with a batch, and say when no head has a pattern", () => {
    const tokens = 12;
    const even = Float32Array.from({ length: 2 * 2 * tokens * tokens }, (_, i) =>
      i % tokens <= Math.floor(i / tokens) % tokens ? 1 / ((Math.floor(i / tokens) % tokens) + 1) : 0,
    );
    const planted = even.slice();
    // Sequence 1, head 0 looks at itself.
    for (let q = 0; q < tokens; q++) for (let k = 0; k < tokens; k++) planted[((2 + 0) * tokens + q) * tokens + k] = q === k ? 1 : 0;
    const layers = [even, planted].map((data) => ({ dtype: "float32" as const, shape: [2, 2, tokens, tokens], data }));
    expect(view.attention({ weights: layers, batch: 1 }).finding).toBe(
      "Layer 1 head 0 attends mostly to its own token (1); 3 of 4 heads spread almost evenly.",
    );
    expect(view.attention({ weights: layers, batch: 0 }).finding).toMatch(/^No head has a fixed pattern: .*; all 4 heads spread almost evenly\.$/);
    expect(() => view.attention({ weights: layers, batch: 2 })).toThrow(/sequence 2 of a batch of 2/);
    expect(() => view.attention({ weights: layers, tokens: ["a"] })).toThrow(/1 tokens for 12 key positions/);
  });
});

describe("ranks of spectra", () => {
  it("of equal values is their number, of a single one is 1, and does not depend on scale", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 1e-200, max: 1e200, noNaN: true }), (count, size) => {
        const values = new Array<number>(count).fill(size);
        expect(effectiveRank(values)).toBeCloseTo(count, 6);
        expect(stableRank(values)).toBeCloseTo(count, 6);
        expect(effectiveRank([size, ...new Array<number>(count).fill(0)])).toBeCloseTo(1, 9);
      }),
    );
    expect(effectiveRank([0, 0])).toBeNaN();
    // exp(−¾·ln ¾ − ¼·ln ¼)
    expect(effectiveRank([3, 1])).toBeCloseTo(1.7548, 4);
  });

  it("finds the exponent of a power law, in any order", () => {
    expect(tailExponent(powerSpectrum(200, 0.8).reverse())).toBeCloseTo(0.8, 9);
    expect(powerLaw([1, 10, 100], [5, 50, 500])).toMatchObject({ count: 3 });
    expect(powerLaw([1, 10, 100], [5, 50, 500])?.exponent).toBeCloseTo(1, 12);
    expect(powerLaw([2, 2], [1, 3])).toBeUndefined();
  });
});

describe("fewer points", () => {
  it("keep the first, the last, the highest, the lowest and every bucket's gap", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 9, arbitrary: fc.double({ noNaN: true }) }, fc.constant(NaN)), { minLength: 1, maxLength: 500 }),
        fc.integer({ min: 8, max: 100 }),
        (values, limit) => {
          const kept = curveIndices(values, limit);
          expect(kept.length).toBeLessThanOrEqual(limit);
          expect(kept[0]).toBe(0);
          expect(kept.at(-1)).toBe(values.length - 1);
          const finite = values.filter(Number.isFinite);
          if (finite.length > 0)
            expect(kept.map((i) => values[i]).filter(Number.isFinite)).toEqual(expect.arrayContaining([Math.max(...finite), Math.min(...finite)]));
          expect(kept.some((i) => !Number.isFinite(values[i]))).toBe(finite.length < values.length);
        },
      ),
    );
  });

  it("of attention maps still sum to 1 in each row", () => {
    const rows = Array.from({ length: 7 }, (_, i) => Array.from({ length: 7 }, (__, j) => (j <= i ? 1 / (i + 1) : 0)));
    const small = pool(matrix(rows), { rows: 3, columns: 3, across: "sum" });
    expect(small.shape).toEqual([3, 3]);
    for (let row = 0; row < 3; row++) expect(small.data.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  it("in bytes are right to half a step, and keep NaN", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constantFrom(NaN, Infinity)), { minLength: 1, maxLength: 50 }),
        (values) => {
          const grid = byteGrid({ shape: [1, values.length], data: Float64Array.from(values) });
          const step = (grid.high - grid.low) / 254;
          gridValues(grid).forEach((value, i) =>
            Number.isFinite(values[i])
              ? expect(Math.abs(value - values[i])).toBeLessThanOrEqual(step * 0.501 + Math.abs(values[i]) * 1e-5 + 1e-300)
              : expect(value).toBeNaN(),
          );
        },
      ),
    );
  });
});

describe("statistics of tensors", () => {
  it("count what is not finite, and leave it out of the rest", () => {
    expect(tensorStats(Float64Array.of(1, 3, NaN, Infinity, -Infinity, 0, 0))).toEqual({
      min: 0,
      max: 3,
      mean: 1,
      std: 1.224745,
      nanCount: 1,
      infiniteCount: 2,
      zeroCount: 2,
    });
    expect(tensorStats(Float64Array.of(NaN)).mean).toBeNull();
  });

  it("give every finite element to one bin", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double(), fc.integer({ min: -5, max: 5 })), { maxLength: 60 }), (values) => {
        const { counts, edges } = histogram(Float64Array.from(values));
        expect(counts.reduce((a, b) => a + b, 0)).toBe(values.filter(Number.isFinite).length);
        expect(edges.length).toBe(counts.length === 0 ? 0 : counts.length + 1);
      }),
    );
  });
});

describe("words about curves", () => {
  const say = (y: number[]): string => trend({ name: "loss", x: y.map((_, i) => i * 10), y }, { xName: "step" });

  it.each([
    [[4, 3, 2, 1], "loss falls from 4 to 1"],
    [[4, 1, 2], "loss falls from 4 to 2 (lowest 1 at step 10)"],
    [[1, 2, NaN, NaN, 5], "loss rises from 1 to 5; 2 values are not finite, the first at step 20"],
    [[2, 2, 2], "loss stays at 2"],
    [[0, 5, -5, 0], "loss ends where it began, near 0, between −5 and 5"],
    [[NaN], "loss has no finite value; 1 value is not finite, the first at step 0"],
    [[], "loss has no finite values"],
    [[7], "loss is 7 at step 0"],
  ])("%j", (values, words) => expect(say(values)).toBe(words));
});
