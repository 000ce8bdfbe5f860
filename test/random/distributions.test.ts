import { describe, expect, it } from "vitest";
import "../../kernel/runtime/realize";
import { ArgumentError } from "../../kernel/errors";
import { add, cast, scalar } from "../../kernel/graph/ops/elementwise";
import { broadcastTo, reshape } from "../../kernel/graph/ops/movement";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { expand, isComposite } from "../../kernel/graph/composite";
import * as random from "../../kernel/random";
import { compile } from "../../kernel/runtime/compile";

const N = 100_000;
const sorted = (values: Float64Array): Float64Array => values.slice().sort();
const meanOf = (values: Float64Array, power = 1): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;

/** √N times the largest distance between the empirical and the given distribution function: above 1.95 once in a thousand times. */
function kolmogorov(values: Float64Array, distribution: (x: number) => number): number {
  let distance = 0;
  sorted(values).forEach((x, i) => {
    const p = distribution(x);
    distance = Math.max(distance, Math.abs(p - i / values.length), Math.abs(p - (i + 1) / values.length));
  });
  return distance * Math.sqrt(values.length);
}
const KS_999 = 1.95;

/** Φ by Simpson's rule over the density: no series to get wrong. */
function normalCdf(x: number): number {
  const from = -9;
  const steps = 400;
  const width = (x - from) / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) sum += Math.exp(-0.5 * (from + i * width) ** 2) * (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2);
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}

describe("uniform", () => {
  it("is the host's uniform, element by element", async () => {
    const key = add(random.key(11), scalar(0, "int64"));
    const host = random.HostRandom.seeded(11).fillUniform(new Float32Array(1001));
    expect([...(await random.uniform(key, [1001]).numbers())]).toEqual([...host]);
  });

  it("is uniform between its bounds", async () => {
    const values = await random.uniform(random.key(1), [N], { low: -2, high: 3 }).numbers();
    expect(values.every((value) => value >= -2 && value <= 3)).toBe(true);
    expect(kolmogorov(values, (x) => (x + 2) / 5)).toBeLessThan(KS_999);
  });

  it("stays below 1 in 16 bits", async () => {
    for (const dtype of ["float16", "bfloat16"] as const) {
      const values = await cast(random.uniform(random.key(2), [N], { dtype }), "float32").numbers();
      expect(Math.max(...values)).toBeLessThan(1);
      expect(Math.min(...values)).toBe(0);
      expect(meanOf(values)).toBeCloseTo(0.5, 2);
    }
  });

  it("refuses bounds in the wrong order", () => {
    expect(() => random.uniform(random.key(0), [1], { low: 1, high: 0 })).toThrow(ArgumentError);
  });
});

