/** @file The Cross-Domain law: one fit over several domains, in which a coefficient from a short probe says how hard each is. */
import { ArgumentError } from "../../errors";
import { checkEnough, finishFit, type Fit } from "../../fit/fit";
import { SCALING_LAW_DELTA } from "../../fit/huber";
import { robustFit } from "../../fit/robustFit";
import { smallRandom } from "../../fit/smallRandom";
import { dcptCurve, type Probe } from "./curve";
import { checkRuns, drawnStarts, targetsOf, type DcptFitOptions } from "./fit";
import { dcptLoss, type DcptParameter, type Mixed, type MixedRun } from "./form";

export type CrossParameter = DcptParameter | "F" | "mu" | "w";
export type CrossParameters = Readonly<Record<CrossParameter, number>>;

/** A domain with the runs on it. */
export interface DomainTable {
  readonly probe: Probe;
  readonly runs: readonly MixedRun[];
}

/** A place on a domain. */
export interface ProbedMix extends Mixed {
  readonly probe: Probe;
}

/** K = w1/k1 + w2·k2 with w1 = 1, because K's scale and F are one constant: the domain's learnability coefficient. */
export const learnability = ({ w }: Pick<CrossParameters, "w">, { initial, rate }: Probe): number => 1 / initial + w * rate;

/** L(N, D, r, K) = E + A/N^α + B·r^η/D^β + C/(r + ε)^γ + F/K^μ; F and μ of either sign. */
export const crossLoss = (parameters: CrossParameters, { probe, ...at }: ProbedMix): number => dcptLoss(parameters, at) + parameters.F / learnability(parameters, probe) ** parameters.mu;

/** The law of the other domains for one whose coefficient is known: L3 with E + F/K^μ in the place of E. */
export const lawOfDomain = (parameters: CrossParameters, probe: Probe): { predict(at: Mixed): number } => ({ predict: (at) => crossLoss(parameters, { ...at, probe }) });

/** One law through the tables of several source domains.
 * @throws {ArgumentError} for fewer than three domains, probes that are no losses, and as `fitDcptLaw`. */
export function fitCrossDomain(tables: readonly DomainTable[], { starts = 64, residuals = "log", delta = SCALING_LAW_DELTA, form = "law", bootstrap = "none", random = smallRandom(0) }: DcptFitOptions = {}): Fit<CrossParameter, ProbedMix> {
  if (tables.length < 3) throw new ArgumentError(`fitCrossDomain: ${tables.length} domains for the constants F, μ and w of the coefficient`, { help: "give the runs of at least three domains" });
  const odd = tables.find(({ probe: { initial, rate } }) => !(initial > 0) || !(rate >= 0));
  if (odd !== undefined) throw new ArgumentError(`fitCrossDomain: a probe with initial loss ${odd.probe.initial} and rate ${odd.probe.rate}`, { help: "the probe must start above 0 and must not make the loss worse: lower its learning rate" });
  const runs = tables.flatMap((table) => table.runs);
  checkRuns("fitCrossDomain", runs);
  const probes = tables.flatMap(({ probe, runs: { length } }) => new Array<Probe>(length).fill(probe));
  const curve = dcptCurve(runs, { interaction: form === "law", residuals, probes });
  checkEnough("fitCrossDomain", { points: runs.length, least: curve.dims + 1, inputs: {} });
  const targets = targetsOf("fitCrossDomain", { runs, residuals });
  const fit = robustFit({ curve, targets, delta, starts: drawnStarts({ curve, targets, delta, count: starts, runs, random }) });
  return finishFit<CrossParameter, ProbedMix>({ law: LAW, curve, targets, delta, fit, bootstrap, toParameters: curve.toParameters, predict: crossLoss });
}

const LAW = "E + A/N^alpha + B*r^eta/D^beta + C/(r + eps)^gamma + F/K^mu";
