/** @file CheckFree: averages, resets and rates by hand, swapped order, checkpoints with replay, the clock of the paper, and the failures. */
import { expect, it } from "vitest";
import { compile, methods, nn, optim, random, tensor, trainer, tree, type Tensor, type Training } from "../../kernel/index";
import { countingBatch, smallGpt } from "../contract/methodCases";

const { checkfree } = methods;
const { checkFree, checkFreePlus, failureSchedule, pipeline, recover, timeline } = checkfree;
type State = methods.checkfree.PipelineState;
type Batch = ReturnType<typeof countingBatch>;

const STAGES = 6;
const model = (seed = 5) => nn.gpt({ vocab: 12, depth: STAGES, width: 8, heads: 2, context: 8, key: random.key(seed) });
const pipe = (seed = 5) => pipeline(model(seed), { stages: STAGES });
const lossOf = (m: nn.Gpt, { x, y }: Batch): Tensor => nn.crossEntropy(m.call(x), y);
const training = (options: { readonly swap?: boolean; readonly clip?: number; readonly omega?: "raw" | "clipped"; readonly seed?: number } = {}) =>
  checkfree.pipelineTrainer({ model: pipe(options.seed), loss: lossOf, batch: countingBatch, lr: 1e-2, ...options });

const numbers = async (value: unknown): Promise<Record<string, number[]>> => Object.fromEntries(await Promise.all(tree.leaves(value).map(async ([path, leaf]): Promise<[string, number[]]> => [path, [...(await leaf.numbers())]])));
const draws = () => random.HostRandom.seeded(1);
/** Every weight of stage i is values[i]. */
const constantStages = (state: State, values: readonly number[]): State => ({ ...state, model: { ...state.model, stages: state.model.stages.map((stage, i) => tree.map(stage, (leaf) => leaf.mul(0).add(values[i]))) } });
const weightOf = async (state: State, stage: number): Promise<number[]> => [...new Set(Object.values(await numbers(state.model.stages[stage])).flat())];
async function steps(given: methods.checkfree.PipelineState | undefined, { count, of = training() }: { readonly count: number; readonly of?: ReturnType<typeof training> }): Promise<State> {
  let state = given ?? of.state;
  for (let i = 0; i < count; i++) ({ state } = await of.step(state, of.batch(i)));
  return state;
}

it("weighs neighbours by the norms of their gradients: 2 and 6 with norms 1 and 3 give 5, with equal norms 4", async () => {
  const { state } = training();
  const given = constantStages({ ...state, norms: tensor([1, 1, 9, 3, 1, 1]) }, [0, 2, 7, 6, 0, 0]);
  expect(await weightOf(await recover(given, { stage: 2, recovery: checkFree(), random: draws() }), 2)).toEqual([5]);
  expect(await weightOf(await recover(given, { stage: 2, recovery: checkFree({ weight: "uniform" }), random: draws() }), 2)).toEqual([4]);
  expect(await weightOf(await recover({ ...given, norms: tensor([0, 0, 0, 0, 0, 0]) }, { stage: 2, recovery: checkFree(), random: draws() }), 2)).toEqual([4]);
});

it("is exact where the neighbours are equal", async () => {
  const { state } = training();
  const same: State = { ...state, norms: tensor([0.3, 0.7, 1, 0.1, 1, 1]), model: { ...state.model, stages: state.model.stages.map(() => state.model.stages[0]) } };
  const after = await recover(same, { stage: 2, recovery: checkFree(), random: draws() });
  expect(await numbers(after.model.stages[2])).toEqual(await numbers(state.model.stages[0]));
});

it("starts the lost stage's moments and count anew, grows its rate by 1.1 each time, and leaves all else as it was", async () => {
  const before = await steps(undefined, { count: 3 });
  const old = await numbers(before);
  const once = await recover(before, { stage: 3, recovery: checkFree(), random: draws() });
  const fresh = await numbers(once.optimizer.stages[3]);
  expect(Object.values(fresh).flat().every((value) => value === 0)).toBe(true);
  expect([...(await once.rates.numbers())]).toEqual([1, 1, 1, Math.fround(1.1), 1, 1]);
  const twice = await recover(once, { stage: 3, recovery: checkFree(), random: draws() });
  expect((await twice.rates.numbers())[3]).toBeCloseTo(1.21, 6);
  const now = await numbers(once);
  const changed = Object.keys(old).filter((path) => old[path].join() !== now[path].join());
  expect(changed.every((path) => path.startsWith("model.stages.3.") || path.startsWith("optimizer.stages.3.") || path === "rates")).toBe(true);
});

