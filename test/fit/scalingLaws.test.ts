/** @file Published scaling laws are recovered from their points, SciPy's fits are met, intervals cover. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { allocationOf, chinchillaLoss, chinchillaOptimum, fitChinchilla, type Run } from "../../kernel/fit/chinchilla";
import { fitIsoflop, type IsoflopRun } from "../../kernel/fit/isoflop";
import { fitLaw, startGrid } from "../../kernel/fit/law";
import { fitPowerLaw } from "../../kernel/fit/powerLaw";
import { smallRandom } from "../../kernel/fit/smallRandom";
import { fits, relative } from "./fixtures/fits";

/** Hoffmann et al. 2022, eq. 10; Besiroglu et al. 2024, table 1. */
const PUBLISHED = [
  { name: "Hoffmann et al. 2022", law: { E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 }, a: 0.4516, b: 0.5484 },
  { name: "Besiroglu et al. 2024", law: { E: 1.8172, A: 482.01, B: 2085.43, alpha: 0.3478, beta: 0.3658 }, a: 0.5126, b: 0.4874 },
] as const;

const budgets = [1e18, 3e18, 1e19, 3e19, 1e20, 1e21];
const sizes = [4.4e7, 1.2e8, 4e8, 1.1e9, 3e9, 1.6e10];
const table = (law: (typeof PUBLISHED)[number]["law"]): Run[] =>
  budgets.flatMap((flops) =>
    sizes.map((params) => ({ params, tokens: flops / (6 * params) })).map((size) => ({ ...size, loss: chinchillaLoss(law, size) })),
  );

