/** @file The table that the law is fitted to: continual pre-training of one base model at several mixture ratios, both losses along the way. */
import { ArgumentError } from "../../errors";
import type { ArmRun } from "../../experiment/armRun";
import { meanLoss } from "../../experiment/evaluation";
import { trainer, type Training, type TrainerState } from "../../experiment/training";
import { mixture } from "../../data/mixture";
import type { BatchList, Text, TextBatch } from "../../data/text";
import { clone, countParameters } from "../../graph/tree";
import type { Tensor } from "../../graph/tensor";
import type { Transform } from "../../optim/transform";
import type { Probe } from "./curve";

/** One checkpoint of one run. */
export interface Row {
  readonly params: number;
  /** D: tokens of continual pre-training, both corpora together. */
  readonly tokens: number;
  /** r_d: the domain's share of them. */
  readonly ratio: number;
  /** Validation losses in nats per token. */
  readonly general: number;
  readonly domain: number;
}

export interface ContinualOptions<M extends object> {
  /** Of the arm or sweep that pays. */
  readonly train: ArmRun["train"];
  /** The pre-trained model; it stays as it is. */
  readonly base: M;
  readonly optimizer: Transform;
  readonly loss: (model: M, batch: TextBatch) => Tensor;
  readonly general: Text;
  readonly domain: Text;
  /** Sequences in a batch, of both corpora together. */
  readonly batch: number;
  readonly seed: number;
}

export interface MixtureSweep {
  /** Each from 0 to 1. */
  readonly ratios: readonly number[];
  readonly steps: number;
  /** Steps from one look at both losses to the next; a divisor of `steps`. */
  readonly every: number;
}

/** Continual pre-training from one base model on mixtures of two corpora: all runs share one compiled step. */
export class ContinualPretraining<M extends object> {
  private readonly template: Training<TrainerState<M>, TextBatch>;
  private readonly evaluate: (model: M, part: BatchList<TextBatch>) => Promise<number>;

  constructor(private readonly options: ContinualOptions<M>) {
    const { base, optimizer, loss, general, batch } = options;
    this.template = trainer({ model: base, optimizer, loss: (model: M, given: TextBatch) => loss(model, given), batch: general.batch, tokens: batch * general.windows.fields.x.shape[0] });
    this.evaluate = meanLoss(loss);
  }

  /** Both losses at every look of every ratio, the start left out: it is the same for all, and no law has D = 0. All looks are points of the arm's curve, too. */
  async table({ ratios, steps, every }: MixtureSweep): Promise<readonly Row[]> {
    if (steps % every !== 0) throw new ArgumentError(`continual pre-training of ${steps} steps, looked at every ${every}`, { help: "let every divide steps" });
    const { train, base } = this.options;
    const rows: Row[] = [];
    for (const ratio of ratios) {
      const training = await this.training(ratio);
      let done = 0;
      const evaluate = async ({ model }: TrainerState<M>): Promise<Readonly<Record<string, number>>> => {
        const row = { params: countParameters(base), tokens: done * (training.tokens ?? 0), ratio, ...(await this.losses(model)) };
        if (done > 0) rows.push(row);
        done += every;
        return row;
      };
      await train(() => training, { steps, points: steps / every, evaluate });
    }
    return rows;
  }

  /** Both losses before anything is trained. */
  start(): Promise<{ readonly general: number; readonly domain: number }> {
    return this.losses(this.options.base);
  }

  /** How hard the domain is, by a few steps on it alone. */
  async probe(steps: number): Promise<Probe> {
    const training = await this.training(1);
    const { state } = await this.options.train(() => training, { steps });
    const [before, after] = [await this.start(), await this.losses(state.model)];
    return { initial: before.domain, rate: (before.domain - after.domain) / steps };
  }

  private async losses(model: M): Promise<{ readonly general: number; readonly domain: number }> {
    const { general, domain } = this.options;
    return { general: await this.evaluate(model, general.validation), domain: await this.evaluate(model, domain.validation) };
  }

  /** From a copy of the base model, on a mixture with this share of the domain. */
  private async training(ratio: number): Promise<Training<TrainerState<M>, TextBatch>> {
    const { base, optimizer, general, domain, batch, seed } = this.options;
    const mixed = mixture({ general: general.windows, domain: domain.windows }, { batch, weights: { general: 1 - ratio, domain: ratio }, seed });
    const model = await clone(base);
    return { ...this.template, state: { model, optimizer: optimizer.init(model), key: null }, batch: (step) => pair(mixed.batch(step)) };
  }
}

const pair = ({ x, y }: TextBatch): TextBatch => ({ x, y });
