import { describe, expect, it } from "vitest";
import "../../kernel/runtime/realize";
import "../../kernel/graph/methods";
import { valueAndGrad } from "../../kernel/autodiff/grad";
import { hostArrayFrom, isFloat, type Dtype } from "../../kernel/graph/dtype";
import { fromHost, realize, tensor, type Tensor } from "../../kernel/graph/tensor";
import * as tree from "../../kernel/graph/tree";
import * as optim from "../../kernel/optim";
import type { Transform } from "../../kernel/optim";
import { compile } from "../../kernel/runtime/compile";
import { TRANSFORMS } from "./transforms";

class Layer {
  constructor(
    readonly weight: Tensor,
    readonly bias: Tensor,
    readonly name = "layer",
  ) {}
}
interface Model {
  readonly layers: readonly Layer[];
  readonly count: Tensor;
}

const values = (dtype: Dtype, shape: readonly number[], from: number): Tensor =>
  fromHost({ dtype, shape, data: hostArrayFrom(dtype, Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(from + i))) });
/** Two layers of a class, and an integer that no optimizer may touch. */
const makeModel = (dtype: Dtype = "float32"): Model => ({
  layers: [new Layer(values(dtype, [3, 2], 1), values(dtype, [2], 2)), new Layer(values(dtype, [2, 2], 3), values(dtype, [2], 4))],
  count: tensor([7, 8], "int32"),
});

type Loss = (model: Model) => Tensor;
/** Σ (w − 1)² over all parameters. */
const parabola: Loss = ({ layers }) =>
  layers.flatMap(({ weight, bias }) => [weight.sub(1).square().sum(), bias.sub(1).square().sum()]).reduce((a, b) => a.add(b));
/** Narrow, curved valleys: Σ (1 − a)² + 4 (b − a²)² over pairs of parameters, lowest at 1. */
const valley: Loss = ({ layers }) =>
  layers
    .flatMap(({ weight, bias }) => [weight.flatten(), bias])
    .map((x) => {
      const pairs = x.reshape([-1, 2]);
      const [a, b] = [pairs.at(0, 1), pairs.at(1, 1)];
      return a.sub(1).square().sum().add(b.sub(a.square()).square().sum().mul(4));
    })
    .reduce((a, b) => a.add(b));

interface Trained {
  readonly model: Model;
  readonly state: unknown;
  readonly loss: Tensor;
}
const trainer = (transform: Transform, loss: Loss): ((model: Model, state: unknown) => Promise<Trained>) =>
  compile(function train(model: Model, state: unknown): Trained {
    const [value, grads] = valueAndGrad(loss)(model);
    const [updates, next] = transform.update(grads, state, model);
    return { model: optim.applyUpdates(model, updates), state: next, loss: value };
  });
async function numbersOf(value: unknown): Promise<number[][]> {
  const leaves = tree.leaves(value).map(([, leaf]) => leaf);
  await realize(leaves);
  return Promise.all(leaves.map(async (leaf) => [...(await leaf.numbers())]));
}
const formOf = (value: unknown): string[] => tree.leaves(value).map(([path, leaf]) => `${path} ${leaf.toString()}`);

