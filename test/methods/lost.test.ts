/** @file LOST: the split of a weight into a low-rank pair and whole channels, by hand-computed numbers; gradients, counts and refusals. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, fromHost, grad, methods, nn, NoEffectError, random, svd, tensor, tree, UnsupportedOpError, type Tensor } from "../../kernel/index";
import { countingBatch, languageModel, smallGpt } from "../contract/methodCases";

const { lost } = methods;
const key = random.key(4);
const numbers = async (x: Tensor | undefined): Promise<number[]> => (x === undefined ? [] : [...(await x.numbers())]);
const close = (found: readonly number[], wanted: readonly number[], digits = 5): void => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};
/** A layer of the given matrix [in, out], without bias. */
const layerOf = (rows: number[][]): nn.Linear => new nn.Linear(tensor(rows), undefined);
const drawn = (inputs: number, outputs: number): nn.Linear => nn.linear({ in: inputs, out: outputs, key: random.fold(key, `${inputs}x${outputs}`) });
const diagonal = layerOf([[3, 0, 0], [0, 2, 0], [0, 0, 1]]);

describe("the weight diag(3, 2, 1) at rank 1", () => {
  it("has √3 e₁ for both factors, channel 1 of three, and that channel's values of W", async () => {
    const layer = await lost.lostLinear(diagonal, { rank: 1, density: 1 / 3 });
    const [down, up] = [await numbers(layer.pair?.down.weight), await numbers(layer.pair?.up.weight)];
    // A pair of vectors may have either sign.
    close(down.map((value) => value * Math.sign(down[0])), [Math.sqrt(3), 0, 0]);
    close(up.map((value) => value * Math.sign(down[0])), [Math.sqrt(3), 0, 0]);
    expect(await numbers(layer.sparse?.kept)).toEqual([1]);
    close(await numbers(layer.sparse?.channels.weight), [0, 2, 0]);
  });

  it("has the complement diag(0, 2, 1), whose channels score 0, 2 and 1", async () => {
    const rest = lost.complementOf(await svd(diagonal.weight), { start: 1, end: 3 });
    close([...rest], [0, 0, 0, 0, 2, 0, 0, 0, 1]);
    close([...lost.channelScores(rest, { count: 3, norm: "l2" })], [0, 2, 1]);
  });

  it("maps (1, 1, 1) to (1.5, 1, 0) with γ = 0.5 and no activation", async () => {
    const layer = await lost.lostLinear(diagonal, { rank: 1, density: 1 / 3, gamma: 0.5, act: "identity" });
    close(await numbers(layer.call(tensor([[1, 1, 1]]))), [1.5, 1, 0]);
  });
});

it("scores input channels, not outputs", async () => {
  // Input 1 holds all that rank 1 leaves over; as an output, 0 would.
  const layer = await lost.lostLinear(layerOf([[0, 0, 9], [5, 0, 0], [0, 0, 0]]), { rank: 1, density: 0.4 });
  expect(await numbers(layer.sparse?.kept)).toEqual([1]);
});

it("is the linear layer at full rank with γ = 1, and nothing is left over to score", async () => {
  const dense = drawn(5, 4);
  const x = random.normal(key, [6, 5]);
  const layer = await lost.lostLinear(dense, { rank: 4, density: 0.2, gamma: 1, act: "identity" });
  close(await numbers(layer.call(x)), await numbers(dense.call(x)));
  const rest = lost.complementOf(await svd(dense.weight), { start: 4, end: 4 });
  expect([...lost.channelScores(rest, { count: 5, norm: "l2" })]).toEqual([0, 0, 0, 0, 0]);
  expect(await numbers(layer.sparse?.kept)).toEqual([0]); // equal scores: the lowest index
});

it("reads the kept channels alone with γ = 0", async () => {
  const layer = await lost.lostLinear(drawn(8, 4), { rank: 2, density: 0.25, gamma: 0 });
  const kept = await numbers(layer.sparse?.kept);
  const x = await numbers(random.normal(key, [8]));
  const other = x.map((value, i) => (kept.includes(i) ? value : value + 10));
  const read = async (row: number[]): Promise<number[]> => numbers(layer.call(tensor([row])));
  expect(await read(other)).toEqual(await read(x));
  expect(await read(x.map((value) => value + 1))).not.toEqual(await read(x));
});

