/** @file A training: a state, a compiled step, and the batches it takes. */
import { valueAndGrad } from "../autodiff/grad";
import type { Tensor } from "../graph/tensor";
import { applyUpdates } from "../optim/apply";
import type { Transform } from "../optim/transform";
import { split, type Key } from "../random/key";
import { compile, type Compiled } from "../runtime/compile";

/** What a step gives back. */
export interface Stepped<State> {
  readonly state: State;
  /** A scalar. */
  readonly loss: Tensor;
}

export interface Training<State = unknown, Batch = unknown> {
  readonly state: State;
  readonly step: Compiled<[state: State, batch: Batch], Stepped<State>>;
  /** The batch of step 0, 1, … of this training. */
  readonly batch: (step: number) => Batch;
  /** Tokens (or items) that a step sees; default 0: not counted. */
  readonly tokens?: number;
}

export interface TrainerState<Model> {
  readonly model: Model;
  readonly optimizer: unknown;
  /** Of the next step; null where the loss draws nothing. */
  readonly key: Key | null;
}

export interface TrainerOptions<Model, Batch> {
  readonly model: Model;
  readonly optimizer: Transform;
  /** A scalar. `key` is there when the trainer has one, new in every step. */
  readonly loss: (model: Model, batch: Batch, key: Key) => Tensor;
  readonly batch: (step: number) => Batch;
  readonly tokens?: number;
  /** For losses that draw random numbers. Default none. */
  readonly key?: Key;
  /** Name in errors and reports. Default "training step". */
  readonly name?: string;
}

export interface StepperOptions<State, Batch> {
  readonly state: State;
  readonly step: (state: State, batch: Batch) => Stepped<State>;
  readonly batch: (step: number) => Batch;
  readonly tokens?: number;
  /** Name in errors and reports. Default "training step". */
  readonly name?: string;
}

/** A training by a step of your own: compiled, its state's buffers used again. A step whose loss is not finite fails and changes nothing. */
export const stepper = <State, Batch>({ state: first, step, batch: batches, tokens, name = "training step" }: StepperOptions<State, Batch>): Training<State, Batch> => ({
  state: first,
  step: compile((state: State, batch: Batch) => step(state, batch), { donate: ["state"], finite: ["loss"], name }),
  batch: batches,
  tokens,
});

/** The usual training: gradients of a loss, through an optimizer, onto the model. A step whose loss is not finite fails and changes nothing. */
export function trainer<Model extends object, Batch>({ model, optimizer, loss, batch, tokens, key, name = "training step" }: TrainerOptions<Model, Batch>): Training<TrainerState<Model>, Batch> {
  const step = (state: TrainerState<Model>, given: Batch): Stepped<TrainerState<Model>> => {
    const [now, next] = state.key === null ? [null, null] : split(state.key);
    // SAFETY: a loss that draws is given with a key (TrainerOptions).
    const [value, gradients] = valueAndGrad((m: Model) => loss(m, given, now as Key))(state.model);
    const [updates, moved] = optimizer.update(gradients, state.optimizer, state.model);
    return { state: { model: applyUpdates(state.model, updates), optimizer: moved, key: next }, loss: value };
  };
  return stepper({ state: { model, optimizer: optimizer.init(model), key: key ?? null }, step, batch, tokens, name });
}
