/** @file SeCO and SpaCO: gradients chunk by chunk against those of the whole sequence, by hand, and by enumeration. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, fromHost, grad, methods, nn, optim, random, realize, ShapeError, tensor, tree, UnsupportedOpError, type Tensor } from "../../kernel/index";

const { seco } = methods;
const { languageChunks } = seco;
const VOCAB = 13;
const gpt = (more: Partial<nn.GptOptions> = {}): nn.Gpt => nn.gpt({ vocab: VOCAB, depth: 3, width: 16, heads: 4, kvHeads: 2, context: 40, position: "rotary", qkNorm: true, key: random.key(1), ...more });
const batchOf = (length: number, rows = 2): methods.seco.TokenBatch => {
  const ids = (shift: number): Tensor => fromHost({ dtype: "int32", shape: [rows, length], data: Int32Array.from({ length: rows * length }, (_, i) => ((i + shift) * (i + shift) * 5 + 3 * (i + shift)) % VOCAB) });
  return { x: ids(0), y: ids(1) };
};
/** Elements by path; a lazy tree is computed in one graph. */
const flat = async (model: unknown): Promise<(readonly [string, readonly number[]])[]> => {
  await realize(tree.tensorsOf(model));
  return Promise.all(tree.leaves(model).map(async ([path, leaf]) => [path, [...(await leaf.numbers())]] as const));
};
const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));
/** Largest error of each tensor, relative to its largest element. A tensor far smaller than the others (the bias of keys that are not rotated has no gradient) is rounding. */
const largestError = async (found: unknown, wanted: unknown): Promise<number> => {
  const [a, b] = [await flat(found), await flat(wanted)];
  expect(a.map(([path]) => path)).toEqual(b.map(([path]) => path));
  const floor = 1e-3 * Math.max(...b.map(([, values]) => largest(values)));
  return Math.max(...a.map(([, values], i) => largest(values.map((value, k) => value - b[i][1][k])) / Math.max(floor, largest(b[i][1]))));
};
const fullGradient = (model: nn.Gpt, batch: methods.seco.TokenBatch): nn.Gpt => grad((m: nn.Gpt) => seco.fullLoss(m, batch))(model);
/** Programs are made once for each size of a chunk, place and shape. */
const ways = new Map<number, methods.seco.Chunkwise<nn.Gpt, methods.seco.TokenBatch, readonly nn.LayerCache[]>>();
const gradientOf = (model: nn.Gpt, batch: methods.seco.TokenBatch, { chunk, plan }: { readonly chunk: number; readonly plan: (chunks: number) => methods.seco.Plan }) => {
  const by = ways.get(chunk) ?? seco.chunkwise(languageChunks, { chunk });
  ways.set(chunk, by);
  return by.gradient({ model, batch }, plan(by.chunks(batch)));
};

