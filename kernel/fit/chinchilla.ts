/** @file The Chinchilla law L(N, D) = E + A/N^α + B/D^β (Hoffmann et al. 2022, eq. 2 and appendix D.3) and what follows for a compute budget. */
import { ArgumentError } from "../errors";
import { checkEnough, finishFit, type Fit, type FitOptions, mapRecord, type Parameters, positiveLogs } from "./fit";
import { SCALING_LAW_DELTA } from "./huber";
import { centreLogs, powerTerms, termOf } from "./powerTerms";
import { huberLossAt, robustFit } from "./robustFit";
import { correlation, type Interval } from "./statistics";

/** What a run trained: model parameters N and tokens D. */
export interface RunSize {
  readonly params: number;
  readonly tokens: number;
}
/** A finished run and its loss (nats per token). */
export interface Run extends RunSize {
  readonly loss: number;
}

export type ChinchillaParameter = "E" | "A" | "B" | "alpha" | "beta";
/** N*(C) = G·(C/6)^a and D*(C) = (C/6)^b / G (ibid., eq. 4). */
export type AllocationConstant = "a" | "b" | "G";

/** The best split of a compute budget. */
export interface Allocation extends RunSize {
  readonly flops: number;
  readonly loss: number;
}

export interface ChinchillaFit extends Fit<ChinchillaParameter, RunSize> {
  readonly allocation: Parameters<AllocationConstant>;
  readonly allocationIntervals: Readonly<Record<AllocationConstant, Interval>>;
  /** The split of `flops` = 6·N·D with the lowest predicted loss. */
  optimum(flops: number): Allocation;
}

/** FLOPs for each parameter and token of training a dense transformer: 2 forward, 4 backward (Kaplan et al. 2020, §2.1). */
export const FLOPS_PER_PARAM_TOKEN = 6;

/** Starts, around those of appendix D.3: exponents, E, and which share of the reducible loss at the centre of the data is due to N. */
const EXPONENT_STARTS = [0.1, 0.3, 0.6, 1, 2] as const;
const FLOOR_STARTS = [0.05, 0.4, 0.7, 0.9, 0.98] as const;
const SHARE_STARTS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** The law through the runs: Huber loss of log residuals, the best of each exponent pair of a grid of starts refined by L-BFGS.
 * @throws {ArgumentError} for fewer than 6 runs, fewer than 3 different N or D, values that are not positive, or D proportional to N. */
export function fitChinchilla(runs: readonly Run[], { delta = SCALING_LAW_DELTA, bootstrap = {} }: FitOptions = {}): ChinchillaFit {
  const logParams = positiveLogs(
    "fitChinchilla: params",
    runs.map((run) => run.params),
  );
  const logTokens = positiveLogs(
    "fitChinchilla: tokens",
    runs.map((run) => run.tokens),
  );
  const targets = positiveLogs(
    "fitChinchilla: loss",
    runs.map((run) => run.loss),
  );
  checkEnough("fitChinchilla", { points: runs.length, least: 6, inputs: { params: [logParams, 3], tokens: [logTokens, 3] } });
  if (correlation(logParams, logTokens) > 1 - 1e-9)
    throw new ArgumentError("fitChinchilla: tokens are a fixed power of params in all runs, so A, α and B, β cannot be told apart", {
      help: "train some sizes on fewer or more tokens, or fit loss against compute with fitPowerLaw",
    });

  const inputs = [centreLogs(logParams), centreLogs(logTokens)] as const;
  const curve = powerTerms(inputs);
  const fit = robustFit({ curve, targets, delta, starts: gridStarts({ curve, targets, delta }) });
  const named = finishFit<ChinchillaParameter, RunSize>({
    law: "E + A/N^alpha + B/D^beta",
    curve,
    targets,
    delta,
    fit,
    bootstrap,
    toParameters: (theta) => {
      const [n, d] = [termOf(theta, 0, inputs[0]), termOf(theta, 1, inputs[1])];
      return { E: Math.exp(theta[0]), A: n.coefficient, B: d.coefficient, alpha: n.exponent, beta: d.exponent };
    },
    predict: chinchillaLoss,
  });
  const allocation = allocationOf(named.parameters);
  return {
    ...named,
    allocation,
    allocationIntervals: mapRecord(allocation, (_, name) => named.interval((parameters) => allocationOf(parameters)[name])),
    optimum: (flops) => chinchillaOptimum(named.parameters, flops),
  };
}

/** Loss that the law predicts. */
export const chinchillaLoss = ({ E, A, B, alpha, beta }: Parameters<ChinchillaParameter>, { params, tokens }: RunSize): number =>
  E + A / params ** alpha + B / tokens ** beta;

/** Exponents and constant of the compute-optimal split: a = β/(α+β), b = α/(α+β), G = (αA/(βB))^(1/(α+β)). */
export function allocationOf({ A, B, alpha, beta }: Parameters<ChinchillaParameter>): Parameters<AllocationConstant> {
  const sum = alpha + beta;
  // Through logarithms: A and B of steep laws are beyond what a product of doubles holds.
  const G = Math.exp((Math.log(alpha / beta) + Math.log(A) - Math.log(B)) / sum);
  return { a: beta / sum, b: alpha / sum, G };
}

/** The split of `flops` = 6·N·D with the lowest loss under the law.
 * @throws {ArgumentError} when `flops` is not positive. */
export function chinchillaOptimum(parameters: Parameters<ChinchillaParameter>, flops: number): Allocation {
  if (!(flops > 0 && flops < Infinity))
    throw new ArgumentError(`chinchillaOptimum: a budget of ${flops} FLOPs`, { help: "give a finite budget above zero" });
  const { a, b, G } = allocationOf(parameters);
  const product = flops / FLOPS_PER_PARAM_TOKEN;
  const size = { params: G * product ** a, tokens: product ** b / G };
  return { ...size, flops, loss: chinchillaLoss(parameters, size) };
}

/** For every pair of exponents the start with the lowest loss among the floors and shares. */
function gridStarts(problem: {
  readonly curve: ReturnType<typeof powerTerms>;
  readonly targets: Float64Array;
  readonly delta: number;
}): Float64Array[] {
  const least = Math.exp(problem.targets.reduce((low, log) => Math.min(low, log), Infinity));
  const typical = Math.exp(problem.targets.reduce((sum, log) => sum + log, 0) / problem.targets.length);
  return EXPONENT_STARTS.flatMap((alpha) =>
    EXPONENT_STARTS.map((beta) => {
      const candidates = FLOOR_STARTS.flatMap((floor) =>
        SHARE_STARTS.map((share) => {
          const above = typical - floor * least;
          return Float64Array.of(Math.log(floor * least), Math.log(share * above), Math.log(alpha), Math.log((1 - share) * above), Math.log(beta));
        }),
      );
      const losses = candidates.map((theta) => huberLossAt(problem, theta));
      return candidates[losses.indexOf(Math.min(...losses))];
    }),
  );
}
