/** @file A small training with each method in it, for the contract that all methods keep. */
import { data, methods, nn, optim, random, tensor, trainer, tree, type AnyTraining, type Tensor, type Training } from "../../kernel/index";

export interface MethodCase<Given = unknown> {
  /** What the method is applied to: a model, data, a state. It must stay as it is. */
  readonly given: () => Given;
  /** A training with the method in it. */
  readonly apply: (given: Given) => AnyTraining | Promise<AnyTraining>;
  /** Steps in which the loss falls by a tenth at least. Default 30. */
  readonly steps?: number;
}

/** Keeps the type of `given` between the two functions. */
const methodCase = <Given>({ apply, ...rest }: MethodCase<Given>): MethodCase => ({
  ...rest,
  // SAFETY: it is given what `given` returned.
  apply: (given) => apply(given as Given),
});

type Batch = { readonly x: Tensor; readonly y: Tensor };
const VOCAB = 12;
const CONTEXT = 8;

export const smallGpt = (mlp: nn.MlpKind = "relu"): nn.Gpt => nn.gpt({ vocab: VOCAB, depth: 2, width: 16, heads: 2, context: CONTEXT, mlp, key: random.key(5) });

/** Counting upwards from somewhere: learnt in a few steps. */
export function countingBatch(step: number): Batch {
  const rows = Array.from({ length: 4 }, (_, b) => Array.from({ length: CONTEXT + 1 }, (_, t) => (b * 3 + step + t) % VOCAB));
  return { x: tensor(rows.map((row) => row.slice(0, -1)), "int32"), y: tensor(rows.map((row) => row.slice(1)), "int32") };
}

/** The usual training of a language model. */
export const languageModel = (model: nn.Gpt): Training => trainer({ model, optimizer: optim.adam({ lr: 1e-2 }), loss: (m, { x, y }: Batch) => nn.crossEntropy(m.call(x), y), batch: countingBatch }) as Training;

/** Continual pre-training at the share that a law gives: counting upwards is the general corpus, counting in threes the domain. */
const mixedTraining = (model: nn.Gpt): Training => {
  const counting = (by: number): data.Dataset<"x" | "y"> => data.windowsOf(Int32Array.from({ length: 200 }, (_, i) => (i * by) % VOCAB), CONTEXT);
  const law = { predict: (at: methods.dcptLaw.Mixed) => methods.dcptLaw.dcptLoss({ E: 1, A: 0, alpha: 1, B: 1, beta: 0.5, eta: 1, C: 0.2, gamma: 1, eps: 0.1 }, at) };
  const { ratio } = methods.dcptLaw.optimalRatio({ general: law, domain: law, params: 1, tokens: 1000, base: 1.3 });
  const mixed = data.mixture({ general: counting(1), domain: counting(3) }, { batch: 8, weights: { general: 1 - ratio, domain: ratio } });
  return { ...languageModel(model), batch: (step) => mixed.batch(step) };
};

/** A teacher for three steps, then none: a batch of the first part brings the teacher's weight with it. */
const saltTraining = (model: nn.Gpt): Training => {
  const { distillLoss, omegaAt } = methods.slmHelp;
  const teacher = smallGpt("gelu");
  type Taught = Batch & { readonly omega: Tensor };
  return trainer({
    model,
    optimizer: optim.adam({ lr: 1e-2 }),
    loss: (m, { x, y, omega }: Taught) => distillLoss(m.call(x), y, () => teacher.call(x), { omega }),
    batch: (step) => ({ ...countingBatch(step), omega: tensor(omegaAt(step, { omega: 2 / 3, kdSteps: 3 })) }),
  }) as Training;
};

/** Experts beside a fixed layer in the second block, with a teacher for three steps. */
const taughtMixture = (model: nn.Gpt): Training => {
  const { mixtureOfExperts, moeTrainer } = methods.deepspeedMoe;
  const key = random.key(3);
  const student = mixtureOfExperts(model, { experts: [0, 4], residual: "mix", key });
  return moeTrainer({ model: student, optimizer: optim.adam({ lr: 1e-2 }), batch: countingBatch, key, distillation: { teacher: smallGpt("gelu"), until: 3 } }) as Training;
};

