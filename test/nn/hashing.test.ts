/** @file Locality-sensitive hashing: codes, buckets and their means, against loops over vectors. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vjp } from "../../kernel/autodiff/grad";
import { crossPolytopeCode } from "../../kernel/graph/composites/hashing";
import { ones } from "../../kernel/graph/ops/movement";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import { buckets, crossPolytopeHash, hyperplaneHash, inUse, segmentMean } from "../../kernel/nn/index";
import { EXECUTORS, float32, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();
const wave = (count: number, phase: number): number[] => Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * 12.9898 + phase) * 2));
const int64 = (values: readonly number[], shape: readonly number[]): Tensor => fromHost({ dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) });

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it("the code is twice the place of the largest |x|, the first of equals, plus its sign", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 12 }), fc.array(fc.oneof(fc.constantFrom(-2, 0, 2, -0), fc.float({ noNaN: true })), { minLength: 240, maxLength: 240 }), async (n, d, values) => {
        const x = values.slice(0, n * d);
        const [got] = await valuesOn(name, () => [crossPolytopeCode(float32(x, [n, d]))]);
        const want = Array.from({ length: n }, (_, i) => {
          const row = x.slice(i * d, (i + 1) * d);
          const sizes = row.map(Math.abs);
          const at = sizes.indexOf(Math.max(...sizes));
          return 2 * at + (row[at] < 0 ? 1 : 0);
        });
        expect([...got]).toEqual(want);
      }),
      { numRuns: 12 },
    );
  });

  it("opposite vectors never share a code, parallel ones always do", async () => {
    const x = wave(50, 1);
    const [a, b, c] = await valuesOn(name, () => {
      const rotations = float32(wave(3 * 4 * 5, 9), [3, 4, 5]);
      return [1, -1, 3].map((factor) => crossPolytopeHash(float32(x.map((value) => value * factor), [10, 5]), rotations));
    });
    expect([...c]).toEqual([...a]);
    a.forEach((code, i) => expect(b[i]).toBe(code ^ 1));
  });

  it("hyperplanes give one bit each", async () => {
    const x = wave(12, 1);
    const planes = wave(2 * 5 * 3, 4);
    const [got] = await valuesOn(name, () => [hyperplaneHash(float32(x, [4, 3]), float32(planes, [2, 5, 3]))]);
    const side = (i: number, h: number, p: number): number => ([0, 1, 2].reduce((sum, f) => sum + x[i * 3 + f] * planes[(h * 5 + p) * 3 + f], 0) > 0 ? 1 : 0);
    expect([...got]).toEqual([0, 1, 2, 3].flatMap((i) => [0, 1].map((h) => [0, 1, 2, 3, 4].reduce((bits, p) => bits + side(i, h, p) * 2 ** p, 0))));
  });

  it("buckets are numbered in the order of their codes; their means and gradients are those of loops", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { minLength: 1, maxLength: 40 }), async (codes) => {
        const n = codes.length;
        const distinct = [...new Set(codes.map(([a, b]) => a * 3 + b))].sort((a, b) => a - b);
        const want = codes.map(([a, b]) => distinct.indexOf(a * 3 + b));
        const [x, g] = [wave(n * 2, 1), wave(n * 2, 2)];
        const [ids, count, means, dx, used] = await valuesOn(name, () => {
          const found = buckets(int64(codes.flat(), [n, 2]), [4, 3]);
          const t = float32(x, [n, 2]);
          const m = segmentMean(t, found.ids, n);
          return [found.ids, found.count, m, vjp([m], { seeds: [float32(g, [n, 2])], wrt: [t] })[0], inUse(found.count, n)];
        });
        expect([...ids]).toEqual(want);
        expect(count[0]).toBe(distinct.length);
        expect([...used]).toEqual(Array.from({ length: n }, (_, i) => (i < distinct.length ? 1 : 0)));
        const members = (bucket: number): number[] => want.flatMap((id, i) => (id === bucket ? [i] : []));
        for (let bucket = 0; bucket < n; bucket++)
          for (const f of [0, 1]) {
            const rows = members(bucket);
            const mean = rows.reduce((sum, i) => sum + x[i * 2 + f], 0) / Math.max(1, rows.length);
            expect(means[bucket * 2 + f]).toBeCloseTo(mean, 5);
            for (const i of rows) expect(dx[i * 2 + f]).toBeCloseTo(g[bucket * 2 + f] / rows.length, 5);
          }
      }),
      { numRuns: 8 },
    );
  });
});

describe("wrong operands", () => {
  it.each<readonly [string, () => unknown]>([
    ["rotations of another width", () => crossPolytopeHash(ones([4, 3]), ones([1, 2, 4]))],
    ["rotations of one axis", () => crossPolytopeHash(ones([4, 3]), ones([3]))],
    ["too many planes", () => hyperplaneHash(ones([4, 3]), ones([1, 60, 3]))],
    ["keys that would not be exact", () => buckets(ones([2, 8], "int64"), Array.from({ length: 8 }, () => 128))],
    ["a range of half a value", () => buckets(ones([2, 1], "int64"), [0.5])],
    ["codes that are no integers", () => buckets(ones([2, 1]), [4])],
    ["no codes", () => buckets(ones([0, 1], "int64"), [4])],
    ["segments of another number", () => segmentMean(ones([4, 2]), ones([3], "int64"), 2)],
  ])("%s: an error of three lines", (_, call) => {
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });
});
