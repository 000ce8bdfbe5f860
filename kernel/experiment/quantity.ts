/** @file Measured quantities over seeds, with intervals, and their comparison with a bound. */
import { bootstrapMean, tInterval } from "../fit/statistics";
import type { ComparisonResult, MeasuredEstimate, Verdict } from "./schema";

/** A quantity measured once for each seed. Seeds are paired: value i of two arms comes from the same seed. */
export class Quantity implements MeasuredEstimate {
  /** Mean over seeds. */
  readonly value: number;
  /** Ends of Student's t interval of the mean; ∓∞ where one seed tells nothing of the spread. */
  readonly low: number;
  readonly high: number;
  /** Percentile interval of the bootstrapped mean, for comparison: too narrow below about ten seeds. */
  readonly bootstrap: readonly [low: number, high: number] | undefined;

  /** @param what - "loss of a − loss of b". @param values - one for each seed. @param level - confidence, default 0.95. */
  constructor(
    readonly what: string,
    readonly values: readonly number[],
    level = 0.95,
  ) {
    if (values.length === 0 || values.some(Number.isNaN)) [this.value, this.low, this.high] = [NaN, NaN, NaN];
    else if (values.some((value) => !Number.isFinite(value))) {
      // A seed that never arrives, or diverged: the mean is infinite, and no interval makes it less so.
      this.value = values.reduce((sum, value) => sum + value, 0);
      [this.low, this.high] = [this.value, this.value];
    } else if (values.length === 1) [this.value, this.low, this.high] = [values[0], -Infinity, Infinity];
    else {
      const { mean, low, high } = tInterval(values, level);
      [this.value, this.low, this.high] = [mean, low, high];
      const resampled = bootstrapMean(values, { level });
      this.bootstrap = [resampled.low, resampled.high];
    }
  }

  /** The claim that it is at most `bound`: held when the whole interval is, not held when none of it is. */
  atMost(bound: number): ComparisonResult {
    return this.compared("at most", bound);
  }

  /** The claim that it is at least `bound`. */
  atLeast(bound: number): ComparisonResult {
    return this.compared("at least", bound);
  }

  private compared(relation: ComparisonResult["relation"], bound: number): ComparisonResult {
    const { what, value, low, high } = this;
    const sign = relation === "at most" ? 1 : -1;
    const [best, worst] = sign > 0 ? [low, high] : [high, low];
    // Not a number: nothing was measured, so nothing holds.
    const verdict: Verdict = Number.isNaN(value) || sign * best > sign * bound ? "not held" : sign * worst <= sign * bound ? "held" : "inconclusive";
    return { what, value, low, high, relation, bound, verdict };
  }
}

/** A number without spread, such as a count of bytes or parameters: its interval is the number. */
export const exactly = (what: string, value: number): Quantity => new Quantity(what, [value, value]);
