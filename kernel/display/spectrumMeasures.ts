/** @file Ranks and exponents of singular-value spectra. */
import { powerLaw } from "./powerLaw";

/** Share of the ranks at each end that the tail exponent leaves out: the head is signal, the last ones are rounding. */
const TAIL_TRIM = 0.1;

const usable = (values: ArrayLike<number>): number[] => Array.from(values).filter((value) => Number.isFinite(value) && value >= 0);

/** exp of the entropy of σ/Σσ (Roy and Vetterli, 2007): between 1 and the number of values; NaN when all are 0. */
export function effectiveRank(singularValues: ArrayLike<number>): number {
  const values = usable(singularValues);
  const largest = Math.max(...values, 0);
  // Scaled first: sums of very large or very small values would overflow or vanish.
  const total = values.reduce((sum, value) => sum + value / largest, 0);
  const entropy = values.reduce((sum, value) => (value > 0 ? sum - (value / largest / total) * Math.log(value / largest / total) : sum), 0);
  return largest > 0 ? Math.exp(entropy) : NaN;
}

/** Σσ²/σ₁²: between 1 and the number of values; NaN when all are 0. */
export function stableRank(singularValues: ArrayLike<number>): number {
  const values = usable(singularValues);
  const largest = Math.max(...values, 0);
  return largest > 0 ? values.reduce((sum, value) => sum + (value / largest) ** 2, 0) : NaN;
}

/** α of σᵢ ∝ i^−α, i counted from 1, least squares on logarithms over the middle 80 % of the ranks; NaN for fewer than 5 positive values. */
export function tailExponent(singularValues: ArrayLike<number>): number {
  const values = usable(singularValues).sort((a, b) => b - a);
  const from = Math.floor(values.length * TAIL_TRIM);
  const tail = values.slice(from, values.length - from);
  const fit = powerLaw(
    tail.map((_, i) => from + i + 1),
    tail,
  );
  return fit === undefined || fit.count < 5 ? NaN : -fit.exponent;
}
