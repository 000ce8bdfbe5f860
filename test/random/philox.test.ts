import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HostRandom } from "../../kernel/random/hostRandom";
import { philox4x32, philoxWords, seedKey, splitKey, type Counter, type Key } from "../../kernel/random/philox";
import { ArgumentError } from "../../kernel/errors";

const hex = (words: readonly number[]): string => words.map((word) => word.toString(16).padStart(8, "0")).join(" ");
const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const key = fc.tuple(word, word);

describe("philox4x32", () => {
  // Random123, tests/kat_vectors, "philox4x32 10".
  it.each<{ counter: Counter; key: Key; words: string }>([
    { counter: [0, 0, 0, 0], key: [0, 0], words: "6627e8d5 e169c58d bc57ac4c 9b00dbd8" },
    { counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], key: [0xffffffff, 0xffffffff], words: "408f276d 41c83b0e a20bc7c6 6d5451fd" },
    { counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], key: [0xa4093822, 0x299f31d0], words: "d16cfe09 94fdcceb 5001e420 24126ea1" },
  ])("gives Random123's known answer $words", ({ counter, key, words }) => {
    expect(hex(philox4x32(counter, key))).toBe(words);
  });

  it("agrees with a reference in big integers for any counter and key", () => {
    const reference = (counter: readonly number[], [low, high]: readonly number[]): number[] => {
      let [a, b, c, d] = counter.map(BigInt);
      let [k0, k1] = [BigInt(low), BigInt(high)];
      const mask = 0xffffffffn;
      for (let round = 0; round < 10; round++) {
        const p0 = 0xd2511f53n * a;
        const p1 = 0xcd9e8d57n * c;
        [a, b, c, d] = [(p1 >> 32n) ^ b ^ k0, p1 & mask, (p0 >> 32n) ^ d ^ k1, p0 & mask];
        k0 = (k0 + 0x9e3779b9n) & mask;
        k1 = (k1 + 0xbb67ae85n) & mask;
      }
      return [a, b, c, d].map(Number);
    };
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), key, (counter, k) => {
        expect(philox4x32(counter, k)).toEqual(reference(counter, k));
      }),
    );
  });

  it("lays element i at lane i & 3 of block i >> 2, however a range is cut", () => {
    fc.assert(
      fc.property(key, fc.oneof(fc.nat(50), fc.integer({ min: 2 ** 34 - 20, max: 2 ** 34 + 20 })), fc.nat(40), fc.nat(40), (k, start, first, second) => {
        const whole = philoxWords(k, start, new Uint32Array(first + second));
        const parts = [...philoxWords(k, start, new Uint32Array(first)), ...philoxWords(k, start + first, new Uint32Array(second))];
        expect([...whole]).toEqual(parts);
        whole.forEach((value, i) => {
          const block = Math.floor((start + i) / 4);
          expect(value).toBe(philox4x32([block % 2 ** 32, Math.floor(block / 2 ** 32), 0, 0], k)[(start + i) % 4]);
        });
      }),
    );
  });

  it("refuses positions and seeds that are no counts", () => {
    expect(() => philoxWords([0, 0], -1, new Uint32Array(1))).toThrow(ArgumentError);
    expect(() => philoxWords([0, 0], 2 ** 53 - 1, new Uint32Array(2))).toThrow(ArgumentError);
    for (const seed of [-1, 0.5, NaN, 2 ** 53]) expect(() => seedKey(seed)).toThrow(ArgumentError);
  });

  it("derives different keys for different labels", () => {
    const labels = [...Array.from({ length: 2000 }, (_, i) => i), ...Array.from({ length: 2000 }, (_, i) => `${i}`), "", "a", "b", "ab", "ba", "aa"];
    expect(new Set(labels.map((label) => splitKey([1, 2], label).join())).size).toBe(labels.length);
    expect(splitKey([1, 2], "train")).toEqual(splitKey([1, 2], "train"));
  });
});

describe("HostRandom", () => {
  it("continues exactly after state and restore, anywhere", () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.constantFrom("bits", "uniform", "normal", "int"), { maxLength: 60 }), (seed, calls) => {
        const random = HostRandom.seeded(seed);
        const draw = (from: HostRandom, call: string): number => (call === "int" ? from.int(10) : call === "bits" ? from.bits() : call === "uniform" ? from.uniform() : from.normal());
        for (const call of calls) draw(random, call);
        const copy = HostRandom.restore(JSON.parse(JSON.stringify(random.state())));
        for (const call of [...calls, "normal", "int"]) expect(draw(copy, call)).toBe(draw(random, call));
      }),
    );
  });

  it("splits into streams that do not depend on use", () => {
    const random = HostRandom.seeded(3);
    const before = random.split("a").bits();
    random.fillUniform(new Float32Array(101));
    expect(random.split("a").bits()).toBe(before);
    expect(random.split("b").bits()).not.toBe(before);
  });

  it("gives the same uniforms and normals one by one and in bulk", () => {
    const bulk = HostRandom.seeded("x").fillUniform(new Float64Array(37));
    const single = HostRandom.seeded("x");
    expect([...bulk]).toEqual(Array.from({ length: 37 }, () => single.uniform()));
    const pairs = HostRandom.seeded("x").fillNormal(new Float64Array(40));
    const cosines = HostRandom.seeded("x");
    expect([...pairs].filter((_, i) => i % 2 === 0)).toEqual(Array.from({ length: 20 }, () => cosines.normal()));
  });

  it("has the moments of the uniform and the normal distribution", () => {
    const n = 200_000;
    const uniforms = HostRandom.seeded(1).fillUniform(new Float64Array(n));
    const normals = HostRandom.seeded(2).fillNormal(new Float64Array(n + 1));
    const moment = (values: Float64Array, power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    // Five standard errors each.
    expect(Math.abs(moment(uniforms, 1) - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(moment(uniforms, 2) - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / n));
    expect(Math.abs(moment(normals, 1))).toBeLessThan(5 * Math.sqrt(1 / n));
    expect(Math.abs(moment(normals, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(normals, 3))).toBeLessThan(5 * Math.sqrt(15 / n));
    expect(Math.abs(moment(normals, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    expect(uniforms.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  it("draws integers as floor(bits · n / 2^32), rejecting the short remainder", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
        const words = HostRandom.seeded(seed);
        const reject = BigInt(2 ** 32 % n);
        let product: bigint;
        do product = BigInt(words.bits()) * BigInt(n);
        while ((product & 0xffffffffn) < reject);
        expect(HostRandom.seeded(seed).int(n)).toBe(Number(product >> 32n));
      }),
    );
    expect(() => HostRandom.seeded(0).int(0)).toThrow(ArgumentError);
  });

  it("shuffles every order equally often", () => {
    const counts = new Map<string, number>();
    const random = HostRandom.seeded(9);
    for (let i = 0; i < 24_000; i++) {
      const order = random.permutation(4).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(counts.size).toBe(24);
    // 23 degrees of freedom: 49.7 is the 0.999 quantile.
    expect(chiSquare).toBeLessThan(49.7);
  });

  it("draws categories in proportion to their weights, never one of weight zero", () => {
    const random = HostRandom.seeded(4);
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 40_000; i++) counts[random.categorical([1, 1, 3, 4])]++;
    expect(counts[1]).toBe(0);
    expect(counts[0] / 40_000).toBeCloseTo(0.25, 1);
    expect(counts[2] / 40_000).toBeCloseTo(0.5, 1);
    expect(counts[3] / 40_000).toBeCloseTo(0.25, 1);
  });
});
