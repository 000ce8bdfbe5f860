/** @file What stands in a stage's place after its node was lost, with weights and moments: CheckFree, CheckFree+, and what they are compared with.
 *
 * CheckFree (algorithm 1): W_i ← (ω_{i−1} W_{i−1} + ω_{i+1} W_{i+1}) / (ω_{i−1} + ω_{i+1}), layer j from layer j of both neighbours; λ_i ← 1.1 λ_i;
 * moments of the stage start anew, no other stage changes, and training goes on with the current batch. (The paper's listing has ω_{i−1} twice.)
 */
import { ArgumentError } from "../../errors";
import { add, mul, sub } from "../../graph/ops/elementwise";
import { gather } from "../../graph/ops/indexing";
import { fromHost, realize, type Tensor } from "../../graph/tensor";
import { map, tensorsOf, zip } from "../../graph/tree";
import type { Transform } from "../../optim/index";
import type { HostRandom } from "../../random/hostRandom";
import { unitAdam, type Pipeline, type PipelineState, type Stage } from "./pipeline";

/** What a strategy sees. The lost stage's own weights are not to be read. */
export interface Loss {
  readonly pipe: Pipeline;
  /** Which stage was lost. */
  readonly stage: number;
  /** ω of every stage. */
  readonly norms: readonly number[];
  /** For strategies that draw. */
  readonly random: HostRandom;
}

export interface Recovery {
  readonly name: string;
  /** The stage's new weights; undefined: the old ones, as an exact copy elsewhere has them. */
  readonly rebuild: (loss: Loss) => Stage | undefined;
  /** Multiplies the stage's learning rate after each loss. Default 1.1. */
  readonly lrScale?: number;
}

const isEnd = ({ pipe, stage }: Loss): boolean => stage === 0 || stage === pipe.stages.length - 1;

/** a + share (b − a), tensor by tensor: exact where they are equal. */
const between = (a: Stage, b: Stage, share: number): Stage => zip(a, b, (x, y) => add(x, mul(sub(y, x), share)));

/** The mean of both neighbours; at the ends, which have one, its copy. */
function neighbours(loss: Loss, weight: "gradNorm" | "uniform"): Stage {
  const { pipe, stage, norms } = loss;
  if (isEnd(loss)) return pipe.stages[stage === 0 ? 1 : stage - 1];
  const [before, after] = weight === "uniform" ? [1, 1] : [norms[stage - 1], norms[stage + 1]];
  const share = before + after > 0 ? after / (before + after) : 0.5;
  return between(pipe.stages[stage - 1], pipe.stages[stage + 1], share);
}

export interface CheckFreeOptions {
  /** Weigh neighbours by the norms of their last gradients (the method), or equally. Default "gradNorm". */
  readonly weight?: "gradNorm" | "uniform";
  /** Default 1.1. */
  readonly lrScale?: number;
}

/** CheckFree. The ends cannot be averaged: they become copies of their only neighbour, which fails badly unless training swapped them. */
export const checkFree = ({ weight = "gradNorm", lrScale }: CheckFreeOptions = {}): Recovery => ({ name: weight === "gradNorm" ? "CheckFree" : "uniform average", rebuild: (loss) => neighbours(loss, weight), lrScale });

/** The stage that stands in for `stage` in swapped order; undefined for those in the middle. */
export function twinOf(stage: number, stages: number): number | undefined {
  if (stage < 2) return 1 - stage;
  return stage >= stages - 2 ? 2 * stages - 3 - stage : undefined;
}

/** CheckFree+, for pipelines that train with `swap`: the two stages at each end are copies of each other's, as in the official code; the others as CheckFree. */
export const checkFreePlus = (options: CheckFreeOptions = {}): Recovery => ({
  name: "CheckFree+",
  rebuild: (loss) => {
    const twin = twinOf(loss.stage, loss.pipe.stages.length);
    return twin === undefined ? neighbours(loss, options.weight ?? "gradNorm") : loss.pipe.stages[twin];
  },
  lrScale: options.lrScale,
});

/** The previous stage's weights (the next one's for the first). */
export const copyPrevious = (): Recovery => ({ name: "copy of the previous stage", rebuild: ({ pipe, stage }) => pipe.stages[stage === 0 ? 1 : stage - 1] });

/** New random weights. @param init - a pipeline of the same shape from a seed. */
export const reinitialize = (init: (seed: number) => Pipeline): Recovery => ({ name: "random initialization", rebuild: ({ stage, random }) => init(random.int(2 ** 31)).stages[stage] });

/** The weights as they were: redundant computation (each node also runs the next one's layers), or a copy of embedding and head on a neighbouring node. */
export const exactCopy = (): Recovery => ({ name: "redundant computation", rebuild: () => undefined, lrScale: 1 });

/** The negative control: the mean of two random stages that are not beside the lost one, their channels permuted at random. */
export const mismatched = (): Recovery => ({
  name: "two random stages, channels permuted",
  rebuild: ({ pipe, stage, random }) => {
    const permuted = (channels: number): Tensor => fromHost({ dtype: "int32", shape: [channels], data: random.permutation(channels) });
    const far = pipe.stages.flatMap((_, i) => (Math.abs(i - stage) > 1 ? [i] : []));
    if (far.length < 2) throw new ArgumentError(`mismatched: ${far.length} stages are not beside stage ${stage}`, { help: "give the pipeline at least 6 stages" });
    const order = random.permutation(far.length);
    return map(between(pipe.stages[far[order[0]]], pipe.stages[far[order[1]]], 0.5), (leaf) => (leaf.rank === 0 ? leaf : gather(leaf, permuted(leaf.shape[leaf.rank - 1]), -1)));
  },
});

export interface RecoverOptions {
  readonly stage: number;
  readonly recovery: Recovery;
  /** That of the training. Default Adam. */
  readonly optimizer?: Transform;
  readonly random: HostRandom;
}

/** The state after stage `stage` was lost and rebuilt: its moments and their count start anew, its rate grows; all other tensors are as they were. */
export async function recover(state: PipelineState, { stage, recovery, optimizer = unitAdam(), random }: RecoverOptions): Promise<PipelineState> {
  const { model, rates, norms } = state;
  if (model.stages[stage] === undefined) throw new ArgumentError(`recover: stage ${stage} of ${model.stages.length}`, { help: "count stages from 0" });
  const rebuilt = recovery.rebuild({ pipe: model, stage, norms: [...(await norms.numbers())], random });
  if (rebuilt === undefined) return state;
  const stages = model.stages.map((old, i) => (i === stage ? rebuilt : old));
  await realize(tensorsOf(rebuilt));
  const multiples = Float32Array.from(await rates.numbers(), (rate, i) => (i === stage ? rate * (recovery.lrScale ?? 1.1) : rate));
  return {
    ...state,
    model: { ...model, stages },
    optimizer: { ...state.optimizer, stages: state.optimizer.stages.map((old, i) => (i === stage ? optimizer.init(rebuilt) : old)) },
    rates: fromHost({ dtype: "float32", shape: rates.shape, data: multiples }),
  };
}

/** The state after the node of embedding and head was lost, restored from its copy on a neighbouring node (CheckFree+), which is renewed after every update.
 * Its moments start anew. */
export function recoverShared(state: PipelineState, { mirror, optimizer = unitAdam() }: { readonly mirror: Pipeline["shared"]; readonly optimizer?: Transform }): PipelineState {
  return { ...state, model: { ...state.model, shared: mirror }, optimizer: { ...state.optimizer, shared: optimizer.init(mirror) } };
}
