/** @file Branch-Train-Merge: posteriors and mixtures by hand, the identity of the Bayes mixture, averages, the branch, and what each refuses. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, logSoftmax, methods, nn, optim, random, tensor, trainer, tree, type Tensor } from "../../kernel/index";
import { countingBatch, languageModel, smallGpt } from "../contract/methodCases";

const { btm } = methods;
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const close = (found: readonly number[], wanted: readonly number[], digits = 5): void => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};

/** Predicts the same at a position whatever was read: logits [T, V]. */
class Table extends nn.Module<readonly [tokens: Tensor], Tensor> {
  constructor(readonly logits: Tensor) {
    super();
  }
  forward(tokens: Tensor): Tensor {
    return this.logits.expandDims(0).broadcastTo([tokens.shape[0], ...this.logits.shape]);
  }
}
const table = (...rows: number[][]): Table => new Table(tensor(rows.map((row) => row.map(Math.log))));
const randomTable = (seed: number, shape: readonly [time: number, vocab: number]): Table => new Table(random.normal(random.key(seed), shape, { std: 2 }));
/** Tokens [1, T + 1] as what is read and what follows. */
const parts = (tokens: readonly number[]): { readonly x: Tensor; readonly y: Tensor } => ({ x: tensor([tokens.slice(0, -1)], "int32"), y: tensor([tokens.slice(1)], "int32") });
const logLikelihood = async (model: methods.btm.LanguageModel, tokens: readonly number[]): Promise<number> => {
  const { x, y } = parts(tokens);
  return -(await nn.crossEntropyEach(model.call(x), y).sum().item());
};

describe("two experts with a prior of one half each; the tokens have .8 and .5 for the first, .2 and .5 for the second", () => {
  const experts = [table([0.8, 0.2], [0.5, 0.5]), table([0.2, 0.8], [0.5, 0.5])];
  const forest = btm.elmForest(experts, [0.5, 0.5]);
  const tokens = [1, 0, 0];

  it("give the first token .5, then weigh .8 and .2, and give the second .5", async () => {
    close(await numbers(forest.posterior(parts(tokens).x)), [0.5, 0.5, 0.8, 0.2]);
    close(await numbers(nn.crossEntropyEach(forest.call(parts(tokens).x), parts(tokens).y)), [Math.log(2), Math.log(2)]);
    expect(await logLikelihood(forest, tokens)).toBeCloseTo(Math.log(0.25), 5);
  });

  it("weigh every sequence with its own prior when there is one for each", async () => {
    const x = tensor([tokens.slice(0, 2), tokens.slice(0, 2)], "int32");
    const each = new btm.ElmForest({ experts, logPrior: tensor([[0.5, 0.2], [0.5, 0.8]]).log() });
    close(await numbers(each.posterior(x)), [0.5, 0.5, 0.8, 0.2, 0.2, 0.8, 0.5, 0.5]);
  });
});

const forests = fc.record({
  seed: fc.nat(1e6),
  tokens: fc.array(fc.nat(3), { minLength: 2, maxLength: 7 }),
  weights: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
});
const built = ({ seed, tokens, weights }: { readonly seed: number; readonly tokens: readonly number[]; readonly weights: readonly number[] }) => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { experts: weights.map((_, j) => randomTable(seed + j, [tokens.length - 1, 4])), prior: weights.map((weight) => weight / total) };
};

it("gives a whole sequence log Σ_j π_j Π_t p_j(x_t), and no less than its best expert less log 1/π", async () => {
  await fc.assert(
    fc.asyncProperty(forests, async (given) => {
      const { experts, prior } = built(given);
      const found = await logLikelihood(btm.elmForest(experts, prior), given.tokens);
      const each = await Promise.all(experts.map((expert) => logLikelihood(expert, given.tokens)));
      const joint = each.map((value, j) => value + Math.log(prior[j]));
      const highest = Math.max(...joint);
      const mixture = highest + Math.log(joint.reduce((sum, value) => sum + Math.exp(value - highest), 0));
      // float32: a millionth of the size of the sum.
      expect(Math.abs(found - mixture)).toBeLessThan(1e-6 * Math.max(10, Math.abs(mixture)));
      expect(-found).toBeLessThanOrEqual(Math.min(...joint.map((value) => -value)) + 1e-4);
    }),
    { numRuns: 25 },
  );
});

it("is a distribution at every position", async () => {
  await fc.assert(
    fc.asyncProperty(forests, async (given) => {
      const { experts, prior } = built(given);
      const { x } = parts(given.tokens);
      for (const sum of await numbers(btm.elmForest(experts, prior).call(x).exp().sum(-1))) expect(sum).toBeCloseTo(1, 4);
    }),
    { numRuns: 15 },
  );
});

