/** @file Whatever the numbers and names, views neither throw nor draw NaN, and stay within the budget. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bundleBytes, DISPLAY, type Display, OUTPUT_BUDGET_BYTES } from "../../kernel/display/displayable";
import type { MarkInput } from "../../kernel/display/figureOptions";
import { view } from "../../kernel/display/view";
import { lehmer } from "./pictures";
import { checkPicture } from "./xml";

/** Numbers that break plots: infinities, the largest and smallest floats, neighbours, zeros of both signs. */
const number = fc.oneof(
  fc.double({ min: -100, max: 100 }),
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE, 1e300, 1e-300, 1, 1 + Number.EPSILON),
);
const numbers = fc.array(number, { maxLength: 30 });
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom("</svg><script>alert(1)</script>", "\u0000\u0007\uD800", "\"&<>'", "", "ﷺ".repeat(200), "𝕏".repeat(80)),
);

/** JSON has no NaN, no infinity and no undefined: they would reach the webview as null, or not at all. */
function checkJson(value: unknown): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${value} in a payload`);
  if (typeof value === "object" && value !== null)
    Object.values(value)
      .filter((inner) => inner !== undefined)
      .forEach(checkJson);
  if (Array.isArray(value) && value.includes(undefined)) throw new Error("undefined in a list of a payload");
}

function checkDisplay(display: Display): void {
  if (display.svg !== undefined) checkPicture(display.svg);
  const bundle = display[DISPLAY]();
  expect(bundleBytes(bundle)).toBeLessThanOrEqual(OUTPUT_BUDGET_BYTES);
  checkJson(display.payload);
  expect(display.finding).not.toMatch(/undefined|\[object/);
  expect(display.text).toContain(display.finding);
}

const mark: fc.Arbitrary<MarkInput> = fc
  .record({ y: numbers, name: text, at: number, rows: fc.integer({ min: 1, max: 5 }) })
  .chain(({ y, name, at, rows }) =>
    fc.constantFrom<MarkInput>(
      { type: "line", y, name },
      { type: "line", x: y, y: [...y].reverse(), name, dashed: true },
      { type: "dot", y, x: y, name, labels: y.map(String) },
      { type: "bar", y, name },
      { type: "bar", x: y.map((_, i) => `${name}${i % 7}`), y },
      { type: "band", low: y, high: y.map((value) => value + 1), name },
      { type: "rule", x: at, label: name },
      { type: "rule", y: at, name },
      { type: "heatmap", values: Array.from({ length: rows }, (_, row) => [at, row, ...y]), valueLabel: name },
      { type: "text", y, text: y.map(() => name) },
      { type: "line", y, name, facet: name },
    ),
  );

describe("views of any data", () => {
  it("figures", () => {
    const scale = fc.constantFrom("linear", "log", "symlog");
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 5 }), scale, scale, text, (marks, x, y, title) => {
        checkDisplay(view.figure({ title, x: { label: title, scale: x }, y: { label: "y", unit: title, scale: y }, marks }));
      }),
      { numRuns: 150 },
    );
  });

  it("attention, spectra, tensors", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 6 }),
        fc.array(number, { minLength: 20, maxLength: 20 }),
        text,
        (heads, tokens, values, title) => {
          const data = Float64Array.from({ length: 2 * heads * tokens * (tokens + 1) }, (_, i) => values[i % 20]);
          checkDisplay(
            view.attention({
              weights: { dtype: "float64", shape: [2, heads, tokens, tokens + 1], data },
              tokens: Array.from({ length: tokens + 1 }, () => title),
              title,
            }),
          );
          checkDisplay(
            view.spectrum({
              layers: [
                { name: title, singularValues: [values.slice(0, tokens), values.slice(tokens, 2 * tokens)] },
                { name: "b", singularValues: [[]] },
              ],
              title,
            }),
          );
          checkDisplay(view.tensor({ dtype: "float64", shape: [2, heads, tokens, tokens + 1], data }, { title }));
          checkDisplay(view.tensor(values.slice(0, tokens)));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("scaling laws, metrics, claims, fronts, progress, tables", () => {
    fc.assert(
      fc.property(numbers, number, number, text, (values, a, b, title) => {
        if (values.some((value) => value > 0 && Number.isFinite(value * 2))) checkDisplay(view.scaling({ title, points: { x: values, y: values } }));
        checkDisplay(
          view.metrics({
            title,
            series: [
              { name: title, value: values },
              { name: "b", unit: title, step: values, value: values },
            ],
            scale: "log",
          }),
        );
        checkDisplay(
          view.claim({
            claim: title,
            source: title,
            quantity: { label: title, unit: title },
            paper: a,
            measured: { value: b, low: a, high: b },
            verdict: "inconclusive",
            arms: [{ name: title, role: "method", seeds: values, mean: { value: a } }],
          }),
        );
        checkDisplay(
          view.pareto({
            cost: { label: title },
            quality: { label: "q" },
            better: "higher",
            points: values.map((value, i) => ({ name: title, cost: value, quality: values[values.length - 1 - i] })),
          }),
        );
        checkDisplay(view.progress({ title, done: a, total: b, elapsedSeconds: a, note: title }));
        checkDisplay(
          view.table(
            values.map((value) => ({ [title]: value, title, value })),
            { title },
          ),
        );
        const [c, d] = [a, b].map((value) => (Number.isFinite(value) ? Math.abs(value) : 0));
        const child = { path: title, flops: d, bytesMoved: c, parameters: d, children: [] };
        checkDisplay(
          view.cost(
            {
              root: { path: title, flops: c, bytesMoved: d, parameters: c, children: [child] },
              totals: { flops: d, bytesMoved: c, peakBytes: c, parameters: d },
            },
            { title },
          ),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe("the budget holds for", () => {
  const next = lehmer();
  const random = Float32Array.from({ length: 12 * 12 * 128 * 128 }, () => next() / 64);

  it("attention of 144 heads over 128 tokens", () => {
    const display = view.attention({
      weights: { dtype: "float32", shape: [12, 12, 128, 128], data: random },
      tokens: Array.from({ length: 128 }, (_, i) => `token ${i}`),
    });
    checkDisplay(display);
    expect(Object.keys(display[DISPLAY]())).toHaveLength(3);
    expect(display.payload.cuts.join()).toMatch(/joins 6 × 6 positions/);
  });

  it("a hundred curves of a hundred thousand points, saying what was cut and keeping the spike", () => {
    const y = Float64Array.from({ length: 100_000 }, (_, i) => (i === 54_321 ? 99 : Math.sin(i / 999)));
    const display = view.figure({ marks: Array.from({ length: 100 }, (_, i) => ({ type: "line" as const, y, name: `curve ${i}` })) });
    checkDisplay(display);
    expect(Object.keys(display[DISPLAY]())).toHaveLength(3);
    expect(display.payload.cuts[0]).toMatch(/line “curve 0”: \d+ of 100000 points kept/);
    const [line] = display.payload.marks;
    expect(line.type === "line" && line.y.includes(99)).toBe(true);
  });

  it("large tensors, noisy images, long tables, deep cost trees", () => {
    const displays = [
      view.tensor({ dtype: "float32", shape: [12, 12, 128, 128], data: random }),
      view.images({ dtype: "float32", shape: [48, 128, 128, 3], data: random }, { title: "noise", range: [0, 1 / 64] }),
      view.images({ dtype: "float32", shape: [2304, 32, 32], data: random }, { range: [0, 1 / 64] }),
      view.video({ dtype: "float32", shape: [48, 128, 128, 3], data: random }, { range: [0, 1 / 64] }),
      view.geometry({ dtype: "float32", shape: [100_000, 3], data: random.slice(0, 300_000) }),
      view.table(Array.from({ length: 5000 }, (_, i) => ({ i, text: "x".repeat(500), more: { nested: i } }))),
      view.spectrum({
        layers: Array.from({ length: 100 }, (_, k) => ({
          name: `layer ${k}`,
          singularValues: Array.from({ length: 20 }, (__, s) => random.slice(s * 512, s * 512 + 512)),
        })),
      }),
      view.cost({
        root: {
          path: "",
          flops: 1e9,
          bytesMoved: 1e9,
          parameters: 1e6,
          children: Array.from({ length: 3000 }, (_, i) => ({ path: `layers.${i}`.repeat(4), flops: i, bytesMoved: i, parameters: i, children: [] })),
        },
        totals: { flops: 1e9, bytesMoved: 1e9, peakBytes: 1e9, parameters: 1e6 },
      }),
      view.metrics({ series: Array.from({ length: 80 }, (_, k) => ({ name: `metric ${k}`, value: random.slice(k * 5000, (k + 1) * 5000) })) }),
      view.pareto({
        cost: { label: "c" },
        quality: { label: "q" },
        better: "higher",
        points: Array.from({ length: 5000 }, (_, i) => ({ name: `point number ${i}`, cost: i % 71, quality: i % 997 })),
      }),
    ];
    for (const display of displays) {
      checkDisplay(display);
      // Interactive payload, static twin and text are all there, and the cut is told.
      expect(Object.keys(display[DISPLAY]())).toHaveLength(3);
      expect(display.payload.cuts.length, display.finding).toBeGreaterThan(0);
    }
  });
});
