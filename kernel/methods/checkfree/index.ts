/** @file CheckFree and CheckFree+: a pipeline stage that is lost is rebuilt from its neighbours, without checkpoints and without redundant computation.
 *
 * CheckFree: W_i ← (ω_{i−1} W_{i−1} + ω_{i+1} W_{i+1}) / (ω_{i−1} + ω_{i+1}), ω the norm of a stage's last gradient, rate of the stage × 1.1, moments new.
 * CheckFree+: half of each batch runs S₂, S₁, S₃, …, S_s, S_{s−1}, so that ends have twins; a lost end becomes a copy of its twin.
 *
 * It saves what checkpoints and redundant computation cost, and pays with a jump of the loss at each failure.
 * Source: Blagoev, Ersoy, Chen 2025, "All is Not Lost: LLM Recovery without Checkpoints", algorithm 1 and section 4.3; official code
 * gensyn-ai/CheckFree (ω after clipping there: `omega: "clipped"`).
 */
import { cardOf } from "../card";

export const card = cardOf("checkfree", { label: "training time, of that of redundant computation", unit: "×", value: 0.8767, where: "500M, 5 % of stages lost an hour: 367.81 of 419.56 h" });

export { assembled, normalOrder, pipeline, pipelineLoss, pipelineTrainer, swappedOrder, unitAdam, type LossOf, type Pipeline, type PipelineState, type PipelineTrainerOptions, type Stage } from "./pipeline";
export { checkFree, checkFreePlus, copyPrevious, exactCopy, mismatched, recover, recoverShared, reinitialize, twinOf, type CheckFreeOptions, type Loss, type Recovery } from "./recovery";
export { CLUSTER, failureSchedule, timeline, type ClusterSeconds, type Event, type Failure } from "./failures";
export { withFailures, type Numbered, type Recovered } from "./withFailures";
