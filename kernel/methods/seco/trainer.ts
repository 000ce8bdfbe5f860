/** @file Training by chunk-wise gradients: the optimizer's step is a program of its own after those of the chunks. */
import { stepProgram, type AnyTraining, type Stepped, type TrainingStep } from "../../experiment/training";
import { tensor, type Tensor } from "../../graph/tensor";
import { applyUpdates, type Transform } from "../../optim/index";
import { HostRandom } from "../../random/hostRandom";
import type { ChunkStats, Chunkwise } from "./gradient";
import { exactPlan, sparsePlan, type Plan, type SparseOptions } from "./sampling";

/** What decides the backward pass of a step, from the number of chunks and the step. */
export type Planner = (chunks: number, step: number) => Plan;

/** SeCO: exact. */
export const seco = (): Planner => exactPlan;

/** SpaCO: a new choice of chunks in every step, a pure function of it. */
export const spaco = (options: SparseOptions & { readonly seed?: number | string }): Planner => {
  const random = HostRandom.seeded(options.seed ?? 0).split("chunks");
  return (chunks, step) => sparsePlan(chunks, options, random.split(step));
};

export interface ChunkTrainerState<Model> {
  readonly model: Model;
  readonly optimizer: unknown;
}

/** A batch, and which step it is for. */
export interface Planned<Batch> {
  readonly given: Batch;
  readonly step: number;
}

export interface ChunkTrainerOptions<Model, Batch, Memory> {
  readonly model: Model;
  /** How gradients are found: `chunkwise(languageChunks, { chunk })`. */
  readonly gradients: Chunkwise<Model, Batch, Memory>;
  /** Default SeCO. */
  readonly planner?: Planner;
  readonly optimizer: Transform;
  readonly batch: (step: number) => Batch;
  readonly tokens?: number;
}

export interface ChunkStep<State, Batch> extends TrainingStep<State, Batch> {
  cost(state: State, batch: Batch): ChunkStats;
}

export interface ChunkTraining<Model, Batch> extends AnyTraining<ChunkTrainerState<Model>, Planned<Batch>> {
  readonly step: ChunkStep<ChunkTrainerState<Model>, Planned<Batch>>;
}

/** Stands for a loss where only shapes count. */
const ZERO = tensor(0);

/** The training; its steps cost what their choice of chunks does. */
export function chunkTrainer<Model extends object, Batch, Memory>({ model, gradients, planner = seco(), optimizer, batch: batches, tokens }: ChunkTrainerOptions<Model, Batch, Memory>): ChunkTraining<Model, Batch> {
  const update = stepProgram(
    (state: ChunkTrainerState<Model>, given: { readonly gradients: Model; readonly loss: Tensor }) => {
      const [updates, moved] = optimizer.update(given.gradients, state.optimizer, state.model);
      return { state: { model: applyUpdates(state.model, updates), optimizer: moved }, loss: given.loss };
    },
    { name: "optimizer step" },
  );
  type State = ChunkTrainerState<Model>;
  const planOf = ({ given, step }: Planned<Batch>): Plan => planner(gradients.chunks(given), step);
  const placeholderOf = ({ model: now }: State, loss: Tensor) => ({ gradients: now, loss });
  const run = async (state: State, batch: Planned<Batch>): Promise<Stepped<State>> => update(state, await gradients.gradient({ model: state.model, batch: batch.given }, planOf(batch)));
  const step = Object.assign(run, {
    cost(state: State, batch: Planned<Batch>): ChunkStats {
      const stats = gradients.cost({ model: state.model, batch: batch.given }, planOf(batch));
      const own = update.cost(state, placeholderOf(state, ZERO));
      return { ...stats, flops: stats.flops + own.flops, bytesMoved: stats.bytesMoved + own.bytesMoved, peakBytes: Math.max(stats.peakBytes, own.peakBytes) };
    },
    async prepare(state: State, batch: Planned<Batch>): Promise<void> {
      await gradients.prepare({ model: state.model, batch: batch.given }, planOf(batch));
      await update.prepare(state, placeholderOf(state, ZERO));
    },
  });
  return { state: { model, optimizer: optimizer.init(model) }, step, batch: (index) => ({ given: batches(index), step: index }), tokens, varies: true };
}
