/** @file Levenberg–Marquardt: nonlinear least squares with bounds, several starts and standard errors. */
import { inverse, Matrix, QrDecomposition } from "ml-matrix";
import { ArgumentError } from "../errors";

export interface LevenbergMarquardtOptions<X> {
  readonly x: readonly X[];
  readonly y: readonly number[];
  readonly model: (parameters: readonly number[], x: X) => number;
  /** Parameter vectors to start from; the fit with the smallest sum of squares is returned. */
  readonly starts: readonly (readonly number[])[];
  /** Bounds of each parameter, inclusive. Default none. */
  readonly lower?: readonly number[];
  readonly upper?: readonly number[];
  /** Uncertainty of each y: residuals are divided by it. Default 1. */
  readonly sigma?: readonly number[];
  /** Default 1000. */
  readonly maxIterations?: number;
  /** Relative size of a step, and of the decrease it promises, at which the search ends. Default 1e-12. */
  readonly tolerance?: number;
}

export interface LeastSquaresFit<X> {
  readonly parameters: readonly number[];
  /** Roots of the covariance's diagonal, scaled by the residual variance; NaN without freedom, at a bound, or where the data do not determine a parameter. */
  readonly standardErrors: readonly number[];
  /** y − model, not divided by sigma. */
  readonly residuals: readonly number[];
  /** Sum of squared residuals over sigma. */
  readonly loss: number;
  readonly iterations: number;
  readonly converged: boolean;
  predict(x: X): number;
}

/** The least-squares fit, by Levenberg–Marquardt with Marquardt's scaling and Nielsen's damping rule, steps projected on the bounds.
 * Own code, because ml-levenberg-marquardt 5 keeps steps that raise the loss, has no test of convergence, and so misses NIST's MGH09.
 * @throws {ArgumentError} for fewer points than parameters, lengths that differ, or no start at which the model is finite. */
export function levenbergMarquardt<X>(options: LevenbergMarquardtOptions<X>): LeastSquaresFit<X> {
  checkOptions(options);
  const fits = options.starts.map((start) => descend(options, start)).filter((fit) => fit !== undefined);
  if (fits.length === 0)
    throw new ArgumentError(`levenbergMarquardt: the model is not finite at any of ${options.starts.length} starts`, {
      help: "start where the model gives numbers",
    });
  const best = fits.reduce((a, b) => (b.loss < a.loss ? b : a));
  const { x, y, model } = options;
  return {
    ...best,
    standardErrors: standardErrors(options, best),
    residuals: x.map((input, i) => y[i] - model(best.parameters, input)),
    predict: (input) => model(best.parameters, input),
  };
}

interface Descent {
  readonly parameters: readonly number[];
  readonly loss: number;
  readonly iterations: number;
  readonly converged: boolean;
}

function descend<X>(options: LevenbergMarquardtOptions<X>, start: readonly number[]): Descent | undefined {
  const { maxIterations = 1000, tolerance = 1e-12 } = options;
  let parameters = project(options, start);
  let residuals = residualsOf(options, parameters);
  let loss = sumOfSquares(residuals);
  if (!Number.isFinite(loss)) return undefined;
  let damping = 1e-3;
  let growth = 2;
  const scales = parameters.map(() => 0);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const jacobian = jacobianOf(options, parameters, residuals);
    scales.forEach((scale, j) => (scales[j] = Math.max(scale, Math.sqrt(sumOfSquares(jacobian.getColumn(j))))));
    for (;;) {
      const wanted = dampedStep({ jacobian, residuals, damping, scales, fixed: blocked(options, parameters, jacobian, residuals) });
      const next = project(
        options,
        parameters.map((value, j) => value + wanted[j]),
      );
      const step = next.map((value, j) => value - parameters[j]);
      const predicted = loss - sumOfSquares(residuals.map((residual, i) => residual + dotRow(jacobian, i, step)));
      const small = step.every((value, j) => Math.abs(value) <= tolerance * (Math.abs(parameters[j]) + tolerance));
      if (small || predicted <= tolerance * tolerance * loss || loss === 0) return { parameters, loss, iterations: iteration, converged: true };
      const nextResiduals = residualsOf(options, next);
      const nextLoss = sumOfSquares(nextResiduals);
      const gain = (loss - nextLoss) / predicted;
      if (nextLoss < loss) {
        damping *= Math.max(1 / 3, 1 - (2 * gain - 1) ** 3);
        growth = 2;
        const stalled = loss - nextLoss <= tolerance * tolerance * loss;
        [parameters, residuals, loss] = [next, nextResiduals, nextLoss];
        if (stalled) return { parameters, loss, iterations: iteration + 1, converged: true };
        break;
      }
      damping *= growth;
      growth *= 2;
      if (!(damping < 1e30)) return { parameters, loss, iterations: iteration, converged: predicted <= Math.sqrt(Number.EPSILON) * loss };
    }
  }
  return { parameters, loss, iterations: maxIterations, converged: false };
}

/** Solves (JᵀJ + damping·scale²)·step = −Jᵀr as the least-squares problem of J over √damping·scale, which keeps its condition. */
function dampedStep(problem: {
  readonly jacobian: Matrix;
  readonly residuals: readonly number[];
  readonly damping: number;
  readonly scales: readonly number[];
  readonly fixed: readonly boolean[];
}): number[] {
  const { jacobian, residuals, damping, scales, fixed } = problem;
  const dims = scales.length;
  const stacked = Matrix.zeros(residuals.length + dims, dims);
  const right = Matrix.zeros(residuals.length + dims, 1);
  residuals.forEach((residual, i) => {
    right.set(i, 0, -residual);
    for (let j = 0; j < dims; j++) stacked.set(i, j, fixed[j] ? 0 : jacobian.get(i, j));
  });
  const floor = 1e-12 * Math.max(...scales) || 1;
  scales.forEach((scale, j) => stacked.set(residuals.length + j, j, fixed[j] ? 1 : Math.sqrt(damping) * Math.max(scale, floor)));
  return new QrDecomposition(stacked).solve(right).to1DArray();
}

