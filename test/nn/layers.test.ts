/** @file Initial values, randomness in layers, steering, decoding choices. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, ShapeError } from "../../kernel/errors";
import "../../kernel/graph/methods";
import { full, zeros } from "../../kernel/graph/ops/movement";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { countParameters, leaves } from "../../kernel/graph/tree";
import * as nn from "../../kernel/nn/index";
import * as random from "../../kernel/random/index";
import { expectClose } from "./fixture";

const key = random.key(3);

async function moments(x: Tensor): Promise<{ readonly mean: number; readonly std: number; readonly peak: number }> {
  const values = [...(await x.numbers())];
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, std: Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length), peak: Math.max(...values.map(Math.abs)) };
}

describe("initial values", () => {
  const parameter: nn.ParameterShape = { shape: [64, 256], fanIn: 64, fanOut: 256 };
  const expected: Readonly<Record<string, readonly [nn.Initializer, number]>> = {
    "fan-in": [nn.fanInInit(), 1 / 8],
    He: [nn.heInit, Math.SQRT2 / 8],
    Glorot: [nn.glorotInit, Math.sqrt(2 / 320)],
    normal: [nn.normalInit(0.3), 0.3],
    uniform: [nn.uniformInit(0.6), 0.6 / Math.sqrt(3)],
  };
  for (const [name, [init, std]] of Object.entries(expected))
    it(`${name}: have mean 0 and the standard deviation it stands for`, async () => {
      const found = await moments(init(parameter, key));
      // 16 384 draws: the deviation is known to 0.6% and the mean to 0.8% of it (one standard error).
      expect(Math.abs(found.std / std - 1)).toBeLessThan(0.03);
      expect(Math.abs(found.mean / std)).toBeLessThan(0.04);
    });

  it("differ between all layers of a model, and are the same for the same key", async () => {
    const options = { vocab: 8, depth: 2, width: 8, heads: 2, context: 4 };
    const model = nn.gpt({ ...options, key });
    const firsts = await Promise.all(leaves(model).filter(([path]) => path.endsWith("weight") && !path.includes("norm")).map(async ([, leaf]) => (await leaf.numbers())[0]));
    expect(new Set(firsts).size).toBe(firsts.length);
    await expectClose(Object.fromEntries(leaves(nn.gpt({ ...options, key }))), Object.fromEntries(leaves(model)));
    expect((await nn.gpt({ ...options, key: random.key(4) }).tokens.weight.numbers())[0]).not.toBe((await model.tokens.weight.numbers())[0]);
  });

  it("make what a GPT's blocks add to the stream smaller with depth", async () => {
    const std = async (depth: number): Promise<number> => (await moments(nn.gpt({ vocab: 8, depth, width: 64, heads: 2, context: 4, key }).blocks[0].mlp.down.weight)).std;
    expect((await std(1)) / (await std(4))).toBeCloseTo(2, 1);
  });

  it("make a GPT's first loss that of an even guess", async () => {
    const tokens = tensor([[1, 5, 3, 2, 60, 44, 21, 8]], "int32");
    const loss = await nn.crossEntropy(nn.gpt({ vocab: 64, depth: 2, width: 32, heads: 2, context: 8, key }).call(tokens), tokens).item();
    expect(Math.abs(loss - Math.log(64))).toBeLessThan(0.1);
  });
});

describe("models of images begin", () => {
  const x = random.normal(key, [2, 3, 8, 8]);
  const t = tensor([10, 900]);

  it("a DiT with zero, of the image's shape, and blocks that change nothing", async () => {
    const model = nn.dit({ channels: 3, out: 6, patch: 2, depth: 2, width: 16, heads: 2, classes: 4, key });
    const classes = full([2], model.noClass(), "int32");
    await expectClose({ y: model.call(x, t, classes) }, { y: zeros([2, 6, 8, 8]) });
    const stream = model.embed(x);
    await expectClose({ stream: model.blocks[0].call(stream, model.condition(t, classes)) }, { stream });
  });

  it("a U-Net with zero, and steered by time only through its residual blocks", async () => {
    const model = nn.unet({ channels: 3, width: 8, multipliers: [1, 2], key });
    await expectClose({ y: model.call(x, t) }, { y: zeros([2, 3, 8, 8]) });
    expect(model.up.map(({ blocks }) => blocks.length)).toEqual([1, 1]);
    expect(countParameters(model.head)).toBe(8 * 3 * 9 + 3);
  });

  it("a residual block and attention over an image as the identity", async () => {
    const image = random.normal(key, [2, 8, 4, 4]);
    await expectClose({ y: nn.residualBlock({ in: 8, out: 8, key }).call(image) }, { y: image });
    await expectClose({ y: nn.imageAttention({ channels: 8, heads: 2, key }).call(image) }, { y: image });
  });

  it("a convolution net with zero", async () => {
    await expectClose({ y: nn.convNet({ channels: 3, classes: 4, widths: [8, 8], groups: "instance", pool: "average", key }).call(x) }, { y: zeros([2, 4]) });
  });
});

describe("shapes", () => {
  const image = zeros([2, 4, 8, 6]);

  it("of convolutions follow stride and padding", () => {
    expect(nn.conv({ in: 4, out: 5, kernel: 3, padding: "same", stride: 2, key }).call(image).shape).toEqual([2, 5, 4, 3]);
    expect(nn.conv({ in: 4, out: 6, kernel: 1, groups: 2, bias: false, key }).call(image).shape).toEqual([2, 6, 8, 6]);
    expect(nn.convTranspose({ in: 4, out: 5, kernel: 4, stride: 2, padding: 1, key }).call(image).shape).toEqual([2, 5, 16, 12]);
    expect(nn.resNetBlock({ in: 4, out: 8, stride: 2, key }).call(image).shape).toEqual([2, 8, 4, 3]);
  });

  it("of linear layers keep all leading axes", () => {
    const layer = nn.linear({ in: 6, out: 3, key });
    for (const lead of [[], [2], [2, 4], [2, 4, 8]]) expect(layer.call(zeros([...lead, 6])).shape).toEqual([...lead, 3]);
  });

  it("of perceptrons go through all widths", () => {
    const model = nn.perceptron({ in: 6, hidden: [5, 4], out: 3, key });
    expect(model.call(zeros([7, 6])).shape).toEqual([7, 3]);
    expect(countParameters(model)).toBe(6 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3);
  });

  it("that do not fit are errors that say what to do", () => {
    expect(() => nn.conv({ in: 4, out: 6, kernel: 1, groups: 4, key })).toThrow(ArgumentError);
    expect(() => nn.groupNorm({ channels: 6, groups: 4 })).toThrow(/6 channels do not part into 4 groups/);
    expect(() => nn.maxPool(image, { size: 7 })).toThrow(ShapeError);
    expect(() => nn.maxPool(zeros([4, 8]), { size: 2 })).toThrow(/pass \[N, C, H, W\]/);
    expect(() => nn.upsampleNearest(image, 1.5)).toThrow(ShapeError);
    expect(() => nn.unet({ channels: 4, width: 8, multipliers: [1, 2, 2], key }).call(image, zeros([2]))).toThrow(/multiples of 4/);
    expect(() => nn.unet({ channels: 4, width: 8, multipliers: [1], classes: 2, key }).call(image, zeros([2]))).toThrow(/classes none for a model with classes/);
    expect(() => nn.dit({ channels: 4, patch: 2, depth: 1, width: 16, heads: 2, key }).call(image, zeros([2]), zeros([2], "int32"))).toThrow(/for a model without classes/);
    expect(() => nn.dit({ channels: 4, patch: 2, depth: 1, width: 18, heads: 2, key })).toThrow(/multiple of 4/);
    expect(() => nn.sinusoids(zeros([2]), { width: 5 })).toThrow(/even width/);
  });
});

describe("dropout", () => {
  it("zeroes the given part, keeps the mean, and depends on its key only", async () => {
    const x = full([100, 100], 2);
    const dropped = nn.dropout(x, { rate: 0.3, key });
    const values = await dropped.numbers();
    const zero = values.filter((v) => v === 0).length / values.length;
    expect(Math.abs(zero - 0.3)).toBeLessThan(0.02);
    expect([...new Set(values)].sort()).toEqual([0, expect.closeTo(2 / 0.7, 5)]);
    await expectClose({ again: nn.dropout(x, { rate: 0.3, key }) }, { again: dropped });
    expect(await nn.dropout(x, { rate: 0.3, key: random.fold(key, 1) }).numbers()).not.toEqual(values);
  });

  it("drops whole samples where axes share their choice", async () => {
    const rows = await nn.dropout(full([50, 3, 4], 1), { rate: 0.5, key, sharedAxes: [1, -1] }).numbers();
    const sums = Array.from({ length: 50 }, (_, i) => rows.slice(i * 12, i * 12 + 12).reduce((a, b) => a + b, 0));
    expect([...new Set(sums)].sort((a, b) => a - b)).toEqual([0, 24]);
  });

  it("changes nothing at rate 0 and refuses rate 1", () => {
    const x = full([3], 1);
    expect(nn.dropout(x, { rate: 0, key })).toBe(x);
    expect(() => nn.dropout(x, { rate: 1, key })).toThrow(ArgumentError);
  });
});

describe("choosing a token", () => {
  const logits = tensor([[0, 1, 2, 5], [3, 0, -1, 0]]);

  it("takes the likeliest when greedy, when cold, and when only one is allowed", async () => {
    for (const chosen of [nn.greedyToken(logits), nn.sampleToken(logits, { key, temperature: 1e-3 }), nn.sampleToken(logits, { key, topK: 1 })]) {
      expect(chosen.dtype).toBe("int32");
      expect([...(await chosen.numbers())]).toEqual([3, 0]);
    }
  });

  it("draws each as often as its probability says, among the k likeliest", async () => {
    const many = tensor([[Math.log(6), Math.log(1), Math.log(3), Math.log(0.5)]]).broadcastTo([4000, 4]);
    const part = async (options: Omit<nn.SampleOptions, "key">): Promise<number[]> => {
      const drawn = await nn.sampleToken(many, { key, ...options }).numbers();
      return [0, 1, 2, 3].map((token) => drawn.filter((t) => t === token).length / drawn.length);
    };
    const within = (found: readonly number[], expected: readonly number[]): void => found.forEach((p, i) => expect(Math.abs(p - expected[i])).toBeLessThan(0.03));
    within(await part({}), [6 / 10.5, 1 / 10.5, 3 / 10.5, 0.5 / 10.5]);
    within(await part({ topK: 2 }), [2 / 3, 0, 1 / 3, 0]);
    within(await part({ topK: 2, temperature: 0.5 }), [36 / 45, 0, 9 / 45, 0]);
  });
});

describe("sinusoids", () => {
  it("have unit length in every pair, and are told apart at different times", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 1000 }), async (time, later) => {
        const values = await nn.sinusoids(tensor([time, time + later]), { width: 16 }).numbers();
        for (let i = 0; i < 8; i++) expect(values[i] ** 2 + values[8 + i] ** 2).toBeCloseTo(1, 4);
        expect(Math.hypot(...values.slice(0, 16).map((v, i) => v - values[16 + i]))).toBeGreaterThan(0.01);
      }),
      { numRuns: 10 },
    );
  });
});
