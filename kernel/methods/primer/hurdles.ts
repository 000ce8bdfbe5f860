/** @file Halving hurdles: most individuals of a search train for a fraction of the time, because only the better half goes on at each hurdle. */
import { ArgumentError } from "../../errors";

/** Shares of a whole training that the h + 1 bands between h hurdles last: 2^i / (2^(h+1) − 1); they double, and add up to 1.
 * @throws {ArgumentError} unless `hurdles` is an integer from 0. */
export function bands(hurdles: number): readonly number[] {
  if (!Number.isInteger(hurdles) || hurdles < 0 || hurdles > 20) throw new ArgumentError(`primer: ${hurdles} hurdles`, { help: "give an integer from 0 to 20" });
  const whole = 2 ** (hurdles + 1) - 1;
  return Array.from({ length: hurdles + 1 }, (_, i) => 2 ** i / whole);
}

/** The share of a whole training that an individual costs when half of those at a hurdle pass it: (h + 1) / (2^(h+1) − 1). */
export const expectedShare = (hurdles: number): number => bands(hurdles).reduce((sum, share, i) => sum + share / 2 ** i, 0);

/** The hurdles of one search: the median of all losses that were seen at each. */
export class Hurdles {
  private readonly seen: number[][];

  constructor(readonly count: number) {
    this.seen = bands(count).map(() => []);
  }

  /** Whether a loss at hurdle `i` is in the better half of those seen there, itself among them; of equal ones the earlier is the better. The first one
   * passes. NaN and infinite losses never do. */
  pass(i: number, loss: number): boolean {
    if (!Number.isFinite(loss)) return false;
    const losses = this.seen[i];
    const before = losses.filter((other) => other <= loss).length;
    losses.push(loss);
    return before <= (losses.length - 1) / 2;
  }
}