describe("SeCO", () => {
  it.each([
    ["rotary, grouped queries", {}],
    ["learned positions, layer norm", { position: "learned", kvHeads: 4, qkNorm: false }],
  ] as const)("has the gradient of full back-propagation (%s)", async (_, options) => {
    const model = gpt(options);
    const batch = batchOf(40);
    const { loss, gradients } = await gradientOf(model, batch, { chunk: 10, plan: seco.exactPlan });
    expect(await largestError(gradients, fullGradient(model, batch))).toBeLessThan(1e-4);
    expect(await loss.item()).toBeCloseTo(await seco.fullLoss(model, batch).item(), 5);
  });

  it("has it with a last chunk that is shorter, for any size", async () => {
    const model = gpt({ depth: 2 });
    const batch = batchOf(17, 1);
    const wanted = fullGradient(model, batch);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 5, max: 20 }), async (chunk) => {
        const { loss, gradients } = await gradientOf(model, batch, { chunk, plan: seco.exactPlan });
        expect(await largestError(gradients, wanted)).toBeLessThan(1e-4);
        expect(await loss.item()).toBeCloseTo(await seco.fullLoss(model, batch).item(), 5);
      }),
      { numRuns: 3 },
    );
  });

  it("is full back-propagation with one chunk, and so is SpaCO", async () => {
    const model = gpt({ depth: 2 });
    const batch = batchOf(12);
    const wanted = await flat(await tree.clone(grad((m: nn.Gpt) => seco.chunkedLoss(languageChunks, { model: m, batch }, { chunk: 12 }))(model)));
    const of = async (plan: methods.seco.Plan) => flat((await gradientOf(model, batch, { chunk: 12, plan: () => plan })).gradients);
    const exact = await of(seco.exactPlan(1));
    expect(await of(seco.sparsePlan(1, { budget: 1 }, random.HostRandom.seeded(0)))).toEqual(exact);
    exact.forEach(([path, values], i) => values.forEach((value, k) => expect(value, path).toBeCloseTo(wanted[i][1][k], 6)));
  });

  it("breaks when chunks are visited from the first to the last, or nothing is sent across borders", async () => {
    const model = gpt();
    const batch = batchOf(32);
    const wanted = fullGradient(model, batch);
    for (const plan of [seco.ascendingPlan, seco.detachedPlan]) expect(await largestError((await gradientOf(model, batch, { chunk: 8, plan })).gradients, wanted)).toBeGreaterThan(1e-2);
  });

  it("has the checkpointed and the chunked loss of the whole", async () => {
    const model = gpt();
    const batch = batchOf(32);
    const wanted = await seco.fullLoss(model, batch).item();
    expect(await seco.checkpointedLoss(model, batch).item()).toBeCloseTo(wanted, 5);
    expect(await seco.chunkedLoss(languageChunks, { model, batch }, { chunk: 8 }).item()).toBeCloseTo(wanted, 5);
  });

  it("computes the memory of the first pass again to the last bit in the second", async () => {
    const model = gpt();
    const { x } = batchOf(24);
    const part = (start: number): Tensor => x.slice({ axis: 1, start, end: start + 8 });
    const chunk = compile((m: nn.Gpt, tokens: Tensor, past: readonly nn.LayerCache[] | undefined) => m.extend(tokens, past).fresh);
    // As in the second pass: in a graph with a backward half.
    const again = compile((m: nn.Gpt, tokens: Tensor, past: readonly nn.LayerCache[] | undefined) => {
      const { logits, fresh } = m.extend(tokens, past);
      return { fresh, gradient: grad((other: nn.Gpt) => other.extend(tokens, past).logits.square().mean())(m), logits };
    });
    const first = await chunk(model, part(0), undefined);
    expect(await flat((await again(model, part(0), undefined)).fresh)).toEqual(await flat(first));
    expect(await flat((await again(model, part(8), first)).fresh)).toEqual(await flat(await chunk(model, part(8), first)));
  });
});