describe("normal", () => {
  it("is the host's normal to float32 rounding, element by element, odd counts too", async () => {
    for (const count of [1, 7, 1000]) {
      const values = await random.normal(random.key(4), [count]).numbers();
      const host = random.HostRandom.seeded(4).fillNormal(new Float64Array(count));
      values.forEach((value, i) => expect(Math.abs(value - host[i])).toBeLessThan(3e-6));
    }
  });

  it("has the normal distribution and its moments", async () => {
    const values = await random.normal(random.key(5), [10, N / 10], { mean: 1, std: 2 }).numbers();
    const standard = values.map((value) => (value - 1) / 2);
    expect(kolmogorov(standard, normalCdf)).toBeLessThan(KS_999);
    // Five standard errors each.
    expect(Math.abs(meanOf(standard))).toBeLessThan(5 * Math.sqrt(1 / N));
    expect(Math.abs(meanOf(standard, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / N));
    expect(Math.abs(meanOf(standard, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / N));
  });

  it("does not correlate with the streams of split and folded keys", async () => {
    const key = random.key(6);
    const children = [key, ...random.split(key, 2), random.fold(key, 0), random.fold(key, 1), random.fold(key, "a")];
    const streams = await Promise.all(children.map((child) => random.normal(child, [N / 4]).numbers()));
    for (let a = 0; a < streams.length; a++)
      for (let b = 0; b < a; b++) {
        const products = streams[a].map((value, i) => value * streams[b][i]);
        expect(Math.abs(meanOf(products))).toBeLessThan(5 / Math.sqrt(N / 4));
      }
  });
});

describe("truncatedNormal", () => {
  it("has the normal distribution between its bounds", async () => {
    for (const [low, high] of [[-2, 2], [-1, 3], [0.5, 1]]) {
      const values = await random.truncatedNormal(random.key(7), [N], { mean: 10, std: 0.5, low, high }).numbers();
      const standard = values.map((value) => (value - 10) / 0.5);
      expect(standard.every((value) => value > low - 1e-5 && value < high + 1e-5)).toBe(true);
      const [from, to] = [normalCdf(low), normalCdf(high)];
      expect(kolmogorov(standard, (x) => (normalCdf(x) - from) / (to - from))).toBeLessThan(KS_999);
    }
  });

  it("refuses bounds that float32 cannot tell apart", () => {
    expect(() => random.truncatedNormal(random.key(0), [1], { low: 2, high: 2 })).toThrow(ArgumentError);
    expect(() => random.truncatedNormal(random.key(0), [1], { low: 6, high: 7 })).toThrow(ArgumentError);
  });
});

describe("gumbel", () => {
  it("has the Gumbel distribution and is finite", async () => {
    const values = await random.gumbel(random.key(8), [N]).numbers();
    expect(values.every(Number.isFinite)).toBe(true);
    expect(kolmogorov(values, (x) => Math.exp(-Math.exp(-x)))).toBeLessThan(KS_999);
  });
});

describe("int", () => {
  it("is floor(bits · n / 2^32)", async () => {
    for (const [low, high] of [[0, 10], [-5, 5], [0, 2 ** 31], [7, 8]]) {
      const words = await random.bits(random.key(9), [100]).numbers();
      const values = await random.int(random.key(9), [100], { low, high }).numbers();
      values.forEach((value, i) => expect(value).toBe(low + Number((BigInt(words[i]) * BigInt(high - low)) >> 32n)));
    }
  });

  it("hits every value equally often", async () => {
    const counts = new Array<number>(10).fill(0);
    for (const value of await random.int(random.key(10), [N], { high: 10 }).numbers()) counts[value]++;
    // 9 degrees of freedom: 27.9 is the 0.999 quantile.
    expect(counts.reduce((sum, count) => sum + (count - N / 10) ** 2 / (N / 10), 0)).toBeLessThan(27.9);
  });

  it("refuses empty and oversized ranges", () => {
    const ranges = [{ high: 0 }, { low: 3, high: 3 }, { high: 2 ** 31 + 1 }, { high: 1.5 }];
    for (const range of ranges) expect(() => random.int(random.key(0), [1], range)).toThrow(ArgumentError);
  });
});

describe("bernoulli", () => {
  it("is true as often as p says; never for 0, always for 1", async () => {
    const share = async (p: number | Tensor): Promise<number> => meanOf(await random.bernoulli(random.key(12), [N], { p }).numbers());
    expect(await share(0)).toBe(0);
    expect(await share(1)).toBe(1);
    for (const p of [0.1, tensor(0.1)]) expect(Math.abs((await share(p)) - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / N));
    expect(() => random.bernoulli(random.key(0), [1], { p: 1.1 })).toThrow(ArgumentError);
  });
});

describe("categorical", () => {
  it("draws in proportion to softmax, along any axis, never a logit of −∞", async () => {
    const logits = tensor([Math.log(1), -Infinity, Math.log(3), Math.log(4)]);
    const wide = broadcastTo(reshape(logits, [4, 1]), [4, N]);
    const drawn = random.categorical(random.key(13), wide, 0);
    expect(drawn.shape).toEqual([N]);
    const counts = [0, 0, 0, 0];
    for (const value of await drawn.numbers()) counts[value]++;
    expect(counts[1]).toBe(0);
    [1 / 8, 0, 3 / 8, 4 / 8].forEach((p, i) => expect(Math.abs(counts[i] / N - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / N) + 1e-12));
  });
});

describe("permutation", () => {
  it("holds every index once, and every order is equally likely", async () => {
    expect([...(await random.permutation(random.key(14), 1000).numbers())].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    const counts = new Map<string, number>();
    const permute = compile((key: Tensor) => random.permutation(key, 3));
    for (const key of random.split(random.key(15), 600)) {
      const text = (await (await permute(key)).numbers()).join("");
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
    // 5 degrees of freedom: 20.5 is the 0.999 quantile.
    expect([...counts.values()].reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0)).toBeLessThan(20.5);
    expect(counts.size).toBe(6);
  });
});

it("is one node in a traced graph, so that an executor may put its own kernel there", () => {
  const made = random.bits(add(random.key(1), scalar(0, "int64")), [8]);
  expect(isComposite(made, "PhiloxBits")).toBe(true);
  if (isComposite(made)) expect(expand(made).shape).toEqual([8]);
});