it("does not look at the token it predicts", async () => {
  const experts = [randomTable(1, [4, 4]), randomTable(2, [4, 4])];
  const at = async (last: number): Promise<number[]> => numbers(btm.elmForest(experts, [0.5, 0.5]).posterior(tensor([[0, 1, 2, last]], "int32")));
  // Read at position 3, token 3 is judged for position 2 → 3 alone: positions 0 … 2 do not see it.
  expect((await at(0)).slice(0, 6)).toEqual((await at(3)).slice(0, 6));
  expect((await at(0)).slice(6)).not.toEqual((await at(3)).slice(6));
});

it("keeps the prior where experts are equal, and predicts as one of them", async () => {
  const expert = smallGpt();
  const forest = btm.elmForest([expert, expert], [0.3, 0.7]);
  const { x } = countingBatch(0);
  (await numbers(forest.posterior(x))).forEach((weight, i) => expect(weight).toBeCloseTo(i % 2 === 0 ? 0.3 : 0.7, 4));
  close(await numbers(forest.call(x)), await numbers(logSoftmax(expert.call(x))), 4);
});

it("does not underflow over thousands of tokens", async () => {
  const length = 3000;
  const rows = (p: number): number[][] => Array.from({ length }, () => [p, 1 - p]);
  const forest = btm.elmForest([table(...rows(0.01)), table(...rows(0.02))], [0.5, 0.5]);
  const last = (await numbers(forest.posterior(tensor([new Array<number>(length).fill(0)], "int32")))).slice(-2);
  close(last, [0, 1]);
});

describe("the cached prior", () => {
  it("is a moving mean: (1, 0), (0, 1), (0, 1) with λ = .3 give (1, 0), (.7, .3), (.49, .51)", () => {
    const first = btm.updatedPrior(undefined, [1, 0]);
    const second = btm.updatedPrior(first, [0, 1]);
    expect(first).toEqual([1, 0]);
    close(second, [0.7, 0.3], 12);
    close(btm.updatedPrior(second, [0, 1]), [0.49, 0.51], 12);
  });

  it("judges each sequence with the prior before it, the first with the uniform one", async () => {
    const experts = [table([0.8, 0.2], [0.5, 0.5]), table([0.2, 0.8], [0.5, 0.5])];
    const tokens = tensor([[1, 0], [1, 0]], "int32");
    const priors = await btm.priorsAlong(experts, tokens);
    // Mean of .5 and .8; then of .65 and .65 · .8 / (.65 · .8 + .35 · .2).
    const second = (0.65 + 0.52 / 0.59) / 2;
    close(priors.flat(), [0.5, 0.5, 0.65, 0.35, 0.7 * 0.65 + 0.3 * second, 0.7 * 0.35 + 0.3 * (1 - second)]);
    expect(await btm.domainPrior(experts, tokens)).toEqual(priors[2]);
  });

  it("is that of the forest's own posteriors", async () => {
    const experts = [randomTable(3, [5, 4]), randomTable(4, [5, 4]), randomTable(5, [5, 4])];
    const tokens = tensor([[0, 3, 1, 2, 2]], "int32");
    const posterior = await numbers(btm.elmForest(experts, [0.2, 0.3, 0.5]).posterior(tokens));
    const seen = await btm.evidence(experts, tokens).numbers();
    const found = btm.meanPosterior([0, 1, 2].map((j) => seen.slice(j * 5, (j + 1) * 5)), [0.2, 0.3, 0.5]);
    close(found, [0, 1, 2].map((j) => posterior.filter((_, i) => i % 3 === j).reduce((sum, value) => sum + value, 0) / 5));
  });
});

describe("sparse ensembles", () => {
  it("keep the largest weights and scale them to sum to 1", () => {
    close(btm.topPrior([0.1, 0.4, 0.2, 0.3], 2), [0, 0.4 / 0.7, 0, 0.3 / 0.7], 12);
    expect(btm.topPrior([0.5, 0.5], 1)).toEqual([1, 0]);
  });
  it("are the likeliest expert with one", async () => {
    const experts = [randomTable(6, [3, 4]), randomTable(7, [3, 4])];
    const { x } = parts([0, 1, 2, 3]);
    const forest = btm.elmForest(experts, btm.topPrior([0.4, 0.6], 1));
    expect(forest.experts).toEqual([experts[1]]);
    close(await numbers(forest.call(x)), await numbers(logSoftmax(experts[1].call(x))));
  });
});

