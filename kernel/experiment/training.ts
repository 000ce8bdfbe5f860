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

/** What a step costs, known before it runs. */
export interface StepCost {
  readonly flops: number;
  readonly bytesMoved: number;
  /** Largest number of bytes held at once. */
  readonly peakBytes: number;
}

/** A step of one program, or of several that run one after the other. */
export interface TrainingStep<State, Batch> {
  (state: State, batch: Batch): Promise<Stepped<State>>;
  cost(state: State, batch: Batch): StepCost;
  prepare(state: State, batch: Batch): Promise<void>;
}

export interface AnyTraining<State = unknown, Batch = unknown> {
  readonly state: State;
  readonly step: TrainingStep<State, Batch>;
  /** The batch of step 0, 1, … of this training. */
  readonly batch: (step: number) => Batch;
  /** Tokens (or items) that a step sees; default 0: not counted. */
  readonly tokens?: number;
  /** Whether the cost of a step depends on its batch: then each step is booked at its own. Default false. */
  readonly varies?: boolean;
}

/** A training whose step is one program. */
export interface Training<State = unknown, Batch = unknown> extends AnyTraining<State, Batch> {
  readonly step: Compiled<[state: State, batch: Batch], Stepped<State>>;
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

/** A step as a program: its state's buffers are used again, and one whose loss is not finite fails and changes nothing. For steps that consist of several.
 * @param options.maxTraces - as in `compile`. */
export const stepProgram = <State, Batch>(step: (state: State, batch: Batch) => Stepped<State>, { name = "training step", maxTraces }: { readonly name?: string; readonly maxTraces?: number } = {}): Training<State, Batch>["step"] =>
  compile((state: State, batch: Batch) => step(state, batch), { donate: ["state"], finite: ["loss"], name, maxTraces });

/** A training by a step of your own: compiled, its state's buffers used again. A step whose loss is not finite fails and changes nothing. */
export const stepper = <State, Batch>({ state: first, step, batch: batches, tokens, name }: StepperOptions<State, Batch>): Training<State, Batch> => ({
  state: first,
  step: stepProgram(step, { name }),
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