describe("SpaCO", () => {
  it("is the gradient of a graph with weights on the losses and gates on the memory", async () => {
    const model = gpt({ depth: 2 });
    const batch = batchOf(24);
    await fc.assert(
      fc.asyncProperty(fc.subarray([0, 1, 2], { minLength: 2 }), fc.constantFrom("both", "transfer", "none" as const), async (chosen, compensate) => {
        const weights = seco.factors(4, { budget: 2, compensate });
        const on = (factor: number): number[] => [0, 1, 2].map((j) => (chosen.includes(j) ? factor : 0));
        const oracle = grad((m: nn.Gpt) => seco.chunkedLoss(languageChunks, { model: m, batch }, { chunk: 8, weights: on(weights.loss), gates: on(weights.transfer) }))(model);
        const { gradients } = await gradientOf(model, batch, { chunk: 8, plan: () => ({ ...weights, selected: [...chosen].reverse() }) });
        expect(await largestError(gradients, oracle)).toBeLessThan(1e-5);
      }),
      { numRuns: 4 },
    );
  });

  it("is SeCO bit for bit when all chunks are drawn", async () => {
    const model = gpt({ depth: 2 });
    const batch = batchOf(24);
    const all = await gradientOf(model, batch, { chunk: 8, plan: (chunks) => seco.sparsePlan(chunks, { budget: 3 }, random.HostRandom.seeded(4)) });
    expect(await flat(all.gradients)).toEqual(await flat((await gradientOf(model, batch, { chunk: 8, plan: seco.exactPlan })).gradients));
  });

  it("draws t chunks, or each with its probability, and visits the last first", () => {
    const counts = { fixed: new Array<number>(8).fill(0), bernoulli: new Array<number>(8).fill(0) };
    for (let seed = 0; seed < 400; seed++)
      for (const sampling of ["fixed", "bernoulli"] as const) {
        const { selected, loss, transfer } = seco.sparsePlan(8, { budget: 2, sampling }, random.HostRandom.seeded(seed));
        if (sampling === "fixed") expect(selected.length).toBe(2);
        expect([...selected].sort((a, b) => b - a)).toEqual(selected);
        expect([loss, transfer]).toEqual([2, 2]); // 4, limited
        for (const j of selected) counts[sampling][j]++;
      }
    for (const all of Object.values(counts)) for (const count of all) expect(Math.abs(count - 100)).toBeLessThan(40);
    expect(seco.factors(8, { budget: 2, maxFactor: Infinity })).toEqual({ loss: 4, transfer: 4 });
    expect(seco.factors(8, { budget: 2, maxFactor: Infinity, compensate: "transfer" })).toEqual({ loss: 1, transfer: 4 });
  });

  it("knows how much longer chains shrink without replacement, and what a step costs", () => {
    const shares = (chunks: number, budget: number): number[] => [1, 2, 3, 4].map((visits) => Number(seco.chainShare({ chunks, budget, visits }).toFixed(4)));
    expect(shares(4, 2)).toEqual([1, 0.6667, 0, 0]);
    expect(shares(8, 4)).toEqual([1, 0.8571, 0.5714, 0.2286]);
    expect(shares(16, 8)).toEqual([1, 0.9333, 0.8, 0.6154]);
    expect(seco.speedupOverExact({ chunks: 16, budget: 1 })).toBeCloseTo(3.37, 2);
  });

  it("gives the chains of a scalar model by hand", async () => {
    // m₁ = a, m₂ = a m₁, J₂ = m₂, so that dJ/da = 2 a.
    const scalarChunks: methods.seco.ChunkModel<{ a: Tensor }, { x: Tensor }, { m: Tensor }> = {
      length: () => 2,
      memory: () => ({ m: tensor([0, 0]) }),
      call: ({ a }, _, { past }) => {
        const m = past === undefined ? a : a.mul(past.m);
        return { loss: past === undefined ? m.mul(0).sum() : m.sum(), memory: { m } };
      },
    };
    const a = 1.5;
    const by = seco.chunkwise(scalarChunks, { chunk: 1 });
    const slope = async (selected: readonly number[], { loss, transfer }: { loss: number; transfer: number }): Promise<number> => {
      const { gradients } = await by.gradient({ model: { a: tensor([a]) }, batch: { x: tensor([0]) } }, { selected, loss, transfer });
      return gradients.a.item();
    };
    const both = { loss: 2, transfer: 2 };
    expect(await slope([1, 0], { loss: 1, transfer: 1 })).toBeCloseTo(2 * a, 6);
    expect(await slope([1, 0], { loss: 1, transfer: 0 })).toBeCloseTo(a, 6);
    expect(await slope([1], both)).toBeCloseTo(2 * a, 6);
    expect(await slope([1, 0], both)).toBeCloseTo(2 * a + 4 * a, 6);
    const draws = await Promise.all([[], [0], [1], [1, 0]].map((selected) => slope(selected, both)));
    expect(draws.reduce((sum, value) => sum + value, 0) / 4).toBeCloseTo(2 * a, 6);
  });

  it("is unbiased when chunks are drawn on their own, over all choices", async () => {
    const model = gpt({ depth: 2, width: 8, heads: 2 });
    const batch = batchOf(12, 1);
    const by = seco.chunkwise(languageChunks, { chunk: 4 });
    const weights = { loss: 2, transfer: 2 };
    const wanted = await flat(fullGradient(model, batch));
    const sums = wanted.map(([, values]) => new Array<number>(values.length).fill(0));
    for (let mask = 0; mask < 8; mask++) {
      const selected = [2, 1, 0].filter((j) => (mask >> j) & 1);
      (await flat((await by.gradient({ model, batch }, { ...weights, selected })).gradients)).forEach(([, values], i) => values.forEach((value, k) => (sums[i][k] += value / 8)));
    }
    const norm = (values: readonly number[]): number => Math.hypot(...values);
    expect(norm(sums.flatMap((values, i) => values.map((value, k) => value - wanted[i][1][k]))) / norm(wanted.flatMap(([, values]) => values))).toBeLessThan(1e-4);
  });
});

