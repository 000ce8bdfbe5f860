/** @file L-BFGS on classic functions and Levenberg–Marquardt on NIST's reference problems and SciPy fits. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { lbfgs, withNumericGradient } from "../../kernel/fit/lbfgs";
import { levenbergMarquardt } from "../../kernel/fit/levenbergMarquardt";
import { fits, relative } from "./fixtures/fits";

const rosenbrock = (x: Float64Array): { value: number; gradient: Float64Array } => {
  const gradient = new Float64Array(x.length);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [x[i + 1] - x[i] * x[i], 1 - x[i]];
    value += 100 * a * a + b * b;
    gradient[i] += -400 * a * x[i] - 2 * b;
    gradient[i + 1] += 200 * a;
  }
  return { value, gradient };
};

describe("lbfgs", () => {
  test.each([2, 10, 200])("finds the minimum of Rosenbrock's valley in %i dimensions", (dims) => {
    const found = lbfgs({ objective: rosenbrock, start: Array.from({ length: dims }, (_, i) => (i % 2 === 0 ? -1.2 : 1)), maxIterations: 5000 });
    expect(found.converged).toBe(true);
    expect(found.value).toBeLessThan(1e-18);
    expect(Math.max(...found.x.map((value) => Math.abs(value - 1)))).toBeLessThan(1e-8);
  });

  test("needs few evaluations: under 60 for Rosenbrock in two dimensions", () => {
    expect(lbfgs({ objective: rosenbrock, start: [-1.2, 1] }).evaluations).toBeLessThan(60);
  });

  test("reaches the precision of numeric gradients on Beale's function", () => {
    const beale = withNumericGradient(([x, y]) => (1.5 - x + x * y) ** 2 + (2.25 - x + x * y * y) ** 2 + (2.625 - x + x * y ** 3) ** 2);
    const { x, converged } = lbfgs({ objective: beale, start: [1, 1] });
    expect(converged).toBe(true);
    expect([x[0], x[1]]).toEqual([expect.closeTo(3, 6), expect.closeTo(0.5, 6)]);
  });

  test("a minimum whose value is not zero converges at the precision of the value", () => {
    const { x, converged, value } = lbfgs({ objective: withNumericGradient(([a, b]) => 1e6 + (a - 2) ** 2 + 30 * (b + 1) ** 4), start: [-8, 3] });
    expect(converged).toBe(true);
    expect(value).toBeCloseTo(1e6, 6);
    expect(x[0]).toBeCloseTo(2, 3);
  });

  test("backs away from where the function is not finite", () => {
    const barrier = withNumericGradient(([x]) => (x > 0 ? x - Math.log(x) : NaN));
    const found = lbfgs({ objective: barrier, start: [40] });
    expect(found.x[0]).toBeCloseTo(1, 6);
  });

  test("solves random ill-conditioned quadratics", () => {
    const entry = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, fc.double({ min: -2, max: 2, noNaN: true })), { minLength: 1, maxLength: 12 }), (rows) => {
        // Σ 10^s (x_i − c_i)² + (Σ (x_i − c_i))²: condition up to 1e4, minimum at c.
        const objective = (x: Float64Array): { value: number; gradient: Float64Array } => {
          const off = x.map((value, i) => value - rows[i][0]);
          const sum = off.reduce((total, value) => total + value, 0);
          return {
            value: off.reduce((total, value, i) => total + 10 ** rows[i][1] * value * value, sum * sum),
            gradient: off.map((value, i) => 2 * 10 ** rows[i][1] * value + 2 * sum),
          };
        };
        const found = lbfgs({ objective, start: rows.map(() => 3) });
        expect(found.converged).toBe(true);
        found.x.forEach((value, i) => expect(value).toBeCloseTo(rows[i][0], 6));
      }),
    );
  });

  test("says when the iterations ran out, and when the start is no start", () => {
    expect(lbfgs({ objective: rosenbrock, start: [-1.2, 1], maxIterations: 5 }).converged).toBe(false);
    expect(() => lbfgs({ objective: rosenbrock, start: [NaN, 1] })).toThrow(ArgumentError);
    expect(() => lbfgs({ objective: rosenbrock, start: [] })).toThrow(/start/);
  });
});

/** NIST Statistical Reference Datasets, nonlinear regression: data, published starts, certified parameters, standard errors and sum of squares. */
const NIST = [
  {
    name: "Misra1a (lower difficulty)",
    x: [77.6, 114.9, 141.1, 190.8, 239.9, 289, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760],
    y: [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78],
    model: ([a, b]: readonly number[], x: number) => a * (1 - Math.exp(-b * x)),
    starts: [
      [500, 0.0001],
      [250, 0.0005],
    ],
    parameters: [2.3894212918e2, 5.5015643181e-4],
    standardErrors: [2.7070075241, 7.2668688436e-6],
    loss: 1.2455138894e-1,
  },
  {
    name: "MGH09 (higher difficulty)",
    x: [4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625],
    y: [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246],
    model: ([a, b, c, d]: readonly number[], x: number) => (a * (x * x + x * b)) / (x * x + x * c + d),
    starts: [
      [25, 39, 41.5, 39],
      [0.25, 0.39, 0.415, 0.39],
    ],
    parameters: [1.9280693458e-1, 1.9128232873e-1, 1.2305650693e-1, 1.3606233068e-1],
    standardErrors: [1.1435312227e-2, 1.9633220911e-1, 8.0842031232e-2, 9.0025542308e-2],
    loss: 3.0750560385e-4,
  },
] as const;