it("has 4608 weights in the place of 16384, and a quarter of Adam's bytes", async () => {
  const model = { up: nn.linear({ in: 64, out: 256, key }) };
  const [account] = lost.accounts(await lost.lost(model, { rank: 12, density: 0.05 }));
  expect(account).toEqual({ layer: "up", weights: 12 * 320 + 3 * 256, dense: 16384, trainingBytes: 16 * 4608, flopsPerToken: 6 * 4608, keptPerToken: 64 + 24 + 3 });
  expect(lost.accounts(model)[0]).toEqual({ layer: "up", weights: 16384, dense: 16384, trainingBytes: 16 * 16384, flopsPerToken: 6 * 16384, keptPerToken: 64 });
});

it("executes what the account says: a forward and backward step is 6 FLOPs a weight and token, and little besides", async () => {
  const layer = await lost.lostLinear(drawn(64, 256), { rank: 12, density: 0.05, act: "identity" });
  const step = compile((given: { layer: typeof layer; x: Tensor }) => grad((g: typeof given) => g.layer.call(g.x).square().sum())(given));
  const { flops } = step.cost({ layer, x: random.normal(key, [768, 64]) });
  expect(flops / 768).toBeGreaterThan(6 * 4608);
  expect(flops / 768).toBeLessThan(6 * 4608 + 8 * (64 + 256));
});

describe("gradients", () => {
  it.each(["before", "between", "after"] as const)("of A, B, W_s and x are those of finite differences, with SiLU %s", async (place) => {
    const layer = await lost.lostLinear(drawn(6, 5), { rank: 2, density: 0.4, gamma: 0.7, place });
    const x = random.normal(random.fold(key, "x"), [3, 6]);
    const weights = random.normal(random.fold(key, "weights"), [3, 5]);
    const given = { layer, x };
    const loss = compile((g: typeof given) => g.layer.call(g.x).mul(weights).sum());
    const gradients = new Map(tree.leaves(await compile((g: typeof given) => grad((h: typeof given) => h.layer.call(h.x).mul(weights).sum())(g))(given)));
    const step = 2 ** -6;
    for (const [path, leaf] of tree.leaves(given)) {
      if (leaf.dtype !== "float32") continue;
      const [values, found] = [await numbers(leaf), await numbers(gradients.get(path))];
      for (const i of [0, values.length - 1]) {
        const moved = async (by: number): Promise<number> => (await loss(tree.replace(given, { [path]: fromHost({ dtype: "float32", shape: leaf.shape, data: Float32Array.from(values, (value, k) => (k === i ? value + by : value)) }) }))).item();
        expect(found[i], `${path}[${i}]`).toBeCloseTo(((await moved(step)) - (await moved(-step))) / (2 * step), 2);
      }
    }
    expect([...gradients.keys()]).toContain("layer.sparse.channels.weight");
  });

  it("leave frozen channels as they began", async () => {
    const model = await lost.lost(smallGpt(), { rank: 4, density: 0.2, frozen: true });
    const before = await numbers(model.blocks[0].mlp.up instanceof lost.LostLinear ? model.blocks[0].mlp.up.sparse?.channels.weight : undefined);
    const { state, step } = languageModel(model);
    const path = "model.blocks.0.mlp.up.sparse.channels.weight";
    const after = new Map(tree.leaves((await step(state, countingBatch(0))).state)).get(path);
    expect(before.length).toBeGreaterThan(0);
    expect(await numbers(after)).toEqual(before);
  });
});

it("keeps its channels while it trains; their values change", async () => {
  const { state: begin, step } = languageModel(await lost.lost(smallGpt(), { rank: 4, density: 0.2 }));
  const read = async (state: unknown, name: string): Promise<number[][]> => Promise.all(tree.leaves(state).filter(([path]) => path.startsWith("model.blocks") && path.endsWith(name)).map(([, leaf]) => numbers(leaf)));
  const [kept, channels] = [await read(begin, "sparse.kept"), await read(begin, "sparse.channels.weight")];
  let state = begin;
  for (let i = 0; i < 3; i++) ({ state } = await step(state, countingBatch(i)));
  expect(kept.length).toBe(12);
  expect(await read(state, "sparse.kept")).toEqual(kept);
  (await read(state, "sparse.channels.weight")).forEach((now, i) => expect(now).not.toEqual(channels[i]));
});

it("scores alike by the next in − r and by all remaining singular values", async () => {
  const layer = drawn(9, 12);
  const kept = async (options: Partial<methods.lost.LostOptions>): Promise<number[]> => numbers((await lost.lostLinear(layer, { rank: 3, density: 0.4, ...options })).sparse?.kept);
  expect(await kept({ complement: "next", complementRank: 6 })).toEqual(await kept({}));
  expect(await kept({ complement: "smallest", complementRank: 6 })).toEqual(await kept({}));
  expect(await kept({ complement: "smallest", complementRank: 1 })).not.toEqual(await kept({}));
});

