import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrays, concat, range, split, subset, type Batch } from "../../kernel/data/dataset";
import { loader, type LoaderOptions } from "../../kernel/data/loader";
import { mixture } from "../../kernel/data/mixture";
import { ArgumentError, ShapeError } from "../../kernel/errors";
import { storedData } from "../../kernel/graph/tensor";

/** Example i is x = [i, i + 0.5], y = i. */
const numbered = (size: number, start = 0): ReturnType<typeof arrays<"x" | "y">> =>
  arrays({
    x: { dtype: "float32", shape: [size, 2], data: Float32Array.from({ length: 2 * size }, (_, i) => start + i / 2) },
    y: { dtype: "int32", shape: [size], data: range(size, start) },
  });
const labels = (batch: Batch<"y">): number[] => [...storedData(batch.y)].map(Number);
const options = fc.record({ batch: fc.integer({ min: 1, max: 7 }), seed: fc.nat(), shuffle: fc.boolean(), dropLast: fc.boolean() });

describe("loader", () => {
  it("gives every example of an epoch once, in another order each epoch", () => {
    const stream = loader(numbered(100), { batch: 10 });
    const first = [...stream].flatMap(labels);
    const second = [...stream].flatMap(labels);
    expect([...first].sort((a, b) => a - b)).toEqual([...range(100)]);
    expect([...second].sort((a, b) => a - b)).toEqual([...range(100)]);
    expect(first).not.toEqual(second);
    expect(first).not.toEqual([...range(100)]);
    expect([...loader(numbered(100), { batch: 10, shuffle: false })].flatMap(labels)).toEqual([...range(100)]);
  });

  it("keeps fields of an example together and makes tensors of them", () => {
    const batch = loader(numbered(9), { batch: 4 }).next();
    expect(batch.x.shape).toEqual([4, 2]);
    expect(batch.y.dtype).toBe("int32");
    expect([...storedData(batch.x)]).toEqual(labels(batch).flatMap((i) => [i, i + 0.5]));
  });

  it("continues after restore as if never interrupted, anywhere in any epoch", () => {
    fc.assert(
      fc.property(fc.integer({ min: 7, max: 40 }), options, fc.nat(30), fc.nat(30), (size, settings: LoaderOptions, before, after) => {
        const map: Parameters<typeof loader<"x" | "y", "y" | "noise">>[1]["map"] = ({ y }, { random, indices }) => ({
          y,
          noise: { dtype: "float32", shape: [indices.length], data: random.fillNormal(new Float32Array(indices.length)) },
        });
        const make = (): ReturnType<typeof loader<"x" | "y", "y" | "noise">> => loader(numbered(size), { ...settings, map });
        const whole = [...make().take(before + after)];
        const interrupted = make();
        [...interrupted.take(before)].forEach(() => undefined);
        const resumed = make().restore(JSON.parse(JSON.stringify(interrupted.state())));
        const rest = [...resumed.take(after)];
        expect(rest.map((batch) => [...storedData(batch.noise)])).toEqual(whole.slice(before).map((batch) => [...storedData(batch.noise)]));
        expect(rest.map(labels)).toEqual(whole.slice(before).map(labels));
        expect(resumed.step).toBe(before + after);
        expect(whole.map((_, step) => labels(make().batch(step)))).toEqual(whole.map(labels));
      }),
    );
  });

  it("gives workers equally many batches of examples that do not overlap", () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 60 }), options, fc.integer({ min: 1, max: 4 }), (size, settings, world) => {
        fc.pre(Math.floor(size / world) >= settings.batch);
        const epochs = Array.from({ length: world }, (_, rank) => [...loader(numbered(size), { ...settings, shard: { rank, world } })]);
        const seen = epochs.flat().flatMap(labels);
        expect(new Set(epochs.map((epoch) => epoch.length)).size).toBe(1);
        const allowed = settings.dropLast ? 0 : (world - (size % world)) % world;
        expect(seen.length - new Set(seen).size).toBe(allowed);
        if (!settings.dropLast) expect(new Set(seen).size).toBe(size);
        else for (const batch of epochs.flat()) expect(batch.y.shape).toEqual([settings.batch]);
      }),
    );
  });

  it("continues the current epoch after a loop was left, then begins the next", () => {
    const stream = loader(numbered(20), { batch: 5 });
    const seen: number[] = [];
    for (const batch of stream) {
      seen.push(...labels(batch));
      if (stream.step === 2) break;
    }
    for (const batch of stream) seen.push(...labels(batch));
    expect([...seen].sort((a, b) => a - b)).toEqual([...range(20)]);
    expect(stream.epoch).toBe(1);
  });

  it("refuses a state of other data or options, and settings that give no batch", () => {
    const state = loader(numbered(20), { batch: 5, seed: 1 }).state();
    expect(() => loader(numbered(20), { batch: 5, seed: 2 }).restore(state)).toThrow(/seed 1.*seed 2/s);
    expect(() => loader(numbered(20), { batch: 5, seed: 1 }).restore({ ...state, step: -1 })).toThrow(ArgumentError);
    expect(() => loader(numbered(4), { batch: 5 })).toThrow(/do not fill one batch/);
    expect(() => loader(numbered(4), { batch: 1, shard: { rank: 2, world: 2 } })).toThrow(/rank 2 of 2/);
    expect(() => loader(numbered(4), { batch: 0 })).toThrow(ArgumentError);
    expect(() => loader(numbered(4), { batch: 2 }).batch(0.5)).toThrow(ArgumentError);
  });
});

