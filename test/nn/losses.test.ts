/** @file Losses: known values, masks, limits, errors; and that models learn by them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { valueAndGrad } from "../../kernel/autodiff/grad";
import { ShapeError } from "../../kernel/errors";
import "../../kernel/graph/methods";
import { eye, full, zeros } from "../../kernel/graph/ops/movement";
import { stopGradient } from "../../kernel/graph/ops/elementwise";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { zip } from "../../kernel/graph/tree";
import * as nn from "../../kernel/nn/index";
import * as random from "../../kernel/random/index";
import { compile } from "../../kernel/runtime/compile";
import "../../kernel/runtime/realize";

const key = random.key(5);

describe("cross-entropy", () => {
  it("of an even guess is ln V, with or without smoothing", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 40 }), fc.double({ min: -50, max: 50, noNaN: true }), fc.double({ min: 0, max: 0.9, noNaN: true }), async (vocab, level, labelSmoothing) => {
        const targets = tensor([0, vocab - 1], "int32");
        expect(await nn.crossEntropy(full([2, vocab], level), targets, { labelSmoothing }).item()).toBeCloseTo(Math.log(vocab), 4);
      }),
      { numRuns: 12 },
    );
  });

  it("stays finite at extreme logits", async () => {
    expect(await nn.crossEntropy(tensor([[1e4, 0, -1e4]]), tensor([0], "int32")).item()).toBeCloseTo(0, 6);
    expect(await nn.crossEntropy(tensor([[1e4, 0, -1e4]]), tensor([2], "int32")).item()).toBe(2e4);
  });

  it("counts only what the mask and the ignored index leave", async () => {
    const logits = random.normal(key, [2, 3, 5]);
    const targets = tensor([[1, 2, 3], [4, 0, 1]], "int32");
    const each = await nn.crossEntropyEach(logits, targets).numbers();
    expect(each.length).toBe(6);
    const mask = tensor([[true, false, true], [false, false, true]]);
    expect(await nn.crossEntropy(logits, targets, { mask }).item()).toBeCloseTo((each[0] + each[2] + each[5]) / 3, 5);
    expect(await nn.crossEntropy(logits, targets, { mask, ignoreIndex: 1 }).item()).toBeCloseTo(each[2], 5);
    expect(await nn.crossEntropy(logits, targets, { mask: zeros([2, 3]) }).item()).toBe(0);
    expect(await nn.crossEntropy(logits, full([2, 3], -1, "int32"), { ignoreIndex: -1 }).item()).toBe(0);
  });

  it("refuses targets of another shape", () => {
    expect(() => nn.crossEntropy(zeros([2, 3, 5]), zeros([2, 5], "int32"))).toThrow(ShapeError);
    expect(() => nn.accuracy(zeros([2, 3]), zeros([2, 1], "int32"))).toThrow(/help: targets are class indices/);
  });
});

describe("other losses and scores", () => {
  it("accuracy is the part of hits", async () => {
    const logits = tensor([[1, 2, 0], [5, 1, 1], [0, 0, 3], [2, 1, 0]]);
    const targets = tensor([1, 0, 0, 1], "int32");
    expect(await nn.accuracy(logits, targets).item()).toBe(0.5);
    expect(await nn.accuracy(logits, targets, { mask: tensor([true, false, false, true]) }).item()).toBe(0.5);
    expect(await nn.accuracy(logits, targets, { mask: tensor([1, 3, 0, 0]) }).item()).toBe(1);
  });

  it("the divergence is zero between equals, positive otherwise, and stops at a stopped teacher", async () => {
    const [a, b] = [random.normal(key, [4, 6]), random.normal(random.fold(key, 1), [4, 6])];
    expect(await nn.klDivergence(a, a).item()).toBeCloseTo(0, 6);
    expect(await nn.klDivergence(a, b).item()).toBeGreaterThan(0.1);
    const [, gradients] = valueAndGrad((x: { readonly teacher: Tensor; readonly student: Tensor }) => nn.klDivergence(x.student, stopGradient(x.teacher)))({ teacher: a, student: b });
    expect(await gradients.teacher.abs().max().item()).toBe(0);
    expect(await gradients.student.abs().max().item()).toBeGreaterThan(0.01);
  });

  it("contrast is small where each row finds its own, and ln N where all look alike", async () => {
    expect(await nn.infoNce(eye(6), eye(6), { scale: 50 }).item()).toBeCloseTo(0, 5);
    expect(await nn.clipLoss(tensor(Array.from({ length: 6 }, () => [1, 2, 3])), tensor(Array.from({ length: 6 }, () => [5, 1, 0]))).item()).toBeCloseTo(Math.log(6), 4);
    expect(nn.similarities(zeros([2, 3]), zeros([5, 3])).shape).toEqual([2, 5]);
  });

  it("binary cross-entropy has the gradient σ(x) − t also at zero, where a fresh head stands", async () => {
    const [, g] = valueAndGrad((x: Tensor) => nn.binaryCrossEntropy(x, tensor([1, 0, 0.25])))(zeros([3]));
    expect([...(await g.numbers())].map((v) => v * 3)).toEqual([-0.5, 0.5, 0.25].map((v) => expect.closeTo(v, 5)));
  });

  it("distances weigh elements and refuse shapes that would broadcast", async () => {
    const [x, y] = [tensor([[1, 2], [3, 4]]), tensor([[1, 0], [0, 4]])];
    expect(await nn.mse(x, y).item()).toBe((4 + 9) / 4);
    expect(await nn.mse(x, y, { weight: tensor([[1], [2]]) }).item()).toBe((4 + 18) / 4);
    expect(await nn.l1(x, y).item()).toBe(5 / 4);
    expect(await nn.huber(x, y, { delta: 2 }).item()).toBe((2 + 4) / 4);
    expect(() => nn.mse(zeros([4]), zeros([4, 1]))).toThrow(ShapeError);
  });
});

/** Losses before and after plain gradient descent on one batch. */
async function descend<M extends object>(model: M, { loss, steps, rate }: { readonly loss: (model: M) => Tensor; readonly steps: number; readonly rate: number }): Promise<readonly [first: number, last: number]> {
  const step = compile((current: M) => {
    const [value, gradients] = valueAndGrad(loss)(current);
    return { model: zip(current, gradients, (p, g) => p.sub(g.mul(rate))), loss: value };
  });
  const losses: number[] = [];
  let current = model;
  for (let i = 0; i < steps; i++) {
    const out = await step(current);
    current = out.model;
    losses.push(await out.loss.item());
  }
  return [losses[0], losses[steps - 1]];
}

