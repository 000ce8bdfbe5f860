/** @file Experiments in one process: equal budgets, paired statistics, verdicts, result files. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { setDisplaySink } from "../../kernel/display/display";
import { BudgetError, exactly, experiment, nn, NumericError, optim, Quantity, random, readResult, stepper, tensor, trainer, tune, type ArmRun, type Tensor } from "../../kernel/index";
import { runTasks } from "../../kernel/experiment/tasks";

const folder = mkdtempSync(join(tmpdir(), "isoflop-experiment-"));
setDisplaySink(() => undefined);
afterAll(() => rmSync(folder, { recursive: true }));
let number = 0;
beforeEach(() => {
  process.env.ISOFLOP_RUNS = join(folder, `runs-${number++}`, "runs");
  process.env.ISOFLOP_RESULTS = join(folder, "results");
});

type Batch = { x: Tensor; y: Tensor };
/** Fits y = 2 x with a perceptron of some width. */
const arm =
  (width: number, lr = 0.05) =>
  async ({ seed, train }: ArmRun): Promise<Record<string, number>> => {
    const column = (values: readonly number[]): Tensor => tensor(values.map((value) => [value]));
    const held = column([-1, -0.5, 0.5, 1]);
    const { values } = await train(
      (steps) =>
        trainer({
          model: nn.mlp({ width: 1, hidden: width, out: 1, key: random.key(seed) }),
          optimizer: optim.adam({ lr: optim.warmupCosine({ peak: lr, steps }) }),
          loss: (model, { x, y }: Batch) => nn.mse(model.call(x), y),
          batch: (step) => {
            const x = Array.from({ length: 8 }, (_, i) => Math.sin(8 * step + i + seed));
            return { x: column(x), y: column(x.map((value) => 2 * value)) };
          },
          tokens: 8,
        }),
      { evaluate: async ({ model }) => ({ loss: await nn.mse(model.call(held), column([-2, -1, 1, 2])).item() }), points: 3 },
    );
    return values;
  };
const base = { metrics: { loss: { unit: "squared" } }, seeds: 3, results: join(folder, "results") } as const;

describe("experiment", () => {
  it("spends the same FLOPs on arms of different size, and executes what was predicted", async () => {
    const { record } = await experiment({
      ...base,
      seeds: 2,
      slug: "equal-flops",
      budget: { flops: 3e4 },
      arms: { small: { role: "baseline", run: arm(4) }, large: { role: "method", run: arm(32) } },
      accept: {},
    });
    const [small, large] = record.arms.map(({ seeds }) => seeds[0]);
    expect(small.spent.steps).toBeGreaterThan(2 * large.spent.steps);
    for (const { spent, executedFlops } of [small, large]) {
      expect(spent.flops).toBeLessThanOrEqual(3e4);
      expect(spent.flops).toBeGreaterThan(3e4 - spent.flops / spent.steps);
      expect(executedFlops).toBe(spent.flops);
      expect(spent.tokens).toBe(8 * spent.steps);
    }
    expect(small.curve.map(({ steps }) => steps)).toHaveLength(4);
    expect(readResult(join(folder, "results", "equal-flops.json")).arms.map(({ name }) => name)).toEqual(["small", "large"]);
  });

  it("judges: held, not held, inconclusive, and a control that does not fail", async () => {
    const arms = { one: { role: "baseline", run: async ({ seed }: ArmRun) => ({ loss: 2 + 0.01 * seed }) }, two: { role: "method", run: async ({ seed }: ArmRun) => ({ loss: 1 + 0.01 * seed + 0.001 * (seed % 2) }) } } as const;
    const judge = async (bound: number, control = -10): Promise<string> =>
      (await experiment({ ...base, slug: "judged", arms, accept: { gain: (o) => o.difference("two", "one").atMost(bound) }, controls: { control: (o) => o.difference("two", "one").atLeast(control) } })).record.verdict;
    expect(await judge(-0.9)).toBe("held");
    expect(await judge(-1.1)).toBe("not held");
    expect(await judge(-0.9997)).toBe("inconclusive");
    expect(await judge(-0.9, 0)).toBe("inconclusive");
  });

  it("finds the cost at which an arm has the other's final loss, between evaluations by a line", async () => {
    const curve = (losses: readonly number[]) => async ({ log, spend }: ArmRun) => {
      for (const loss of losses) {
        log({ loss });
        spend({ flops: 100 });
      }
      return { loss: losses[losses.length - 1] };
    };
    const { outcome } = await experiment({ ...base, slug: "reach", arms: { slow: { role: "baseline", run: curve([4, 3, 2, 1]) }, fast: { role: "method", run: curve([4, 0.5, 0.4, 0.3]) }, never: { role: "control", run: curve([4, 4, 4, 4]) } }, accept: {} });
    // From 4 at 0 to 0.5 at 100: 1 is met at 600 / 7; the slow arm spent 400.
    expect(outcome.costShare("fast", { than: "slow" }).value).toBeCloseTo(600 / 7 / 400, 5);
    expect(outcome.speedup("fast", { than: "slow" }).value).toBeCloseTo(400 / (600 / 7), 5);
    expect(outcome.costShare("never", { than: "slow" }).atMost(2).verdict).toBe("not held");
  });

  it("keeps what was finished when an arm fails, and goes on there", async () => {
    let calls = 0;
    const counting = async (): Promise<Record<string, number>> => ({ loss: ++calls });
    let fails = true;
    const failing = async ({ seed }: ArmRun): Promise<Record<string, number>> => {
      if (fails && seed === 1) throw new Error("out of luck");
      return { loss: 0 };
    };
    const run = () => experiment({ ...base, slug: "resumed", arms: { counting: { role: "baseline", run: counting }, failing: { role: "method", run: failing } }, accept: {} });
    await expect(run()).rejects.toThrow("out of luck");
    expect(calls).toBe(2);
    fails = false;
    expect((await run()).outcome.values("counting")).toEqual([1, 2, 3]);
    expect(calls).toBe(3);
  });

  it("gives an arm that diverges the worst values there are", async () => {
    const diverging = async (): Promise<Record<string, number>> => {
      throw new NumericError("loss is NaN", { help: "" });
    };
    const { outcome, path } = await experiment({ ...base, slug: "diverged", arms: { good: { role: "baseline", run: async () => ({ loss: 1 }) }, bad: { role: "control", run: diverging } }, accept: { worse: (o) => o.difference("bad", "good").atLeast(0.5) } });
    expect(outcome.values("bad")).toEqual([Infinity, Infinity, Infinity]);
    expect(readResult(path)).toMatchObject({ verdict: "held", arms: [{}, { seeds: [{ metrics: { loss: Infinity }, diverged: "loss is NaN" }, {}, {}] }] });
  });

  it("refuses a budget of two units, of a unit that training does not tell, and one that buys no step", async () => {
    const arms = { only: { role: "method", run: arm(4) } } as const;
    await expect(experiment({ ...base, slug: "bad-budget", budget: { flops: 1, tokens: 2 }, arms, accept: {} })).rejects.toThrow(BudgetError);
    await expect(experiment({ ...base, slug: "bad-budget", budget: { flops: 10 }, arms, accept: {} })).rejects.toThrow(/a step costs/);
  });

  it("books every step at its own price where the price depends on the batch", async () => {
    const { record } = await experiment({
      ...base,
      seeds: 1,
      slug: "varying-steps",
      arms: {
        growing: {
          role: "method",
          run: async ({ train }) => {
            const training = stepper({ state: tensor([1]), step: (state: Tensor, batch: Tensor) => ({ state: state.mul(1), loss: batch.mul(state).sum() }), batch: (step) => tensor(Array.from({ length: 4 * (step + 1) }, () => 1)) });
            await train(() => ({ ...training, varies: true }), { steps: 3 });
            return { loss: 0 };
          },
        },
      },
      accept: {},
    });
    const [{ spent, executedFlops }] = record.arms[0].seeds;
    expect(spent.flops).toBe(executedFlops);
    expect(spent.flops).toBeGreaterThan(3 * 8); // three times the first step
  });
});