it("has the dense matrix of any layer without activation, and none of one with", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), async (inputs, outputs, density, gamma) => {
      const layer = await lost.lostLinear(drawn(inputs, outputs), { rank: Math.min(inputs, outputs), density, gamma, act: "identity" });
      const x = random.normal(key, [4, inputs]);
      close(await numbers(layer.toDense().call(x)), await numbers(layer.call(x)), 4);
    }),
    { numRuns: 20 },
  );
  const active = await lost.lostLinear(drawn(4, 4), { rank: 2, density: 0.25 });
  expect(() => active.toDense()).toThrow(UnsupportedOpError);
});

it("splits any matrix: what the pair has and what is left over add up to it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), fc.nat(), async (inputs, outputs, seed) => {
      const rank = seed % (Math.min(inputs, outputs) + 1);
      const weight = random.normal(random.key(seed), [inputs, outputs]);
      const parts = await svd(weight);
      const [head, rest] = [{ start: 0, end: rank }, { start: rank, end: parts.s.length }].map((range) => lost.complementOf(parts, range));
      close([...head].map((value, i) => value + rest[i]), await numbers(weight), 5);
      expect([...parts.s].every((value, i, all) => value >= 0 && (i === 0 || all[i - 1] >= value))).toBe(true);
    }),
    { numRuns: 30 },
  );
});

it("replaces the layers of blocks and leaves embeddings and the head; decoding goes on", async () => {
  const model = await lost.lost(smallGpt(), { rank: 4, density: 0.2 });
  expect(lost.accounts(model).map(({ layer }) => layer)).toEqual([0, 1].flatMap((i) => ["attention.q", "attention.k", "attention.v", "attention.out", "mlp.up", "mlp.down"].map((name) => `blocks.${i}.${name}`)));
  expect(model.head).toBeInstanceOf(nn.Linear);
  const whole = await numbers(model.call(tensor([[1, 2, 3]], "int32")));
  const { logits } = model.step(tensor([[1, 2, 3]], "int32"), model.cache({ batch: 1 }));
  close(await numbers(logits), whole, 4);
  expect(lost.accounts(lost.toDense(await lost.lost(smallGpt(), { rank: 4, density: 0.2, act: "identity" }))).every(({ weights, dense }) => weights === dense)).toBe(true);
});

it("keeps the channels of the lowest scores, beginning with zeros, when asked", async () => {
  const layer = await lost.lostLinear(diagonal, { rank: 1, density: 1 / 3, keep: "lowest", values: "zero" });
  expect(await numbers(layer.sparse?.kept)).toEqual([0]);
  expect(await numbers(layer.sparse?.channels.weight)).toEqual([0, 0, 0]);
});

it("begins with rows of the complement when asked", async () => {
  const dense = drawn(6, 5);
  const rest = lost.complementOf(await svd(dense.weight), { start: 2, end: 5 });
  const { sparse } = await lost.lostLinear(dense, { rank: 2, density: 0.2, values: "complement" });
  const [channel] = await numbers(sparse?.kept);
  close(await numbers(sparse?.channels.weight), [...rest.subarray(channel * 5, channel * 5 + 5)]);
});

it("begins as CoLA does when asked: normal factors of deviation (r (in + out))^−¼", async () => {
  const { pair } = await lost.lostLinear(drawn(64, 48), { rank: 16, density: 0, init: "normal" });
  for (const values of [await numbers(pair?.down.weight), await numbers(pair?.up.weight)]) {
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(deviation / (16 * 112) ** -0.25).toBeCloseTo(1, 1);
  }
});

it("says what it cannot do", async () => {
  const layer = drawn(4, 6);
  await expect(lost.lostLinear(layer, { rank: 5, density: 0.1 })).rejects.toThrow(ArgumentError);
  await expect(lost.lostLinear(layer, { rank: 0, density: 0 })).rejects.toThrow(/at least one of the two paths/);
  await expect(lost.lostLinear(layer, { rank: 1, density: 1.5 })).rejects.toThrow(ArgumentError);
  await expect(lost.lostLinear(layer, { rank: 1, density: 0.1, gamma: -1 })).rejects.toThrow(ArgumentError);
  await expect(lost.lost({ norm: nn.layerNorm({ width: 4 }) }, { rank: 1, density: 0.1 })).rejects.toThrow(NoEffectError);
  expect(() => lost.toDense(smallGpt())).toThrow(NoEffectError);
});