/** By slug. A method without a case fails the contract. */
export const METHOD_CASES: Readonly<Record<string, MethodCase>> = {
  btm: methodCase({
    given: () => smallGpt(),
    apply: async (model) => {
      const whole = languageModel(model);
      const { state } = await whole.step(await tree.clone(whole.state), whole.batch(0));
      return methods.btm.branch(whole, { state, batch: (step) => countingBatch(1 + step) });
    },
  }),
  checkfree: methodCase({
    given: () => nn.gpt({ vocab: VOCAB, depth: 6, width: 16, heads: 2, context: CONTEXT, key: random.key(5) }),
    apply: (model) => {
      const { CLUSTER, checkFreePlus, pipeline, pipelineTrainer, timeline, withFailures } = methods.checkfree;
      const training = pipelineTrainer({ model: pipeline(model, { stages: 6 }), loss: (m, { x, y }: Batch) => nn.crossEntropy(m.call(x), y), batch: countingBatch, lr: 1e-2, swap: true });
      const events = timeline({ failures: [{ step: 2, stage: 0 }, { step: 4, stage: 3 }], seconds: 1e4, cluster: CLUSTER.checkFree });
      return withFailures({ training, events, recovery: checkFreePlus() }) as Training;
    },
  }),
  cskv: methodCase({
    given: () => nn.gpt({ vocab: VOCAB, depth: 2, width: 16, heads: 2, context: CONTEXT, position: "rotary", key: random.key(5) }),
    apply: async (model) => {
      const factors = await methods.cskv.asvdFactors(model, await methods.cskv.calibrate(model, [countingBatch(0).x]), { kDensity: 0.5 });
      return methods.cskv.fitting({ model, factors, batch: (step) => countingBatch(step).x, lr: 1e-2, quant: { bits: 4, group: 4 } }) as Training;
    },
  }),
  "dcpt-law": methodCase({ given: () => smallGpt(), apply: mixedTraining }),
  "deepspeed-moe": methodCase({ given: () => smallGpt(), apply: taughtMixture }),
  lost: methodCase({ given: () => smallGpt(), apply: async (model) => languageModel(await methods.lost.lost(model, { rank: 4, density: 0.1 })) }),
  "lsh-moe": methodCase({
    given: () => nn.withMixtures(smallGpt(), { experts: [0, 4], key: random.key(6) }),
    apply: (model) => {
      const compressed = methods.lshMoe.lshMoe(model, { hash: methods.lshMoe.crossPolytope({ hashes: 2, dim: 4 }), devices: 2, redraw: true });
      const loss = (m: nn.Gpt, { x, y }: Batch, key: random.Key): Tensor => {
        const { result, balanceLoss } = nn.withBalanceLoss((tokens: Tensor) => nn.routedBy(m, key).call(tokens))(x);
        return nn.crossEntropy(result, y).add(balanceLoss.mul(0.01));
      };
      return trainer({ model: compressed, optimizer: optim.adam({ lr: 1e-2 }), loss, batch: countingBatch, key: random.key(3) }) as Training;
    },
  }),
  "multi-level": methodCase({
    given: () => smallGpt(),
    apply: (model) => {
      const { coalesce, coalesceMaps, decoalesce, interpolate } = methods.multiLevel;
      const maps = coalesceMaps(model);
      return languageModel(interpolate(model, decoalesce(coalesce(model, maps), maps), 0.5));
    },
  }),
  seco: methodCase({
    given: () => smallGpt(),
    apply: (model) => {
      const { chunkTrainer, chunkwise, languageChunks, spaco } = methods.seco;
      return chunkTrainer({ model, gradients: chunkwise(languageChunks, { chunk: 2 }), planner: spaco({ budget: 2 }), optimizer: optim.adam({ lr: 1e-2 }), batch: countingBatch }) as AnyTraining;
    },
  }),
  primer: methodCase({ given: () => smallGpt(), apply: (model) => languageModel(methods.primer.primerEz(model)) }),
  quartet: methodCase({
    given: () => smallGpt(),
    apply: (model) => {
      const { keyed, quartet } = methods.quartet;
      const loss = (m: nn.Gpt, { x, y }: Batch, key: random.Key): Tensor => nn.crossEntropy(keyed(m, key).call(x), y);
      return trainer({ model: quartet(model), optimizer: optim.adam({ lr: 1e-2 }), loss, batch: countingBatch, key: random.key(3) }) as Training;
    },
  }),
  "slm-help": methodCase({ given: () => smallGpt(), apply: saltTraining }),
};
