/** @file The scaling law of training in low precision: what a format costs in parameters and in data, and so when it is the best use of a budget. */
import { chinchillaLoss, fitChinchilla, type Run, type RunSize } from "../../fit/chinchilla";
import { checkEnough, finishFit, type Fit, type FitOptions, type Parameters, positiveLogs } from "../../fit/fit";
import { SCALING_LAW_DELTA } from "../../fit/huber";
import { fitLaw, numericCurve, startGrid } from "../../fit/law";
import { centreLogs } from "../../fit/powerTerms";
import { robustFit } from "../../fit/robustFit";

export type LawParameter = "E" | "A" | "B" | "alpha" | "beta" | "gamma";
export type EfficiencyParameter = "effN" | "effD";
/** Which part of its parameters and of its tokens a training in low precision has the use of, both in (0, 1]: set by the forward and by the backward pass. */
export type Efficiency = Parameters<EfficiencyParameter>;

const FULL: Efficiency = { effN: 1, effD: 1 };

/** L(N, D) = (A/(N·eff_N)^α + B/(D·eff_D)^β)^γ + E, in nats per token. */
export const precisionLoss = ({ E, A, B, alpha, beta, gamma }: Parameters<LawParameter>, { params, tokens }: RunSize, { effN, effD }: Efficiency = FULL): number =>
  (A / (params * effN) ** alpha + B / (tokens * effD) ** beta) ** gamma + E;

export interface LawFitOptions extends FitOptions {
  /** A number fixes γ, for few points or noisy ones; 1 gives the Chinchilla law. Default "fit". */
  readonly gamma?: number | "fit";
}

/** Values of γ from which the search begins. */
const GAMMA_STARTS = [0.25, 0.5, 1, 2, 4] as const;

/** The law through runs in full precision: Huber loss of log residuals, L-BFGS from the Chinchilla law of the runs with several γ.
 * @throws {ArgumentError} for fewer than 7 runs (6 with a fixed γ), and as `fitChinchilla`. */
export function fitScalingLaw(runs: readonly Run[], { gamma = "fit", delta = SCALING_LAW_DELTA, bootstrap = "none" }: LawFitOptions = {}): Fit<LawParameter, RunSize> {
  const dims = gamma === "fit" ? 6 : 5;
  checkEnough("fitScalingLaw", { points: runs.length, least: dims + 1, inputs: {} });
  const first = fitChinchilla(runs, { delta, bootstrap: "none" }).parameters;
  const [sizes, tokens, targets] = (["params", "tokens", "loss"] as const).map((what) => positiveLogs(`fitScalingLaw: ${what}`, runs.map((run) => run[what])));
  const [{ centre: n }, { centre: d }] = [centreLogs(sizes), centreLogs(tokens)];
  // A and B are searched as what their terms are at the centre of the data, where they and the exponents are independent.
  const toParameters = (theta: Float64Array): Parameters<LawParameter> => {
    const [E, a, b, alpha, beta] = theta.slice(0, 5).map(Math.exp);
    return { E, A: Math.exp(Math.log(a) + alpha * n), B: Math.exp(Math.log(b) + beta * d), alpha, beta, gamma: gamma === "fit" ? Math.exp(theta[5]) : gamma };
  };
  const curve = numericCurve({
    dims,
    points: runs.length,
    values: (theta, out) => {
      const parameters = toParameters(theta);
      runs.forEach((run, i) => (out[i] = Math.log(precisionLoss(parameters, run))));
    },
  });
  const centre = { params: Math.exp(n), tokens: Math.exp(d) };
  const above = chinchillaLoss(first, centre) - first.E;
  const share = (B: number, exponent: number, at: number): number => B / at ** exponent / above;
  const starts = (gamma === "fit" ? GAMMA_STARTS : [gamma]).map((start) => {
    // Of (a + b)^γ the sum at the centre and the slopes there stay those of the Chinchilla law.
    const sum = above ** (1 / start);
    const parts = [share(first.A, first.alpha, centre.params), share(first.B, first.beta, centre.tokens)].map((part) => Math.max(part, 1e-6) * sum);
    return Float64Array.from([first.E, ...parts, first.alpha / start, first.beta / start, ...(gamma === "fit" ? [start] : [])], Math.log);
  });
  const fit = robustFit({ curve, targets, delta, starts });
  return finishFit<LawParameter, RunSize>({ law: "(A/N^alpha + B/D^beta)^gamma + E", curve, targets, delta, fit, bootstrap, toParameters, predict: precisionLoss });
}

/** eff_N and eff_D of runs in low precision under the law of full precision: only these two are free.
 * @throws {ArgumentError} for fewer than 3 runs, or losses without logarithm. */
export const fitEfficiency = (law: { readonly parameters: Parameters<LawParameter> }, runs: readonly Run[], { bootstrap = "none", ...options }: FitOptions = {}): Fit<EfficiencyParameter, RunSize> =>
  fitLaw<EfficiencyParameter, RunSize>(
    { formula: "(A/(N*effN)^alpha + B/(D*effD)^beta)^gamma + E", domains: { effN: [0, 1], effD: [0, 1] }, predict: (efficiency, size) => precisionLoss(law.parameters, size, efficiency) },
    runs.map((run) => ({ x: run, y: run.loss })),
    { starts: startGrid({ effN: EFFICIENCY_STARTS, effD: EFFICIENCY_STARTS }), bootstrap, ...options },
  );

const EFFICIENCY_STARTS = [0.05, 0.2, 0.5, 0.8, 0.95, 0.999] as const;

/** How many times as fast as 16-bit products those of a pass are. */
export interface PassSpeeds {
  readonly forward: number;
  readonly backward: number;
}

/** How many times as fast a training step is: a third of its FLOPs are forward, two thirds backward. */
export const trainingSpeedup = ({ forward, backward }: PassSpeeds): number => 1 / (1 / 3 / forward + 2 / 3 / backward);

/** A pair of formats, forward and backward, with what is known of it. */
export interface Precision {
  readonly name: string;
  readonly speeds: PassSpeeds;
  readonly efficiency: Efficiency;
}

/** The loss of a precision that takes as long, in training and in use, as `size` does in 16 bits: its forward speed lets N grow, and D becomes what is left of the training time. */
export function lossAtEqualTime(parameters: Parameters<LawParameter>, { params, tokens }: RunSize, { speeds, efficiency }: Omit<Precision, "name">): number {
  const size = { params: params * speeds.forward, tokens: (tokens * trainingSpeedup(speeds)) / speeds.forward };
  return precisionLoss(parameters, size, efficiency);
}

/** The precision with the lowest loss at equal time; of equal ones the first. */
export const bestPrecision = <P extends Precision>(parameters: Parameters<LawParameter>, size: RunSize, precisions: readonly P[]): P =>
  precisions.reduce((best, one) => (lossAtEqualTime(parameters, size, one) < lossAtEqualTime(parameters, size, best) ? one : best));
