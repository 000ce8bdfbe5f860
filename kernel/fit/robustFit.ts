/** @file Fits a curve to targets under the Huber loss, by L-BFGS from several starts. */
import { ArgumentError } from "../errors";
import { checkDelta, huber, huberSlope } from "./huber";
import { lbfgs, type Objective } from "./lbfgs";

/** A curve through `points` fixed inputs, with `dims` free variables. */
export interface Curve {
  readonly dims: number;
  readonly points: number;
  /** Writes the curve at every input into `out` [points] and, when given, its derivatives into `jacobian` [points × dims], row-major. */
  evaluate(theta: Float64Array, out: Float64Array, jacobian?: Float64Array): void;
}

export interface RobustFitOptions {
  readonly curve: Curve;
  /** What the curve should give, one for each point. */
  readonly targets: Float64Array;
  /** Multiplicity of each point. Default 1. */
  readonly weights?: Float64Array;
  /** Huber threshold on target − curve; Infinity is least squares. */
  readonly delta: number;
  readonly starts: readonly ArrayLike<number>[];
  /** Default 2000. */
  readonly maxIterations?: number;
}

export interface RobustFit {
  readonly theta: Float64Array;
  /** Sum of the weighted Huber losses. */
  readonly loss: number;
  /** Target − curve, one for each point. */
  readonly residuals: Float64Array;
  readonly converged: boolean;
}

/** The lowest of the minima reached from the starts. Starts at which the curve is not finite are passed over.
 * @throws {ArgumentError} when that leaves none. */
export function robustFit(options: RobustFitOptions): RobustFit {
  const { curve, delta, starts, maxIterations = 2000 } = options;
  checkDelta(delta);
  // In units of the data's own scale: gradients of sums of 1e-3-Huber losses are so small that absolute tolerances would stop at once.
  const scale = Number.isFinite(delta) ? 1 / delta : 1;
  const objective = huberObjective(options, scale);
  let best: ReturnType<typeof lbfgs> | undefined;
  for (const start of starts) {
    const { value, gradient } = objective(Float64Array.from(start));
    if (!Number.isFinite(value) || !gradient.every(Number.isFinite)) continue;
    const found = lbfgs({ objective, start, maxIterations });
    if (best === undefined || found.value < best.value) best = found;
  }
  if (best === undefined)
    throw new ArgumentError(`the curve is not finite at any of ${starts.length} starts`, {
      help: "give starts inside of the curve's domain, or check the points for extreme values",
    });
  return { theta: best.x, loss: best.value / scale, residuals: residualsAt(curve, options.targets, best.x), converged: best.converged };
}

/** Sum of weighted Huber losses at `theta`: to rank starts cheaply. */
export function huberLossAt({ curve, targets, weights, delta }: Omit<RobustFitOptions, "starts">, theta: Float64Array): number {
  const residuals = residualsAt(curve, targets, theta);
  return residuals.reduce((sum, residual, i) => sum + (weights?.[i] ?? 1) * huber(residual, delta), 0);
}

function residualsAt(curve: Curve, targets: Float64Array, theta: Float64Array): Float64Array {
  const out = new Float64Array(curve.points);
  curve.evaluate(theta, out);
  return out.map((value, i) => targets[i] - value);
}

function huberObjective({ curve, targets, weights, delta }: RobustFitOptions, scale: number): Objective {
  const out = new Float64Array(curve.points);
  const jacobian = new Float64Array(curve.points * curve.dims);
  return (theta) => {
    curve.evaluate(theta, out, jacobian);
    const gradient = new Float64Array(curve.dims);
    let value = 0;
    for (let i = 0; i < curve.points; i++) {
      const weight = scale * (weights?.[i] ?? 1);
      if (weight === 0) continue;
      const residual = targets[i] - out[i];
      value += weight * huber(residual, delta);
      const slope = -weight * huberSlope(residual, delta);
      for (let j = 0; j < curve.dims; j++) gradient[j] += slope * jacobian[i * curve.dims + j];
    }
    return { value, gradient };
  };
}
