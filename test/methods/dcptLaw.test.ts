/** @file The D-CPT law: hand-computed values, slopes, recovery from exact tables, its uses, and the Cross-Domain form. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { huber } from "../../kernel/fit/huber";
import { dcptCurve } from "../../kernel/methods/dcpt-law/curve";
import { data, methods, nn, optim, random, type ArmRun } from "../../kernel/index";

const { dcptLaw } = methods;
type Parameters = methods.dcptLaw.DcptParameters;

const HAND: Parameters = { E: 1, A: 2, alpha: 0.5, B: 3, beta: 0.5, eta: 1, C: 0.1, eps: 0.1, gamma: 1 };
/** Of the size that fits to language models have; η above 1, so that it keeps ∂L/∂r < 0 down to r = 0. */
const PLANTED: Parameters = { E: 1.2, A: 40, alpha: 0.5, B: 20, beta: 0.45, eta: 1.3, C: 0.5, eps: 0.2, gamma: 0.8 };
const RATIOS = [0, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1];
const TOKENS = [1, 2, 3, 4, 5, 6].map((n) => n * 40_000);
const tableOf = (parameters: Parameters, { sizes = [10_000, 25_000, 60_000], ratios = RATIOS } = {}): methods.dcptLaw.MixedRun[] =>
  sizes.flatMap((params) => ratios.flatMap((ratio) => TOKENS.map((tokens) => ({ params, tokens, ratio, loss: dcptLaw.dcptLoss(parameters, { params, tokens, ratio }) }))));

const positive = fc.double({ min: 0.01, max: 10, noNaN: true });
const anyParameters: fc.Arbitrary<Parameters> = fc.record({ E: positive, A: positive, B: positive, C: positive, alpha: positive, beta: positive, gamma: positive, eta: positive, eps: positive });

describe("the form", () => {
  it("has the value of the hand computation: 1 + 1 + 0.4 + 0.2", () => {
    expect(dcptLaw.dcptLoss(HAND, { params: 4, tokens: 9, ratio: 0.4 })).toBeCloseTo(2.6, 12);
  });

  it("is finite without any of the corpus: E + A/N^α + C/ε^γ", () => {
    fc.assert(
      fc.property(anyParameters, (parameters) => {
        const { E, A, alpha, C, eps, gamma } = parameters;
        expect(dcptLaw.dcptLoss(parameters, { params: 7, tokens: 5, ratio: 0 })).toBeCloseTo(E + A / 7 ** alpha + C / eps ** gamma, 8);
      }),
    );
  });

  it("makes data worth more where it is a larger share, for all positive parameters", () => {
    fc.assert(
      fc.property(anyParameters, fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 1, max: 1e3, noNaN: true }), (parameters, ratio, tokens) => {
        expect(dcptLaw.mixedSlope(parameters, { tokens, ratio })).toBeLessThan(0);
      }),
      { numRuns: 1000 },
    );
  });

  it("has the slopes of finite differences", () => {
    const h = 1e-4;
    const at = (ratio: number, tokens: number): number => dcptLaw.dcptLoss(HAND, { params: 4, tokens, ratio });
    expect(dcptLaw.ratioSlope(HAND, { tokens: 9, ratio: 0.4 })).toBeCloseTo((at(0.4 + h, 9) - at(0.4 - h, 9)) / (2 * h), 5);
    const mixed = (at(0.4 + h, 9 + h) - at(0.4 - h, 9 + h) - at(0.4 + h, 9 - h) + at(0.4 - h, 9 - h)) / (4 * h * h);
    expect(dcptLaw.mixedSlope(HAND, { tokens: 9, ratio: 0.4 })).toBeCloseTo(mixed, 5);
  });

  it("says where more of the corpus would make its loss worse", () => {
    const region = { tokens: [9, 16], ratios: [0.1, 1] as const };
    // Without the last term nothing falls with r.
    expect(dcptLaw.violations({ ...HAND, C: 0 }, region)).toHaveLength(2 * 41);
    expect(dcptLaw.violations({ ...HAND, B: 0.01, C: 1 }, region)).toEqual([]);
  });
});

