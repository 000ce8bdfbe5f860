/** @file Smoothing of noisy curves. */
import type { MaybeNumber, Numbers } from "../../../kernel/display/schema";

/**
 * Exponential moving average with `weight` 0…1 on the past, divided by the sum of weights so that the start is not drawn to zero
 * (Kingma and Ba, 2015, section 3). Gaps stay gaps and leave the average as it was; weight 0 gives the values.
 */
export function smoothed(values: Numbers, weight: number): MaybeNumber[] {
  let average = 0;
  let total = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = average * weight + value * (1 - weight);
    total = total * weight + (1 - weight);
    return average / total;
  });
}