/** Parameters that sit on a bound and are pushed against it. */
function blocked<X>(
  { lower, upper }: LevenbergMarquardtOptions<X>,
  parameters: readonly number[],
  jacobian: Matrix,
  residuals: readonly number[],
): boolean[] {
  return parameters.map((value, j) => {
    const slope = residuals.reduce((sum, residual, i) => sum + residual * jacobian.get(i, j), 0);
    return (value <= (lower?.[j] ?? -Infinity) && slope > 0) || (value >= (upper?.[j] ?? Infinity) && slope < 0);
  });
}

/** Derivatives of the residuals (model − y)/sigma, central where the bounds leave room. */
function jacobianOf<X>(options: LevenbergMarquardtOptions<X>, parameters: readonly number[], residuals: readonly number[]): Matrix {
  const jacobian = Matrix.zeros(residuals.length, parameters.length);
  parameters.forEach((value, j) => {
    const h = Math.cbrt(Number.EPSILON) * (Math.abs(value) || 1e-3);
    const at = (shift: number): number[] =>
      project(
        options,
        parameters.map((other, k) => (k === j ? value + shift : other)),
      );
    const [above, below] = [at(h), at(-h)];
    const [high, low] = [residualsOf(options, above), residualsOf(options, below)];
    const width = above[j] - below[j];
    residuals.forEach((_, i) => {
      const slope = (high[i] - low[i]) / width;
      jacobian.set(i, j, Number.isFinite(slope) ? slope : 0);
    });
  });
  return jacobian;
}

function standardErrors<X>(options: LevenbergMarquardtOptions<X>, { parameters, loss }: Descent): number[] {
  const residuals = residualsOf(options, parameters);
  const freedom = residuals.length - parameters.length;
  const jacobian = jacobianOf(options, parameters, residuals);
  const norms = parameters.map((_, j) => Math.sqrt(sumOfSquares(jacobian.getColumn(j))));
  const atBound = parameters.some((value, j) => value === options.lower?.[j] || value === options.upper?.[j]);
  if (freedom === 0 || atBound || norms.some((norm) => norm === 0)) return parameters.map(() => NaN);
  const scaled = Matrix.zeros(residuals.length, norms.length);
  residuals.forEach((_, i) => norms.forEach((norm, j) => scaled.set(i, j, jacobian.get(i, j) / norm)));
  const { upperTriangularMatrix: R } = new QrDecomposition(scaled);
  if (norms.some((_, j) => Math.abs(R.get(j, j)) < 1e-9)) return parameters.map(() => NaN);
  const rootInverse = inverse(R);
  return norms.map((norm, j) => (Math.sqrt(loss / freedom) * Math.sqrt(sumOfSquares(rootInverse.getRow(j)))) / norm);
}

const residualsOf = <X>({ x, y, model, sigma }: LevenbergMarquardtOptions<X>, parameters: readonly number[]): number[] =>
  x.map((input, i) => (model(parameters, input) - y[i]) / (sigma?.[i] ?? 1));

const project = <X>({ lower, upper }: LevenbergMarquardtOptions<X>, parameters: readonly number[]): number[] =>
  parameters.map((value, j) => Math.min(upper?.[j] ?? Infinity, Math.max(lower?.[j] ?? -Infinity, value)));

const sumOfSquares = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0);

const dotRow = (matrix: Matrix, row: number, vector: readonly number[]): number =>
  vector.reduce((sum, value, j) => sum + value * matrix.get(row, j), 0);

function checkOptions<X>({ x, y, starts, lower, upper, sigma }: LevenbergMarquardtOptions<X>): void {
  const dims = starts[0]?.length ?? 0;
  const fail = (what: string, help: string): never => {
    throw new ArgumentError(`levenbergMarquardt: ${what}`, { help });
  };
  if (dims === 0 || starts.some((start) => start.length !== dims))
    fail("the starts are empty or differ in length", "give one number for each parameter in every start");
  if (x.length !== y.length || (sigma !== undefined && sigma.length !== y.length))
    fail(`${x.length} x, ${y.length} y and ${sigma?.length ?? y.length} sigma`, "give as many of each");
  if (y.length < dims) fail(`${y.length} points for ${dims} parameters`, "measure more points, or fit fewer parameters");
  const badY = y.findIndex((value) => !Number.isFinite(value));
  if (badY >= 0) fail(`y[${badY}] is ${y[badY]}`, "leave out points that are not finite");
  const badSigma = sigma?.findIndex((value) => !(value > 0)) ?? -1;
  if (badSigma >= 0) fail(`sigma[${badSigma}] is ${sigma?.[badSigma]}`, "give uncertainties above zero");
  if ([lower, upper].some((bound) => bound !== undefined && bound.length !== dims))
    fail(`bounds of another length than ${dims} parameters`, "use -Infinity and Infinity where there is none");
  const crossed = lower?.findIndex((bound, j) => !(bound <= (upper?.[j] ?? Infinity))) ?? -1;
  if (crossed >= 0) fail(`parameter ${crossed} has lower bound ${lower?.[crossed]} above upper bound ${upper?.[crossed]}`, "swap them");
}