describe("the fit", () => {
  it("uses a Huber loss: quadratic below δ, linear above", () => {
    expect(huber(0.0005, 1e-3)).toBeCloseTo(1.25e-7, 15);
    expect(huber(0.01, 1e-3)).toBeCloseTo(9.5e-6, 15);
  });

  it.each(["log", "plain"] as const)("predicts an exact table, and a size it has not seen, to a thousandth (%s residuals)", (residuals) => {
    const law = dcptLaw.fitDcptLaw(tableOf(PLANTED), { residuals });
    for (const run of [...tableOf(PLANTED), ...tableOf(PLANTED, { sizes: [40_000, 120_000] })]) expect(Math.abs(law.predict(run) - run.loss)).toBeLessThan(1e-3);
    expect(law.r2).toBeGreaterThan(0.99999);
  }, 60_000);

  it("predicts ratios that were left out of an exact table of one size, and has no term of the size", () => {
    const one = { sizes: [25_000] };
    const law = dcptLaw.fitDcptLaw(tableOf(PLANTED, one).filter(({ ratio }) => ratio !== 0.33 && ratio !== 0.8));
    expect(law.parameters.A).toBe(0);
    for (const run of tableOf(PLANTED, one)) expect(Math.abs(law.predict(run) - run.loss)).toBeLessThan(2e-3);
  }, 60_000);

  it("keeps what the law requires on the region of a table that has it", () => {
    expect(dcptLaw.fitDcptLaw(tableOf(PLANTED)).violations()).toEqual([]);
  }, 60_000);

  it("without the factor r^η explains less of a table in which ratio and tokens interact", () => {
    const additive = dcptLaw.fitDcptLaw(tableOf(PLANTED), { form: "additive" });
    expect(additive.parameters.eta).toBe(0);
    expect(additive.loss).toBeGreaterThan(10 * dcptLaw.fitDcptLaw(tableOf(PLANTED)).loss);
  }, 60_000);

  it("refuses tables that cannot determine it", () => {
    expect(() => dcptLaw.fitDcptLaw(tableOf(PLANTED, { ratios: [0.2, 0.5] }))).toThrow(/ratio takes 2 different values/);
    expect(() => dcptLaw.fitDcptLaw(tableOf(PLANTED).map((run) => ({ ...run, ratio: 1.2 })))).toThrow(/a ratio of 1.2/);
    expect(() => dcptLaw.fitDcptLaw(tableOf(PLANTED), { starts: 0 })).toThrow(/0 starts/);
  });
});

describe("the uses", () => {
  const predict = (parameters: Parameters) => ({ predict: (at: methods.dcptLaw.Mixed) => dcptLaw.dcptLoss(parameters, at) });
  const at = { general: predict(PLANTED), domain: predict(PLANTED), params: 25_000, tokens: 200_000 };

  it("finds the ratio at which the general loss meets the tolerance", () => {
    const general = (ratio: number): number => at.general.predict({ ...at, ratio: 1 - ratio });
    const best = dcptLaw.optimalRatio({ ...at, base: general(0.6) / 1.03 });
    expect(best).toMatchObject({ limit: "tolerance", general: expect.closeTo(general(0.6), 9) });
    expect(best.ratio).toBeCloseTo(0.6, 9);
  });

  it("takes all of the domain where the tolerance is never met, and none where it is already violated", () => {
    expect(dcptLaw.optimalRatio({ ...at, base: 100 })).toMatchObject({ ratio: 1, limit: "none" });
    expect(dcptLaw.optimalRatio({ ...at, base: 0.1 })).toMatchObject({ ratio: 0, limit: "violated" });
  });

  it("with little domain data finds the least of r^1.5 + 0.2 / (r + 0.1)", () => {
    const domain = predict({ E: 0, A: 0, alpha: 1, B: 1, eta: 1, beta: 0.5, C: 0.2, gamma: 1, eps: 0.1 });
    const best = dcptLaw.limitedDomainRatio({ domain, params: 1, domainTokens: 1 });
    expect(best.ratio).toBeCloseTo(0.3686, 3);
    expect(best.loss).toBeCloseTo(0.6506, 4);
    expect(best.tokens).toBeCloseTo(1 / best.ratio, 9);
  });

  it("splits a budget so that neither more parameters nor more tokens are better", () => {
    const best = dcptLaw.bestSize(PLANTED, { flops: 1e12, ratio: 0.5 });
    const loss = (params: number): number => dcptLaw.dcptLoss(PLANTED, { params, tokens: 1e12 / (6 * params), ratio: 0.5 });
    expect(6 * best.params * best.tokens).toBeCloseTo(1e12, -3);
    expect(best.loss).toBeCloseTo(loss(best.params), 9);
    for (const factor of [0.5, 0.99, 1.01, 2]) expect(loss(factor * best.params)).toBeGreaterThan(best.loss);
    expect(() => dcptLaw.bestSize({ ...PLANTED, A: 0 }, { flops: 1e12, ratio: 0.5 })).toThrow(/A = 0/);
  });
});

