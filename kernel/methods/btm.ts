/** @file Branch-Train-Merge: copies of a seed model become experts, one for each domain, without a message between them; then they speak together, or become one model again.
 *
 * p(x_t | x_<t) = Σ_j p(x_t | x_<t, D = j) p(D = j | x_<t),   p(D = j | x_<t) = π_j Π_{s<t} p(x_s | x_<s, D = j) / Σ_j' …   (the ensemble, section 3.1)
 * π ← (1 − λ) π + λ · mean_t p(D | x_<t) of a sequence, the first one as it is, each judged with the π before it (cached prior, λ = 0.3)
 * θ = Σ_j π_j θ_j (the average, section 3.2); a new expert begins as such an average, with π on a sample of its domain
 *
 * It saves the traffic of training: experts exchange nothing after the branch, where a dense run of p workers moves 2 (p − 1) / p times its parameters
 * in every step. Tokens and FLOPs are those of one dense model.
 * Source: Li et al. 2022, "Branch-Train-Merge: Embarrassingly Parallel Training of Expert Language Models". Ours: the first token of a window is not
 * scored, so that weights are the prior at its first prediction; an average is taken from the heaviest model on, θ_b + Σ_j π_j (θ_j − θ_b), which is exact for copies.
 */
import { ArgumentError } from "../errors";
import type { Training } from "../experiment/training";
import { logSoftmax } from "../graph/composites/activations";
import { add, exp, log, mul, sub } from "../graph/ops/elementwise";
import { takeAlong } from "../graph/ops/indexing";
import { expandDims, reshape, roll, squeeze, stack, transpose } from "../graph/ops/movement";
import { cumSum, logSumExp } from "../graph/ops/reduction";
import { tensor, type Tensor } from "../graph/tensor";
import { clone, zip } from "../graph/tree";
import { Module } from "../nn/module";
import { cardOf } from "./card";

export const card = cardOf("btm", { label: "perplexity, ensemble ÷ dense", unit: "", value: 0.88, where: "125M parameters an expert, 8 training and 8 evaluation domains, equal compute" });

/** What gives logits [B, T, V] of the next tokens for tokens [B, T], such as `nn.gpt`. */
export interface LanguageModel {
  call(tokens: Tensor): Tensor;
}

/** A training that goes on from a copy of `state` with batches of its own. Weights, moments and the place in the schedule are kept: `training` has the schedule of the whole. */
export async function branch<State, Batch>(training: Training<State, Batch>, { state, batch }: Pick<Training<State, Batch>, "state" | "batch">): Promise<Training<State, Batch>> {
  return { ...training, state: await clone(state), batch };
}

/** Weights of `count` experts, all equal. */
export const uniformPrior = (count: number): number[] => new Array<number>(count).fill(1 / count);

/** The `k` largest weights, scaled to sum to 1, and 0 elsewhere: a sparse ensemble; with k = 1 the likeliest expert alone. Equal ones go to the first.
 * @throws {ArgumentError} for weights that do not sum to 1, or a `k` outside 1 … their number. */
export function topPrior(prior: readonly number[], k: number): number[] {
  checkPrior("topPrior", prior);
  if (!(Number.isInteger(k) && k >= 1 && k <= prior.length)) throw new ArgumentError(`topPrior: the ${k} largest of ${prior.length}`, { help: `give an integer from 1 to ${prior.length}` });
  const kept = new Set([...prior.keys()].sort((a, b) => prior[b] - prior[a] || a - b).slice(0, k));
  const total = [...kept].reduce((sum, j) => sum + prior[j], 0);
  return prior.map((weight, j) => (kept.has(j) ? weight / total : 0));
}

/** Largest distance of a sum of weights from 1: what divisions and moving means leave. */
const SUM_TOLERANCE = 1e-6;

function checkPrior(where: string, prior: readonly number[], count = prior.length): void {
  const total = prior.reduce((sum, weight) => sum + weight, 0);
  if (prior.length === 0 || prior.length !== count || !prior.every((weight) => weight >= 0) || !(Math.abs(total - 1) <= SUM_TOLERANCE))
    throw new ArgumentError(`${where}: weights ${prior.join(", ") || "of nobody"} for ${count} experts`, { help: "give every expert a weight from 0, which sum to 1, such as uniformPrior(count)" });
}

/** One model with the weighted mean of the experts' parameters. With all weight on one it is that expert, of copies their original, both bit for bit.
 * @throws {ArgumentError} unless there is a weight for every expert and they sum to 1; where experts differ in their parameters. */
export function averageParams<M>(experts: readonly M[], prior: readonly number[]): M {
  checkPrior("averageParams", prior, experts.length);
  const base = prior.indexOf(Math.max(...prior));
  const shift = (expert: M, weight: number): M => zip(expert, experts[base], (theirs, own) => mul(sub(theirs, own), weight));
  return experts.reduce((mean, expert, j) => (j === base || prior[j] === 0 ? mean : zip(mean, shift(expert, prior[j]), (sum, part) => add(sum, part))), experts[base]);
}

/** log Π_{s<t} p(x_s | x_<s, D = j) of every expert, [k, B, T]; 0 at the first position, which nothing was seen before. `logP`: their log-probabilities, k of [B, T, V]. */
const evidenceFrom = (logP: readonly Tensor[], tokens: Tensor): Tensor => {
  // The last position's "next" token wraps around; the exclusive sum leaves it out.
  const next = expandDims(roll(tokens, -1, 1), -1);
  return stack(logP.map((each) => cumSum(squeeze(takeAlong(each, next), -1), 1, { exclusive: true })));
};