describe("levenbergMarquardt", () => {
  test.each(NIST.flatMap((problem) => problem.starts.map((start, i) => ({ ...problem, start, from: i + 1 }))))(
    "meets the certified values of $name from published start $from",
    ({ x, y, model, start, parameters, standardErrors, loss }) => {
      const fit = levenbergMarquardt({ x, y, model, starts: [start] });
      expect(fit.converged).toBe(true);
      parameters.forEach((value, j) => expect(relative(fit.parameters[j], value)).toBeLessThan(1e-6));
      standardErrors.forEach((value, j) => expect(relative(fit.standardErrors[j], value)).toBeLessThan(1e-5));
      expect(relative(fit.loss, loss)).toBeLessThan(1e-9);
    },
  );

  const { squares } = fits;
  const decay = ([a, k, c]: readonly number[], t: number): number => a * Math.exp(-k * t) + c;
  test("weighted fit and standard errors equal SciPy's curve_fit", () => {
    const fit = levenbergMarquardt({ ...squares, model: decay, starts: [[1, 1, 0]] });
    squares.parameters.forEach((value, j) => expect(relative(fit.parameters[j], value)).toBeLessThan(1e-6));
    squares.standardErrors.forEach((value, j) => expect(relative(fit.standardErrors[j], value)).toBeLessThan(1e-4));
    expect(fit.predict(0.2)).toBeCloseTo(squares.y[0] - fit.residuals[0], 14);
  });

  test("a fit held by a bound equals SciPy's, and gives no standard errors there", () => {
    const fit = levenbergMarquardt({ ...squares, model: decay, starts: [[1, 0.5, 0.1]], lower: [0, 0, 0], upper: [10, 0.8, 10] });
    squares.bounded.forEach((value, j) => expect(relative(fit.parameters[j], value)).toBeLessThan(1e-5));
    expect(fit.converged).toBe(true);
    expect(fit.standardErrors.every(Number.isNaN)).toBe(true);
  });

  test("the best of several starts escapes a local minimum, and a start without values is passed over", () => {
    const x = Array.from({ length: 40 }, (_, i) => i / 8);
    const sine = ([w]: readonly number[], t: number): number => Math.sin(w * t) + Math.log(w);
    const y = x.map((t) => sine([3], t));
    expect(levenbergMarquardt({ x, y, model: sine, starts: [[9]] }).loss).toBeGreaterThan(1);
    expect(levenbergMarquardt({ x, y, model: sine, starts: [[-1], [9], [2.8]] }).parameters[0]).toBeCloseTo(3, 9);
    expect(() => levenbergMarquardt({ x, y, model: sine, starts: [[-1]] })).toThrow(/not finite at any of 1 starts/);
  });

  test("a parameter that the data do not determine has no standard error", () => {
    const fit = levenbergMarquardt({ x: [1, 2, 3, 4], y: [2, 4, 6, 8], model: ([a, b], t) => (a + b) * t, starts: [[0.5, 0.1]] });
    expect(fit.parameters[0] + fit.parameters[1]).toBeCloseTo(2, 10);
    expect(fit.standardErrors.every(Number.isNaN)).toBe(true);
  });

  test("impossible arguments are refused with what to do", () => {
    const line = ([a]: readonly number[], t: number): number => a * t;
    const base = { x: [1, 2], y: [1, 2], model: line, starts: [[1]] };
    for (const bad of [
      { y: [1] },
      { y: [1, NaN] },
      { starts: [] },
      { starts: [[1, 2, 3]] },
      { sigma: [1, 0] },
      { lower: [2], upper: [1] },
      { lower: [1, 2] },
    ])
      expect(() => levenbergMarquardt({ ...base, ...bad })).toThrow(ArgumentError);
  });
});