/** Standard normal numbers (Box and Muller). */
function normals(seed: number): () => number {
  const random = smallRandom(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

describe("fitChinchilla", () => {
  test.each(PUBLISHED)("recovers the law of $name from its points", ({ law, a, b }) => {
    const fit = fitChinchilla(table(law), { bootstrap: { samples: 5 } });
    for (const name of ["E", "A", "B", "alpha", "beta"] as const) {
      expect(relative(fit.parameters[name], law[name])).toBeLessThan(1e-5);
      expect(fit.intervals[name].low).toBeLessThanOrEqual(law[name] * (1 + 1e-4));
    }
    expect(fit.converged).toBe(true);
    expect(fit.loss).toBeLessThan(1e-12);
    expect(fit.r2).toBeGreaterThan(1 - 1e-9);
    expect(fit.allocation.a).toBeCloseTo(a, 4);
    expect(fit.allocation.b).toBeCloseTo(b, 4);
  });

  test("finds a loss as low as SciPy's best of 72 starts on noisy runs with outliers, at the same parameters", () => {
    const { runs, loss, parameters } = fits.chinchilla;
    const fit = fitChinchilla(runs, { bootstrap: "none" });
    expect(fit.loss).toBeLessThanOrEqual(loss * (1 + 1e-7));
    for (const name of ["E", "A", "B", "alpha", "beta"] as const) expect(relative(fit.parameters[name], parameters[name])).toBeLessThan(2e-3);
    expect(fit.intervals.E.low).toBeNaN();
  });

  test("Huber on logs holds against outliers that least squares follows", () => {
    const { runs } = fits.chinchilla;
    const [robust, squares] = [fitChinchilla(runs, { bootstrap: "none" }), fitChinchilla(runs, { bootstrap: "none", delta: Infinity })];
    const truth = chinchillaLoss(PUBLISHED[0].law, { params: 7e10, tokens: 1.4e12 });
    const off = (fit: typeof robust): number => Math.abs(Math.log(fit.predict({ params: 7e10, tokens: 1.4e12 }) / truth));
    expect(off(robust)).toBeLessThan(0.02);
    expect(off(squares)).toBeGreaterThan(2 * off(robust));
  });

  test("intervals of noisy runs hold the truth, repeat with the seed and give a band around the curve", () => {
    const { runs } = fits.chinchilla;
    const fit = fitChinchilla(runs, { bootstrap: { samples: 100, random: smallRandom(5) } });
    const { law } = PUBLISHED[0];
    for (const name of ["E", "A", "B", "alpha", "beta"] as const) {
      expect(fit.intervals[name].low).toBeLessThan(law[name]);
      expect(fit.intervals[name].high).toBeGreaterThan(law[name]);
    }
    expect(fit.allocationIntervals.a.low).toBeLessThan(0.4516);
    expect(fit.allocationIntervals.a.high).toBeGreaterThan(0.4516);
    const far = { params: 7e10, tokens: 1.4e12 };
    const near = { params: 1e9, tokens: 2e10 };
    const width = (x: typeof far): number => fit.band(x).high - fit.band(x).low;
    expect(fit.band(near).low).toBeLessThanOrEqual(fit.predict(near));
    expect(fit.band(near).high).toBeGreaterThanOrEqual(fit.predict(near));
    expect(width(far)).toBeGreaterThan(width(near));
    expect(fitChinchilla(runs, { bootstrap: { samples: 100, random: smallRandom(5) } }).intervals).toEqual(fit.intervals);
  });

  test("the compute-optimal split has the lowest loss of its budget", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 17, max: 26, noNaN: true }),
        fc.double({ min: 0.5, max: 2, noNaN: true }),
        fc.constantFrom(...PUBLISHED),
        (logFlops, shift, { law }) => {
          const best = chinchillaOptimum(law, 10 ** logFlops);
          expect(relative(6 * best.params * best.tokens, best.flops)).toBeLessThan(1e-9);
          expect(best.loss).toBeLessThanOrEqual(chinchillaLoss(law, { params: best.params * shift, tokens: best.tokens / shift }) * (1 + 1e-14));
        },
      ),
    );
    const { G } = allocationOf(PUBLISHED[0].law);
    expect(relative(chinchillaOptimum(PUBLISHED[0].law, 6).params, G)).toBeLessThan(1e-12);
  });

  test("Gopher's budget asks for about 32 B parameters under the published law and 72 B, 18 tokens each, under the corrected one", () => {
    expect(chinchillaOptimum(PUBLISHED[0].law, 5.76e23).params / 1e9).toBeCloseTo(32.2, 0);
    const corrected = chinchillaOptimum(PUBLISHED[1].law, 5.76e23);
    expect(corrected.params / 1e9).toBeCloseTo(72.2, 0);
    expect(corrected.tokens / corrected.params).toBeCloseTo(18.4, 0);
  });

  test("tables that cannot determine the law are refused, saying why", () => {
    const runs = table(PUBLISHED[0].law);
    expect(() => fitChinchilla(runs.slice(0, 5))).toThrow(/5 points, at least 6/);
    expect(() => fitChinchilla(runs.map((run) => ({ ...run, params: 1e8 })))).toThrow(/params takes 1 different value/);
    expect(() => fitChinchilla(runs.map((run) => ({ ...run, tokens: 20 * run.params })))).toThrow(/fixed power/);
    expect(() => fitChinchilla([...runs, { params: 1e8, tokens: 1e9, loss: NaN }])).toThrow(/loss: point 36 has NaN/);
    expect(() => fitChinchilla(runs.map((run, i) => (i === 3 ? { ...run, tokens: 0 } : run)))).toThrow(ArgumentError);
    expect(() => fitChinchilla(runs, { delta: -1 })).toThrow(/delta/);
    expect(() => fitChinchilla(runs, { bootstrap: { samples: 1 } })).toThrow(/1 samples/);
  });
});

