/** @file A model in stages of equal shape, run in their order or with the ends swapped, and its training with an optimizer for each stage. */
import { valueAndGrad } from "../../autodiff/grad";
import { ArgumentError } from "../../errors";
import { stepper, type Training } from "../../experiment/training";
import { add, mul } from "../../graph/ops/elementwise";
import { at, concat, reshape, slice } from "../../graph/ops/movement";
import { fromHost, type Tensor } from "../../graph/tensor";
import { leaves, map } from "../../graph/tree";
import type { Block } from "../../nn/block";
import { Gpt } from "../../nn/gpt";
import { adam, applyUpdates, clipByGlobalNorm, globalNorm, mapUpdates, rateAt, zeroSteps, type Rate, type Transform } from "../../optim/index";

/** Layers of one node of the pipeline. */
export type Stage = readonly Block[];

/** A GPT whose blocks are grouped into stages; embedding, last norm and head stand on a node of their own. */
export interface Pipeline {
  /** Without blocks. */
  readonly shared: Gpt;
  readonly stages: readonly Stage[];
}

/** `model` in `stages` stages of equally many layers. Tensors are shared with it.
 * @throws {ArgumentError} unless there are at least 4 stages and they have equal shapes. */
export function pipeline(model: Gpt, { stages: count }: { readonly stages: number }): Pipeline {
  const { blocks } = model;
  if (!Number.isInteger(count) || count < 4 || blocks.length % count !== 0)
    throw new ArgumentError(`pipeline: ${blocks.length} layers in ${count} stages`, { help: "give at least 4 stages (first and last have a twin beside them), of equally many layers" });
  const each = blocks.length / count;
  const stages = Array.from({ length: count }, (_, i) => blocks.slice(i * each, (i + 1) * each));
  const shapeOf = (stage: Stage): string => leaves(stage).map(([path, { shape, dtype }]) => `${path} ${dtype} ${shape.join("×")}`).join();
  const odd = stages.findIndex((stage) => shapeOf(stage) !== shapeOf(stages[0]));
  if (odd >= 0) throw new ArgumentError(`pipeline: stage ${odd} has other shapes than stage 0`, { help: "stages are averaged tensor by tensor: give all layers the same widths" });
  return { shared: new Gpt({ ...model, blocks: [] }), stages };
}

/** 0 … s − 1. */
export const normalOrder = (stages: number): readonly number[] => Array.from({ length: stages }, (_, i) => i);

/** S₂, S₁, S₃, …, S_s, S_{s−1}: the second learns to stand in for the first, the last but one for the last. */
export const swappedOrder = (stages: number): readonly number[] => [1, 0, ...normalOrder(stages).slice(2, -2), stages - 1, stages - 2];

/** The whole model, its stages in `order` (default: their own). */
export const assembled = ({ shared, stages }: Pipeline, order: readonly number[] = normalOrder(stages.length)): Gpt => new Gpt({ ...shared, blocks: order.flatMap((i) => stages[i]) });

export type LossOf<Batch> = (model: Gpt, batch: Batch) => Tensor;

/** The loss of a batch; with `swap`, the mean of the first half of it in normal order and of the second half in swapped order (section 4.3). */
export function pipelineLoss<Batch>(pipe: Pipeline, { loss, batch, swap }: { readonly loss: LossOf<Batch>; readonly batch: Batch; readonly swap: boolean }): Tensor {
  if (!swap) return loss(assembled(pipe), batch);
  const half = (part: 0 | 1): Batch =>
    map(batch, (leaf) => {
      const [rows] = leaf.shape;
      if (rows === undefined || rows % 2 !== 0) throw new ArgumentError(`checkfree: ${rows ?? "no"} rows in two halves`, { help: "give batches of an even number of rows: half of them run in the other order" });
      return slice(leaf, { axis: 0, start: (part * rows) / 2, end: ((part + 1) * rows) / 2 });
    });
  const swapped = assembled(pipe, swappedOrder(pipe.stages.length));
  return mul(add(loss(assembled(pipe), half(0)), loss(swapped, half(1))), 0.5);
}