describe("a training", () => {
  it("takes the steps of full back-propagation, and costs what it says", async () => {
    const make = () => gpt({ depth: 2 });
    const batch = (): methods.seco.TokenBatch => batchOf(24);
    const chunked = seco.chunkTrainer({ model: make(), gradients: seco.chunkwise(languageChunks, { chunk: 8 }), optimizer: optim.adam({ lr: 1e-2 }), batch });
    const stats = chunked.step.cost(chunked.state, chunked.batch(0));
    let { state } = chunked;
    for (let i = 0; i < 3; i++) ({ state } = await chunked.step(state, chunked.batch(i)));
    const step = compile((model: nn.Gpt, moments: optim.AdamState) => {
      const adam = optim.adam({ lr: 1e-2 });
      const [updates, next] = adam.update(fullGradient(model, batch()), moments, model);
      return { model: optim.applyUpdates(model, updates), moments: next };
    });
    let whole: { model: nn.Gpt; moments: optim.AdamState } = { model: make(), moments: optim.adam({ lr: 1e-2 }).init(make()) };
    for (let i = 0; i < 3; i++) whole = await step(whole.model, whole.moments);
    // Adam divides by the size of a gradient: where that is rounding, steps differ.
    expect(await largestError(state.model.blocks[0].mlp, whole.model.blocks[0].mlp)).toBeLessThan(0.02);
    expect(stats.memoryBytes).toBe(2 * 2 * 2 * (24 * 2 * 2 * 4) * 4);
    expect(stats.peakBytes).toBeGreaterThan(stats.activationBytes);
  });

  it("of fewer chunks costs less, and each step is booked at its own choice", async () => {
    const gradients = seco.chunkwise(languageChunks, { chunk: 4 });
    const make = (budget: number) => seco.chunkTrainer({ model: gpt({ depth: 2 }), gradients, planner: seco.spaco({ budget }), optimizer: optim.sgd({ lr: 0.1 }), batch: () => batchOf(32) });
    const [half, eighth] = [make(4), make(1)];
    const flops = (training: ReturnType<typeof make>, step: number): number => training.step.cost(training.state, training.batch(step)).flops;
    expect(flops(eighth, 0)).toBeLessThan(0.8 * flops(half, 0));
    expect(new Set([0, 1, 2, 3, 4, 5].map((step) => flops(eighth, step))).size).toBeGreaterThan(1);
    expect(eighth.varies).toBe(true);
  });
});

it("refuses what it cannot do", () => {
  expect(() => seco.chunksOf(10, 0)).toThrow(/size 0.*\n.*help/s);
  expect(() => seco.factors(4, { budget: 5 })).toThrow(ArgumentError);
  expect(() => seco.sparsePlan(4, { budget: 1.5 }, random.HostRandom.seeded(0))).toThrow(ArgumentError);
  expect(() => seco.chunkedLoss(languageChunks, { model: methods.primer.multiDConvHead(gpt()), batch: batchOf(8) }, { chunk: 4 })).toThrow(UnsupportedOpError);
  expect(() => gpt().extend(batchOf(41).x)).toThrow(ShapeError);
});
