/** @file Training steps of every kind of model, whose cost is checked, as lowered graphs. */
import { valueAndGrad } from "../../kernel/autodiff/grad";
import { hostArray, type Dtype } from "../../kernel/graph/dtype";
import { add, relu, sub } from "../../kernel/graph/ops/elementwise";
import { conv, convTranspose } from "../../kernel/graph/ops/linalg";
import { concat, reshape } from "../../kernel/graph/ops/movement";
import { sizeOf } from "../../kernel/graph/shape";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import type { Tree } from "../../kernel/graph/tree";
import { convNet, crossEntropy, dit, gpt, mse, unet, vit, type GptOptions } from "../../kernel/nn";
import { adamw, applyUpdates, chain, clipByGlobalNorm, muon, type Transform } from "../../kernel/optim";
import { key } from "../../kernel/random/key";
import { compile } from "../../kernel/runtime/compile";
import type { Lowered } from "../../kernel/runtime/session";

const zeros = (shape: readonly number[], dtype: Dtype = "float32"): Tensor => fromHost({ dtype, shape, data: hostArray(dtype, sizeOf(shape)) });

type Batch = readonly Tensor[];

interface StepOptions<M extends Tree> {
  readonly model: M;
  readonly batch: Batch;
  readonly loss: (model: M, batch: Batch) => Tensor;
  /** Default AdamW on clipped gradients. */
  readonly optimizer?: Transform;
}

const clippedAdamw = chain(clipByGlobalNorm(1), adamw({ lr: 1e-3 }));

function trainingStep<M extends Tree>({ model, batch, loss, optimizer = clippedAdamw }: StepOptions<M>): Lowered {
  const step = compile((now: M, state: unknown, examples: Batch) => {
    const [value, grads] = valueAndGrad((inner: M) => loss(inner, examples))(now);
    const [updates, next] = optimizer.update(grads, state, now);
    return { loss: value, model: applyUpdates(now, updates), state: next };
  });
  return step.lowered(model, optimizer.init(model), batch);
}

export function gptStep({ batch, optimizer, ...options }: Omit<GptOptions, "key"> & { readonly batch: number; readonly optimizer?: Transform }): Lowered {
  const tokens = (): Tensor => zeros([batch, options.context], "int32");
  const model = gpt({ ...options, key: key(1) });
  return trainingStep({ model, batch: [tokens(), tokens()], loss: (m, [x, y]) => crossEntropy(m.call(x), y), optimizer });
}

const IMAGES = [2, 3, 16, 16];

/** The miniatures, each a different mix of operations. */
export const STEPS: Readonly<Record<string, () => Lowered>> = {
  GPT: () => gptStep({ vocab: 64, depth: 2, width: 32, heads: 2, context: 16, batch: 2 }),
  "GPT with rotary positions, grouped queries, RMS normalization and Muon": () =>
    gptStep({
      ...{ vocab: 64, depth: 2, width: 32, heads: 4, kvHeads: 2, context: 16, batch: 2 },
      ...{ norm: "rms", position: "rotary", qkNorm: true, tie: true, mlp: "swiglu", optimizer: muon() },
    }),
  ViT: () =>
    trainingStep({
      model: vit({ image: 16, patch: 4, depth: 2, width: 32, heads: 4, classes: 10, pool: "class", key: key(1) }),
      batch: [zeros(IMAGES), zeros([2], "int32")],
      loss: (model, [x, y]) => crossEntropy(model.call(x), y),
    }),
  DiT: () =>
    trainingStep({
      model: dit({ channels: 3, patch: 4, depth: 2, width: 32, heads: 4, classes: 10, key: key(1) }),
      batch: [zeros(IMAGES), zeros([2]), zeros([2], "int32")],
      loss: (model, [x, t, classes]) => mse(model.call(x, t, classes), x),
    }),
  "convolution net": () =>
    trainingStep({
      model: convNet({ channels: 3, classes: 10, widths: [8, 16], blocks: 1, key: key(1) }),
      batch: [zeros(IMAGES), zeros([2], "int32")],
      loss: (model, [x, y]) => crossEntropy(model.call(x), y),
    }),
  "U-Net": () =>
    trainingStep({
      model: unet({ channels: 3, width: 16, multipliers: [1, 2], key: key(1) }),
      batch: [zeros(IMAGES), zeros([2])],
      loss: (model, [x, t]) => mse(model.call(x, t), x),
    }),
  "net of plain tensors with transposed convolution": plainNet,
};

/** Down by a strided convolution, up by a transposed one, and a skip. */
function plainNet(): Lowered {
  const model = { first: zeros([8, 3, 3, 3]), down: zeros([16, 8, 3, 3]), up: zeros([16, 8, 4, 4]), bias: zeros([8]), last: zeros([3, 16, 1, 1]) };
  const loss = (m: typeof model, [x, y]: Batch): Tensor => {
    const fine = relu(conv(x, m.first, { padding: 1 }));
    const coarse = relu(conv(fine, m.down, { padding: 1, stride: 2 }));
    const high = relu(add(convTranspose(coarse, m.up, { padding: 1, stride: 2 }), reshape(m.bias, [8, 1, 1])));
    return mse(sub(conv(concat([fine, high], 1), m.last), y), x);
  };
  return trainingStep({ model, batch: [zeros(IMAGES), zeros(IMAGES)], loss });
}

/** The steps that are benchmarked. */
export const BENCHMARK_STEPS: Readonly<Record<string, () => Lowered>> = {
  "GPT 4×256, context 128, batch 8": () => gptStep({ vocab: 256, depth: 4, width: 256, heads: 4, context: 128, batch: 8 }),
  "GPT 6×384, context 256, batch 4": () => gptStep({ vocab: 256, depth: 6, width: 384, heads: 6, context: 256, batch: 4 }),
};
