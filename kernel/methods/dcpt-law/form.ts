/** @file The form of the D-CPT law, its slopes, and the requirement on them that has to be checked. */
import type { RunSize } from "../../fit/chinchilla";
import type { Parameters } from "../../fit/fit";

/** Parameters N, tokens D of continual pre-training, and the share r in [0, 1] of the corpus whose loss is modelled: r_d for the domain's loss, 1 − r_d for the general one. */
export interface Mixed extends RunSize {
  readonly ratio: number;
}

/** A measured loss, in nats per token. */
export interface MixedRun extends Mixed {
  readonly loss: number;
}

export type DcptParameter = "E" | "A" | "B" | "C" | "alpha" | "beta" | "gamma" | "eta" | "eps";
export type DcptParameters = Parameters<DcptParameter>;

/** L(N, D, r) = E + A/N^α + B·r^η/D^β + C/(r + ε)^γ: finite at r = 0, and at a fixed r the Chinchilla law. */
export const dcptLoss = ({ E, A, B, C, alpha, beta, gamma, eta, eps }: DcptParameters, { params, tokens, ratio }: Mixed): number =>
  E + A / params ** alpha + (B * ratio ** eta) / tokens ** beta + C / (ratio + eps) ** gamma;

/** ∂L/∂r, in nats: must be below zero, which the form does not see to by itself. */
export const ratioSlope = ({ B, C, beta, gamma, eta, eps }: DcptParameters, { tokens, ratio }: Omit<Mixed, "params">): number =>
  (eta * B * ratio ** (eta - 1)) / tokens ** beta - (gamma * C) / (ratio + eps) ** (gamma + 1);

/** ∂²L/∂D∂r, in nats per token: below zero for all positive parameters, so data is worth more where it is a larger share. */
export const mixedSlope = ({ B, beta, eta }: DcptParameters, { tokens, ratio }: Omit<Mixed, "params">): number =>
  (-beta * eta * B * ratio ** (eta - 1)) / tokens ** (beta + 1);

/** A place where the law says that more of the corpus makes its loss worse. */
export interface Violation {
  readonly tokens: number;
  readonly ratio: number;
  /** ∂L/∂r ≥ 0, in nats. */
  readonly slope: number;
}

export interface Region {
  /** Looked at as they are. */
  readonly tokens: readonly number[];
  /** Smallest and largest ratio. */
  readonly ratios: readonly [low: number, high: number];
}

/** Ratios looked at between the ends of a region. */
const RATIO_STEPS = 40;

/** Where ∂L/∂r ≥ 0 in a region: on 41 ratios for each number of tokens. Empty when the law keeps what is required of it there. */
export function violations(parameters: DcptParameters, { tokens, ratios: [low, high] }: Region): readonly Violation[] {
  const ratios = Array.from({ length: RATIO_STEPS + 1 }, (_, i) => low + ((high - low) * i) / RATIO_STEPS);
  return tokens.flatMap((count) =>
    ratios
      .map((ratio) => ({ tokens: count, ratio, slope: ratioSlope(parameters, { tokens: count, ratio }) }))
      .filter(({ slope }) => slope >= 0),
  );
}
