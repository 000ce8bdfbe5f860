/** @file SALT: a small language model teaches a larger one in the first part of its training, may choose the text for it, and then steps aside.
 *
 * q = softmax(z_teacher / τ),  KD_t = −Σ_v q_t(v) log p_t(v),  CE_t = −log p_t(x_t)
 * loss = mean_t (1 − ω) CE_t + ω KD_t in the first n_KD steps, then mean_t CE_t: one optimizer, one schedule, a hard switch
 * S(x) = median_t 1[x_t among the teacher's k likeliest] (−log q_t(x_t)): hard, but learnable; the highest go into the first part (SALT_DS)
 *
 * It saves steps: soft labels vary less early in training, and the teacher's bias is left behind at the switch. A step with a teacher of ρ times the
 * student's size costs 1 + ρ / 3.
 * Source: Rawat et al. 2024, "A Little Help Goes a Long Way: Efficient LLM Training by Leveraging Small LMs". Ours: ω = 2/3 and τ = 1 by default, since the
 * values of the main runs were not found; KD is not multiplied by τ².
 */
import { ArgumentError } from "../errors";
import { softmax } from "../graph/composites/activations";
import { softCrossEntropy } from "../graph/composites/crossEntropy";
import { abs, add, cast, div, greater, less, mul, stopGradient, sub, where } from "../graph/ops/elementwise";
import { oneHotOf, takeAlong } from "../graph/ops/indexing";
import { expandDims } from "../graph/ops/movement";
import { argMax, mean, sum, topK } from "../graph/ops/reduction";
import type { Tensor } from "../graph/tensor";
import { crossEntropyEach } from "../nn/losses";
import { cardOf } from "./card";

export const card = cardOf("slm-help", { label: "steps to the baseline's final quality", unit: "× the baseline's", value: 0.7, where: "2.8B student, 1.5B teacher, the Pile, UL2 objective" });

export interface TargetOptions {
  /** Temperature of the teacher; below 1 sharpens, 0 leaves the likeliest symbol alone. Default 1. */
  readonly tau?: number;
  /** Keeps this many of the likeliest symbols and spreads the rest of the probability evenly over the others, as soft labels are stored. Default all. */
  readonly kept?: number;
}

/** What a teacher of logits [..., V] teaches: probabilities [..., V], without gradient.
 * @throws {ArgumentError} for a negative temperature, or `kept` outside 1 … V. */
export function softTargets(teacherLogits: Tensor, { tau = 1, kept }: TargetOptions = {}): Tensor {
  const z = stopGradient(teacherLogits);
  const vocab = z.shape[z.rank - 1];
  if (!(tau >= 0)) throw new ArgumentError(`softTargets: temperature ${tau}`, { help: "give a number from 0" });
  if (kept !== undefined && !(Number.isInteger(kept) && kept >= 1 && kept <= vocab)) throw new ArgumentError(`softTargets: ${kept} symbols kept of ${vocab}`, { help: `give an integer from 1 to ${vocab}` });
  const q = tau === 0 ? oneHotOf(argMax(z), vocab, z.dtype) : softmax(tau === 1 ? z : div(z, tau));
  if (kept === undefined || kept === vocab) return q;
  const mine = inTop(z, kept);
  const rest = sub(1, sum(mul(q, mine), -1, { keep: true }));
  return add(mul(q, mine), mul(sub(1, mine), div(rest, vocab - kept)));
}

/** 1 at the `count` highest of each row, 0 elsewhere; equal ones go to the first. */
function inTop(z: Tensor, count: number): Tensor {
  return sum(oneHotOf(topK(z, count).indices, z.shape[z.rank - 1], z.dtype), -2);
}

export interface DistillOptions extends TargetOptions {
  /** Weight of the teacher: a number, or a scalar that changes with the step. Default 2/3. */
  readonly omega?: number | Tensor;
  /** Teach only where the true symbol is among so many of the teacher's likeliest; elsewhere the loss is CE. Default everywhere. */
  readonly onlyTop?: number;
}

/**
 * Mean over tokens of (1 − ω) CE + ω KD: logits [..., V], labels [...].
 * @param teacher - gives the teacher's logits [..., V]; not asked when ω is 0, so that a step without it costs nothing of the teacher.
 */
