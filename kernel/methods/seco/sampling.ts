/** @file Which chunks are back-propagated, and the factors that make up for the others. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";

/** One backward pass: the chunks it visits, and what their gradients are multiplied by. */
export interface Plan {
  /** In the order of the visits: descending, so that all that later chunks send has arrived. */
  readonly selected: readonly number[];
  /** Factor on the loss of a visited chunk. */
  readonly loss: number;
  /** Factor on what later chunks sent to its memory. */
  readonly transfer: number;
}

/** All chunks, exactly: SeCO. */
export const exactPlan = (chunks: number): Plan => ({ selected: Array.from({ length: chunks }, (_, j) => chunks - 1 - j), loss: 1, transfer: 1 });

/** All chunks, but nothing is sent across their borders: truncated back-propagation through time. */
export const detachedPlan = (chunks: number): Plan => ({ ...exactPlan(chunks), transfer: 0 });

/** All chunks from the first to the last, so that what later ones send comes too late: a negative control. */
export const ascendingPlan = (chunks: number): Plan => ({ ...exactPlan(chunks), selected: Array.from({ length: chunks }, (_, j) => j) });

export interface SparseOptions {
  /** Chunks t that are back-propagated, of k; with "bernoulli" on average. */
  readonly budget: number;
  /** Exactly t without replacement, or each with probability t / k, which alone makes the estimate unbiased. Default "fixed". */
  readonly sampling?: "fixed" | "bernoulli";
  /** Upper limit of the factor k / t. Default 2; Infinity: none. */
  readonly maxFactor?: number;
  /** Where the factor goes: on loss and transfer (the official training code), on transfer alone (the paper's listing), or nowhere. Default "both". */
  readonly compensate?: "both" | "transfer" | "none";
}

/** The factors of a choice of t of k chunks. @throws {ArgumentError} unless 0 < t ≤ k. */
export function factors(chunks: number, { budget, maxFactor = 2, compensate = "both" }: SparseOptions): Pick<Plan, "loss" | "transfer"> {
  if (!(budget > 0 && budget <= chunks)) throw new ArgumentError(`spaco: ${budget} of ${chunks} chunks`, { help: "give a number of chunks above 0, up to all" });
  const factor = Math.min(chunks / budget, maxFactor);
  return { loss: compensate === "both" ? factor : 1, transfer: compensate === "none" ? 1 : factor };
}

/** SpaCO: a random choice of chunks. @throws {ArgumentError} for a fixed budget that is no integer. */
export function sparsePlan(chunks: number, options: SparseOptions, random: HostRandom): Plan {
  const { budget, sampling = "fixed" } = options;
  const weights = factors(chunks, options);
  if (sampling === "fixed" && !Number.isInteger(budget)) throw new ArgumentError(`spaco: a fixed budget of ${budget} chunks`, { help: 'give an integer, or sampling: "bernoulli"' });
  const chosen = sampling === "fixed" ? [...random.permutation(chunks).slice(0, budget)] : Array.from({ length: chunks }, (_, j) => j).filter(() => random.uniform() < budget / chunks);
  return { selected: chosen.sort((a, b) => b - a), ...weights };
}

/** How much of a gradient chain through `visits` different chunks is left on average when t of k are drawn without replacement and each visit counts k / t: 1 for one, less for more, 0 beyond t. */
export function chainShare({ chunks, budget, visits }: { readonly chunks: number; readonly budget: number; readonly visits: number }): number {
  let share = 1;
  for (let i = 0; i < visits; i++) share *= (chunks / budget) * (Math.max(0, budget - i) / (chunks - i));
  return share;
}

/** How many times cheaper a step is than SeCO's when t of k chunks are back-propagated: all forward once, t forward and backward. */
export const speedupOverExact = ({ chunks, budget }: { readonly chunks: number; readonly budget: number }): number => 4 / (1 + (3 * budget) / chunks);