describe("fitPowerLaw", () => {
  test("recovers any law with a floor from its points", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        fc.double({ min: 0.5, max: 50, noNaN: true }),
        fc.double({ min: 0.15, max: 1.2, noNaN: true }),
        (E, A, alpha) => {
          const points = [1, 3, 10, 30, 100, 300].map((x) => ({ x, y: E + A * x ** -alpha }));
          const fit = fitPowerLaw(points, { bootstrap: "none" });
          for (const [name, value] of Object.entries({ E, A, alpha })) expect(relative(fit.parameters[name as "E"], value), name).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("finds a loss as low as SciPy's on noisy points", () => {
    const { points, loss, parameters } = fits.power;
    const fit = fitPowerLaw(points, { bootstrap: "none" });
    expect(fit.loss).toBeLessThanOrEqual(loss * (1 + 1e-7));
    for (const name of ["E", "A", "alpha"] as const) expect(relative(fit.parameters[name], parameters[name])).toBeLessThan(5e-3);
  });

  test("without a floor gives the constants of a text-to-image law that rises", () => {
    const fit = fitPowerLaw(
      [1, 10, 100].map((x) => ({ x, y: 0.47 * x ** 0.02 })),
      { irreducible: "none" },
    );
    expect(fit.parameters.A).toBeCloseTo(0.47, 7);
    expect(fit.parameters.alpha).toBeCloseTo(-0.02, 7);
    expect(fit.parameters.E).toBe(0);
    expect(fit.predict(1000)).toBeCloseTo(0.47 * 1000 ** 0.02, 7);
  });

  test("five sizes with noise give an interval that holds the exponent about as often as it says", () => {
    const normal = normals(3);
    let held = 0;
    for (let trial = 0; trial < 60; trial++) {
      const points = [1, 2, 4, 8, 16, 32].map((x) => ({ x, y: 3 * x ** -0.5 * Math.exp(0.01 * normal()) }));
      const { alpha } = fitPowerLaw(points, {
        irreducible: "none",
        delta: Infinity,
        bootstrap: { samples: 200, random: smallRandom(trial) },
      }).intervals;
      if (alpha.low <= 0.5 && 0.5 <= alpha.high) held++;
    }
    expect(held).toBeGreaterThanOrEqual(48);
    expect(held).toBeLessThanOrEqual(60);
  });

  test("a huge input range does not overflow", () => {
    const fit = fitPowerLaw(
      [1e-200, 1e-100, 1, 1e100, 1e200].map((x) => ({ x, y: 1 + x ** -0.01 })),
      { bootstrap: "none" },
    );
    expect(fit.parameters.alpha).toBeCloseTo(0.01, 6);
  });

  test("points that cannot determine the law are refused", () => {
    expect(() => fitPowerLaw([{ x: 1, y: 1 }])).toThrow(/1 points, at least 4/);
    expect(() => fitPowerLaw([1, 2, 3, 4].map((x) => ({ x, y: x })))).toThrow(/y rises with x.*\n {2}help: fit with irreducible: "none"/);
    expect(() => fitPowerLaw([1, 1, 2, 2].map((x) => ({ x, y: x })))).toThrow(/2 different values, at least 3/);
    expect(() => fitPowerLaw([1, 2, 3, 4].map((x) => ({ x, y: x - 2 })))).toThrow(/y: point 0 has -1/);
    expect(() =>
      fitPowerLaw(
        [1, 2, 3, 4].map((x) => ({ x, y: 1 / x })),
        { irreducible: "none", bootstrap: { scheme: "pairs", level: 95 } },
      ),
    ).toThrow(/level 95/);
  });

  test("a constant series is fitted as a constant", () => {
    const fit = fitPowerLaw(
      [1, 2, 4, 8].map((x) => ({ x, y: 3 })),
      { bootstrap: "none" },
    );
    expect(fit.predict(5)).toBeCloseTo(3, 5);
    expect(fit.r2).toBeNaN();
  });
});

describe("fitIsoflop", () => {
  const { law } = PUBLISHED[1];
  const profileRuns = (noise: () => number): IsoflopRun[] =>
    [1e18, 1e19, 1e20, 1e21].flatMap((flops) =>
      [-1.2, -0.8, -0.4, 0, 0.4, 0.8, 1.2].map((shift) => {
        const params = chinchillaOptimum(law, flops).params * Math.exp(shift);
        return { flops: flops * (1 + 0.005 * shift), params, loss: chinchillaLoss(law, { params, tokens: flops / (6 * params) }) * (1 + noise()) };
      }),
    );

  test("minima and exponents follow from the law that made the points", () => {
    const fit = fitIsoflop(
      profileRuns(() => 0),
      { bootstrap: { samples: 20 } },
    );
    expect(fit.skipped).toEqual([]);
    expect(fit.profiles.map((profile) => profile.runs.length)).toEqual([7, 7, 7, 7]);
    for (const profile of fit.profiles) {
      const best = chinchillaOptimum(law, profile.flops);
      expect(relative(profile.params, best.params)).toBeLessThan(0.02);
      expect(relative(profile.loss, best.loss)).toBeLessThan(2e-3);
      expect(profile.inside).toBe(true);
      expect(profile.predict(profile.params)).toBe(profile.loss);
    }
    expect(fit.params.exponent).toBeCloseTo(allocationOf(law).a, 2);
    expect(fit.params.exponent + fit.tokens.exponent).toBeCloseTo(1, 10);
    expect(relative(6 * fit.params.predict(1e22) * fit.tokens.predict(1e22), 1e22)).toBeLessThan(1e-9);
  });

  test("noise gives intervals that hold the exponent, the same for the same seed", () => {
    const normal = normals(8);
    const runs = profileRuns(() => 0.001 * normal());
    const fit = fitIsoflop(runs, { bootstrap: { random: smallRandom(4) } });
    expect(fit.params.exponentInterval.low).toBeLessThan(allocationOf(law).a);
    expect(fit.params.exponentInterval.high).toBeGreaterThan(allocationOf(law).a);
    expect(fit.params.band(1e23).high).toBeGreaterThan(fit.params.predict(1e23));
    expect(fitIsoflop(runs, { bootstrap: { random: smallRandom(4) } }).params.exponentInterval).toEqual(fit.params.exponentInterval);
  });

  test("an exact parabola is found exactly, and a minimum outside of the sizes is marked", () => {
    const at = (flops: number, centre: number): IsoflopRun[] =>
      [1, 2, 3, 5].map((k) => ({ flops, params: Math.exp(k), loss: 2 + 0.25 * (k - centre) ** 2 }));
    const { profiles } = fitIsoflop([...at(1e6, 2.5), ...at(1e7, 7)]);
    expect(Math.log(profiles[0].params)).toBeCloseTo(2.5, 10);
    expect(profiles[0].curvature).toBeCloseTo(0.25, 10);
    expect(profiles[0].loss).toBeCloseTo(2, 10);
    expect(profiles.map((profile) => profile.inside)).toEqual([true, false]);
  });

  test("a budget whose loss only bends down is skipped with its reason; fewer than two minima are refused", () => {
    const bend = (flops: number, sign: number): IsoflopRun[] =>
      [1, 2, 3, 4].map((k) => ({ flops, params: Math.exp(k), loss: 4 + sign * 0.2 * (k - 2.5) ** 2 }));
    const fit = fitIsoflop([...bend(1e6, 1), ...bend(1e7, -1), ...bend(1e8, 1)]);
    expect(fit.profiles).toHaveLength(2);
    expect(fit.skipped[0].reason).toMatch(/no minimum over 4 sizes/);
    expect(() => fitIsoflop([...bend(1e6, 1), ...bend(1e7, -1)])).toThrow(/1 of 2 budgets have a minimum/);
    expect(() => fitIsoflop(bend(1e6, 1).slice(0, 3))).toThrow(/3 points, at least 4/);
    expect(() => fitIsoflop([{ flops: 0, params: 1, loss: 1 }])).toThrow(ArgumentError);
  });
});

describe("fitLaw", () => {
  test("fits the nine-parameter mixture law well enough to predict a size that was held out", () => {
    type P = "E" | "A" | "B" | "C" | "alpha" | "beta" | "gamma" | "eta" | "eps";
    interface Mixture {
      readonly N: number;
      readonly D: number;
      readonly r: number;
    }
    const predict = (p: Readonly<Record<P, number>>, { N, D, r }: Mixture): number =>
      p.E + p.A / N ** p.alpha + (p.B * r ** p.eta) / D ** p.beta + p.C / (r + p.eps) ** p.gamma;
    expect(predict({ E: 1, A: 2, alpha: 0.5, B: 3, beta: 0.5, eta: 1, C: 0.1, eps: 0.1, gamma: 1 }, { N: 4, D: 9, r: 0.4 })).toBeCloseTo(2.6, 12);
    const truth = { E: 1, A: 2, alpha: 0.5, B: 3, beta: 0.5, eta: 1, C: 0.1, eps: 0.1, gamma: 1 };
    const at = (sizesOf: readonly number[]): { x: Mixture; y: number }[] =>
      sizesOf.flatMap((N) =>
        [0, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1].flatMap((r) =>
          [1, 2, 4, 8, 16, 32].map((D) => ({ x: { N, D, r }, y: predict(truth, { N, D, r }) })),
        ),
      );
    const positive = {
      E: "positive",
      A: "positive",
      B: "positive",
      C: "positive",
      alpha: "positive",
      beta: "positive",
      gamma: "positive",
      eta: "positive",
      eps: "positive",
    } as const;
    const starts = startGrid<P>({
      E: [0.5, 1.5],
      A: [1],
      B: [1, 4],
      C: [0.3],
      alpha: [0.3, 1],
      beta: [0.3, 1],
      gamma: [0.5, 1.5],
      eta: [0.7],
      eps: [0.3],
    });
    const fit = fitLaw({ formula: "E + A/N^alpha + B*r^eta/D^beta + C/(r+eps)^gamma", domains: positive, predict }, at([1, 3, 9]), {
      starts,
      refined: 3,
      bootstrap: "none",
    });
    for (const { x, y } of at([1, 3, 9, 5])) expect(Math.abs(fit.predict(x) - y)).toBeLessThan(1e-3);
  });

  test("parameters stay in their domains, and efficiencies of a law with gamma are recovered", () => {
    const base = { A: 400, B: 2000, alpha: 0.35, beta: 0.37, gamma: 1.1, E: 1.8 };
    const predict = ({ effN, effD }: { effN: number; effD: number }, { N, D }: { N: number; D: number }): number =>
      (base.A / (N * effN) ** base.alpha + base.B / (D * effD) ** base.beta) ** base.gamma + base.E;
    const points = [1e6, 1e7, 1e8]
      .flatMap((N) => [25, 50, 100].map((ratio) => ({ N, D: ratio * N })))
      .map((x) => ({ x, y: predict({ effN: 0.64, effD: 0.94 }, x) }));
    const domains = { effN: [0, 1], effD: [0, 1] } as const;
    const fit = fitLaw({ formula: "quartet", domains, predict }, points, {
      starts: startGrid({ effN: [0.3, 0.8], effD: [0.3, 0.8] }),
      bootstrap: { samples: 10 },
    });
    expect(fit.parameters.effN).toBeCloseTo(0.64, 5);
    expect(fit.parameters.effD).toBeCloseTo(0.94, 5);
    expect(() => fitLaw({ formula: "quartet", domains, predict }, points, { starts: [{ effN: 1, effD: 0.5 }] })).toThrow(
      /start effN = 1 is outside its domain \(0, 1\)/,
    );
  });

  test("plain residuals fit a line like least squares, values below zero included", () => {
    const points = [-2, -1, 0, 1, 2].map((x) => ({ x, y: 3 * x - 1 + (x === 0 ? 0.5 : 0) }));
    const law = {
      formula: "m*x + c",
      domains: { m: "real", c: "real" },
      predict: ({ m, c }: { m: number; c: number }, x: number) => m * x + c,
    } as const;
    const fit = fitLaw(law, points, { starts: [{ m: 0, c: 0 }], residuals: "plain" });
    expect(fit.parameters.m).toBeCloseTo(3, 8);
    expect(fit.parameters.c).toBeCloseTo(-0.9, 8);
    expect(fit.intervals.c.high).toBeGreaterThan(fit.intervals.c.low);
    expect(() => fitLaw(law, points, { starts: [{ m: 0, c: 0 }] })).toThrow(/no logarithm/);
    expect(() => fitLaw(law, points.slice(0, 2), { starts: [{ m: 0, c: 0 }], residuals: "plain" })).toThrow(/2 points, at least 3/);
  });
});
