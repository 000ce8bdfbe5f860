/** @file SALT: the loss with a teacher, its targets and gradients, the scores that choose text, and the account, by hand-computed numbers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArgumentError, compile, grad, methods, nn, optim, random, softmax, tensor, trainer, type Tensor } from "../../kernel/index";
import { countingBatch, smallGpt } from "../contract/methodCases";

const { slmHelp } = methods;
const key = random.key(9);
const numbers = async (x: Tensor): Promise<number[]> => [...(await x.numbers())];
const close = (found: readonly number[], wanted: readonly number[], digits = 4): void => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
};
const logitsOf = (...p: number[]): Tensor => tensor([p.map(Math.log)]);
const never = (): Tensor => {
  throw new Error("the teacher was asked");
};

describe("the loss of one token: teacher (.5, .3, .2), student (.6, .3, .1), label 0", () => {
  const student = logitsOf(0.6, 0.3, 0.1);
  const teacher = (): Tensor => logitsOf(0.5, 0.3, 0.2);
  const label = tensor([0], "int32");

  it("is .7940 with ω = .5: CE .5108 and KD 1.0771", async () => {
    expect(await slmHelp.distillLoss(student, label, teacher, { omega: 0 }).item()).toBeCloseTo(0.5108, 4);
    expect(await slmHelp.distillLoss(student, label, teacher, { omega: 1 }).item()).toBeCloseTo(1.0771, 4);
    expect(await slmHelp.distillLoss(student, label, teacher, { omega: 0.5 }).item()).toBeCloseTo(0.794, 4);
  });

  it("has the gradient softmax(z) − ((1 − ω) onehot + ω q)", async () => {
    const gradient = grad((z: Tensor) => slmHelp.distillLoss(z, label, teacher, { omega: 0.5 }))(student);
    close(await numbers(gradient), [0.6 - (0.5 + 0.25), 0.3 - 0.15, 0.1 - 0.1]);
  });

  it("is CE bit for bit with ω = 0, and the teacher is not asked", async () => {
    const z = random.normal(key, [7, 5]);
    const labels = tensor([0, 1, 2, 3, 4, 0, 1], "int32");
    expect(await numbers(slmHelp.distillLoss(z, labels, never, { omega: 0 }))).toEqual(await numbers(nn.crossEntropy(z, labels)));
  });

  it("is CE where the teacher is certain of the label", async () => {
    const certain = (): Tensor => tensor([[80, 0, 0]]);
    expect(await slmHelp.distillLoss(student, label, certain, { omega: 1 }).item()).toBeCloseTo(0.5108, 4);
  });
});

it("sharpens with τ: 1 is the teacher's own, towards 0 the likeliest symbol alone", async () => {
  const z = logitsOf(0.2, 0.5, 0.3);
  close(await numbers(slmHelp.softTargets(z)), [0.2, 0.5, 0.3]);
  close(await numbers(slmHelp.softTargets(z, { tau: 0.01 })), [0, 1, 0]);
  expect(await numbers(slmHelp.softTargets(z, { tau: 0 }))).toEqual([0, 1, 0]);
});

it("keeps the likeliest symbols and spreads the rest evenly; targets always sum to 1", async () => {
  close(await numbers(slmHelp.softTargets(logitsOf(0.4, 0.1, 0.3, 0.2), { kept: 2 })), [0.4, 0.15, 0.3, 0.15]);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.nat(), fc.double({ min: 0.2, max: 3, noNaN: true }), async (vocab, seed, tau) => {
      const q = await numbers(slmHelp.softTargets(random.normal(random.key(seed), [1, vocab], { std: 3 }), { tau, kept: 1 + (seed % vocab) }));
      expect(q.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 4);
      expect(Math.min(...q)).toBeGreaterThanOrEqual(-1e-6);
    }),
  );
});

it("has no gradient of KD where the student is its own teacher", async () => {
  const z = random.normal(key, [6, 5]);
  const gradient = grad((x: Tensor) => slmHelp.distillLoss(x, tensor([0, 1, 2, 3, 4, 0], "int32"), () => z, { omega: 1 }))(z);
  close(await numbers(gradient), Array.from({ length: 30 }, () => 0), 6);
});

it("teaches learnable tokens alone when asked", async () => {
  const z = random.normal(key, [2, 4]);
  const teacher = (): Tensor => tensor([[5, 4, 1, 0], [5, 4, 1, 0]]);
  const labels = tensor([1, 2], "int32"); // second and third of the teacher
  expect(await numbers(slmHelp.learnable(teacher(), labels, 2))).toEqual([1, 0]);
  const rows = [0, 1].map((i) => [z.slice({ axis: 0, start: i, end: i + 1 }), labels.slice({ axis: 0, start: i, end: i + 1 }), () => teacher().slice({ axis: 0, start: i, end: i + 1 })] as const);
  const wanted = (await slmHelp.distillLoss(rows[0][0], rows[0][1], rows[0][2]).item()) / 2 + (await slmHelp.distillLoss(rows[1][0], rows[1][1], rows[1][2], { omega: 0 }).item()) / 2;
  expect(await slmHelp.distillLoss(z, labels, teacher, { onlyTop: 2 }).item()).toBeCloseTo(wanted, 5);
});

it("switches hard at the step, or falls along a line", () => {
  const omegas = (ramp?: "switch" | "linear"): number[] => [0, 1, 3, 4, 9].map((step) => slmHelp.omegaAt(step, { omega: 0.8, kdSteps: 4, ramp }));
  expect(omegas()).toEqual([0.8, 0.8, 0.8, 0, 0]);
  close(omegas("linear"), [0.8, 0.6, 0.2, 0, 0]);
});

it("gives the updates of the baseline from the switch on", async () => {
  const teacher = smallGpt("relu");
  const loss = (omega: number) => (m: nn.Gpt, { x, y }: { x: Tensor; y: Tensor }): Tensor => slmHelp.distillLoss(m.call(x), y, () => teacher.call(x), { omega });
  const optimizer = optim.adam({ lr: 1e-2 });
  const first = trainer({ model: smallGpt(), optimizer, loss: loss(2 / 3), batch: countingBatch });
  const { state } = await first.step(first.state, countingBatch(0));
  const copy = async (): Promise<typeof state> => compile((s: typeof state) => s)(state);
  const plain = trainer({ model: smallGpt(), optimizer, loss: (m: nn.Gpt, { x, y }: { x: Tensor; y: Tensor }) => nn.crossEntropy(m.call(x), y), batch: countingBatch });
  const after = trainer({ model: smallGpt(), optimizer, loss: loss(0), batch: countingBatch });
  const [a, b] = [await copy(), await copy()];
  const [salt, baseline] = [await after.step(a, countingBatch(1)), await plain.step(b, countingBatch(1))];
  expect(await numbers(salt.state.model.blocks[0].mlp.up.weight)).toEqual(await numbers(baseline.state.model.blocks[0].mlp.up.weight));
});

describe("the score of a sequence with token losses .1, 2, 3, 1, .5, of which the second is not learnable", () => {
  const [losses, flags] = [[0.1, 2, 3, 1, 0.5], [1, 0, 1, 1, 1]];
  it("is .5 with zeros, and .75 without the token", () => {
    expect(slmHelp.sequenceScore(losses, flags)).toBe(0.5);
    expect(slmHelp.sequenceScore(losses, flags, "exclude")).toBe(0.75);
  });
  it("is 0 where most tokens are not learnable", () => {
    expect(slmHelp.sequenceScore(losses, [0, 0, 0, 1, 1])).toBe(0);
    expect(slmHelp.sequenceScore(losses, [0, 0, 0, 0, 0], "exclude")).toBe(0);
  });
  it("comes from the teacher's logits", async () => {
    const { losses: found, flags: learnt } = slmHelp.tokenScores(logitsOf(0.5, 0.3, 0.2), tensor([2], "int32"), 2);
    close(await numbers(found), [-Math.log(0.2)]);
    expect(await numbers(learnt)).toEqual([0]);
  });
});

it("takes the highest scores, equal ones in order", () => {
  expect(slmHelp.takeTop([1, 3, 2, 3], 0.5)).toEqual([1, 3]);
  expect(slmHelp.takeTop([2, 2, 2, 2], 0.5)).toEqual([0, 1]);
  expect(() => slmHelp.takeTop([1], 0)).toThrow(ArgumentError);
});

it("costs 1.0139 of the baseline with a teacher of an eighth in a third of the steps", () => {
  expect(slmHelp.costRatio({ rho: 0.125, kdSteps: 200, steps: 600 })).toBeCloseTo(1.0139, 4);
});

it("spends nothing of the teacher after the switch", async () => {
  const [x, y] = [tensor([[1, 2, 3, 4]], "int32"), tensor([[2, 3, 4, 5]], "int32")];
  const [student, teacher] = [smallGpt(), smallGpt()];
  const cost = (omega: number): number => compile((s: nn.Gpt, t: nn.Gpt) => grad((m: nn.Gpt) => slmHelp.distillLoss(m.call(x), y, () => t.call(x), { omega }))(s)).cost(student, teacher).flops;
  const plain = compile((s: nn.Gpt) => grad((m: nn.Gpt) => nn.crossEntropy(m.call(x), y))(s)).cost(student).flops;
  expect(cost(0)).toBe(plain);
  expect(cost(0.5)).toBeGreaterThan(1.2 * plain);
});

it("measures bias and variance of labels", async () => {
  expect(await slmHelp.totalVariation(tensor([0.5, 0.5, 0]), tensor([0.5, 0, 0.5])).item()).toBe(0.5);
  // Losses 0 and log 4 with probability ½ each: variance (log 4 / 2)².
  expect(await slmHelp.labelVariance(tensor([0.5, 0.5]), tensor([0, -Math.log(4)])).item()).toBeCloseTo((Math.log(4) / 2) ** 2, 5);
  expect(await slmHelp.labelVariance(softmax(tensor([0, 0, 0])), tensor([-1, -1, -1])).item()).toBe(0);
});

it("says what it cannot do", () => {
  expect(() => slmHelp.softTargets(tensor([[1, 2]]), { tau: -1 })).toThrow(ArgumentError);
  expect(() => slmHelp.softTargets(tensor([[1, 2]]), { kept: 3 })).toThrow(ArgumentError);
});
