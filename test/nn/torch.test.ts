/** @file Models and layers against torch: forward values and gradients. */
import { describe, expect, it } from "vitest";
import { valueAndGrad } from "../../kernel/autodiff/grad";
import { mul } from "../../kernel/graph/ops/elementwise";
import { sum } from "../../kernel/graph/ops/reduction";
import { leaves, replace } from "../../kernel/graph/tree";
import "../../kernel/graph/methods";
import type { Tensor } from "../../kernel/graph/tensor";
import * as nn from "../../kernel/nn/index";
import * as random from "../../kernel/random/index";
import { expectClose, fixture } from "./fixture";

const key = random.key(0);

interface Case<M extends object> {
  readonly name: string;
  readonly model: M;
  readonly output: (model: M, inputs: Readonly<Record<string, Tensor>>) => Tensor;
  readonly loss: (output: Tensor, inputs: Readonly<Record<string, Tensor>>) => Tensor;
}

async function check<M extends object>({ name, model, output, loss }: Case<M>): Promise<void> {
  const read = await fixture(name);
  const [inputs, weights, gradients] = [read("inputs."), read("weights."), read("gradients.")];
  expect(leaves(model).map(([path]) => path).sort()).toEqual(Object.keys(weights).sort());
  const loaded = replace(model, weights);
  await expectClose({ "": output(loaded, inputs) }, read("output"));
  const [value, found] = valueAndGrad((m: M) => loss(output(m, inputs), inputs))(loaded);
  await expectClose({ "": value }, read("loss"));
  const peaks = await Promise.all(Object.values(gradients).map(async (g) => (await g.numbers()).reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
  // Biases of keys have gradient zero, as has all that only shifts a softmax: rounding there is measured by the other gradients.
  await expectClose(Object.fromEntries(leaves(found)), gradients, 1e-3 * Math.max(...peaks));
}

describe("models equal torch's in output, loss and every gradient", () => {
  it("a GPT with layer norm and learned positions", () =>
    check({
      name: "gpt",
      model: nn.gpt({ vocab: 13, depth: 2, width: 16, heads: 4, context: 8, key }),
      output: (model, { tokens }) => model.call(tokens),
      loss: (logits, { targets }) => nn.crossEntropy(logits, targets),
    }));

  it("a GPT with RMS norm, rotary positions, grouped queries, normalized queries and keys, SwiGLU and a tied head", () =>
    check({
      name: "gptRotary",
      model: nn.gpt({ vocab: 13, depth: 2, width: 16, heads: 4, kvHeads: 2, context: 8, norm: "rms", position: "rotary", mlp: "swiglu", hidden: 24, qkNorm: true, tie: true, key }),
      output: (model, { tokens }) => model.call(tokens),
      loss: (logits, { targets }) => nn.crossEntropy(logits, targets, { labelSmoothing: 0.1 }),
    }));

  it("a ViT with a class token", () =>
    check({
      name: "vit",
      model: nn.vit({ image: [8, 12], patch: 4, depth: 2, width: 16, heads: 2, classes: 5, pool: "class", mlp: "geluTanh", key }),
      output: (model, { images }) => model.call(images),
      loss: (logits, { classes }) => nn.crossEntropy(logits, classes),
    }));

  it("a DiT steered by time and class", () =>
    check({
      name: "dit",
      model: nn.dit({ channels: 3, patch: 2, depth: 2, width: 16, heads: 4, classes: 3, hidden: 32, timeFeatures: 32, key }),
      output: (model, { x, t, classes }) => model.call(x, t, classes),
      loss: (output, { target }) => nn.mse(output, target),
    }));

  it("a U-Net with attention, classes and a memory", () =>
    check({
      name: "unet",
      model: nn.unet({ channels: 3, width: 4, multipliers: [1, 2], blocks: 2, heads: 2, groups: 2, classes: 3, memoryWidth: 6, key }),
      output: (model, { x, t, classes, memory }) => model.call(x, t, { classes, memory: memory.transpose([1, 0, 2]) }),
      loss: (output, { target }) => nn.mse(output, target),
    }));

  it("a residual convolution net", () =>
    check({
      name: "convNet",
      model: nn.convNet({ channels: 3, classes: 5, widths: [8, 16], blocks: 1, groups: 4, key }),
      output: (model, { images }) => model.call(images),
      loss: (logits, { classes }) => nn.crossEntropy(logits, classes),
    }));
});

type Layer = (inputs: Readonly<Record<string, Tensor>>) => Tensor;
const batchNormSettings = { momentum: 0.1, epsilon: 1e-5 };

describe("layers and losses equal torch's in output and gradients", async () => {
  const read = await fixture("layers");
  const state = { mean: read("batchNorm.")["mean"], variance: read("batchNorm.")["variance"] };
  const layers: Readonly<Record<string, Layer>> = {
    maxPool: ({ x }) => nn.maxPool(x, { size: 2 }),
    maxPoolOverlapping: ({ x }) => nn.maxPool(x, { size: 3, stride: 2, padding: 1 }),
    averagePool: ({ x }) => nn.averagePool(x, { size: 2 }),
    averagePoolOverlapping: ({ x }) => nn.averagePool(x, { size: 3, stride: 2, padding: 1 }),
    upsampleNearest: ({ x }) => nn.upsampleNearest(x, 3),
    upsampleBilinear: ({ x }) => nn.upsampleBilinear(x, 2),
    resizeBilinear: ({ x }) => nn.resizeBilinear(x, { height: 5, width: 7 }),
    conv: ({ x, weight, bias }) => new nn.Conv(weight, bias, { stride: 2, padding: 1, groups: 2 }).call(x),
    dilatedConv: ({ x, weight, bias }) => new nn.Conv(weight, bias, { padding: 2, dilation: 2 }).call(x),
    conv1d: ({ x, weight, bias }) => new nn.Conv(weight, bias, { padding: 2 }).call(x),
    conv3d: ({ x, weight, bias }) => new nn.Conv(weight, bias, { padding: 1 }).call(x),
    convTranspose: ({ x, weight, bias }) => new nn.ConvTranspose(weight, bias, { stride: 2, padding: 1 }).call(x),
    groupNorm: ({ x, weight, bias }) => new nn.GroupNorm(weight, bias, { groups: 3, epsilon: 1e-5 }).call(x),
    batchNormTrain: ({ x, weight, bias }) => new nn.BatchNorm(weight, bias, batchNormSettings).call(x, { state, mode: "train" }).output,
    batchNormEvaluate: ({ x, weight, bias }) => new nn.BatchNorm(weight, bias, batchNormSettings).call(x, { state, mode: "evaluate" }).output,
    crossEntropy: ({ x, targets }) => nn.crossEntropy(x, targets, { ignoreIndex: -100, labelSmoothing: 0.2 }),
    mse: ({ x, y }) => nn.mse(x, y),
    l1: ({ x, y }) => nn.l1(x, y),
    huber: ({ x, y }) => nn.huber(x, y, { delta: 0.7 }),
    binaryCrossEntropy: ({ x, y }) => nn.binaryCrossEntropy(x, y),
    klDivergence: ({ x, y }) => nn.klDivergence(x, y, { temperature: 2 }),
    clipLoss: ({ a, b, scale }) => nn.clipLoss(a, b, { scale }),
  };

  for (const [name, layer] of Object.entries(layers))
    it(name, async () => {
      const { output, cotangent, ...rest } = read(`${name}.`);
      const inputs = Object.fromEntries(Object.entries(rest).filter(([part]) => !part.startsWith("gradient.")));
      await expectClose({ output: layer(inputs) }, { output });
      const [, gradients] = valueAndGrad((parts: typeof inputs) => sum(mul(layer(parts), cotangent)))(inputs);
      const floating = Object.fromEntries(Object.entries(gradients).filter(([, g]) => g.dtype === "float32"));
      await expectClose(floating, read(`${name}.gradient.`), 1e-3);
    });

  it("running statistics of batch normalization", async () => {
    const { x, weight, bias } = read("batchNormTrain.");
    const { state: next } = new nn.BatchNorm(weight, bias, batchNormSettings).call(x, { state, mode: "train" });
    const { nextMean, nextVariance } = read("batchNorm.");
    await expectClose({ nextMean: next.mean, nextVariance: next.variance }, { nextMean, nextVariance });
  });
});
