/** @file CSKV: factors by hand, the fit's loss, and a cache of two branches against the model's own. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, decodeTokens, fromHost, grad, methods, NoEffectError, nn, numerics, random, singularValues, tensor, tree, type Tensor } from "../../kernel/index";

const { cskv } = methods;
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const close = (found: readonly number[], wanted: readonly number[], digits = 4): void => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};
const product = (pair: methods.cskv.Pair): Tensor => pair.down.matmul(pair.up);
const gaussian = (name: string, shape: readonly number[]): Tensor => random.normal(random.fold(random.key(1), name), shape);

const CONTEXT = 24;
const gpt = (more: Partial<nn.GptOptions> = {}): nn.Gpt => nn.gpt({ vocab: 11, depth: 2, width: 16, heads: 4, kvHeads: 2, context: CONTEXT, position: "rotary", key: random.key(2), ...more });
const tokensOf = (seed: number, rows = 2, length = CONTEXT): Tensor => fromHost({ dtype: "int32", shape: [rows, length], data: Int32Array.from({ length: rows * length }, (_, i) => (i * i * 7 + seed * 5 + i) % 11) });
const nextOf = (x: Tensor): Promise<Tensor> => x.numbers().then((all) => fromHost({ dtype: "int32", shape: x.shape, data: Int32Array.from(all, (_, i) => all[(i + 1) % all.length]) }));
const lossesOf = async (model: nn.Gpt, prompt = 1): Promise<number[]> => {
  const x = tokensOf(3);
  return (await decodeTokens(model, { x, y: await nextOf(x) }, { prompt })).losses.flatMap((row) => [...row]);
};
const compressing = async (options: methods.cskv.WindowOptions, model = gpt(), kDensity = 0.5): Promise<nn.Gpt> => cskv.withCompressedCache(model, await cskv.svdFactors(model, { kDensity }), options);

describe("factors", () => {
  it("follow the activations with ASVD and the weights alone with SVD", async () => {
    const weight = tensor([[1, 0], [0, 2]]);
    close(await numbers(product(await cskv.factorize(weight, { rank: 1, scales: [4, 1] }))), [1, 0, 0, 0]);
    close(await numbers(product(await cskv.factorize(weight, { rank: 1 }))), [0, 0, 0, 2]);
  });

  it("give the projection at full rank, from both starts", async () => {
    const model = gpt();
    const stats = await cskv.calibrate(model, [tokensOf(0), tokensOf(1)]);
    const full = { kDensity: 1 };
    for (const factors of [await cskv.svdFactors(model, full), await cskv.asvdFactors(model, stats, full)])
      for (const [path, layer] of cskv.attentionLayers(model)) for (const name of ["k", "v"] as const) close(await numbers(product(factors[path][name])), await numbers(layer[name].weight), 5);
  });

  it("leave the discarded squares of singular values, as Eckart and Young say", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.nat(1000), async (rank, seed) => {
        const weight = gaussian(`w${seed}`, [7, 6]);
        const scales = await numbers(random.uniform(random.key(seed), [7], { low: 0.2, high: 3 }));
        const S = tensor(scales).reshape([7, 1]);
        const rest = weight.sub(product(await cskv.factorize(weight, { rank, scales }))).mul(S);
        const values = await singularValues(weight.mul(S));
        const discarded = values.slice(rank).reduce((sum, value) => sum + value * value, 0);
        expect(await rest.square().sum().item()).toBeCloseTo(discarded, 3);
      }),
      { numRuns: 20 },
    );
  });

  it("have as many channels for every head of keys and values", () => {
    const [[, layer]] = cskv.attentionLayers(gpt({ width: 64, kvHeads: 2 })); // heads of 16
    expect([0.5, 0.2, 0.1, 0.01].map((density) => cskv.channels(layer, density))).toEqual([16, 6, 2, 2]);
    expect(() => cskv.channels(layer, 0)).toThrow(ArgumentError);
  });

  it("know how large the inputs of the projections are", async () => {
    const model = gpt({ depth: 1 });
    const stats = await cskv.calibrate(model, [tokensOf(0), tokensOf(1, 3)]);
    const embedded = model.blocks[0].norm1;
    const wanted = new Array<number>(16).fill(0);
    for (const x of [tokensOf(0), tokensOf(1, 3)]) (await numbers(embedded.call(model.embed(x)).abs().mean(0).sum(0))).forEach((value, i) => (wanted[i] += value));
    close([...(stats.get("blocks.0.attention.k") ?? [])], wanted, 3);
    expect([...stats.keys()]).toEqual(["blocks.0.attention.k", "blocks.0.attention.v"]);
  });
});

it("rotation keeps the error of keys, whatever their positions", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(5000), { minLength: 3, maxLength: 3 }), async (positions) => {
      const [k, other] = [gaussian("k", [3, 2, 8]), gaussian("other", [3, 2, 8])];
      const table = nn.rotaryTable(tensor(positions, "int32"), { headWidth: 8 });
      const plain = await nn.mse(k, other).item();
      expect(Math.abs((await nn.mse(nn.rotate(k, table), nn.rotate(other, table)).item()) - plain)).toBeLessThan(1e-6 * Math.max(1, plain) * 4);
    }),
    { numRuns: 20 },
  );
});

describe("the fit", () => {
  const model = gpt();
  it("lowers the error of every projection and leaves the model alone", async () => {
    const factors = await cskv.randomFactors(model, { kDensity: 0.5 });
    const errors = compile((now: methods.cskv.Factors, tokens: Tensor) => cskv.reconstructionErrors(model, { factors: now, tokens }));
    const training = cskv.fitting({ model, factors: await tree.clone(factors), batch: tokensOf, lr: 2e-2 });
    let { state } = training;
    for (let i = 0; i < 60; i++) ({ state } = await training.step(state, training.batch(i)));
    const [before, after] = [await errors(factors, tokensOf(99)), await errors(state.model, tokensOf(99))];
    expect(Object.keys(before)).toEqual(["blocks.0.attention.k", "blocks.0.attention.v", "blocks.1.attention.k", "blocks.1.attention.v"]);
    for (const path of Object.keys(before)) expect(await after[path].item()).toBeLessThan(0.8 * (await before[path].item()));
    expect(await numbers(model.blocks[0].attention.k.weight)).toEqual(await numbers(gpt().blocks[0].attention.k.weight));
  });

  it("treats layers apart: the factors of one have no gradient from another", async () => {
    const factors = await cskv.svdFactors(model, { kDensity: 0.5 });
    const path = "blocks.1.attention";
    const gradient = grad((now: methods.cskv.Factors) => cskv.reconstructionErrors(model, { factors: now, tokens: tokensOf(0) })[`${path}.k`])(factors);
    expect((await numbers(gradient["blocks.0.attention"].k.down)).every((value) => value === 0)).toBe(true);
    expect((await numbers(gradient[path].k.down)).some((value) => value !== 0)).toBe(true);
  });

  it("with rounding measures a larger error", async () => {
    const factors = await cskv.svdFactors(model, { kDensity: 0.5 });
    const loss = async (quant?: methods.cskv.CacheQuantization): Promise<number> => cskv.reconstructionLoss(model, { factors, tokens: tokensOf(0), quant }).item();
    const [two, eight] = [await loss({ bits: 2, group: 4 }), await loss({ bits: 8, group: 4 })];
    // Even 8 bits cost something: a group whose numbers all have one sign is cut at the zero point.
    expect([two > eight, eight > (await loss())]).toEqual([true, true]);
    // A group that is not full yet is not rounded.
    expect(await numbers(cskv.roundedKeys(gaussian("short", [3, 1, 2]), { bits: 2, group: 4 }))).toEqual(await numbers(gaussian("short", [3, 1, 2])));
  });
});

describe("the cache of two branches", () => {
  it("computes a prompt exactly, however much is removed", async () => {
    const model = gpt();
    const x = tokensOf(4);
    const whole = model.step(x, model.cache({ batch: 2 }));
    for (const options of [{ window: 4 }, { window: 0 }, { window: 4, mode: "block" as const }, { window: 4, quant: { bits: 2, group: 4 } }]) {
      const small = await compressing(options, model, 0.2);
      expect(await numbers(small.step(x, small.cache({ batch: 2 })).logits)).toEqual(await numbers(whole.logits));
    }
  });

  it.each(["layer", "rms"] as const)("decodes exactly with a window of the whole length, or at full rank (%s)", async (norm) => {
    const model = gpt({ norm, qkNorm: norm === "rms" });
    const wanted = await lossesOf(model);
    expect(await lossesOf(await compressing({ window: CONTEXT }, model, 0.2))).toEqual(wanted);
    close(await lossesOf(await compressing({ window: 0 }, model, 1)), wanted, 4);
    close(await lossesOf(await compressing({ window: 5, mode: "block" }, model, 1), 7), await lossesOf(model, 7), 4);
  });

  it("reads exact rows of the window alone: those before it come from the compressed branch", async () => {
    const model = gpt({ depth: 1 });
    // With factors of zero, what lies outside of the window is the bias, which is zero at the start: those tokens change nothing.
    const none = tree.map(await cskv.svdFactors(model, { kDensity: 0.5 }), (leaf) => leaf.mul(0));
    const first = async (options: methods.cskv.WindowOptions, at: number, change: number): Promise<number[]> => {
      const small = cskv.withCompressedCache(model, none, options);
      const row = (await numbers(tokensOf(5, 1))).map((token, i) => (i === change ? (token + 3) % 11 : token));
      const x = tensor([row], "int32");
      const { losses } = await decodeTokens(small, { x, y: x });
      return [losses[0][at]];
    };
    for (const [options, at, oldest] of [[{ window: 4 }, 10, 7], [{ window: 4 }, 2, 0], [{ window: 4, mode: "block" }, 10, 8], [{ window: 4, mode: "block" }, 11, 8], [{ window: 4, mode: "block" }, 12, 12], [{ window: 0 }, 10, 10]] as const) {
      const plain = await first(options, at, -1);
      if (oldest > 0) expect(await first(options, at, oldest - 1)).toEqual(plain);
      if (oldest < at) expect(await first(options, at, oldest)).not.toEqual(plain);
    }
  });

  it("holds m exact rows, or those since the last full block", () => {
    expect([3, 31, 32, 33, 100].map((total) => cskv.exactRows(total, { window: 32 }))).toEqual([3, 31, 32, 32, 32]);
    expect([3, 31, 32, 33, 100].map((total) => cskv.exactRows(total, { window: 32, mode: "block" }))).toEqual([3, 31, 0, 1, 4]);
  });

  it("keeps the sizes that it says", async () => {
    const model = gpt({ width: 64, heads: 4, kvHeads: 4, context: 64 });
    const bytes = (m: nn.Gpt): number => tree.tensorsOf(m.cache({ batch: 1 }).layers).reduce((sum, one) => sum + one.bytes, 0);
    const small = await compressing({ window: 8 }, model, 0.2);
    const layer = { channels: [12, 12] as const, width: 64, tokens: 64, window: 8, exactBits: 32 };
    expect(bytes(small)).toBe(2 * cskv.cacheBytes(layer));
    expect(bytes(small) / bytes(model)).toBeCloseTo(12 / 64 + 8 / 64, 9);
    const quantized = await compressing({ window: 8, quant: { bits: 4, group: 8 } }, model, 0.2);
    // Codes of half a byte, the window; then a scale and a zero for each group and channel of keys and each token of values, and the pending group.
    expect(bytes(quantized)).toBe(2 * (cskv.cacheBytes({ ...layer, bits: 4 }) + 4 * (2 * 8 * 12 + 2 * 64 + 8 * 12)));
  });

  it("removes 95 % with densities of 0.2 and 4 of 16 bits, window and scales apart", () => {
    const share = cskv.cacheBytes({ channels: [0.2 * 1024, 0.2 * 1024], width: 1024, tokens: 1000, window: 0, bits: 4 }) / cskv.cacheBytes({ channels: [1024, 1024], width: 1024, tokens: 1000, window: 0 });
    expect(share).toBeCloseTo(0.05, 12);
  });

  it("refuses what it cannot be", async () => {
    const model = gpt();
    const factors = await cskv.svdFactors(model, { kDensity: 0.5 });
    expect(() => cskv.withCompressedCache(model, factors, { window: -1 })).toThrow(/window of -1.*\n.*help/s);
    expect(() => cskv.withCompressedCache(model, factors, { window: 0, mode: "block" })).toThrow(ArgumentError);
    expect(() => cskv.withCompressedCache(gpt({ width: 32 }), factors)).toThrow(ArgumentError);
    const small = cskv.withCompressedCache(model, factors);
    expect(() => small.step(tokensOf(0, 1, 1), model.cache({ batch: 1 }))).toThrow(ArgumentError);
    expect(() => cskv.evicting(new nn.Gpt({ ...model, blocks: [] }), { window: 4 })).toThrow(NoEffectError);
  });
});

describe("the quantized branch", () => {
  it("has the codes of the paper's quantizer, and no gradient at the ends", async () => {
    const x = tensor([-1, 0, 0.4, 2]);
    const range = numerics.affineRange(x, { bits: 2, axes: 0 });
    expect([await range.scale.item(), await range.zero.item()]).toEqual([1, 1]);
    expect(await numbers(numerics.affineCodes(x, range, 2))).toEqual([0, 1, 1, 3]);
    expect(await numbers(numerics.roundAffine(x, { bits: 2, axes: 0 }))).toEqual([-1, 0, 0, 2]);
    expect(await numbers(grad((v: Tensor) => numerics.roundAffine(v, { bits: 2, axes: 0 }).sum())(x))).toEqual([0, 1, 1, 0]);
    expect(() => numerics.roundAffine(x, { bits: 9, axes: 0 })).toThrow(ArgumentError);
  });

  it("rounds to within half a step inside of the range", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 12 }), fc.integer({ min: 1, max: 8 }), async (values, bits) => {
        const x = tensor(values);
        const { scale, zero } = numerics.affineRange(x, { bits, axes: 0 });
        const step = await scale.item();
        // Where the range does not hold 0, the clipped zero point moves it: then numbers beyond come back as its end.
        const [low, high] = [0, 2 ** bits - 1].map(async (code) => (code - (await zero.item())) * step);
        const [least, most] = [await low, await high];
        const rounded = await numbers(numerics.roundAffine(x, { bits, axes: 0 }));
        (await numbers(x)).forEach((value, i) => expect(Math.abs(rounded[i] - Math.min(most, Math.max(least, value)))).toBeLessThanOrEqual(step / 2 + 1e-4));
      }),
      { numRuns: 50 },
    );
  });

  it("decodes as the rounding of the fit does: keys by group, values by token", async () => {
    const model = gpt({ depth: 1 });
    const factors = await cskv.svdFactors(model, { kDensity: 0.5 });
    const quant = { bits: 3, group: 4 };
    const small = cskv.withCompressedCache(model, factors, { window: 0, quant });
    const x = tokensOf(6, 1);
    const { losses } = await decodeTokens(small, { x, y: x });
    // Attention of the last query over rows rounded by the functions of the fit, put together by hand.
    const [layer] = model.blocks;
    const read = layer.norm1.call(model.embed(x));
    const { k, v } = factors["blocks.0.attention"];
    const rows = cskv.reconstructed(cskv.roundedKeys(cskv.compressed(read, k), quant), k);
    const values = cskv.reconstructed(numerics.roundAffine(cskv.compressed(read, v), { bits: 3, axes: -1 }), v);
    const parted = (t: Tensor, heads: number): Tensor => t.reshape([CONTEXT, heads, 4]);
    const table = nn.rotaryTable(tensor(Array.from({ length: CONTEXT }, (_, i) => i), "int32"), { headWidth: 4 });
    const query = nn.rotate(parted(layer.attention.q.call(read), 4), table).slice({ axis: 0, start: CONTEXT - 1 });
    const scores = query.transpose([1, 0, 2]).matmul(nn.rotate(parted(rows, 2), table).transpose([1, 0, 2]).repeat(2, 0), { transB: true }).mul(0.5);
    const mixed = scores.softmax().matmul(parted(values, 2).transpose([1, 0, 2]).repeat(2, 0)).transpose([1, 0, 2]).reshape([1, 1, 16]);
    const stream = model.embed(x).slice({ axis: 0, start: CONTEXT - 1 }).add(layer.attention.out.call(mixed));
    const logits = model.logits(model.norm.call(stream.add(layer.mlp.call(layer.norm2.call(stream)))));
    const [wanted] = await numbers(nn.crossEntropy(logits, x.slice({ axis: 1, start: CONTEXT - 1 })));
    expect(losses[0][CONTEXT - 1]).toBeCloseTo(wanted, 4);
  });

  it.each([2, 4, 8])("is the same token by token and after a prompt of any length, with %i bits", async (bits) => {
    const model = gpt({ depth: 1 });
    const small = await compressing({ window: 3, quant: { bits, group: 4 } }, model);
    const x = tokensOf(7, 1);
    const last = async (prompt: number): Promise<number> => (await decodeTokens(small, { x, y: x }, { prompt })).losses[0][CONTEXT - 1];
    const wanted = await last(1);
    for (const prompt of [2, 4, 5, 11, 20]) expect(await last(prompt)).toBeCloseTo(wanted, 4);
  });
});

it("evicts all but the sinks and the window", async () => {
  const model = gpt({ depth: 1 });
  const last = async (change: number): Promise<number> => {
    const row = (await numbers(tokensOf(8, 1))).map((token, i) => (i === change ? (token + 3) % 11 : token));
    const x = tensor([row], "int32");
    const { losses } = await decodeTokens(cskv.evicting(model, { sinks: 2, window: 5 }), { x, y: x });
    return losses[0][CONTEXT - 2];
  };
  const plain = await last(-1);
  for (let i = 0; i < CONTEXT - 2; i++) expect((await last(i)) === plain).toBe(i >= 2 && i <= CONTEXT - 2 - 5);
});
