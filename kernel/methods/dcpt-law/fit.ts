/** @file Fits the D-CPT law to a table of runs: Huber loss, L-BFGS from many starts. */
import { ArgumentError } from "../../errors";
import { checkEnough, finishFit, type Fit, type FitOptions, positiveLogs } from "../../fit/fit";
import { SCALING_LAW_DELTA } from "../../fit/huber";
import { huberLossAt, robustFit } from "../../fit/robustFit";
import { type Random, smallRandom } from "../../fit/smallRandom";
import { dcptCurve, freeOf, type DcptCurve, type Slot } from "./curve";
import { dcptLoss, type DcptParameter, type DcptParameters, type Mixed, type MixedRun, type Violation, violations } from "./form";

export interface DcptFitOptions extends FitOptions {
  /** Starts that are drawn; the best quarter is refined. Default 64. */
  readonly starts?: number;
  /** Which residuals count. Default "log". */
  readonly residuals?: "log" | "plain";
  /** "law", or "additive" without the factor r^η (η = 0): what the law is without interaction of ratio and tokens. Default "law". */
  readonly form?: "law" | "additive";
  /** What the starts are drawn from. Default `smallRandom(0)`. */
  readonly random?: Random;
}

export interface DcptLaw extends Fit<DcptParameter, Mixed> {
  /** Where in the fitted region the law says that more of the corpus makes its loss worse; must be empty. */
  violations(): readonly Violation[];
}

/** The law through the runs. Runs of one size alone give a law with A = 0, for that size; two sizes leave A, α and E to the starts, so that
 * only predictions between them mean something.
 * @throws {ArgumentError} for fewer than 3 different numbers of tokens or ratios, too few runs, ratios outside of [0, 1], or losses without logarithm. */
export function fitDcptLaw(runs: readonly MixedRun[], { starts = 64, residuals = "log", delta = SCALING_LAW_DELTA, form = "law", bootstrap = "none", random = smallRandom(0) }: DcptFitOptions = {}): DcptLaw {
  checkRuns("fitDcptLaw", runs);
  const curve = dcptCurve(runs, { interaction: form === "law", residuals });
  checkEnough("fitDcptLaw", { points: runs.length, least: curve.dims + 1, inputs: {} });
  const targets = targetsOf("fitDcptLaw", { runs, residuals });
  const fit = robustFit({ curve, targets, delta, starts: drawnStarts({ curve, targets, delta, count: starts, runs, random }) });
  const law = finishFit<DcptParameter, Mixed>({ law: LAW, curve, targets, delta, fit, bootstrap, toParameters: (theta) => lawParameters(curve.toParameters(theta)), predict: dcptLoss });
  const ratios = runs.map(({ ratio }) => ratio);
  const region = { tokens: [...new Set(runs.map(({ tokens }) => tokens))], ratios: [Math.min(...ratios), Math.max(...ratios)] as const };
  return { ...law, violations: () => violations(law.parameters, region) };
}

const lawParameters = ({ E, A, B, C, alpha, beta, gamma, eta, eps }: DcptParameters): DcptParameters => ({ E, A, B, C, alpha, beta, gamma, eta, eps });

const LAW = "E + A/N^alpha + B*r^eta/D^beta + C/(r + eps)^gamma";

/** What the fit compares with. */
export const targetsOf = (what: string, { runs, residuals }: { readonly runs: readonly MixedRun[]; readonly residuals: "log" | "plain" }): Float64Array => {
  const logs = positiveLogs(`${what}: loss`, runs.map(({ loss }) => loss));
  return residuals === "log" ? logs : logs.map(Math.exp);
};

/** @throws {ArgumentError} when the runs cannot determine the law. */
export function checkRuns(what: string, runs: readonly MixedRun[]): void {
  const bad = runs.find(({ ratio }) => !(ratio >= 0 && ratio <= 1));
  if (bad !== undefined) throw new ArgumentError(`${what}: a ratio of ${bad.ratio}`, { help: "give the share of the corpus whose loss is modelled, from 0 to 1" });
  positiveLogs(`${what}: params`, runs.map(({ params }) => params));
  const tokens = positiveLogs(`${what}: tokens`, runs.map(({ tokens }) => tokens));
  checkEnough(what, { points: runs.length, least: 1, inputs: { tokens: [tokens, 3], ratio: [runs.map(({ ratio }) => ratio), 3] } });
}

/** The share of the starts that is refined. */
const REFINED_SHARE = 0.25;

interface Starting {
  readonly curve: DcptCurve;
  readonly targets: Float64Array;
  readonly delta: number;
  readonly count: number;
  readonly runs: readonly MixedRun[];
  readonly random: Random;
}

/** Random starts, those with the lowest loss first: exponents over a decade and more, the terms' sizes as random parts of what lies above E. */
export function drawnStarts({ curve, targets, delta, count, runs, random }: Starting): Float64Array[] {
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError(`fitDcptLaw: ${count} starts`, { help: "draw at least 1, better 64: results depend on where the search begins" });
  const losses = runs.map(({ loss }) => loss);
  const least = Math.min(...losses);
  const typical = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const between = (low: number, high: number): number => low * (high / low) ** random();
  const draw = (): Float64Array => {
    const floor = least * between(0.1, 0.95);
    const parts = { A: random(), B: random(), C: random() };
    const sum = (curve.slots.A === undefined ? 0 : parts.A) + parts.B + parts.C;
    const part = (share: number): number => Math.log(((typical - floor) * Math.max(share, 1e-3)) / sum);
    const value: Record<Slot, number> = {
      E: Math.log(floor), A: part(parts.A), B: part(parts.B), C: part(parts.C),
      alpha: freeOf(between(0.1, 2)), beta: freeOf(between(0.1, 2)), gamma: freeOf(between(0.1, 3)),
      eta: freeOf(between(0.1, 2)), eps: freeOf(between(0.01, 1)),
      F: (random() - 0.5) * typical, mu: 4 * (random() - 0.5), w: Math.log(between(0.1, 10)),
    };
    const theta = new Float64Array(curve.dims);
    // SAFETY: the slots of a curve are Slots.
    for (const [name, place] of Object.entries(curve.slots)) theta[place] = value[name as Slot];
    return theta;
  };
  const ranked = Array.from({ length: count }, draw)
    .map((theta) => ({ theta, loss: huberLossAt({ curve, targets, delta }, theta) }))
    .filter(({ loss }) => Number.isFinite(loss))
    .sort((a, b) => a.loss - b.loss);
  return ranked.slice(0, Math.max(1, Math.ceil(REFINED_SHARE * count))).map(({ theta }) => theta);
}
