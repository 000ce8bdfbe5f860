/** @file What every fit gives back: parameters with intervals, residuals, predictions with a band. */
import { ArgumentError } from "../errors";
import { bootstrapFit, type BootstrapOptions } from "./bootstrap";
import type { Curve, RobustFit } from "./robustFit";
import { type Interval, percentileInterval, rSquared } from "./statistics";

export type Parameters<P extends string> = Readonly<Record<P, number>>;

/** A law fitted to points. `P` names its parameters, `X` is one input. */
export interface Fit<P extends string, X> {
  /** The law, as a formula. */
  readonly law: string;
  readonly parameters: Parameters<P>;
  /** Percentile intervals of the bootstrap; their bounds are NaN where it was left out. */
  readonly intervals: Readonly<Record<P, Interval>>;
  /** Observed − predicted for each point, of logarithms where the fit was to logarithms. */
  readonly residuals: readonly number[];
  /** Sum of the Huber losses of the residuals. */
  readonly loss: number;
  /** Explained share of the spread of the values (or logarithms) fitted; NaN when they are all equal. */
  readonly r2: number;
  readonly converged: boolean;
  /** Parameters of every bootstrap refit. */
  readonly replicates: readonly Parameters<P>[];
  predict(x: X): number;
  /** Interval of the fitted curve at `x` (of the curve: a single new measurement scatters more). */
  band(x: X): Interval;
  /** Interval of any quantity that follows from the parameters. */
  interval(quantity: (parameters: Parameters<P>) => number): Interval;
}

export interface FitOptions {
  /** Huber threshold. Default 1e-3 on log residuals (Hoffmann et al. 2022), Infinity (least squares) on plain ones. */
  readonly delta?: number;
  /** "none" leaves the intervals out. Default: 200 resamples at level 0.95. */
  readonly bootstrap?: BootstrapOptions | "none";
}

export interface FinishOptions<P extends string, X> {
  readonly law: string;
  readonly curve: Curve;
  readonly targets: Float64Array;
  readonly delta: number;
  readonly fit: RobustFit;
  readonly bootstrap: BootstrapOptions | "none";
  readonly toParameters: (theta: Float64Array) => Parameters<P>;
  readonly predict: (parameters: Parameters<P>, x: X) => number;
}

/** The result for a curve that has been fitted: bootstraps it and names its variables. */
export function finishFit<P extends string, X>({ law, fit, bootstrap, toParameters, predict, ...rest }: FinishOptions<P, X>): Fit<P, X> {
  const parameters = toParameters(fit.theta);
  const level = bootstrap === "none" ? 0.95 : (bootstrap.level ?? 0.95);
  const replicates = bootstrap === "none" ? [] : bootstrapFit({ ...rest, ...bootstrap, fit }).map(toParameters);
  const interval = (quantity: (parameters: Parameters<P>) => number): Interval =>
    replicates.length === 0 ? { low: NaN, high: NaN, level } : percentileInterval(replicates.map(quantity), level);
  return {
    law,
    parameters,
    intervals: mapRecord(parameters, (_, name) => interval((replicate) => replicate[name])),
    residuals: Array.from(fit.residuals),
    loss: fit.loss,
    r2: rSquared(
      rest.targets,
      rest.targets.map((target, i) => target - fit.residuals[i]),
    ),
    converged: fit.converged,
    replicates,
    predict: (x) => predict(parameters, x),
    band: (x) => interval((replicate) => predict(replicate, x)),
    interval,
  };
}

/** A record with the same keys. */
export function mapRecord<K extends string, A, B>(record: Readonly<Record<K, A>>, change: (value: A, key: K) => B): Record<K, B> {
  // SAFETY: a Record<K, A> has the keys K, and every one of them is written.
  const out = {} as Record<K, B>;
  // SAFETY: as above; Object.keys only forgets the type.
  for (const key of Object.keys(record) as K[]) out[key] = change(record[key], key);
  return out;
}

/** Logarithms of the values. @throws {ArgumentError} naming the first that is not positive and finite. */
export function positiveLogs(what: string, values: readonly number[]): Float64Array {
  values.forEach((value, i) => {
    if (!(value > 0 && value < Infinity))
      throw new ArgumentError(`${what}: point ${i} has ${value}, which has no logarithm`, {
        help: "give values above zero, and leave out runs that diverged",
      });
  });
  return Float64Array.from(values, Math.log);
}

/** @throws {ArgumentError} when there are too few points, or too few different inputs, to determine the law. */
export function checkEnough(
  what: string,
  { points, least, inputs }: { points: number; least: number; inputs: Readonly<Record<string, readonly [values: ArrayLike<number>, least: number]>> },
): void {
  if (points < least)
    throw new ArgumentError(`${what}: ${points} points, at least ${least} are needed`, {
      help: "measure more points, or fit a law with fewer parameters",
    });
  for (const [name, [values, distinct]] of Object.entries(inputs)) {
    const found = new Set(Array.from(values)).size;
    if (found < distinct)
      throw new ArgumentError(`${what}: ${name} takes ${found} different value${found === 1 ? "" : "s"}, at least ${distinct} are needed`, {
        help: `vary ${name}: without that its exponent cannot be told from the constants`,
      });
  }
}