it("in swapped order gives the same logits where twins are equal, and others where they are not", async () => {
  const { shared, stages } = pipe();
  const twins = { shared, stages: [stages[0], stages[0], stages[2], stages[3], stages[5], stages[5]] };
  const run = compile((m: nn.Gpt, x: Tensor) => m.call(x));
  const { x } = countingBatch(0);
  const logits = async (of: methods.checkfree.Pipeline, order: readonly number[]): Promise<number[]> => [...(await (await run(checkfree.assembled(of, order), x)).numbers())];
  const [normal, swapped] = [checkfree.normalOrder(STAGES), checkfree.swappedOrder(STAGES)];
  expect(swapped).toEqual([1, 0, 2, 3, 5, 4]);
  expect(await logits(twins, swapped)).toEqual(await logits(twins, normal));
  expect(await logits({ shared, stages }, swapped)).not.toEqual(await logits({ shared, stages }, normal));
});

it("trains with swap on the mean of both halves", async () => {
  const swapping = training({ swap: true });
  const batch = countingBatch(0);
  const half = (leaf: Tensor, start: number): Tensor => leaf.slice({ axis: 0, start, end: start + 2 });
  const part = (start: number): Batch => ({ x: half(batch.x, start), y: half(batch.y, start) });
  const wanted = (await lossOf(checkfree.assembled(pipe()), part(0)).item() + await lossOf(checkfree.assembled(pipe(), checkfree.swappedOrder(STAGES)), part(2)).item()) / 2;
  expect(await (await swapping.step(swapping.state, batch)).loss.item()).toBeCloseTo(wanted, 5);
  const odd = { x: tensor([[1, 2, 3]], "int32"), y: tensor([[2, 3, 4]], "int32") };
  await expect(training({ swap: true }).step(training().state, odd)).rejects.toThrow(/1 rows in two halves/);
});

it("CheckFree+ gives a lost end its twin's weights bit for bit; plain CheckFree copies the neighbour", async () => {
  const state = await steps(undefined, { count: 2, of: training({ swap: true }) });
  const stages = await Promise.all(state.model.stages.map((stage) => numbers(stage)));
  const after = async (stage: number, recovery: methods.checkfree.Recovery) => numbers((await recover(state, { stage, recovery, random: draws() })).model.stages[stage]);
  for (const [stage, twin] of [[0, 1], [1, 0], [4, 5], [5, 4]]) expect(await after(stage, checkFreePlus())).toEqual(stages[twin]);
  expect(await after(0, checkFree())).toEqual(stages[1]);
  expect(await after(5, checkFree())).toEqual(stages[4]);
  expect(await after(2, checkFreePlus())).toEqual(await after(2, checkFree()));
});

it("restores embedding and head bit for bit from their mirror", async () => {
  const state = await steps(undefined, { count: 2 });
  const mirror = await tree.clone(state.model.shared);
  const lost: State = { ...state, model: { ...state.model, shared: tree.map(state.model.shared, (leaf) => leaf.mul(0)) } };
  const after = checkfree.recoverShared(lost, { mirror });
  expect(await numbers(after.model.shared)).toEqual(await numbers(state.model.shared));
  expect(Object.values(await numbers(after.optimizer.shared)).flat().every((value) => value === 0)).toBe(true);
});

it("stores the norm of each stage's gradient, before clipping or after it", async () => {
  const raw = await steps(undefined, { count: 1, of: training({ clip: 1e-3 }) });
  const clipped = await steps(undefined, { count: 1, of: training({ clip: 1e-3, omega: "clipped" }) });
  expect((await raw.norms.numbers()).every((norm) => norm > 1e-2)).toBe(true);
  for (const norm of await clipped.norms.numbers()) expect(norm).toBeCloseTo(1e-3, 7);
});

it("without failures and without swapping is the usual training of the whole model", async () => {
  const losses = async <S>({ step, batch, state: first }: Training<S, Batch>): Promise<number[]> => {
    let state = first;
    const found: number[] = [];
    for (let i = 0; i < 5; i++) {
      const out = await step(state, batch(i));
      state = out.state;
      found.push(await out.loss.item());
    }
    return found;
  };
  const whole = await losses(trainer({ model: model(), optimizer: optim.adam({ lr: 1e-2 }), loss: lossOf, batch: countingBatch }));
  (await losses(training())).forEach((loss, i) => expect(loss).toBeCloseTo(whole[i], 4));
  expect(whole[4]).toBeLessThan(whole[0]);
});

it("with a checkpoint every 50 steps and a loss at step 120 goes back to step 100 and replays 20", async () => {
  const events = timeline({ failures: [{ step: 119, stage: 2 }], seconds: 140, cluster: { step: 1, recovery: 0 }, checkpointEvery: 50 });
  expect(events).toHaveLength(140);
  expect(events.map(({ iteration }) => iteration)).toEqual([...Array.from({ length: 120 }, (_, i) => i), ...Array.from({ length: 20 }, (_, i) => 100 + i)]);
  expect(events.flatMap(({ save, iteration }) => (save ? [iteration] : []))).toEqual([0, 50, 100]);
  const short = timeline({ failures: [{ step: 11, stage: 2 }], seconds: 14, cluster: { step: 1, recovery: 0 }, checkpointEvery: 5 });
  const failing = checkfree.withFailures({ training: training(), events: short });
  let { state } = failing;
  for (let i = 0; i < short.length; i++) ({ state } = await failing.step(state, failing.batch(i)));
  // 12 steps, back to 10, and two more.
  expect(await numbers(state)).toEqual(await numbers(await steps(undefined, { count: 12 })));
});

