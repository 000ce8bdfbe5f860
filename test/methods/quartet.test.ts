/** @file Quartet: its quantizers by their errors, its products by hand, an unbiased backward pass, and the law that weighs precision against size and data. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, fromHost, grad, methods, nn, NoEffectError, numerics, random, tensor, tree, type Tensor } from "../../kernel/index";
import { countingBatch, smallGpt } from "../contract/methodCases";

const { quartet: q } = methods;
const key = random.key(11);
const numbers = async (x: Tensor): Promise<Float64Array> => Float64Array.from(await x.numbers());
const item = async (x: Tensor): Promise<number> => x.item();
const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, digits = 5): void => {
  expect(found.length).toBe(wanted.length);
  Array.from(found).forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};
const dequantized = (v: Tensor, rounding: methods.quartet.GradientRounding, seed = 0): Tensor => {
  const { values, factor } = q.gradientOperand(v, { rounding, key: random.fold(key, seed) });
  return values.mul(factor);
};
const exact = (a: Tensor, b: Tensor): Tensor => a.matmul(b, { transB: true });

describe("rounding to E2M1", () => {
  it("takes the nearest number of the grid", async () => {
    const found = numerics.roundTo(tensor([0.1, -0.3, 0.6, 1.1, -1.3, 1.6, 2.4, 2.6, -3.4, 3.6, 4.9, 5.1, -7]), "e2m1");
    expect(Array.from(await numbers(found), (value) => value + 0)).toEqual([0, -0.5, 0.5, 1, -1.5, 1.5, 2, 3, -3, 4, 4, 6, -6]);
  });

  it("has the number itself as its mean when it is stochastic, and leaves the grid as it is", async () => {
    const draws = 1e5;
    const options = { rounding: "stochastic", key } as const;
    const mean = (await numbers(numerics.roundTo(fromHost({ dtype: "float32", shape: [draws], data: new Float32Array(draws).fill(2.3) }), "e2m1", options))).reduce((sum, value) => sum + value, 0) / draws;
    expect(Math.abs(mean - 2.3)).toBeLessThan(3 * Math.sqrt((0.3 * 0.7) / draws));
    const grid = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.5, -1, -1.5, -2, -3, -4, -6];
    close(await numbers(numerics.roundTo(tensor(grid), "e2m1", options)), grid, 9);
  });
});

describe("a quantizer on 40000 Gaussian groups with scales spread over an octave", () => {
  const groups = 40_000;
  const scaled = async (): Promise<Tensor> => {
    const data = Float32Array.from(await random.normal(random.fold(key, "groups"), [groups, 32]).numbers());
    return fromHost({ dtype: "float32", shape: [groups, 32], data: data.map((value, i) => value * 2 ** (Math.floor(i / 32) / groups)) });
  };
  const quantizers = {
    rtn: (x: Tensor) => dequantized(x, "rtn"),
    sr: (x: Tensor) => dequantized(x, "sr"),
    "rtn-pma": (x: Tensor) => dequantized(x, "rtn-pma"),
    truncate: (x: Tensor) => dequantized(x, "truncate"),
    "QuEST nearest": (x: Tensor) => q.forwardOperand(x, { rotate: false }),
    "QuEST floor": (x: Tensor) => q.forwardOperand(x, { rotate: false, power: "floor" }),
  };

  it.each([["rtn", 0.0137], ["sr", 0.0278], ["QuEST nearest", 0.0134], ["QuEST floor", 0.0224]] as const)("%s has a relative squared error of %d", async (name, wanted) => {
    const x = await scaled();
    const error = await item(q.relativeError(quantizers[name](x), x));
    expect(error ** 2 / wanted).toBeGreaterThan(0.97);
    expect(error ** 2 / wanted).toBeLessThan(1.03);
  });

  it.each([["rtn", 0.0093, 0.05 * 0.0093], ["sr", 0, 1e-3], ["rtn-pma", 0, 5e-4]] as const)("%s has a misalignment of %d", async (name, wanted, within) => {
    const x = await scaled();
    expect(Math.abs((await item(q.misalignment(quantizers[name](x), x))) - wanted)).toBeLessThan(within);
  });

  it("toward zero has a misalignment above 0.1", async () => {
    const x = await scaled();
    expect(await item(q.misalignment(quantizers.truncate(x), x))).toBeGreaterThan(0.1);
  });
});

it("the backward scale clips nothing: three quarters of any number are below 6 scales", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e30), max: Math.fround(1e30) }), { minLength: 32, maxLength: 32 }), async (values) => {
      const v = tensor([values]);
      const [scale] = await numbers(numerics.blockScales(v, "mxfp4"));
      for (const value of values) expect((0.75 * Math.abs(value)) / scale).toBeLessThan(6);
    }),
    { numRuns: 100 },
  );
});

it("truncation never lengthens a number, and keeps what the grid has", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 32, maxLength: 32 }), async (values) => {
      const v = tensor([values]);
      const once = await numbers(dequantized(v, "truncate"));
      once.forEach((value, i) => {
        expect(Math.abs(value)).toBeLessThanOrEqual(Math.abs(Math.fround(values[i])) * (1 + 1e-6));
        expect(value * values[i]).toBeGreaterThanOrEqual(0);
      });
    }),
    { numRuns: 50 },
  );
});

describe("the Hadamard transform", () => {
  it("is its own inverse and leaves the product as it is", async () => {
    const [x, w] = [random.normal(random.fold(key, "x"), [8, 64]), random.normal(random.fold(key, "w"), [6, 64])];
    close(await numbers(numerics.hadamard(numerics.hadamard(x))), await numbers(x), 5);
    close(await numbers(exact(numerics.hadamard(x), numerics.hadamard(w))), await numbers(exact(x, w)), 4);
    close(await numbers(exact(q.randomHadamard(x, key), q.randomHadamard(w, key))), await numbers(exact(x, w)), 4);
  });

  it("with signs after it changes no quantized product; with signs before it, it does", async () => {
    const [a, b] = [random.normal(random.fold(key, "a"), [5, 64]), random.normal(random.fold(key, "b"), [7, 64])];
    const signs = tensor(Array.from({ length: 64 }, (_, i) => ((i % 32) % 3 === 0 ? -1 : 1)));
    const product = async (turn: (v: Tensor) => Tensor): Promise<Float64Array> => numbers(exact(dequantized(turn(a), "rtn"), dequantized(turn(b), "rtn")));
    const plain = await product((v) => numerics.hadamard(v));
    close(await product((v) => numerics.hadamard(v).mul(signs)), plain, 6);
    const before = await product((v) => numerics.hadamard(v.mul(signs)));
    expect(Math.max(...before.map((value, i) => Math.abs(value - plain[i])))).toBeGreaterThan(0.05);
  });
});

describe("the forward product of X [256, 128] and W [64, 128] with outliers in four channels of X", () => {
  const problem = async (channels: readonly number[]): Promise<readonly [Tensor, Tensor]> => {
    const data = Float32Array.from(await random.normal(random.fold(key, "outliers"), [256, 128]).numbers());
    const x = data.map((value, i) => value * (channels.includes(i % 128) ? 20 : 1));
    return [fromHost({ dtype: "float32", shape: [256, 128], data: x }), random.normal(random.fold(key, "weights"), [64, 128])];
  };
  const errorOf = async (options: methods.quartet.ForwardOptions, channels = [5, 37, 69, 101]): Promise<number> => {
    const [x, w] = await problem(channels);
    return item(q.relativeError(exact(q.forwardOperand(x, options), q.forwardOperand(w, options)), exact(x, w)));
  };

  it("has at most 0.8 of the error of rounding without a transform", async () => {
    const [quest, naive, floor] = [await errorOf({}), await errorOf({ scale: "absMax", rotate: false }), await errorOf({ power: "floor" })];
    expect(quest / naive).toBeLessThan(0.8);
    expect(floor).toBeGreaterThan(1.15 * quest);
  });

  it("does not lose an outlier in the first channel of a group, which a standard deviation does not see", async () => {
    const first = [0, 32, 64, 96];
    expect(await errorOf({}, first)).toBeLessThan(0.2);
    expect(await errorOf({ spread: "deviation" }, first)).toBeGreaterThan(0.4);
  });
});

it("what the forward pass multiplies is MXFP4: it is stored in 4.25 bits a number and comes back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: -20, max: 20 }), fc.constantFrom("quest" as const, "absMax" as const), async (seed, power, scale) => {
      const x = random.normal(random.key(seed), [4, 64]).mul(2 ** power);
      const operand = q.forwardOperand(x, { scale });
      const values = scale === "quest" ? operand : operand.mul(0.75);
      const stored = numerics.encode(values, "mxfp4");
      expect(await numbers(numerics.decode(stored))).toEqual(await numbers(values));
      expect(8 * (numerics.packNibbles(stored.codes).bytes + stored.scales.bytes)).toBe(4.25 * 4 * 64);
    }),
    { numRuns: 30 },
  );
});

describe("a layer", () => {
  const layer = nn.linear({ in: 64, out: 32, key });
  const x = random.normal(random.fold(key, "input"), [96, 64]);
  const weights = random.normal(random.fold(key, "loss"), [96, 32]);
  type Given = { readonly layer: nn.Linear; readonly x: Tensor };
  const gradients = async (options: methods.quartet.QuartetOptions, given: Partial<Given> = {}, seed = 0): Promise<Readonly<Record<"x" | "weight" | "bias", Float64Array>>> => {
    const all = { layer: new q.QuartetLinear(layer, { ...options, key: random.fold(key, seed) }), x, ...given };
    const found = new Map(tree.leaves(await compile((g: typeof all) => grad((h: typeof all) => h.layer.call(h.x).mul(weights).sum())(g))(all)));
    const read = async (path: string): Promise<Float64Array> => numbers(found.get(path) ?? tensor([]));
    return { x: await read("x"), weight: await read("layer.weight"), bias: await read("layer.bias") };
  };

  it("computes X_q W_qᵀ + b, and by hand the gradients of the formula, through masks and transform", async () => {
    const [xh, wh] = [numerics.hadamard(x), numerics.hadamard(layer.weight.transpose())];
    const [xq, wq] = [q.forwardOperand(x), q.forwardOperand(layer.weight.transpose())];
    const mask = (turned: Tensor): Tensor => turned.reshape([-1, 32]).abs().lessEqual(q.questScales(turned).reshape([-1, 1]).mul(6)).cast("float32").reshape(turned.shape);
    const masks = [mask(xh), mask(wh)];
    // Some numbers clip, or the masks would test nothing.
    for (const one of masks) expect(await item(one.mean())).toBeLessThan(1);
    close(await numbers(new q.QuartetLinear(layer, {}).call(x)), await numbers(exact(xq, wq)), 4);

    const product = (a: Tensor, b: Tensor): Tensor => exact(dequantized(a, "rtn"), dequantized(b, "rtn"));
    const found = await gradients({ backward: { rounding: "rtn", rotate: false } });
    close(found.x, await numbers(numerics.hadamard(product(weights, wq.transpose()).mul(masks[0]))), 4);
    close(found.weight, await numbers(numerics.hadamard(product(weights.transpose(), xq.transpose()).mul(masks[1])).transpose()), 3);
    close(found.bias, await numbers(weights.sum(0)), 4);
  });

  it("reads the quantized input in its backward pass, never the input itself", async () => {
    const trusted = { forward: { trust: false } };
    const moved = x.mul(1 + 2 ** -16);
    // So little moves hardly any number to another point of the grid: what is read is the same.
    const [before, after] = [await numbers(q.forwardOperand(x)), await numbers(q.forwardOperand(moved))];
    expect(after).toEqual(before);
    expect((await gradients(trusted, { x: moved })).weight).toEqual((await gradients(trusted)).weight);
  });

  it("draws the same numbers from the same key, and others from another", async () => {
    const first = await gradients({});
    expect((await gradients({})).weight).toEqual(first.weight);
    expect((await gradients({}, {}, 1)).weight).not.toEqual(first.weight);
  });

  it("without the transform and without clipping is rounding to MXFP4 with the straight-through gradient", async () => {
    const options = { forward: { scale: "absMax", rotate: false }, backward: { rounding: "exact" } } as const;
    const [xq, wq] = [dequantized(x, "rtn"), dequantized(layer.weight.transpose(), "rtn")];
    const found = await gradients(options);
    close(found.x, await numbers(weights.matmul(wq)), 4);
    close(found.weight, await numbers(xq.transpose().matmul(weights)), 3);
  });

  it("takes any widths and numbers of tokens: zeros fill groups up", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), async (inputs, outputs, rows) => {
        const plain = nn.linear({ in: inputs, out: outputs, key });
        const given = { layer: new q.QuartetLinear(plain, { key }), x: random.normal(key, [rows, inputs]) };
        const loss = (g: typeof given): Tensor => g.layer.call(g.x).square().sum();
        const found = await compile((g: typeof given) => grad(loss)(g))(given);
        for (const [path, leaf] of tree.leaves(found)) if (leaf.dtype === "float32") expect((await numbers(leaf)).every(Number.isFinite), path).toBe(true);
        expect(found.x.shape).toEqual([rows, inputs]);
      }),
      { numRuns: 15 },
    );
  });

  it("gives zeros for zeros", async () => {
    const zero = fromHost({ dtype: "float32", shape: [96, 64], data: new Float32Array(96 * 64) });
    expect((await numbers(new q.QuartetLinear(layer, {}).call(zero))).every((value) => value === 0)).toBe(true);
    expect((await gradients({}, { x: zero, layer: new q.QuartetLinear(layer, { key }) })).weight.every((value) => value === 0)).toBe(true);
  });
});

describe("the mean of 2000 backward products", () => {
  const [a, b] = [random.normal(random.fold(key, "Eᵀ"), [16, 96]), random.normal(random.fold(key, "Xᵀ"), [16, 96])];
  const largest = async (rounding: methods.quartet.GradientRounding): Promise<number> => {
    const draw = compile((k: Tensor) => q.backwardProduct(a, b, { rounding, key: k }));
    const found = await q.standardErrors(async (k) => (await draw(k)).numbers(), { exact: await numbers(exact(a, b)), draws: 2000, key });
    return Math.max(...found.map(Math.abs));
  };

  it("is the exact product within 4 standard errors with stochastic rounding", async () => {
    expect(await largest("sr")).toBeLessThan(4);
  });

  it("is not when every number is rounded toward zero", async () => {
    expect(await largest("truncate")).toBeGreaterThan(8);
  });
});

describe("a model", () => {
  const batch = countingBatch(0);
  const loss = (model: nn.Gpt): Tensor => nn.crossEntropy(model.call(batch.x), batch.y);

  it("has 4-bit products in its blocks, and neither in its embeddings nor in its head", () => {
    const model = q.quartet(smallGpt());
    expect(model.head).not.toBeInstanceOf(q.QuartetLinear);
    const layers = q.accounts(model);
    expect(layers.filter(({ forwardBits }) => forwardBits === 4.25).map(({ layer }) => layer)).toEqual([0, 1].flatMap((i) => ["attention.q", "attention.k", "attention.v", "attention.out", "mlp.up", "mlp.down"].map((name) => `blocks.${i}.${name}`)));
    expect(layers[0]).toEqual({ layer: "blocks.0.attention.q", forwardBits: 4.25, backwardBits: 4.25, forwardFlops: 512, backwardFlops: 1024, keptBitsPerToken: 84, keptBitsOfWeight: 1344 });
    expect(q.flopsByBits(layers)).toEqual({ "4.25": 6 * (2 * (4 * 256 + 2 * 1024)), "32": 6 * 16 * 12 });
    expect(q.flopsByBits(q.accounts(q.quartet(smallGpt(), { backward: { rounding: "exact" } })))).toEqual({ "4.25": 2 * (2 * 3072), "32": 4 * (2 * 3072) + 6 * 16 * 12 });
  });

  it("names what its layers give their quantizers", async () => {
    const model = q.keyed(nn.withPaths(q.quartet(smallGpt())), key);
    const found = await compile((m: typeof model) => q.layerSignals(() => loss(m)))(model);
    expect(Object.keys(found)).toHaveLength(12);
    const { gradient, input } = found["blocks.1.mlp.down"];
    expect([gradient.shape, input.shape]).toEqual([[32, 16], [32, 64]]);
    // The last layer's gradient passes through no product: it is that of the loss by the stream.
    const inner = await compile((m: typeof model) => q.innerGradients(() => loss(m), /blocks\.1\.output$/))(model);
    close((await numbers(gradient)).sort(), (await numbers(inner["blocks.1.output"])).sort(), 6);
  });

  it("decodes with a cache as it does without", async () => {
    const model = q.quartet(smallGpt());
    const whole = await numbers(model.call(tensor([[1, 2, 3]], "int32")));
    const { logits } = model.step(tensor([[1, 2, 3]], "int32"), model.cache({ batch: 1 }));
    close(await numbers(logits), whole, 4);
  });

  it.each<readonly [string, () => unknown, new (...args: never[]) => Error]>([
    ["a backward pass without a key", () => grad(loss)(q.quartet(smallGpt())), ArgumentError],
    ["keys for a model without such layers", () => q.keyed(smallGpt(), key), NoEffectError],
    ["a second time", () => q.quartet(q.quartet(smallGpt())), NoEffectError],
  ])("%s: an error of three lines", (_, call, kind) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });

  it("needs no key where nothing is random", async () => {
    const model = q.quartet(smallGpt(), { backward: { rounding: "rtn", rotate: false } });
    expect(await item(await compile((m: typeof model) => grad(loss)(m).blocks[0].mlp.up.weight.abs().sum())(model))).toBeGreaterThan(0);
  });
});

it("misalignment leaves out rows of zeros", async () => {
  expect(await item(q.misalignment(tensor([[1, 0], [0, 0], [3, 4]]), tensor([[2, 0], [0, 0], [3, 4]])))).toBeCloseTo(0.25, 6);
});

describe("alignment", () => {
  it("is the cosine, and the length along the exact vector", async () => {
    const { cosine, magnitude } = q.alignment(tensor([3, 4]), tensor([2, 0]));
    expect(await item(cosine)).toBeCloseTo(0.6, 6);
    expect(await item(magnitude)).toBeCloseTo(1.5, 6);
  });
});

describe("the scaling law", () => {
  const sizes = [1e6, 3e6, 1e7, 3e7].flatMap((params) => [25, 50, 100, 200].map((ratio) => ({ params, tokens: ratio * params })));
  const known = { E: 1.6, A: 2400, B: 52_000, alpha: 0.52, beta: 0.55, gamma: 0.7 };
  const runs = (efficiency?: methods.quartet.Efficiency) => sizes.map((size) => ({ ...size, loss: q.precisionLoss(known, size, efficiency) }));

  it("gives back the constants and efficiencies that its points were made with", () => {
    const law = q.fitScalingLaw(runs());
    for (const size of sizes) expect(law.predict(size) / q.precisionLoss(known, size)).toBeCloseTo(1, 3);
    const { effN, effD } = q.fitEfficiency(law, runs({ effN: 0.64, effD: 0.94 })).parameters;
    expect(Math.abs(effN / 0.64 - 1)).toBeLessThan(0.02);
    expect(Math.abs(effD / 0.94 - 1)).toBeLessThan(0.02);
    const full = q.fitEfficiency(law, runs()).parameters;
    expect(Math.min(full.effN, full.effD)).toBeGreaterThan(0.95);
  });

  it("is the Chinchilla law with γ = 1", () => {
    const points = sizes.map((size) => ({ ...size, loss: q.precisionLoss({ ...known, A: 400, B: 900, alpha: 0.4, beta: 0.38, gamma: 1 }, size) }));
    const { parameters } = q.fitScalingLaw(points, { gamma: 1 });
    expect(parameters.gamma).toBe(1);
    expect(parameters.alpha).toBeCloseTo(0.4, 2);
    expect(parameters.beta).toBeCloseTo(0.38, 2);
    expect(parameters.E).toBeCloseTo(1.6, 2);
  });

  it("says at equal time when 4 bits are best: where the loss by parameters weighs more than what data loses", () => {
    expect(q.trainingSpeedup({ forward: 4, backward: 2 })).toBeCloseTo(2.4, 9);
    expect(q.trainingSpeedup({ forward: 2, backward: 4 })).toBeCloseTo(3, 9);
    expect(q.trainingSpeedup({ forward: 4, backward: 4 })).toBeCloseTo(4, 9);
    const fp8 = { name: "FP8", speeds: { forward: 2, backward: 2 }, efficiency: { effN: 1, effD: 1 } };
    const fp4 = { name: "FP4", speeds: { forward: 4, backward: 4 }, efficiency: { effN: 0.64, effD: 0.94 } };
    // By hand: N doubles from FP8 to FP4 and keeps 0.64 of it, D stays and keeps 0.94 of it.
    expect(q.lossAtEqualTime(known, { params: 1e6, tokens: 1e8 }, fp4)).toBeCloseTo(q.precisionLoss(known, { params: 4e6, tokens: 1e8 }, fp4.efficiency), 12);
    expect(q.bestPrecision(known, { params: 1e6, tokens: 1e9 }, [fp8, fp4]).name).toBe("FP4");
    expect(q.bestPrecision(known, { params: 1e9, tokens: 1e7 }, [fp8, fp4]).name).toBe("FP8");
    expect(q.bestPrecision(known, { params: 1e6, tokens: 1e9 }, [fp8, { ...fp4, efficiency: { effN: 0.4, effD: 0.94 } }]).name).toBe("FP8");
  });

  it.each<readonly [string, () => unknown]>([
    ["too few runs", () => q.fitScalingLaw(runs().slice(0, 6))],
    ["a loss that diverged", () => q.fitScalingLaw(runs().map((run, i) => (i === 3 ? { ...run, loss: Infinity } : run)))],
    ["two runs for two efficiencies", () => q.fitEfficiency({ parameters: known }, runs().slice(0, 2))],
  ])("%s: an error of three lines", (_, call) => {
    expect(call).toThrow(/^[^\n]+\n( {2}at [^\n]+\n)? {2}help: [^\n]+$/);
  });
});