describe("models learn one batch by gradient descent", () => {
  const tokens = tensor([[1, 2, 3, 4, 5, 6, 7], [7, 5, 3, 1, 2, 4, 6]], "int32");
  const [x, y] = [tokens.slice({ axis: 1, end: 6 }), tokens.slice({ axis: 1, start: 1 })];
  const images = random.normal(key, [4, 3, 8, 8]);
  const classes = tensor([0, 1, 2, 1], "int32");
  const t = tensor([10, 200, 500, 900]);

  it("a GPT of either make", async () => {
    for (const options of [{}, { norm: "rms", position: "rotary", mlp: "swiglu", kvHeads: 1, qkNorm: true } as const]) {
      const [first, last] = await descend(nn.gpt({ vocab: 8, depth: 2, width: 16, heads: 2, context: 6, key, ...options }), { loss: (m) => nn.crossEntropy(m.call(x), y), steps: 40, rate: 0.5 });
      expect(first).toBeCloseTo(Math.log(8), 0);
      expect(last).toBeLessThan(first / 2);
    }
  });

  it("a ViT and a convolution net", async () => {
    const vit = nn.vit({ image: 8, patch: 4, depth: 1, width: 16, heads: 2, classes: 3, key });
    const convNet = nn.convNet({ channels: 3, classes: 3, widths: [8, 8], key });
    for (const run of [() => descend(vit, { loss: (m) => nn.crossEntropy(m.call(images), classes), steps: 30, rate: 0.1 }), () => descend(convNet, { loss: (m) => nn.crossEntropy(m.call(images), classes), steps: 30, rate: 0.5 })]) {
      const [first, last] = await run();
      expect(last).toBeLessThan(first / 2);
    }
  });

  it("a DiT and a U-Net, whose zero layers must wake", async () => {
    const target = images.mul(0.5);
    const dit = nn.dit({ channels: 3, patch: 2, depth: 1, width: 16, heads: 2, key });
    const unet = nn.unet({ channels: 3, width: 8, multipliers: [1, 2], heads: 2, key });
    for (const run of [() => descend(dit, { loss: (m) => nn.mse(m.call(images, t), target), steps: 40, rate: 1 }), () => descend(unet, { loss: (m) => nn.mse(m.call(images, t), target), steps: 40, rate: 0.3 })]) {
      const [first, last] = await run();
      expect(last).toBeLessThan(first * 0.7);
    }
  });
});
