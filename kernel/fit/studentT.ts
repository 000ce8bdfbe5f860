/** @file Student's t distribution: cumulative probability and quantiles. */
import { ArgumentError } from "../errors";

/** Lanczos coefficients for g = 7, nine terms (Godfrey's tables), good to about 1e-15. */
const LANCZOS_G = 7;
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
  9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

/** Logarithm of the gamma function for positive `z`. */
export function logGamma(z: number): number {
  if (z < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * z)) - logGamma(1 - z);
  const t = z - 1 + LANCZOS_G + 0.5;
  const series = LANCZOS.reduce((sum, coefficient, i) => (i === 0 ? coefficient : sum + coefficient / (z - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (z - 0.5) * Math.log(t) - t + Math.log(series);
}

/** Regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun 26.5.8). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a;
  const TINY = 1e-300;
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return front * fraction;

  function nonZero(value: number): number {
    return Math.abs(value) < TINY ? TINY : value;
  }
}

/** Probability that Student's t with `freedom` degrees of freedom is at most `t`. */
export function studentCdf(t: number, freedom: number): number {
  const tail = 0.5 * incompleteBeta(freedom / (freedom + t * t), 0.5 * freedom, 0.5);
  return t > 0 ? 1 - tail : tail;
}

/** The value that Student's t with `freedom` degrees of freedom stays below with `probability` in (0, 1).
 * @throws {ArgumentError} outside of that, or without freedom. */
export function studentQuantile(probability: number, freedom: number): number {
  if (!(probability > 0 && probability < 1) || !(freedom > 0))
    throw new ArgumentError(`Student's t has no quantile at probability ${probability} with ${freedom} degrees of freedom`, {
      help: "use a probability between 0 and 1 and at least two values",
    });
  // By symmetry in the lower tail, where the probability keeps its relative precision.
  const tail = Math.min(probability, 1 - probability);
  let low = -1;
  while (studentCdf(low, freedom) > tail) low *= 2;
  let high = 0;
  for (let i = 0; i < 200 && high - low > 1e-16 * Math.abs(low); i++) {
    const middle = 0.5 * (low + high);
    if (studentCdf(middle, freedom) < tail) low = middle;
    else high = middle;
  }
  const lower = 0.5 * (low + high);
  return probability < 0.5 ? lower : -lower;
}
