/** @file Limited-memory BFGS: minimises a smooth function of some to some thousand variables from its gradient. */
import { ArgumentError } from "../errors";
import { type Trial, wolfeSearch } from "./wolfeSearch";

/** A function to minimise: its value and gradient at `x`. A value that is not finite marks `x` as forbidden. */
export type Objective = (x: Float64Array) => { readonly value: number; readonly gradient: Float64Array };

export interface LbfgsOptions {
  readonly objective: Objective;
  readonly start: ArrayLike<number>;
  /** Pairs of steps and gradient changes kept. Default 10. */
  readonly memory?: number;
  /** Default 1000. */
  readonly maxIterations?: number;
  /** Largest gradient entry at which the search ends. Default 1e-10. */
  readonly gradientTolerance?: number;
  /** Predicted relative decrease at which the search ends. Default 1e-14. */
  readonly valueTolerance?: number;
}

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  /** Largest absolute entry of the gradient at `x`. */
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly evaluations: number;
  /** False when the iterations ran out, or no step went down although the gradient promises one. */
  readonly converged: boolean;
}

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}
interface LineTrial extends Trial {
  readonly x: Float64Array;
  readonly gradient: Float64Array;
}

/** The minimum reached from `start`, by L-BFGS with a strong-Wolfe line search (Nocedal and Wright, algorithm 7.5).
 * @throws {ArgumentError} when `start` is empty or the objective is not finite there. */
export function lbfgs({
  objective,
  start,
  memory = 10,
  maxIterations = 1000,
  gradientTolerance = 1e-10,
  valueTolerance = 1e-14,
}: LbfgsOptions): Minimum {
  let x: Float64Array = Float64Array.from(start);
  let { value, gradient } = objective(x);
  let evaluations = 1;
  if (x.length === 0 || !Number.isFinite(value) || !gradient.every(Number.isFinite))
    throw new ArgumentError(`lbfgs: the objective is ${value} at the start [${Array.from(x).join(", ")}]`, {
      help: "start where the function and its gradient are finite",
    });

  let pairs: readonly Pair[] = [];
  const done = (iterations: number, converged: boolean): Minimum => ({
    x,
    value,
    gradientNorm: largest(gradient),
    iterations,
    evaluations,
    converged,
  });
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (largest(gradient) <= gradientTolerance) return done(iteration, true);
    let direction = descentDirection(gradient, pairs);
    let slope = dot(direction, gradient);
    if (!(slope < 0)) {
      pairs = [];
      direction = gradient.map((entry) => -entry);
      slope = dot(direction, gradient);
    }
    if (pairs.length > 0 && -slope <= valueTolerance * Math.abs(value)) return done(iteration, true);

    const from = x;
    const evaluate = (step: number): LineTrial => {
      const at = from.map((entry, i) => entry + step * direction[i]);
      const there = objective(at);
      evaluations++;
      return { step, x: at, value: there.value, gradient: there.gradient, slope: dot(there.gradient, direction) };
    };
    // The first direction has the gradient's scale, which says nothing about the step: begin with a unit length at most.
    const firstStep = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const trial = wolfeSearch(evaluate, { step: 0, value, slope }, firstStep);
    if (trial === undefined || !trial.gradient.every(Number.isFinite)) {
      // At the precision of the objective no step goes down; that is the end, unless stale curvature misled the direction.
      if (pairs.length === 0) return done(iteration, -slope <= Math.sqrt(Number.EPSILON) * Math.abs(value));
      if (-slope <= 1e-11 * Math.abs(value)) return done(iteration, true);
      pairs = [];
      continue;
    }
    const step = trial.x.map((entry, i) => entry - from[i]);
    const change = trial.gradient.map((entry, i) => entry - gradient[i]);
    const product = dot(step, change);
    if (product > Number.EPSILON * dot(change, change)) pairs = [...pairs.slice(-(memory - 1)), { step, change, product }];
    ({ x, value, gradient } = trial);
  }
  return done(maxIterations, largest(gradient) <= gradientTolerance);
}

/** `f` with its gradient by central differences, steps scaled to each variable (relative size: the cube root of machine epsilon). */
export function withNumericGradient(f: (x: Float64Array) => number): Objective {
  return (x) => {
    const at = Float64Array.from(x);
    const gradient = new Float64Array(x.length);
    for (let i = 0; i < x.length; i++) {
      const h = Math.cbrt(Number.EPSILON) * Math.max(1, Math.abs(x[i]));
      at[i] = x[i] + h;
      const above = at[i];
      const high = f(at);
      at[i] = x[i] - h;
      gradient[i] = (high - f(at)) / (above - at[i]);
      at[i] = x[i];
    }
    return { value: f(at), gradient };
  };
}

/** Minus the gradient times the inverse Hessian that the pairs stand for (two-loop recursion, algorithm 7.4). */
function descentDirection(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((entry) => -entry);
  const weights = new Float64Array(pairs.length);
  for (let k = pairs.length - 1; k >= 0; k--) {
    weights[k] = dot(pairs[k].step, direction) / pairs[k].product;
    addScaled(direction, pairs[k].change, -weights[k]);
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = last.product / dot(last.change, last.change);
    for (let i = 0; i < direction.length; i++) direction[i] *= scale;
  }
  pairs.forEach(({ step, change, product }, k) => addScaled(direction, step, weights[k] - dot(change, direction) / product));
  return direction;
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i] += scale * source[i];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
