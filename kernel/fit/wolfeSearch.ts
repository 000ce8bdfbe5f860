/** @file A line search for the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6). */

/** The objective at one step length along a direction. */
export interface Trial {
  readonly step: number;
  readonly value: number;
  /** Directional derivative at `step`. */
  readonly slope: number;
}

/** Sufficient decrease and curvature constants usual for quasi-Newton directions (ibid., §3.1). */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
const MAX_TRIALS = 40;
const GROWTH = 2.5;

/** A trial that satisfies both Wolfe conditions, else the lowest one found below `start`, or undefined where no step goes down.
 * Steps at which the objective is not finite are backed away from. `start.slope` must be negative. */
export function wolfeSearch<T extends Trial>(evaluate: (step: number) => T, start: Trial, firstStep: number): T | undefined {
  let best: T | undefined;
  const accepts = (trial: Trial): boolean => trial.value <= start.value + DECREASE * trial.step * start.slope;
  const flat = (trial: Trial): boolean => Math.abs(trial.slope) <= -CURVATURE * start.slope;
  const tryStep = (step: number): T => {
    const trial = evaluate(step);
    if (trial.value < (best?.value ?? start.value)) best = trial;
    return trial;
  };

  let previous: Trial = start;
  let ceiling = Infinity;
  let step = firstStep;
  for (let tries = 0; tries < MAX_TRIALS; tries++) {
    const trial = tryStep(step);
    if (!Number.isFinite(trial.value) || !Number.isFinite(trial.slope)) {
      ceiling = step;
      step = previous.step + 0.2 * (step - previous.step);
      continue;
    }
    if (!accepts(trial) || (previous.step > 0 && trial.value >= previous.value)) return zoom(previous, trial) ?? best;
    if (flat(trial)) return trial;
    if (trial.slope >= 0) return zoom(trial, previous) ?? best;
    previous = trial;
    step = Math.min(step * GROWTH, 0.5 * (step + ceiling));
  }
  return best;

  /** Narrows an interval that holds an acceptable step; `low` is its better end. */
  function zoom(low: Trial, high: Trial): T | undefined {
    for (let tries = 0; tries < MAX_TRIALS; tries++) {
      const trial = tryStep(betweenStep(low, high));
      if (!Number.isFinite(trial.value) || !accepts(trial) || trial.value >= low.value) {
        high = trial;
      } else {
        if (flat(trial)) return trial;
        if (trial.slope * (high.step - low.step) >= 0) high = low;
        low = trial;
      }
      if (Math.abs(high.step - low.step) <= 1e-14 * Math.max(high.step, low.step)) return undefined;
    }
    return undefined;
  }
}

/** Minimum of the cubic through both ends, kept in the inner four fifths; the middle where there is no such cubic. */
function betweenStep(low: Trial, high: Trial): number {
  const width = high.step - low.step;
  const middle = low.step + 0.5 * width;
  if (!Number.isFinite(high.value) || !Number.isFinite(high.slope)) return middle;
  const d1 = low.slope + high.slope - (3 * (high.value - low.value)) / width;
  const root = d1 * d1 - low.slope * high.slope;
  if (!(root >= 0)) return middle;
  const d2 = Math.sign(width) * Math.sqrt(root);
  const share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
  return Number.isFinite(share) ? low.step + Math.max(0.1, Math.min(0.9, share)) * width : middle;
}