describe("the Cross-Domain law", () => {
  const truth = { ...PLANTED, E: 0.6, F: 0.25, mu: 1.2, w: 3 };
  const probes = [{ initial: 2.5, rate: 0.02 }, { initial: 3.5, rate: 0.05 }, { initial: 4.2, rate: 0.04 }, { initial: 3, rate: 0.08 }, { initial: 3.2, rate: 0.03 }];
  const tables = probes.map((probe) => ({ probe, runs: tableOf(PLANTED, { sizes: [25_000] }).map((run) => ({ ...run, loss: dcptLaw.crossLoss(truth, { ...run, probe }) })) }));

  it("of one domain is the law with E + F / K^μ in the place of E", () => {
    const [probe] = probes;
    const shifted = { ...PLANTED, E: truth.E + truth.F / dcptLaw.learnability(truth, probe) ** truth.mu };
    for (const run of tableOf(PLANTED)) expect(dcptLaw.lawOfDomain(truth, probe).predict(run)).toBeCloseTo(dcptLaw.dcptLoss(shifted, run), 12);
  });

  it("predicts a domain it was not fitted to from its probe", () => {
    const law = dcptLaw.fitCrossDomain(tables.slice(0, 4));
    for (const run of tables[4].runs) expect(Math.abs(law.predict({ ...run, probe: probes[4] }) - run.loss)).toBeLessThan(0.02);
  }, 120_000);

  it("refuses fewer than three domains, and probes that made the loss worse", () => {
    expect(() => dcptLaw.fitCrossDomain(tables.slice(0, 2))).toThrow(/2 domains/);
    expect(() => dcptLaw.fitCrossDomain(tables.map((table) => ({ ...table, probe: { initial: 3, rate: -0.1 } })))).toThrow(/rate -0.1/);
  });
});

it("tables continual pre-training: all runs begin at the base model, which stays as it is", async () => {
  const text = (source: string): data.Text => data.text(source.repeat(60), { context: 8, batch: 4, validationBatches: 2 });
  const [general, domain] = [text("the quick brown fox jumps over the lazy dog. "), text("const x = 1; let y = 2;\n")];
  const loss = (model: nn.Gpt, { x, y }: data.TextBatch) => nn.crossEntropy(model.call(x), y);
  const base = nn.gpt({ vocab: 256, depth: 1, width: 8, heads: 2, context: 8, key: random.key(1) });
  /** Trains as an arm does, without an account. */
  const train: ArmRun["train"] = async (make, { steps = 1, points = 1, evaluate } = {}) => {
    const { step, batch, ...begin } = make(steps);
    let { state } = begin;
    for (let i = 0; i < steps; i++) {
      if (i % (steps / points) === 0) await evaluate?.(state);
      ({ state } = await step(state, batch(i)));
    }
    return { state, steps, values: (await evaluate?.(state)) ?? {} };
  };
  const training = new dcptLaw.ContinualPretraining({ train, base, optimizer: optim.adam({ lr: 1e-2 }), loss, general, domain, batch: 4, seed: 0 });
  const before = await training.start();
  const table = await training.table({ ratios: [0, 0.5, 1], steps: 20, every: 10 });
  expect(table.map(({ tokens, ratio }) => [tokens, ratio])).toEqual([0, 0.5, 1].flatMap((ratio) => [[320, ratio], [640, ratio]]));
  expect(await training.start()).toEqual(before);
  const last = (ratio: number) => table.filter((row) => row.ratio === ratio)[1];
  expect(last(1).domain).toBeLessThan(last(0).domain);
  expect(last(0).general).toBeLessThan(last(1).general);
  const probe = await training.probe(5);
  expect(probe.initial).toBe(before.domain);
  expect(probe.rate).toBeGreaterThan(0);
  await expect(training.table({ ratios: [0], steps: 20, every: 7 })).rejects.toThrow(/every 7/);
});

it("searches with the derivatives of finite differences, by every variable of every form", () => {
  const inputs = tableOf(PLANTED).filter((_, i) => i % 7 === 0);
  const probes = inputs.map((_, i) => ({ initial: 2 + (i % 3), rate: 0.02 + 0.01 * (i % 4) }));
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1.5, max: 1.5, noNaN: true }), { minLength: 12, maxLength: 12 }), fc.boolean(), fc.constantFrom("log", "plain"), (theta, interaction, residuals) => {
      const curve = dcptCurve(inputs, { interaction, residuals, probes });
      const at = Float64Array.from(theta.slice(0, curve.dims));
      // F may be negative, and a loss has to be above 0.
      at[curve.slots.F ?? NaN] = Math.abs(at[curve.slots.F ?? NaN]);
      const jacobian = new Float64Array(curve.points * curve.dims);
      const [middle, high, low] = [0, 0, 0].map(() => new Float64Array(curve.points));
      curve.evaluate(at, middle, jacobian);
      for (let j = 0; j < curve.dims; j++) {
        const moved = (by: number): Float64Array => at.map((value, k) => (k === j ? value + by : value));
        curve.evaluate(moved(1e-5), high);
        curve.evaluate(moved(-1e-5), low);
        for (let i = 0; i < curve.points; i++) expect(Math.abs(jacobian[i * curve.dims + j] - (high[i] - low[i]) / 2e-5)).toBeLessThan(1e-5 * Math.max(1, Math.abs(middle[i]), Math.abs(jacobian[i * curve.dims + j])));
      }
      const { F, mu, w, ...law } = curve.toParameters(at);
      inputs.forEach((input, i) => {
        const loss = dcptLaw.crossLoss({ ...law, F, mu, w }, { ...input, probe: probes[i] });
        expect(Math.abs((residuals === "log" ? Math.log(loss) : loss) - middle[i])).toBeLessThan(1e-8 * Math.max(1, Math.abs(middle[i])));
      });
    }),
  );
});