describe.each(TRANSFORMS)("$name", ({ make, lr }) => {
  it.each([
    ["a parabola", parabola, 0.02],
    ["a curved valley", valley, 0.15],
  ] as const)("descends to the bottom of %s", async (_, loss, share) => {
    const transform = make(optim.warmupCosine({ peak: lr, steps: 400, floor: 0 }));
    const step = trainer(transform, loss);
    let model = makeModel();
    let state = transform.init(model);
    const first = await (await step(model, state)).loss.item();
    for (let i = 0; i < 400; i++) ({ model, state } = await step(model, state));
    expect(await (await step(model, state)).loss.item()).toBeLessThan(share * first);
  });

  it("keeps the form, dtypes and classes of parameters and state, and leaves integers alone", async () => {
    for (const dtype of ["float32", "float64", "float16"] as const) {
      const transform = make(lr);
      const model = makeModel(dtype);
      const state = transform.init(model);
      const [updates, next] = transform.update(model, state, model);
      const after = optim.applyUpdates(model, updates);
      expect(formOf(after)).toEqual(formOf(model));
      expect(formOf(next)).toEqual(formOf(state));
      expect(after.layers[0]).toBeInstanceOf(Layer);
      expect(after.count).toBe(model.count);
      for (const [, update] of tree.leaves(updates)) expect(update.dtype).toBe(dtype);
      expect((await numbersOf(after)).flat().every(Number.isFinite)).toBe(true);
    }
  });

  it("changes nothing where a gradient is null", async () => {
    const transform = make(lr);
    const model = makeModel();
    const state = transform.init(model);
    const grads = tree.map(model, (leaf, path) => (path.startsWith("layers.0") ? null : leaf));
    const [updates, next] = transform.update(grads, state, model);
    expect(optim.applyUpdates(model, updates).layers[0]).toBe(model.layers[0]);
    expect(formOf(next)).toEqual(formOf(state));
  });

  it("is pure: the same inputs give the same numbers, and the inputs stay", async () => {
    const transform = make(lr);
    const model = makeModel();
    const state = transform.init(model);
    const before = [await numbersOf(model), await numbersOf(state)];
    const twice = [transform.update(model, state, model), transform.update(model, state, model)];
    expect(await numbersOf(twice[0])).toEqual(await numbersOf(twice[1]));
    expect([await numbersOf(model), await numbersOf(state)]).toEqual(before);
  });

  it("goes on from a saved state exactly", async () => {
    const transform = make((step) => step.cast("float32").mul(0).add(lr));
    const step = trainer(transform, parabola);
    const run = async (steps: number, from: { model: Model; state: unknown }): Promise<{ model: Model; state: unknown }> => {
      let { model, state } = from;
      for (let i = 0; i < steps; i++) ({ model, state } = await step(model, state));
      return { model, state };
    };
    const start = { model: makeModel(), state: transform.init(makeModel()) };
    const whole = await run(7, start);
    const half = await run(3, start);
    // As a checkpoint does: every tensor by its path.
    const saved = new Map(await Promise.all(tree.leaves(half).map(async ([path, leaf]) => [path, await leaf.host()] as const)));
    const restored = tree.map({ model: makeModel(), state: transform.init(makeModel()) }, (_, path) => fromHost(saved.get(path) ?? expect.fail(path)));
    expect(await numbersOf(await run(4, restored))).toEqual(await numbersOf(whole));
  });

  it("takes its learning rate as a number, a schedule or a tensor alike", async () => {
    const model = makeModel();
    const results = await Promise.all(
      [lr, optim.constant(lr), tensor(lr)].map(async (rate) => {
        const transform = make(rate);
        let state = transform.init(model);
        let updates: unknown;
        for (let i = 0; i < 2; i++) [updates, state] = transform.update(model, state, model);
        return (await numbersOf(optim.applyUpdates(model, updates))).flat();
      }),
    );
    results[0].forEach((value, i) => {
      expect(results[1][i]).toBeCloseTo(value, 5);
      expect(results[2][i]).toBeCloseTo(value, 5);
    });
  });

  it("takes the mean of accumulated gradients as it takes one big batch", async () => {
    const model = makeModel();
    const a = model;
    const b = tree.map(model, (leaf) => (isFloat(leaf.dtype) ? leaf.mul(-3).add(1) : leaf));
    const mean = tree.zip(a, b, (x, y) => (isFloat(x.dtype) ? x.add(y).mul(0.5) : x));
    const once = make(lr);
    let big = once.init(model);
    let expected: unknown;
    for (let i = 0; i < 2; i++) [expected, big] = once.update(mean, big, model);
    const parts = optim.accumulate(2, make(lr));
    let state = parts.init(model);
    let updates: unknown;
    for (let i = 0; i < 2; i++) {
      [updates, state] = parts.update(a, state, model);
      expect((await numbersOf(updates)).flat().every((value) => value === 0)).toBe(true);
      [updates, state] = parts.update(b, state, model);
    }
    const [got, wanted] = [(await numbersOf(updates)).flat(), (await numbersOf(expected)).flat()];
    expect(got.length).toBe(wanted.length);
    got.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], 5));
  });

  it("says so when the state is of another model", () => {
    const transform = make(lr);
    const other = { layers: [new Layer(values("float32", [5, 5], 0), values("float32", [5], 0))], count: tensor([1], "int32") };
    const model = makeModel();
    const stateful = tree.leaves(transform.init(model)).some(([, leaf]) => leaf.rank > 0);
    if (stateful) expect(() => transform.update(model, transform.init(other), model)).toThrow(/init\(params\)/);
  });
});
