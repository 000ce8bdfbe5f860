/** @file What the law is for: the best mixture under a tolerance, with little domain data, and the best size for a budget. */
import { ArgumentError } from "../../errors";
import { chinchillaOptimum } from "../../fit/chinchilla";
import { bisect, minimiseScalar } from "../../fit/scalar";
import type { RunSize } from "../../fit/chinchilla";
import type { DcptParameters, Mixed } from "./form";

/** Anything that predicts a loss; a fitted law does. */
export interface Predictor {
  predict(at: Mixed): number;
}

export interface TradeOff extends RunSize {
  /** Of the general loss; its ratio is 1 − r_d. */
  readonly general: Predictor;
  readonly domain: Predictor;
  /** T: how much worse the general loss may become, as a share. Default 0.03. */
  readonly tolerance?: number;
  /** L_g0: the general loss before continual pre-training. */
  readonly base: number;
}

export interface BestRatio {
  /** r_d in [0, 1]. */
  readonly ratio: number;
  readonly general: number;
  readonly domain: number;
  /** What decides: the tolerance; nothing, so all of the corpus is the domain's; or even r_d = 0 is worse than tolerated. */
  readonly limit: "tolerance" | "none" | "violated";
}

/** The share r_d of the domain with the lowest domain loss whose general loss is at most (1 + T)·L_g0: L_d falls and L_g rises with r_d, so it is where L_g meets the bound. */
export function optimalRatio({ general, domain, params, tokens, tolerance = 0.03, base }: TradeOff): BestRatio {
  const generalLoss = (ratio: number): number => general.predict({ params, tokens, ratio: 1 - ratio });
  const excess = (ratio: number): number => generalLoss(ratio) - (1 + tolerance) * base;
  const at = (ratio: number, limit: BestRatio["limit"]): BestRatio => ({ ratio, general: generalLoss(ratio), domain: domain.predict({ params, tokens, ratio }), limit });
  if (excess(0) > 0) return at(0, "violated");
  if (excess(1) <= 0) return at(1, "none");
  return at(bisect(excess, { low: 0, high: 1 }), "tolerance");
}

/** Smaller shares than this are no mixture. */
const LEAST_RATIO = 1e-3;

export interface ScarceDomain {
  readonly domain: Predictor;
  readonly params: number;
  /** D_d. */
  readonly domainTokens: number;
  /** The smallest share to consider: below the fitted ones a law only guesses. Default 0.001. */
  readonly least?: number;
}

/** r_d in [`least`, 1] with the lowest domain loss when there are only D_d tokens of the domain, each used once: a smaller share makes a longer training, of D_d / r_d tokens. */
export function limitedDomainRatio({ domain, params, domainTokens, least = LEAST_RATIO }: ScarceDomain): { readonly ratio: number; readonly tokens: number; readonly loss: number } {
  if (!(domainTokens > 0)) throw new ArgumentError(`limitedDomainRatio: ${domainTokens} tokens of the domain`, { help: "give a number above 0" });
  const { x, value } = minimiseScalar((ratio) => domain.predict({ params, tokens: domainTokens / ratio, ratio }), { low: least, high: 1, points: 1000 });
  return { ratio: x, tokens: domainTokens / x, loss: value };
}

/** The split of `flops` = 6·N·D with the lowest loss at a fixed ratio above 0: that of the Chinchilla law with B·r^η in the place of B.
 * @throws {ArgumentError} for a law of one size, or a ratio of 0. */
export function bestSize(parameters: DcptParameters, { flops, ratio }: { readonly flops: number; readonly ratio: number }): RunSize & { readonly loss: number } {
  const { E, A, B, C, alpha, beta, gamma, eta, eps } = parameters;
  if (!(A > 0) || !(ratio > 0)) throw new ArgumentError(`bestSize: A = ${A}, ratio ${ratio}`, { help: "fit the law to at least three sizes, and give a ratio above 0" });
  const { params, tokens, loss } = chinchillaOptimum({ E, A, B: B * ratio ** eta, alpha, beta }, flops);
  return { params, tokens, loss: loss + C / (ratio + eps) ** gamma };
}