describe("tune", () => {
  const arms = { plain: (lr: number) => async ({ seed }: ArmRun) => ({ loss: (lr - 0.3) ** 2 + seed }), method: (lr: number) => async ({ seed }: ArmRun) => ({ loss: (lr - 0.1) ** 2 + seed }) };

  it("tries the same number of trials for every arm and picks each one's best", async () => {
    const { best, tried } = await tune({ slug: "tuned", arms, trials: [0.1, 0.2, 0.3], seeds: [100, 101] });
    expect(best).toEqual({ plain: 0.3, method: 0.1 });
    expect(tried.map(({ arm }) => arm)).toEqual(["plain", "plain", "plain", "method", "method", "method"]);
    expect(tried[0].value).toBeCloseTo(0.04 + 100.5, 5);
  });
  it("refuses to try more for one arm than for another", async () => {
    await expect(tune({ slug: "tuned", arms, trials: { plain: [0.1], method: [0.1, 0.2] }, seeds: 1 })).rejects.toThrow(/same number of trials/);
  });
});

describe("quantities", () => {
  it("have Student's interval over paired seeds", () => {
    // t(0.975, 2) = 4.302653; the deviation of 1, 2, 3 is 1.
    const { value, low, high } = new Quantity("x", [1, 2, 3]);
    expect(value).toBe(2);
    expect(low).toBeCloseTo(2 - 4.302653 / Math.sqrt(3), 5);
    expect(high).toBeCloseTo(2 + 4.302653 / Math.sqrt(3), 5);
  });
  it("of one seed are inconclusive, and of none finite decide", () => {
    expect(new Quantity("x", [1]).atMost(5).verdict).toBe("inconclusive");
    expect(new Quantity("x", [1, Infinity]).atMost(5).verdict).toBe("not held");
    expect(new Quantity("x", [1, NaN]).atLeast(-5).verdict).toBe("not held");
    expect(exactly("bytes", 7).atMost(7).verdict).toBe("held");
  });
});

it("a task whose file is damaged is done again", async () => {
  const set = { name: "damaged/tasks", settings: 0, ids: ["a"], execute: async () => 1 };
  await runTasks(set);
  const kept = join(folder, `runs-${number - 1}`, "experiments", "damaged", "tasks");
  const [key] = readdirSync(kept);
  writeFileSync(join(kept, key, "a.json"), '{"half');
  expect([...(await runTasks({ ...set, execute: async () => 2 }))]).toEqual([["a", 2]]);
});