it("goes on with the current batch after CheckFree, and tells of every loss", async () => {
  const events = timeline({ failures: [{ step: 1, stage: 2 }], seconds: 4, cluster: { step: 1, recovery: 0.5 } });
  expect(events.map(({ iteration, seconds }) => [iteration, seconds])).toEqual([[0, 1], [1, 2.5], [2, 3.5]]);
  const told: number[] = [];
  const failing = checkfree.withFailures({ training: training(), events, recovery: checkFree(), onLoss: async ({ stage, step, before, after }) => {
    told.push(stage, step);
    expect(before.model.stages[2]).not.toBe(after.model.stages[2]);
  } });
  let { state } = failing;
  for (let i = 0; i < 3; i++) ({ state } = await failing.step(state, failing.batch(i)));
  expect(told).toEqual([2, 1]);
  const nothing = checkfree.withFailures({ training: training(), events });
  const first = await nothing.step(nothing.state, nothing.batch(0));
  await expect(nothing.step(first.state, nothing.batch(1))).rejects.toThrow(/neither a checkpoint nor a recovery/);
});

it("has the paper's clock: 367.81 of 419.56 hours, and a factor of 1.6534 for redundant computation", () => {
  const { checkFree: free, redundant, checkpoint } = checkfree.CLUSTER;
  expect(checkfree.card.figure.value).toBeCloseTo(367.81 / 419.56, 4);
  expect(redundant.step / 91.35).toBeCloseTo(1.6534, 4);
  // 14,500 and 10,000 iterations.
  expect((14_500 * free.step) / 3600).toBeCloseTo(367.81, 1);
  expect((10_000 * redundant.step) / 3600).toBeCloseTo(419.56, 1);
  const saves = timeline({ failures: [], seconds: 1e5, cluster: checkpoint, checkpointEvery: 100 });
  expect(saves[99].seconds / 100).toBeCloseTo(91.35, 6);
});

it("draws failures at their rate, never of two neighbours in one step, and the same from the same seed", () => {
  const options = { stages: 6, steps: 20_000, perStage: 0.01, seed: 4 };
  const found = failureSchedule(options);
  const trials = 6 * 20_000;
  expect(Math.abs(found.length - trials * 0.01)).toBeLessThan(3 * Math.sqrt(trials * 0.01 * 0.99) + trials * 0.01 * 0.02);
  const beside = found.filter(({ step, stage }) => found.some((other) => other.step === step && other.stage === stage + 1));
  expect(beside).toEqual([]);
  expect(failureSchedule(options)).toEqual(found);
  expect(failureSchedule({ ...options, interior: true, from: 100 }).every(({ step, stage }) => step >= 100 && stage > 0 && stage < 5)).toBe(true);
  expect(() => failureSchedule({ ...options, perStage: 1 })).toThrow(/probability of 1/);
});

it("rebuilds from far stages with permuted channels as the control, and from a seed at random", async () => {
  const { state } = training();
  const control = await recover(state, { stage: 0, recovery: checkfree.mismatched(), random: draws() });
  expect(await numbers(control.model.stages[0])).not.toEqual(await numbers(state.model.stages[0]));
  const values = constantStages(state, [0, 1, 2, 3, 4, 5]);
  const [mean] = await weightOf(await recover(values, { stage: 0, recovery: checkfree.mismatched(), random: draws() }), 0);
  expect([2.5, 3, 3.5, 4, 4.5]).toContain(mean);
  const fresh = await recover(state, { stage: 1, recovery: checkfree.reinitialize(pipe), random: draws() });
  expect(await numbers(fresh.model.stages[1])).not.toEqual(await numbers(state.model.stages[1]));
  expect(await recover(state, { stage: 1, recovery: checkfree.exactCopy(), random: draws() })).toBe(state);
});

it("refuses stages that cannot be averaged", () => {
  expect(() => pipeline(smallGpt(), { stages: 2 })).toThrow(/2 layers in 2 stages/);
  expect(() => pipeline(model(), { stages: 4 })).toThrow(/6 layers in 4 stages/);
  const odd = model();
  const wide = nn.gpt({ vocab: 12, depth: STAGES, width: 8, heads: 2, context: 8, hidden: 8, key: random.key(1) });
  expect(() => pipeline(new nn.Gpt({ ...odd, blocks: [...odd.blocks.slice(0, 5), wide.blocks[5]] }), { stages: 6 })).toThrow(/stage 5 has other shapes/);
});
