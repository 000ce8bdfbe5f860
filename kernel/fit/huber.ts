/** @file The Huber loss: quadratic near zero, linear in the tails, so a few bad runs do not pull a fit. */
import { ArgumentError } from "../errors";

/** Huber threshold on log residuals of scaling-law fits (Hoffmann et al. 2022, appendix D.3). */
export const SCALING_LAW_DELTA = 1e-3;

/** `r²/2` for `|r| ≤ delta`, `delta·(|r| − delta/2)` beyond. With `delta` Infinity it is half the square.
 * @throws {ArgumentError} when `delta` is not above zero. */
export function huber(residual: number, delta: number): number {
  checkDelta(delta);
  const size = Math.abs(residual);
  return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
}

/** Derivative of `huber` by the residual: the residual clipped to ±delta. */
export const huberSlope = (residual: number, delta: number): number => Math.max(-delta, Math.min(delta, residual));

/** @throws {ArgumentError} when `delta` is not above zero. */
export function checkDelta(delta: number): void {
  if (!(delta > 0))
    throw new ArgumentError(`Huber delta ${delta} is not above zero`, {
      help: `use ${SCALING_LAW_DELTA} for log losses, or Infinity for plain least squares`,
    });
}
