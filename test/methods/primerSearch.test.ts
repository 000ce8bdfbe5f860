/** @file Primer's search: programs, mutations, hurdles and evolution; and the normalization that it found. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, layerNorm, methods, nn, NoEffectError, optim, random, tensor, trainer, tree, UnsupportedOpError, type Tensor } from "../../kernel/index";
import { countingBatch } from "../contract/methodCases";

const { primer } = methods;
type Dna = methods.primer.Dna;
type Program = methods.primer.Program;
const key = random.key(3);
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const names = Object.keys(primer.PRIMITIVES) as methods.primer.PrimitiveName[]; // SAFETY: the keys of that table.
const space: methods.primer.Space = { primitives: { activation: names.filter((name) => name !== "DCONV_3x1"), projection: ["DCONV_3x1", "SCALE", "SHIFT", "TANH"] }, longest: 4 };
const stream = (seed: number): random.HostRandom => random.HostRandom.seeded(seed);
const dna = (activation: Program, projection: Program = [], bank: readonly number[] = [0, 1]): Dna => ({ activation, projection, bank });
const one = (op: methods.primer.PrimitiveName, a = 0, b = 0, constant = 0): methods.primer.Instruction => ({ op, inputs: [a, b], constant });

describe("the custom norm", () => {
  it("divides by the root of mean(x (x − μ)), which is the variance: 2/3 for 1, 2, 3", async () => {
    const x = tensor([[1, 2, 3]]);
    expect(await x.mul(x.sub(x.mean(-1, { keep: true }))).mean().item()).toBeCloseTo(2 / 3, 6);
    const [gain, bias] = [tensor([2, 2, 2]), tensor([1, 1, 1])];
    const found = await numbers(primer.customNorm(x, { gain, bias }));
    [-1, 0, 1].forEach((side, i) => expect(found[i]).toBeCloseTo(1 + (2 * side) / Math.sqrt(2 / 3), 5));
  });

  it("is layer normalization in exact arithmetic, in a model too", async () => {
    const x = random.normal(key, [7, 16]);
    const parts = { gain: random.normal(random.fold(key, 1), [16]), bias: random.normal(random.fold(key, 2), [16]) };
    const [custom, layer] = [await numbers(primer.customNorm(x, parts)), await numbers(layerNorm(x, { weight: parts.gain, bias: parts.bias, epsilon: 1e-6 }))];
    custom.forEach((value, i) => expect(value).toBeCloseTo(layer[i], 4));
    const model = nn.gpt({ vocab: 11, depth: 2, width: 8, heads: 2, context: 8, key });
    const tokens = tensor([[1, 2, 3, 4]], "int32");
    const [plain, changed] = [await numbers(model.call(tokens)), await numbers(primer.withCustomNorm(model).call(tokens))];
    // Its ε is a tenth of the layer's.
    changed.forEach((value, i) => expect(value).toBeCloseTo(plain[i], 2));
    expect(() => primer.withCustomNorm(nn.gpt({ vocab: 11, depth: 1, width: 8, heads: 2, context: 8, norm: "rms", key }))).toThrow(NoEffectError);
  });
});

describe("hurdles", () => {
  it("of four part 25200 s into 812.9, 1625.8, 3251.6, 6503.2 and 13006.5; an individual costs 4064.5 on average", () => {
    const seconds = primer.bands(4).map((share) => share * 25_200);
    [812.9, 1625.8, 3251.6, 6503.2, 13_006.5].forEach((wanted, i) => expect(seconds[i]).toBeCloseTo(wanted, 1));
    expect(25_200 * primer.expectedShare(4)).toBeCloseTo(4064.5, 1);
    expect(primer.bands(3).reduce((sum, share) => sum + share)).toBeCloseTo(1, 12);
    expect(() => primer.bands(-1)).toThrow(ArgumentError);
  });

  it("let pass who is in the better half of those seen so far, and nobody who diverged", () => {
    const hurdles = new primer.Hurdles(1);
    expect([3, 2, 4, 2.5, NaN, 2.6].map((loss) => hurdles.pass(0, loss))).toEqual([true, true, false, true, false, true]);
  });
});

describe("programs", () => {
  it("are the same function where they compute the same: x · 1 and x, relu(x)² and relu(x) · x; relu(x²) is another", async () => {
    const of = (activation: Program): Promise<string> => primer.fingerprint(dna(activation));
    expect(await of([one("C_MUL", 0, 0, 1)])).toBe(await of([]));
    const squared = await of([one("MAX"), one("SQUARE", 1)]);
    expect(await of([one("MAX"), one("MULTIPLY", 1, 0)])).toBe(squared);
    expect(await of([one("SQUARE"), one("MAX", 1)])).not.toBe(squared);
  });

  it("with what they learn are others than without, though both begin alike; dead instructions change nothing", async () => {
    expect(await primer.fingerprint(dna([one("SCALE")]))).not.toBe(await primer.fingerprint(dna([])));
    expect(await primer.fingerprint(dna([one("EXP"), one("MAX", 0)]))).toBe(await primer.fingerprint(dna([one("MAX")])));
    const model = nn.gpt({ vocab: 11, depth: 1, width: 8, heads: 2, hidden: 12, context: 8, mlp: "relu", key });
    const count = (other: Dna): number => tree.countParameters(primer.withDna(model, other)) - tree.countParameters(model);
    expect(count(dna([one("SCALE"), one("SHIFT", 1)]))).toBe(24);
    expect(count(dna([one("SCALE"), one("MAX", 0)]))).toBe(0);
    expect(count(dna([one("MAX")], [one("DCONV_3x1")]))).toBe(3 * 3 * 8);
  });

  it("of the Transformer give the model with ReLU; squared ReLU with the convolution is Primer-EZ", async () => {
    const model = nn.gpt({ vocab: 11, depth: 2, width: 8, heads: 2, context: 8, mlp: "relu", key });
    const tokens = tensor([[1, 2, 3, 4, 5]], "int32");
    expect(await numbers(primer.withDna(model, primer.transformerDna()).call(tokens))).toEqual(await numbers(model.call(tokens)));
    const found = await numbers(primer.withDna(model, dna([one("MAX"), one("SQUARE", 1)], [one("DCONV_3x1")])).call(tokens));
    const ez = await numbers(primer.primerEz(model).call(tokens));
    found.forEach((value, i) => expect(value).toBeCloseTo(ez[i], 5));
    expect(() => primer.withDna(model, dna([], [one("DCONV_3x1")])).step(tokens, model.cache({ batch: 1 }))).toThrow(UnsupportedOpError);
  });

  it("print as instructions that count, with names for what they read", () => {
    expect(primer.describeDna(dna([one("MAX"), one("EXP"), one("SQUARE", 1)]))).toBe("activation(x):\n  v1 = MAX(x, 0)\n  v2 = SQUARE(v1)\nafter a projection x:\n  x");
  });
});

describe("mutations", () => {
  const valid = (program: Program): boolean => program.every(({ inputs, constant }, i) => inputs.every((value) => value >= 0 && value <= i) && constant >= 0);

  it("of any program are programs that read earlier values only, and no longer than allowed", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 30 }), (seed, count) => {
        const draws = stream(seed);
        let now = primer.randomDna(primer.transformerDna(), space, draws);
        for (let i = 0; i < count; i++) {
          now = draws.pick(Object.values(primer.mutations))(now, space, draws);
          for (const part of [now.activation, now.projection]) {
            expect(valid(part)).toBe(true);
            expect(part.length).toBeLessThanOrEqual(space.longest);
          }
        }
      }),
    );
  });

  it("give a child that computes something else, and say so where none can", async () => {
    const parent = primer.transformerDna();
    for (let seed = 0; seed < 5; seed++) expect(await primer.fingerprint(await primer.child(parent, space, stream(seed)))).not.toBe(await primer.fingerprint(parent));
    await expect(primer.child(dna([], [], []), { ...space, longest: 0 }, stream(0))).rejects.toThrow(/no mutation/);
  });

  it("keep a model causal to the last bit", async () => {
    const model = nn.gpt({ vocab: 11, depth: 1, width: 8, heads: 2, context: 8, mlp: "relu", key });
    const early = compile((m: nn.Gpt, x: Tensor) => m.call(x).slice({ axis: 1, end: 5 }));
    for (let seed = 0; seed < 6; seed++) {
      const changed = primer.withDna(model, primer.randomDna(primer.transformerDna(), { primitives: { activation: names, projection: names }, longest: 3 }, stream(seed)));
      const part = async (last: number): Promise<number[]> => numbers(await early(changed, tensor([[1, 2, 3, 4, 5, last]], "int32")));
      expect(await part(7)).toEqual(await part(6));
    }
  });
});

describe("the search", () => {
  const trial = (loss: (share: number) => number): methods.primer.Trial => {
    let done = 0;
    return { advance: async (share) => Promise.resolve(loss((done += share))) };
  };
  /** Squares are worth 1, whatever else there is. */
  const squares = ({ activation }: Dna): number => activation.filter(({ op }) => op === "SQUARE").length;
  const options = { seed: primer.transformerDna(), space, individuals: 40, hurdles: 3 };

  it("climbs where children differ, and spends a fraction of what whole trainings would", async () => {
    const search = await primer.evolve({ ...options, population: 8, tournament: 4, random: stream(1), begin: (found) => trial((share) => 5 - share - Math.min(1, squares(found))) });
    expect(squares(search.best.dna)).toBeGreaterThan(0);
    expect(search.best.passed).toBe(3);
    expect(search.individuals).toHaveLength(40);
    expect(search.individuals.slice(1).every(({ id, parent }) => parent !== undefined && parent < id)).toBe(true);
    expect(search.share).toBeLessThan(0.6);
    expect(search.share).toBeCloseTo(search.individuals.reduce((sum, { losses }) => sum + primer.bands(3).slice(0, losses.length).reduce((a, b) => a + b), 0) / 40, 12);
  });

  it("of programs at random tells its children's parents apart: there are none; divergence is no way to win", async () => {
    const search = await primer.randomSearch({ ...options, random: stream(2), begin: (found) => trial(() => (squares(found) > 0 ? NaN : 3)) });
    expect(search.individuals.every(({ parent }) => parent === undefined)).toBe(true);
    expect(squares(search.best.dna)).toBe(0);
    expect(search.individuals.filter(({ dna: found }) => squares(found) > 0).every(({ passed }) => passed === 0)).toBe(true);
  });

  it("refuses tournaments larger than the population, and searches of nobody", async () => {
    const begin = (): methods.primer.Trial => trial(() => 1);
    await expect(primer.evolve({ ...options, population: 4, tournament: 5, random: stream(0), begin })).rejects.toThrow(ArgumentError);
    await expect(primer.randomSearch({ ...options, individuals: 0, random: stream(0), begin })).rejects.toThrow(ArgumentError);
  });

  it("trains programs: one step changes what they learn", async () => {
    const model = primer.withDna(nn.gpt({ vocab: 12, depth: 1, width: 8, heads: 2, hidden: 12, context: 8, mlp: "relu", key }), dna([one("MAX"), one("SCALE", 1)], [one("DCONV_3x1")]));
    const { step, state } = trainer({ model, optimizer: optim.adam({ lr: 1e-2 }), loss: (m: nn.Gpt, { x, y }: ReturnType<typeof countingBatch>) => nn.crossEntropy(m.call(x), y), batch: countingBatch });
    const learnt = (from: unknown): readonly (readonly [string, Tensor])[] => tree.leaves(from).filter(([path]) => path.startsWith("model") && path.includes("learnt"));
    const before = await Promise.all(learnt(state).map(async ([, leaf]) => numbers(leaf)));
    const after = await Promise.all(learnt((await step(state, countingBatch(0))).state).map(async ([, leaf]) => numbers(leaf)));
    expect(before).toHaveLength(4);
    after.forEach((values, i) => expect(values).not.toEqual(before[i]));
  });
});