const logProbsOf = (experts: readonly LanguageModel[], tokens: Tensor): Tensor[] => experts.map((expert) => logSoftmax(expert.call(tokens)));

/** What each expert has against or for it before every prediction, log p(x_<t | D = j): tokens [B, T] → [k, B, T]. */
export const evidence = (experts: readonly LanguageModel[], tokens: Tensor): Tensor => evidenceFrom(logProbsOf(experts, tokens), tokens);

/** Experts that speak together: tokens [B, T] → log-probabilities [B, T, V], to be used as the logits of one model. */
export class ElmForest extends Module<readonly [tokens: Tensor], Tensor> {
  readonly experts: readonly LanguageModel[];
  /** log π: [k], or [k, B] with a prior for each sequence. */
  readonly logPrior: Tensor;

  constructor({ experts, logPrior }: Pick<ElmForest, "experts" | "logPrior">) {
    super();
    this.experts = experts;
    this.logPrior = logPrior;
  }

  forward(tokens: Tensor): Tensor {
    const logP = logProbsOf(this.experts, tokens);
    const weights = this.weigh(evidenceFrom(logP, tokens));
    return logSumExp(add(stack(logP), expandDims(weights, -1)), 0);
  }

  /** p(D = j | x_<t), the weight of every expert at each prediction: tokens [B, T] → [B, T, k]. */
  posterior(tokens: Tensor): Tensor {
    return transpose(exp(this.weigh(evidence(this.experts, tokens))), [1, 2, 0]);
  }

  private weigh(seen: Tensor): Tensor {
    const { shape } = this.logPrior;
    const joint = add(seen, reshape(this.logPrior, [shape[0], shape[1] ?? 1, 1]));
    return sub(joint, logSumExp(joint, 0, { keep: true }));
  }
}

/** The ensemble of `experts` with the prior π. Experts of weight 0 are left out, and cost nothing.
 * @throws {ArgumentError} unless there is a weight for every expert and they sum to 1. */
export function elmForest(experts: readonly LanguageModel[], prior: readonly number[]): ElmForest {
  checkPrior("elmForest", prior, experts.length);
  const kept = [...prior.keys()].filter((j) => prior[j] > 0);
  return new ElmForest({ experts: kept.map((j) => experts[j]), logPrior: log(tensor(kept.map((j) => prior[j]))) });
}

export interface PriorOptions {
  /** Weight of the newest sequence. Default 0.3. */
  readonly lambda?: number;
}

/** π after one more sequence: the first posterior as it is, then a moving mean. @throws {ArgumentError} unless 0 < λ ≤ 1. */
export function updatedPrior(before: readonly number[] | undefined, posterior: readonly number[], { lambda = 0.3 }: PriorOptions = {}): number[] {
  if (!(lambda > 0 && lambda <= 1)) throw new ArgumentError(`updatedPrior: λ = ${lambda}`, { help: "give a number above 0, up to 1" });
  return posterior.map((weight, j) => (before === undefined ? weight : (1 - lambda) * before[j] + lambda * weight));
}

/** p(D | x_<t) of one sequence, averaged over its predictions. @param seen - log p(x_<t | D = j): k lists of T. */
export function meanPosterior(seen: readonly ArrayLike<number>[], prior: readonly number[]): number[] {
  const steps = seen[0].length;
  const total = prior.map(() => 0);
  for (let t = 0; t < steps; t++) {
    const joint = prior.map((weight, j) => Math.log(weight) + seen[j][t]);
    const highest = Math.max(...joint);
    const shares = joint.map((value) => Math.exp(value - highest));
    const sum = shares.reduce((a, b) => a + b, 0);
    shares.forEach((share, j) => (total[j] += share / sum / steps));
  }
  return total;
}

/**
 * The priors before each of a list of sequences, tokens [N, T], and after the last: N + 1 of them, beginning with the uniform one. The last is the cached prior
 * of a domain, when the sequences are a sample of it; all but the last are the updating prior, when they are what is to be judged.
 */
export async function priorsAlong(experts: readonly LanguageModel[], tokens: Tensor, options: PriorOptions = {}): Promise<number[][]> {
  const all = await evidence(experts, tokens).numbers();
  const [count, length] = tokens.shape;
  const priors = [uniformPrior(experts.length)];
  for (let n = 0; n < count; n++) {
    const seen = experts.map((_, j) => all.slice((j * count + n) * length, (j * count + n + 1) * length));
    priors.push(updatedPrior(n === 0 ? undefined : priors[n], meanPosterior(seen, priors[n]), options));
  }
  return priors;
}

/** The cached prior of a domain from a sample of it, tokens [N, T]; the paper takes 100 sequences. */
export const domainPrior = async (experts: readonly LanguageModel[], tokens: Tensor, options: PriorOptions = {}): Promise<number[]> => (await priorsAlong(experts, tokens, options))[tokens.shape[0]];

export interface Traffic {
  readonly workers: number;
  readonly parameters: number;
  /** Of one number. Default 4. */
  readonly bytesEach?: number;
}

/** Bytes that each worker sends in `updates` ring all-reduces of the gradients: 2 (p − 1) / p times the parameters. */
export const allReduceBytes = ({ workers, parameters, updates, bytesEach = 4 }: Traffic & { readonly updates: number }): number => ((2 * (workers - 1)) / workers) * parameters * bytesEach * updates;

/** Bytes that every worker is sent once at the branch: weights and two moments of the seed. */
export const branchBytes = ({ parameters, bytesEach = 4 }: Omit<Traffic, "workers">): number => 3 * parameters * bytesEach;
