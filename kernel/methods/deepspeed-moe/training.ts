/** @file Training with experts: the balancing loss beside cross-entropy, and a teacher in the first steps only. */
import { ArgumentError } from "../../errors";
import { trainer, type Training, type TrainerState } from "../../experiment/training";
import { add, mul, stopGradient } from "../../graph/ops/elementwise";
import type { Tensor } from "../../graph/tensor";
import type { Gpt } from "../../nn/gpt";
import { crossEntropy, klDivergence } from "../../nn/losses";
import { Moe, routedBy, withBalanceLoss } from "../../nn/moe";
import { modulesOf } from "../../nn/surgery";
import type { Transform } from "../../optim/transform";
import type { Key } from "../../random/key";

/** A teacher for part of a training. */
export interface Distillation {
  /** Evaluates: it has no key, so nobody is dropped by chance, and no gradient. */
  readonly teacher: Gpt;
  /** The first step without it: 0 is none, Infinity to the end. Steps count from 0. */
  readonly until: number;
  /** β. Default 1. */
  readonly beta?: number;
  /** τ. Default 1. */
  readonly temperature?: number;
}

interface Tokens {
  readonly x: Tensor;
  readonly y: Tensor;
}
/** A batch of a step with the teacher says so: that step has a graph of its own. */
interface Taught extends Tokens {
  readonly taught?: true;
}

export interface MoeTrainerOptions {
  readonly model: Gpt;
  readonly optimizer: Transform;
  /** The batch of a step: tokens x [B, T] and those after them y [B, T]. */
  readonly batch: (step: number) => Tokens;
  /** Of the routing; it is split in every step. */
  readonly key: Key;
  /** Factor of the balancing loss, summed over layers. Default 0.01. */
  readonly balance?: number;
  readonly distillation?: Distillation;
  /** In a batch. */
  readonly tokens?: number;
}

/** Whether a model has layers of experts. */
export const hasExperts = (model: Gpt): boolean => modulesOf(model).some(([, layer]) => layer instanceof Moe);

/**
 * The training of a model with or without experts: CE + balance Σ l_aux, and + β τ² KL(teacher ‖ model) before step `until`. Without a teacher its graph is exactly that
 * of a training that never had one.
 * @throws {ArgumentError} for a factor below 0, or a temperature that is not positive.
 */
export function moeTrainer({ model, optimizer, batch, key, balance = 0.01, distillation, tokens }: MoeTrainerOptions): Training<TrainerState<Gpt>, Taught> {
  const { teacher, until = 0, beta = 1, temperature = 1 } = distillation ?? {};
  if (!(balance >= 0 && beta >= 0 && temperature > 0 && until >= 0))
    throw new ArgumentError(`moeTrainer: balance ${balance}, β ${beta}, temperature ${temperature}, until step ${until}`, { help: "give factors and steps from 0, and a temperature above 0" });
  const task = hasExperts(model) ? mixtureTask(balance) : denseTask;
  const loss = (m: Gpt, { x, y, taught }: Taught, own: Key): Tensor => {
    const { logits, loss: alone } = task(m, { x, y }, own);
    if (taught === undefined || teacher === undefined) return alone;
    return add(alone, mul(klDivergence(logits, stopGradient(teacher.call(x)), { temperature }), beta));
  };
  const given = (step: number): Taught => {
    const { x, y } = batch(step);
    return step < until && teacher !== undefined ? { x, y, taught: true } : { x, y };
  };
  return trainer({ model, optimizer, loss, batch: given, key, tokens });
}

type Task = (model: Gpt, batch: Tokens, key: Key) => { readonly logits: Tensor; readonly loss: Tensor };

const denseTask: Task = (model, { x, y }) => {
  const logits = model.call(x);
  return { logits, loss: crossEntropy(logits, y) };
};

const mixtureTask =
  (balance: number): Task =>
  (model, { x, y }, key) => {
    const { result: logits, balanceLoss } = withBalanceLoss((m: Gpt) => m.call(x))(routedBy(model, key));
    return { logits, loss: add(crossEntropy(logits, y), mul(balanceLoss, balance)) };
  };
