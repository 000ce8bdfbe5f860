/** @file Bootstrap of fitted curves: refits to resampled data, whose spread gives intervals of every parameter and prediction. */
import { ArgumentError } from "../errors";
import { type Curve, type RobustFit, robustFit } from "./robustFit";
import { type Random, smallRandom } from "./smallRandom";
import { checkLevel } from "./statistics";

/** `pairs` draws points with replacement; `residuals` keeps the inputs and shuffles what the fit left over, which few designed points need. */
export type BootstrapScheme = "pairs" | "residuals";

export interface BootstrapOptions {
  /** Resamples drawn. Default 200; published intervals use 1000 and more. */
  readonly samples?: number;
  /** Share of replicates inside of an interval. Default 0.95. */
  readonly level?: number;
  /** The same numbers give the same intervals. Default `smallRandom(0)`. */
  readonly random?: Random;
  /** Default: pairs when there are at least five points for each free variable, else residuals. */
  readonly scheme?: BootstrapScheme;
}

export interface BootstrapFitOptions extends BootstrapOptions {
  readonly curve: Curve;
  readonly targets: Float64Array;
  readonly delta: number;
  /** The fit to all points: every refit starts there. */
  readonly fit: RobustFit;
}

const POINTS_PER_VARIABLE_FOR_PAIRS = 5;
/** Iterations of a refit: it starts near its end. */
const REFIT_ITERATIONS = 300;
const REDRAWS = 100;

/** Free variables of every refit [samples][dims].
 * @throws {ArgumentError} when there is no freedom left to estimate a spread from. */
export function bootstrapFit({
  curve,
  targets,
  delta,
  fit,
  samples = 200,
  level = 0.95,
  random = smallRandom(0),
  scheme,
}: BootstrapFitOptions): Float64Array[] {
  checkLevel(level);
  checkSamples(samples);
  const { dims, points } = curve;
  const refit = (resampled: { readonly targets: Float64Array; readonly weights?: Float64Array }): Float64Array =>
    robustFit({ curve, delta, starts: [fit.theta], maxIterations: REFIT_ITERATIONS, ...resampled }).theta;
  if ((scheme ?? (points >= POINTS_PER_VARIABLE_FOR_PAIRS * dims ? "pairs" : "residuals")) === "pairs")
    return Array.from({ length: samples }, () => refit({ targets, weights: drawPairs({ points, distinct: dims + 1, random }) }));
  return Array.from({ length: samples }, () => {
    const drawn = drawResiduals({ residuals: fit.residuals, dims, random });
    return refit({ targets: targets.map((target, i) => target - fit.residuals[i] + drawn[i]) });
  });
}

/** How often each point is drawn in a sample with replacement in which at least `distinct` points occur. */
export function drawPairs({
  points,
  distinct,
  random,
}: {
  readonly points: number;
  readonly distinct: number;
  readonly random: Random;
}): Float64Array {
  for (let tries = 0; tries < REDRAWS; tries++) {
    const weights = new Float64Array(points);
    for (let i = 0; i < points; i++) weights[Math.floor(random() * points)]++;
    if (weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0) >= distinct) return weights;
  }
  throw new ArgumentError(`bootstrap: samples of ${points} points seldom hold ${distinct} different ones`, {
    help: "use the scheme residuals, or measure more points",
  });
}

/** Residuals drawn with replacement, widened by √(n / (n − dims)) because a fit with `dims` free variables leaves too little over. */
export function drawResiduals({
  residuals,
  dims,
  random,
}: {
  readonly residuals: Float64Array;
  readonly dims: number;
  readonly random: Random;
}): Float64Array {
  const freedom = residuals.length - dims;
  if (freedom <= 0)
    throw new ArgumentError(`bootstrap: ${residuals.length} points leave no freedom beside ${dims} free variables`, {
      help: `measure at least ${dims + 1} points`,
    });
  const widen = Math.sqrt(residuals.length / freedom);
  return residuals.map(() => widen * residuals[Math.floor(random() * residuals.length)]);
}

/** @throws {ArgumentError} when `samples` is not a whole number of at least two. */
export function checkSamples(samples: number): void {
  if (!Number.isInteger(samples) || samples < 2)
    throw new ArgumentError(`bootstrap: ${samples} samples`, { help: 'draw at least 2, better 200, or leave intervals out with bootstrap: "none"' });
}
