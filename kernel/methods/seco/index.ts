/** @file SeCO and SpaCO: long contexts trained chunk by chunk, with the activations of one chunk in memory; exactly, or through a random few of the chunks.
 *
 * (J_j, m_j) = f(x_j; m_1 … m_{j−1}; θ): loss and memory (keys and values) of chunk j of k
 * 1. for j = 1 … k: m_j, without gradient.  2. for j = k … 1: differentiate J_j + ⟨m_j, G_j⟩; add ∂θ to the gradient, and ∂m_i to G_i for i < j.
 * SpaCO visits t chunks in the second pass: λ J_j + λ ⟨m_j, G_j⟩ with λ = min(k / t, maxFactor) ("loss" and "transfer" of a plan).
 *
 * It saves activations: those of one chunk instead of the sequence, beside keys, values and G; for one more forward pass, 4 / 3 of the FLOPs. With SpaCO
 * a step is (1 + 3 t / k) forward passes instead of 4, and the gradient an estimate: unbiased when each chunk is drawn on its own (`sampling: "bernoulli"`)
 * without a limit of λ; with t drawn without replacement, chains through p chunks are too small by `chainShare`.
 * Source: Li et al. 2025, "Training Long-Context LLMs Efficiently via Chunk-wise Optimization", algorithms 1 and 2; official code wenhaoli-xmu/seco
 * (λ on the loss too, which the paper's listing has not: `compensate: "transfer"`; its script for instruction tuning has none: "none").
 * Ours: a program for each place of a chunk, so that nothing is computed for keys that are not there yet; pass 1 gives the exact loss of every step.
 */
import { cardOf } from "../card";

export const card = cardOf("seco", { label: "time of SeCO, of the parallel step's", unit: "×", value: 1.3, where: "LLaMA3-8B with LoRA, one RTX 3090; 4 / 3 in theory" });

export { checkpointedLoss, chunkedLoss, chunksOf, fullLoss, languageChunks, type Chunk, type ChunkModel, type ChunkResult, type GateOptions, type TokenBatch } from "./chunks";
export { addInner, chunkwise, type ChunkGradient, type ChunkStats, type Chunkwise } from "./gradient";
export { ascendingPlan, chainShare, detachedPlan, exactPlan, factors, sparsePlan, speedupOverExact, type Plan, type SparseOptions } from "./sampling";
export { chunkTrainer, seco, spaco, type ChunkStep, type ChunkTrainerOptions, type ChunkTrainerState, type ChunkTraining, type Planned, type Planner } from "./trainer";
