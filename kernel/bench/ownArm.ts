/** @file Our arm of a benchmark: builds a workload's training step with the public API and times it on request. */
import { createInterface } from "node:readline";
import { compile, fromHost, nn, optim, random, tensor, type Tensor, tree, valueAndGrad } from "../index";
import { ADAMW, VOCAB, type GptWorkload, type ResNetWorkload, type UnetWorkload, type Workload } from "./workloads";

type Batch = Readonly<Record<string, Tensor>>;
/** Runs one step and returns its loss. */
export type Step = () => Promise<number>;

/** The step of a workload with its model, ready to run again and again. */
export function ownStep(workload: Workload): { readonly step: Step; readonly cost: () => { readonly flops: number; readonly parameters: number } } {
  if (workload.kind === "gpt") return training(gptModel(workload), { loss: (model, batch) => nn.crossEntropy(model.call(batch.x), batch.y), next: tokenBatches(workload) });
  if (workload.kind === "resnet") return training(resNetModel(workload), { loss: (model, batch) => nn.crossEntropy(model.call(batch.x), batch.y), next: labelledImages(workload) });
  return training(unetModel(workload), { loss: (model, batch) => nn.mse(model.call(batch.x, batch.t), batch.y), next: imageBatches(workload) });
}

const gptModel = ({ depth, width, heads, context, vocab = VOCAB }: GptWorkload): ReturnType<typeof nn.gpt> => nn.gpt({ vocab, depth, width, heads, context, key: random.key(0) });
const unetModel = ({ width }: UnetWorkload): ReturnType<typeof nn.unet> => nn.unet({ channels: 3, width, multipliers: [1, 2], key: random.key(0) });
const resNetModel = ({ widths, blocks, classes }: ResNetWorkload): ReturnType<typeof nn.convNet> => nn.convNet({ channels: 3, classes, widths, blocks, key: random.key(0) });

function training<M>(initial: M, { loss, next }: { readonly loss: (model: M, batch: Batch) => Tensor; readonly next: () => Batch }): ReturnType<typeof ownStep> {
  const optimizer = optim.adamw({ lr: ADAMW.lr, b1: ADAMW.b1, b2: ADAMW.b2, weightDecay: ADAMW.weightDecay, eps: ADAMW.epsilon });
  const compiled = compile(
    (model: M, state: ReturnType<typeof optimizer.init>, batch: Batch) => {
      const [value, grads] = valueAndGrad((m: M) => loss(m, batch))(model);
      const [updates, nextState] = optimizer.update(grads, state, model);
      return { model: optim.applyUpdates(model, updates), state: nextState, loss: value };
    },
    { donate: ["model", "state"], name: "bench" },
  );
  let model = initial;
  let state = optimizer.init(initial);
  return {
    cost: () => ({ flops: compiled.cost(model, state, next()).flops, parameters: tree.countParameters(model) }),
    step: async () => {
      const out = await compiled(model, state, next());
      model = out.model;
      state = out.state;
      return out.loss.item();
    },
  };
}

/** Deterministic numbers in [0, 1): every arm's batches have the same cost, so their content is free. */
function* uniform(): Generator<number, never> {
  let state = 1;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

function tokenBatches({ batch, context, vocab = VOCAB }: GptWorkload): () => Batch {
  const numbers = uniform();
  const tokens = (): Tensor => fromHost({ dtype: "int32", shape: [batch, context], data: Int32Array.from({ length: batch * context }, () => Math.floor(numbers.next().value * vocab)) });
  return () => ({ x: tokens(), y: tokens() });
}

/** Random images [batch, 3, image, image]. */
const imagesOf = ({ batch, image }: UnetWorkload | ResNetWorkload, numbers: Iterator<number, never>): Tensor =>
  fromHost({ dtype: "float32", shape: [batch, 3, image, image], data: Float32Array.from({ length: batch * 3 * image * image }, () => numbers.next().value) });

function imageBatches(workload: UnetWorkload): () => Batch {
  const numbers = uniform();
  return () => ({ x: imagesOf(workload, numbers), y: imagesOf(workload, numbers), t: tensor(Array.from({ length: workload.batch }, () => numbers.next().value)) });
}

function labelledImages(workload: ResNetWorkload): () => Batch {
  const { batch, classes } = workload;
  const numbers = uniform();
  return () => ({ x: imagesOf(workload, numbers), y: fromHost({ dtype: "int32", shape: [batch], data: Int32Array.from({ length: batch }, () => Math.floor(numbers.next().value * classes)) }) });
}

/** Serves as an arm's process: each line of standard input asks for so many steps; the answer is one JSON line. */
export async function serve(workload: Workload): Promise<void> {
  const { step } = ownStep(workload);
  await step();
  console.log("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    const times: number[] = [];
    for (let i = 0; i < Number(line); i++) {
      const start = performance.now();
      await step();
      times.push(performance.now() - start);
    }
    console.log(JSON.stringify(times));
  }
}