describe("data sets", () => {
  it("cut, part and join as arrays do", () => {
    const whole = numbered(10);
    expect([...subset(whole, [7, 3, 3]).rows([2, 0]).y.data]).toEqual([3, 7]);
    const [train, validation] = split(whole, { validation: 0.3, seed: 5 });
    expect([train.size, validation.size]).toEqual([7, 3]);
    expect([...train.rows(range(7)).y.data, ...validation.rows(range(3)).y.data].map(Number).sort((a, b) => a - b)).toEqual([...range(10)]);
    const both = concat([numbered(4), numbered(3, 100)]);
    expect([...both.rows([6, 0, 4, 3]).y.data]).toEqual([102, 0, 100, 3]);
    expect([...both.rows([6, 0]).x.data]).toEqual([102, 102.5, 0, 0.5]);
  });

  it("refuse indices outside, unequal sizes and different fields", () => {
    expect(() => numbered(3).rows([3])).toThrow(ArgumentError);
    expect(() => numbered(3).rows([0.5])).toThrow(ArgumentError);
    expect(() => subset(numbered(3), [-1])).toThrow(ArgumentError);
    expect(() => arrays({ a: { dtype: "int32", shape: [2], data: range(2) }, b: { dtype: "int32", shape: [3], data: range(3) } })).toThrow(/a 2, b 3/);
    expect(() => arrays({ a: { dtype: "int32", shape: [2, 2], data: range(3) } })).toThrow(ShapeError);
    const other = arrays({ x: { dtype: "float32", shape: [2, 2], data: new Float32Array(4) }, y: { dtype: "float32", shape: [2], data: new Float32Array(2) } });
    expect(() => concat([numbered(2), other])).toThrow(/y is int32 \[\] and float32 \[\]/);
  });

  it("hold int64 columns as well", () => {
    const wide = arrays({ id: { dtype: "int64", shape: [3], data: BigInt64Array.from([1n, 2n ** 60n, 3n]) } });
    expect([...wide.rows([1, 0]).id.data]).toEqual([2n ** 60n, 1n]);
  });
});

describe("mixture", () => {
  it("has exactly the asked counts where they are whole, and their mean where not", () => {
    const sources = { a: numbered(50), b: numbered(50, 100), c: numbered(50, 200) };
    const counts = (batch: Batch<"source">): number[] => [0, 1, 2].map((s) => [...storedData(batch.source)].filter((value) => value === s).length);
    const exact = mixture(sources, { batch: 10, weights: { a: 2, b: 3, c: 5 } });
    for (const batch of exact.take(200)) expect(counts(batch)).toEqual([2, 3, 5]);
    const rounded = mixture(sources, { batch: 4, weights: { a: 0.35, b: 0.65, c: 0 }, seed: 3 });
    const sums = [...rounded.take(2000)].map(counts).reduce((total, batch) => total.map((value, s) => value + batch[s]));
    expect(sums[2]).toBe(0);
    expect(sums[0] / 8000).toBeCloseTo(0.35, 1.9);
  });

  it("takes examples from the source it names, the same at every asking", () => {
    const sources = { a: numbered(50), b: numbered(50, 100) };
    const make = (): ReturnType<typeof mixture<"x" | "y", "a" | "b">> => mixture(sources, { batch: 8, weights: { a: 1, b: 1 }, seed: "s" });
    const batches = [...make().take(20)];
    for (const batch of batches) labels(batch).forEach((label, i) => expect(Math.floor(label / 100)).toBe(Number(storedData(batch.source)[i])));
    expect(labels(make().batch(13))).toEqual(labels(batches[13]));
    expect(() => mixture(sources, { batch: 8, weights: { a: 0, b: 0 } })).toThrow(ArgumentError);
  });
});