export interface PipelineState {
  readonly model: Pipeline;
  readonly optimizer: { readonly shared: unknown; readonly stages: readonly unknown[] };
  /** Steps done: a scalar. */
  readonly step: Tensor;
  /** [stages] Multiples of the learning rate. */
  readonly rates: Tensor;
  /** [stages] ω: the norm of each stage's last gradient. */
  readonly norms: Tensor;
}

export interface PipelineTrainerOptions<Batch> {
  readonly model: Pipeline;
  readonly loss: LossOf<Batch>;
  readonly batch: (step: number) => Batch;
  readonly lr: Rate;
  /** Makes updates of rate 1, with a state for each stage. Default Adam. */
  readonly optimizer?: Transform;
  /** Run half of each batch in swapped order (CheckFree+). Default false. */
  readonly swap?: boolean;
  /** Limit of the norm of each stage's gradient. Default none. */
  readonly clip?: number;
  /** Store ω before clipping, or after it, as the official code does: then most are equal late in warm-up. Default "raw". */
  readonly omega?: "raw" | "clipped";
  readonly tokens?: number;
}

/** Adam whose rate is 1: the pipeline multiplies by the schedule's, which goes on when a stage's moments start anew. */
export const unitAdam = (): Transform => adam({ lr: 1 });

/** Training of a pipeline. The schedule counts the pipeline's steps; each stage has its own moments, count and multiple of the rate. */
export function pipelineTrainer<Batch>({ model, loss, batch, lr, optimizer = unitAdam(), swap = false, clip, omega = "raw", tokens }: PipelineTrainerOptions<Batch>): Training<PipelineState, Batch> {
  const stages = model.stages.length;
  const limit = clip === undefined ? undefined : clipByGlobalNorm(clip);
  const limited = (gradients: unknown, params: unknown): unknown => (limit === undefined ? gradients : limit.update(gradients, {}, params)[0]);
  const step = (state: PipelineState, given: Batch): { readonly state: PipelineState; readonly loss: Tensor } => {
    const [value, gradients] = valueAndGrad((pipe: Pipeline) => pipelineLoss(pipe, { loss, batch: given, swap }))(state.model);
    const rate = rateAt(lr, state.step);
    const moved = <Part extends object>(params: Part, { gradient, moments, multiple }: { readonly gradient: unknown; readonly moments: unknown; readonly multiple: Tensor | number }): readonly [Part, unknown] => {
      const [updates, next] = optimizer.update(gradient, moments, params);
      return [applyUpdates(params, mapUpdates(updates, (update) => mul(mul(update, rate), multiple))), next];
    };
    const [shared, sharedMoments] = moved(state.model.shared, { gradient: limited(gradients.shared, state.model.shared), moments: state.optimizer.shared, multiple: 1 });
    const clipped = gradients.stages.map((gradient, i) => limited(gradient, state.model.stages[i]));
    const after = state.model.stages.map((params, i) => moved(params, { gradient: clipped[i], moments: state.optimizer.stages[i], multiple: at(state.rates, i) }));
    const norms = (omega === "raw" ? gradients.stages : clipped).map((gradient) => reshape(globalNorm(gradient), [1]));
    return {
      state: {
        model: { shared, stages: after.map(([params]) => params) },
        optimizer: { shared: sharedMoments, stages: after.map(([, moments]) => moments) },
        step: add(state.step, 1),
        rates: state.rates,
        norms: concat(norms),
      },
      loss: value,
    };
  };
  const ones = (): Tensor => fromHost({ dtype: "float32", shape: [stages], data: new Float32Array(stages).fill(1) });
  const state: PipelineState = { model, optimizer: { shared: optimizer.init(model.shared), stages: model.stages.map((stage) => optimizer.init(stage)) }, step: zeroSteps(), rates: ones(), norms: ones() };
  return stepper({ state, step, batch, tokens, name: "pipeline step" });
}