export function distillLoss(logits: Tensor, labels: Tensor, teacher: () => Tensor, { omega = 2 / 3, onlyTop, ...targets }: DistillOptions = {}): Tensor {
  const hard = crossEntropyEach(logits, labels);
  if (omega === 0) return mean(hard);
  const z = teacher();
  const soft = softCrossEntropy(logits, softTargets(z, targets));
  const weight = onlyTop === undefined ? omega : mul(learnable(z, labels, onlyTop), omega);
  return mean(add(hard, mul(weight, sub(soft, hard))));
}

/** 1 where the label is among the `k` likeliest, 0 elsewhere: [...] of the logits' dtype. */
export function learnable(teacherLogits: Tensor, labels: Tensor, k: number): Tensor {
  const z = stopGradient(teacherLogits);
  const above = cast(greater(z, takeAlong(z, expandDims(labels, -1))), z.dtype);
  return cast(less(sum(above, -1), k), z.dtype);
}

/** ω of a step: the hard switch (the method), or a line that falls from ω to 0 over the first part (a variant). Steps count from 0. */
export const omegaAt = (step: number, { omega, kdSteps, ramp = "switch" }: { readonly omega: number; readonly kdSteps: number; readonly ramp?: "switch" | "linear" }): number =>
  step >= kdSteps ? 0 : ramp === "switch" ? omega : omega * (1 - step / kdSteps);

export interface ScoreOptions {
  /** Tokens count where the truth is among so many of the teacher's likeliest. Default 10. */
  readonly k?: number;
  /** Tokens that do not count are 0 in the median (the paper's formula), or left out of it. Default "zero". */
  readonly masked?: "zero" | "exclude";
}

/** What scores are made of, for one batch of the teacher: −log q of the truth and whether it is learnable, both [B, T]. */
export const tokenScores = (teacherLogits: Tensor, labels: Tensor, k = 10): { readonly losses: Tensor; readonly flags: Tensor } => ({
  losses: crossEntropyEach(stopGradient(teacherLogits), labels),
  flags: learnable(teacherLogits, labels, k),
});

/** The score of one sequence from its tokens' losses and flags; 0 where nothing counts. */
export function sequenceScore(losses: ArrayLike<number>, flags: ArrayLike<number>, masked: ScoreOptions["masked"] = "zero"): number {
  const counted = Array.from(losses, (loss, i) => (flags[i] > 0 ? loss : 0)).filter((_, i) => masked === "zero" || flags[i] > 0);
  return counted.length === 0 ? 0 : median(counted);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Indices of the `share` with the highest scores, ascending; equal scores go to the first. @throws {ArgumentError} unless 0 < share ≤ 1. */
export function takeTop(scores: readonly number[], share: number): number[] {
  if (!(share > 0 && share <= 1)) throw new ArgumentError(`takeTop: a share of ${share}`, { help: "give a number above 0, up to 1" });
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  return order.slice(0, Math.max(1, Math.round(share * scores.length))).sort((a, b) => a - b);
}

/** FLOPs of a run with a teacher, as a multiple of one without: a teacher of `rho` times the student's size goes forward in the first `kdSteps` of `steps`. */
export const costRatio = ({ rho, kdSteps, steps }: { readonly rho: number; readonly kdSteps: number; readonly steps: number }): number => (kdSteps * (1 + rho / 3) + (steps - kdSteps)) / steps;

/** Total variation of two distributions over the last axis, ½ Σ |q − p|: [...]. The bias that a teacher brings grows with it. */
export const totalVariation = (q: Tensor, p: Tensor): Tensor => mul(sum(abs(sub(q, p)), -1), 0.5);

/** Variance of the loss −log p(y) of one label y drawn from q, [...]: what soft labels take out of the loss of a token. */
export function labelVariance(q: Tensor, logP: Tensor): Tensor {
  const average = sum(mul(q, logP), -1, { keep: true });
  const off = sub(logP, average);
  // 0 · ∞ would be NaN where q is 0.
  return sum(where(greater(q, 0), mul(q, mul(off, off)), 0), -1);
}