describe("the average of parameters", () => {
  const experts = [1, 2, 3].map((seed) => nn.gpt({ vocab: 12, depth: 1, width: 8, heads: 2, context: 8, key: random.key(seed) }));
  const flat = async (model: nn.Gpt): Promise<number[]> => (await Promise.all(tree.leaves(model).map(async ([, leaf]) => numbers(leaf)))).flat();

  it("is the expert that has all the weight, bit for bit", async () => {
    for (const j of [0, 1, 2]) expect(await flat(btm.averageParams(experts, [0, 1, 2].map((i) => Number(i === j))))).toEqual(await flat(experts[j]));
  });
  it("of copies is their original, bit for bit", async () => {
    expect(await flat(btm.averageParams([experts[0], experts[0], experts[0]], btm.uniformPrior(3)))).toEqual(await flat(experts[0]));
  });
  it("is the weighted mean", async () => {
    const [a, b, c] = await Promise.all(experts.map(flat));
    close(await flat(btm.averageParams(experts, [0.2, 0.3, 0.5])), a.map((value, i) => 0.2 * value + 0.3 * b[i] + 0.5 * c[i]));
  });
  it("is a model of the experts' kind, and leaves them as they were", async () => {
    const before = await flat(experts[0]);
    expect(btm.averageParams(experts, btm.uniformPrior(3)).call(countingBatch(0).x).shape).toEqual([4, 8, 12]);
    expect(await flat(experts[0])).toEqual(before);
  });
});

it("keeps moments and the place in the schedule at the branch: the next step is that of the dense run", async () => {
  const make = () => trainer({ model: smallGpt(), optimizer: optim.adam({ lr: optim.warmupCosine({ peak: 1e-2, steps: 6 }) }), loss: (m: nn.Gpt, { x, y }: ReturnType<typeof countingBatch>) => nn.crossEntropy(m.call(x), y), batch: countingBatch });
  const dense = make();
  let { state } = dense;
  for (let i = 0; i < 3; i++) ({ state } = await dense.step(state, countingBatch(i)));
  const expert = await btm.branch(make(), { state, batch: (i) => countingBatch(3 + i) });
  const after = await expert.step(expert.state, expert.batch(0));
  // The branch took a copy: the seed's state is still there for the dense run.
  const next = await dense.step(state, countingBatch(3));
  const numbersOf = async (value: unknown): Promise<readonly number[][]> => Promise.all(tree.leaves(value).map(async ([, leaf]) => numbers(leaf)));
  expect(await numbersOf(after.state)).toEqual(await numbersOf(next.state));
});

it("trains like any model when it is branched", async () => {
  const training = languageModel(smallGpt());
  const expert = await btm.branch(training, { state: training.state, batch: training.batch });
  let { state } = expert;
  const losses: number[] = [];
  for (let i = 0; i < 20; i++) {
    const out = await expert.step(state, expert.batch(i));
    ({ state } = out);
    losses.push(await out.loss.item());
  }
  expect(losses[19]).toBeLessThan(losses[0]);
});

it("is a model that compiles, with parameters of all experts", async () => {
  const forest = btm.elmForest([smallGpt(), smallGpt("gelu")], [0.5, 0.5]);
  const { x } = countingBatch(0);
  const program = compile((model: typeof forest, tokens: Tensor) => model.call(tokens));
  close(await numbers(await program(forest, x)), await numbers(forest.call(x)), 4);
});

it("counts what workers send: an all-reduce each step, or the seed once", () => {
  expect(btm.allReduceBytes({ workers: 4, parameters: 1000, updates: 10 })).toBe(1.5 * 1000 * 4 * 10);
  expect(btm.allReduceBytes({ workers: 1, parameters: 1000, updates: 10 })).toBe(0);
  expect(btm.branchBytes({ parameters: 1000 })).toBe(12_000);
});

it("refuses weights that are none", () => {
  const experts = [smallGpt(), smallGpt()];
  for (const bad of [[0.5, 0.6], [1], [-0.5, 1.5], [NaN, 1], []]) {
    expect(() => btm.averageParams(experts, bad)).toThrow(ArgumentError);
    expect(() => btm.elmForest(experts, bad)).toThrow(ArgumentError);
  }
  expect(() => btm.topPrior([0.5, 0.5], 3)).toThrow(ArgumentError);
  expect(() => btm.topPrior([0.5, 0.6], 1)).toThrow(ArgumentError);
  expect(() => btm.updatedPrior([1], [1], { lambda: 0 })).toThrow(ArgumentError);
  expect(() => btm.averageParams([smallGpt(), smallGpt("swiglu")], [0.5, 0.5])).toThrow(ArgumentError);
});
