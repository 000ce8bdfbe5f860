/** @file Statistics against SciPy and NumPy, and their rules. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { huber, huberSlope } from "../../kernel/fit/huber";
import { smallRandom } from "../../kernel/fit/smallRandom";
import {
  bootstrapMean,
  mean,
  median,
  pairedDifference,
  quantile,
  rSquared,
  spearman,
  standardDeviation,
  tInterval,
  variance,
} from "../../kernel/fit/statistics";
import { studentCdf, studentQuantile } from "../../kernel/fit/studentT";
import { fits, relative } from "./fixtures/fits";

const { statistics } = fits;
const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe("statistics", () => {
  test("mean, median, variance and quantiles equal NumPy's", () => {
    expect(mean(statistics.sample)).toBeCloseTo(statistics.mean, 13);
    expect(median(statistics.sample)).toBeCloseTo(statistics.median, 13);
    expect(variance(statistics.sample)).toBeCloseTo(statistics.variance, 12);
    expect(standardDeviation(statistics.sample) ** 2).toBeCloseTo(statistics.variance, 12);
    for (const [p, value] of statistics.quantiles) expect(quantile(statistics.sample, p)).toBeCloseTo(value, 13);
  });

  test("quantiles of Student's t equal SciPy's, and the probability inverts them", () => {
    for (const [p, freedom, value] of statistics.studentQuantiles) {
      expect(relative(studentQuantile(p, freedom), value)).toBeLessThan(1e-10);
      expect(studentCdf(value, freedom)).toBeCloseTo(p, 12);
    }
  });

  test("t interval and paired interval equal SciPy's", () => {
    const single = tInterval(statistics.sample, 0.9);
    expect([single.low, single.high].map((value, i) => relative(value, statistics.tInterval90[i]))).toEqual([
      expect.closeTo(0, 10),
      expect.closeTo(0, 10),
    ]);
    const paired = pairedDifference(statistics.sample, statistics.other);
    expect([paired.low, paired.high].map((value, i) => relative(value, statistics.pairedInterval95[i]))).toEqual([
      expect.closeTo(0, 10),
      expect.closeTo(0, 10),
    ]);
    expect(paired.count).toBe(13);
  });

  test("pairing takes the common spread out: the paired interval is far narrower than either arm's", () => {
    const width = ({ low, high }: { low: number; high: number }): number => high - low;
    expect(width(pairedDifference(statistics.sample, statistics.other))).toBeLessThan(0.3 * width(tInterval(statistics.sample)));
  });

  test("rank correlation equals SciPy's with ties, and 0.8 for one swapped pair of four", () => {
    expect(spearman(statistics.sample, statistics.ties)).toBeCloseTo(statistics.spearman, 12);
    expect(spearman([1, 2, 3, 4], [1, 3, 2, 4])).toBeCloseTo(0.8, 14);
    expect(spearman([1, 2, 3], [9, 4, 1])).toBeCloseTo(-1, 14);
    expect(spearman([1, 2, 3], [5, 5, 5])).toBeNaN();
  });

  test("Huber loss equals SciPy's, and its slope is its derivative", () => {
    for (const [residual, delta, value] of statistics.huber) expect(huber(residual, delta)).toBeCloseTo(value, 14);
    expect(huber(0.0005, 1e-3)).toBeCloseTo(1.25e-7, 15);
    expect(huber(0.01, 1e-3)).toBeCloseTo(9.5e-6, 15);
    expect(huber(-3, Infinity)).toBe(4.5);
    fc.assert(
      fc.property(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: 0.1, max: 3, noNaN: true }), (residual, delta) => {
        const h = 1e-5;
        expect(huberSlope(residual, delta)).toBeCloseTo((huber(residual + h, delta) - huber(residual - h, delta)) / (2 * h), 4);
      }),
    );
  });

  test("a quantile lies between the extremes and grows with its share", () => {
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 1, maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, p, q) => {
          const [low, high] = [Math.min(p, q), Math.max(p, q)].map((share) => quantile(values, share));
          expect(low).toBeGreaterThanOrEqual(Math.min(...values));
          expect(high).toBeLessThanOrEqual(Math.max(...values));
          expect(high - low).toBeGreaterThanOrEqual(-1e-9);
        },
      ),
    );
  });

  test("the mean of a million tenths keeps its digits", () => {
    expect(mean(new Float64Array(1_000_000).fill(0.1))).toBe(0.1);
  });

  test("explained share is 1 for perfect predictions, 0 for the mean, NaN for constants", () => {
    expect(rSquared([1, 2, 3], [1, 2, 3])).toBe(1);
    expect(rSquared([1, 2, 3], [2, 2, 2])).toBe(0);
    expect(rSquared([2, 2], [1, 3])).toBeNaN();
  });

  test("the 90 % t interval of normal samples holds the true mean about nine times in ten", () => {
    const random = smallRandom(11);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    let held = 0;
    for (let i = 0; i < 2000; i++) {
      const { low, high } = tInterval(
        Array.from({ length: 5 }, () => 4 + normal()),
        0.9,
      );
      if (low <= 4 && 4 <= high) held++;
    }
    expect(held / 2000).toBeGreaterThan(0.88);
    expect(held / 2000).toBeLessThan(0.92);
  });

  test("the bootstrap interval of a mean is the same for a seed, moves with it, and is near the t interval", () => {
    const options = { samples: 4000, random: smallRandom(1) };
    const first = bootstrapMean(statistics.sample, options);
    expect(bootstrapMean(statistics.sample, { samples: 4000, random: smallRandom(1) })).toEqual(first);
    expect(bootstrapMean(statistics.sample, { samples: 4000, random: smallRandom(2) })).not.toEqual(first);
    const { low, high } = tInterval(statistics.sample);
    expect((first.high - first.low) / (high - low)).toBeGreaterThan(0.75);
    expect((first.high - first.low) / (high - low)).toBeLessThan(1.05);
  });

  test("random numbers of a seed are uniform, and streams of neighbouring seeds do not correlate", () => {
    const [a, b] = [smallRandom(1), smallRandom(2)];
    const pairs = Array.from({ length: 20_000 }, () => [a(), b()] as const);
    expect(mean(pairs.map(([x]) => x))).toBeCloseTo(0.5, 1);
    expect(variance(pairs.map(([x]) => x))).toBeCloseTo(1 / 12, 2);
    expect(
      Math.abs(
        spearman(
          pairs.map(([x]) => x),
          pairs.map(([, y]) => y),
        ),
      ),
    ).toBeLessThan(0.03);
    expect(pairs.every(([x]) => x >= 0 && x < 1)).toBe(true);
  });

  test("too few values, unequal arms, NaN and impossible levels are refused in three lines or two", () => {
    for (const bad of [
      () => mean([]),
      () => tInterval([1]),
      () => tInterval([1, 2], 95),
      () => pairedDifference([1, 2], [1]),
      () => quantile([1, NaN], 0.5),
      () => quantile([1], 2),
      () => huber(1, 0),
    ]) {
      expect(bad).toThrow(ArgumentError);
      expect(bad).toThrow(/\n {2}help: /);
    }
  });
});
