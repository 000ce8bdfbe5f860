/** @file D-CPT law: the loss of continual pre-training as a function of model size, tokens, and the domain's share of the corpus; and its form across domains.
 *
 * L(N, D, r) = E + A/N^α + B·r^η/D^β + C/(r + ε)^γ
 * L(N, D, r, K) = L(N, D, r) + F/K^μ with K = w1/k1 + w2·k2
 *
 * N parameters, D tokens of continual pre-training, r the share of the corpus whose loss is modelled (r_d for the domain's, 1 − r_d for the general loss),
 * k1 a domain's loss before, k2 how fast it falls at first. The saving: a mixture ratio is read off a few small runs, and for another domain off a probe.
 * Source: Que et al. 2024, "D-CPT Law: Domain-specific Continual Pre-Training Scaling Law for Large Language Models", the form called L3.
 * Ours differs: Huber loss on log L with δ = 1e-3 as in Hoffmann et al. 2022; ε stays above 1e-3, exponents and ε below 10, |μ| below 4; w1 = 1; and a table of one size gives a law with A = 0.
 */
import { cardOf } from "../card";

export const card = cardOf("dcpt-law", { label: "explained share (R²) of the domain loss", unit: "", value: 0.9796, where: "fit to all points, mean of six domains, Qwen-1.5 of 0.5B to 4B" });

export { crossLoss, fitCrossDomain, lawOfDomain, learnability, type CrossParameter, type CrossParameters, type DomainTable, type ProbedMix } from "./crossDomain";
export { type Probe } from "./curve";
export { fitDcptLaw, type DcptFitOptions, type DcptLaw } from "./fit";
export { dcptLoss, mixedSlope, ratioSlope, violations, type DcptParameter, type DcptParameters, type Mixed, type MixedRun, type Violation } from "./form";
export { ContinualPretraining, type ContinualOptions, type MixtureSweep, type Row } from "./runs";
export { bestSize, limitedDomainRatio, optimalRatio, type BestRatio, type Predictor, type ScarceDomain, type TradeOff } from "./uses";
