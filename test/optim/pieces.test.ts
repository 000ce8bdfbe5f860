import fc from "fast-check";
import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { describe, expect, it } from "vitest";
import "../../kernel/runtime/realize";
import { ArgumentError, ShapeError } from "../../kernel/errors";
import { add, scalar } from "../../kernel/graph/ops/elementwise";
import { computedNodes } from "../../kernel/graph/rewrite";
import { sameShape } from "../../kernel/graph/shape";
import { realize, tensor, type Tensor } from "../../kernel/graph/tensor";
import * as tree from "../../kernel/graph/tree";
import { gpt } from "../../kernel/nn/gpt";
import * as optim from "../../kernel/optim";
import { correction } from "../../kernel/optim/adam";
import * as random from "../../kernel/random";
import { compile } from "../../kernel/runtime/compile";

const rows = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 6 });
const flat = async (value: unknown): Promise<number[]> => {
  const leaves = tree.leaves(value).map(([, leaf]) => leaf);
  await realize(leaves);
  return (await Promise.all(leaves.map(async (leaf) => [...(await leaf.numbers())]))).flat();
};
const normOf = (values: readonly number[]): number => Math.hypot(...values);

describe("clipByGlobalNorm", () => {
  it("limits the norm of all gradients together, keeps their direction, and leaves small ones exactly as they are", async () => {
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.double({ min: 0.01, max: 200, noNaN: true }), async (a, b, limit) => {
        const grads = { a: tensor(a), b: tensor(b) };
        const before = await flat(grads);
        const after = await flat(optim.clipByGlobalNorm(limit).update(grads, {}, grads)[0]);
        expect(normOf(after)).toBeLessThanOrEqual(limit * (1 + 1e-6));
        const ratio = Math.min(1, limit / normOf(before));
        if (normOf(before) < limit * (1 - 1e-6)) expect(after).toEqual(before);
        else after.forEach((value, i) => expect(Math.abs(value - before[i] * ratio)).toBeLessThan(1e-5 * limit));
      }),
      { numRuns: 25 },
    );
  });

  it("leaves zeros zero and lets NaN be seen", async () => {
    const clip = (values: number[]): Promise<number[]> => flat(optim.clipByGlobalNorm(1).update({ a: tensor(values) }, {}, {})[0]);
    expect(await clip([0, 0])).toEqual([0, 0]);
    expect((await clip([NaN, 1])).every(Number.isNaN)).toBe(true);
    expect(() => optim.clipByGlobalNorm(0)).toThrow(ArgumentError);
  });
});

it("clipByValue limits every element", async () => {
  expect(await flat(optim.clipByValue(2).update({ a: tensor([-5, -2, 0.5, 3]) }, {}, {})[0])).toEqual([-2, -2, 0.5, 2]);
});

it("globalNorm joins all floating tensors", async () => {
  expect(await optim.globalNorm({ a: tensor([3]), b: [tensor([[4]])], c: tensor([100], "int32") }).item()).toBe(5);
  expect(await optim.globalNorm({}).item()).toBe(0);
});

describe("weight decay", () => {
  const params = { "mlp.up.weight": tensor([[1, 2]]), "mlp.up.bias": tensor([3]), "norm1.weight": tensor([[4]]), embedding: tensor([[5]]) };
  const grads = tree.map(params, (leaf) => tensor({ dtype: "float32", shape: leaf.shape, data: new Float32Array(leaf.size) }));

  it("is for matrices, not for biases and norms", async () => {
    const transforms: optim.Transform[] = [optim.adamw({ lr: 1, weightDecay: 0.5 }), optim.lion({ lr: 1, weightDecay: 0.5 })];
    for (const transform of transforms) {
      const [updates] = transform.update(grads, transform.init(params), params);
      expect((await flat(updates)).map((value) => value + 0)).toEqual([-0.5, -1, 0, 0, -2.5]);
    }
    expect(await flat(optim.weightDecay({ rate: 0.5 }).update(grads, {}, params)[0])).toEqual([0.5, 1, 0, 0, 2.5]);
  });

  it("is for what a filter names", async () => {
    const transform = optim.adamw({ lr: 1, weightDecay: 1, decays: (path) => path.endsWith("bias") });
    expect((await flat(transform.update(grads, transform.init(params), params)[0])).map((value) => value + 0)).toEqual([0, 0, -3, 0, 0]);
  });
});

describe("chain", () => {
  it("names the state of each part, so that checkpoints read well", () => {
    const transform = optim.chain(optim.scale(1), optim.clipByValue(1), optim.scale(2), optim.adamw());
    const paths = tree.pathsOf(transform.init({ up: { weight: tensor([[1]]) } }));
    expect(paths).toEqual(["scale.step", "scale2.step", "adamw.step", "adamw.moment1.up.weight", "adamw.moment2.up.weight"]);
  });

  it("says what is missing in a state of something else, or in none", () => {
    const params = { a: tensor([1]) };
    // @ts-expect-error -- what a cell without types may do
    expect(() => optim.adamw().update(params, undefined, params)).toThrow(/adamw: the state has no "step"; it has nothing/);
    expect(() => optim.chain(optim.adam()).update(params, optim.chain(optim.lion()).init(params), params)).toThrow(/no "adam"; it has lion/);
  });
});

describe("partition", () => {
  const params = { a: tensor([1, 1]), b: tensor([2]) };

  it("gives each parameter to the transform of its label, frozen ones keep their values", async () => {
    const transform = optim.partition({ fast: optim.sgd({ lr: 1 }), frozen: optim.freeze() }, (path) => (path === "a" ? "fast" : "frozen"));
    const [updates, state] = transform.update({ a: tensor([0.25, 0.5]), b: tensor([9]) }, transform.init(params), params);
    const after = optim.applyUpdates(params, updates);
    expect(await flat(after.a)).toEqual([0.75, 0.5]);
    expect(after.b).toBe(params.b);
    expect(tree.pathsOf(state)).toEqual(["fast.step"]);
  });

  it("clips within a part only", async () => {
    const part = optim.partition({ small: optim.clipByGlobalNorm(1), rest: optim.scale(1) }, (path) => (path === "a" ? "small" : "rest"));
    const [updates] = part.update({ a: tensor([3, 4]), b: tensor([50]) }, part.init(params), params);
    const [x, y, z] = await flat(updates);
    expect([x, y]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
    expect(z).toBe(50);
  });

  it("refuses a label without a transform", () => {
    const parts: Readonly<Record<string, optim.Transform>> = { only: optim.sgd() };
    expect(() => optim.partition<string>(parts, () => "other").init(params)).toThrow(/"other"[\s\S]*labels here are only/);
  });
});

describe("ema", () => {
  it("averages with decaying weights, from copies of the parameters", async () => {
    const average = optim.ema({ decay: 0.5 });
    let params = { w: tensor([8]), n: tensor([1], "int32") };
    let state = average.init(params);
    // Both are donated: the copies must be copies.
    const step = compile((p: typeof params, s: optim.EmaState) => {
      const next = { ...p, w: add(p.w, 8) };
      return { params: next, state: average.update(s, next) };
    }, { donate: ["p", "s"] });
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      ({ params, state } = await step(params, state));
      seen.push(await average.apply(params, state).w.item());
    }
    expect(seen).toEqual([12, 18, 25]);
    expect(average.apply(params, state).n).toBe(params.n);
  });

  it("warms up with a short memory", async () => {
    const average = optim.ema({ decay: 0.99, warmup: true });
    const state = average.update(average.init({ w: tensor([0]) }), { w: tensor([1]) });
    expect(await average.apply({ w: tensor([5]) }, state).w.item()).toBeCloseTo(0.9, 6);
  });
});

it("accumulate applies the mean of every n-th call and refuses n below one", async () => {
  const transform = optim.accumulate(3, optim.sgd({ lr: 1 }));
  const params = { w: tensor([0]) };
  let state = transform.init(params);
  const seen: number[] = [];
  for (const g of [1, 2, 6, 3, 3, 3]) {
    const [updates, next] = transform.update({ w: tensor([g]) }, state, params);
    state = next;
    seen.push((await flat(updates))[0] + 0);
  }
  expect(seen).toEqual([0, 0, -3, 0, 0, -3]);
  expect(() => optim.accumulate(0, optim.sgd())).toThrow(ArgumentError);
});

it("a learning rate of more than one number is refused", () => {
  const params = { w: tensor([[1, 1]]) };
  expect(() => optim.adamw({ lr: tensor([1, 2]) }).update(params, optim.adamw().init(params), params)).toThrow(ShapeError);
});

describe("adamw's lean form", () => {
  it("corrects the bias to float32 precision at any step", async () => {
    const steps = [0, 1, 2, 9, 100, 999, 12345, 10 ** 6];
    for (const decay of [0.8, 0.9, 0.95, 0.999, 0.9999]) {
      const values = await correction(tensor(steps, "int32"), decay).numbers();
      steps.forEach((step, i) => {
        const exact = (1 - decay) / -Math.expm1((step + 1) * Math.log(decay));
        expect(Math.abs(values[i] / exact - 1), `decay ${decay}, step ${step}`).toBeLessThan(1e-6);
      });
    }
  });

  it("costs eleven elementwise operations for a decayed parameter", () => {
    const transform = optim.adamw({ lr: optim.constant(1e-3) });
    const params = { w: tensor([[1, 2, 3]]) };
    const step = compile((p: typeof params, s: optim.AdamState, g: typeof params) => {
      const [updates, state] = transform.update(g, s, p);
      return { params: optim.applyUpdates(p, updates), state };
    });
    const { outputs } = step.lowered(params, transform.init(params), params);
    const wide = computedNodes(outputs).filter((x) => sameShape(x.shape, [1, 3]) && x.inputs.length > 0);
    expect(wide.map((x) => x.op).sort()).toEqual(["Add", "Add", "Add", "Add", "Div", "Mul", "Mul", "Mul", "Mul", "Mul", "Sqrt"]);
  });
});

it("muon takes the matrices inside a model's blocks, AdamW its embeddings, head, biases and norms", () => {
  const model = gpt({ vocab: 11, depth: 1, width: 8, heads: 2, context: 4, key: random.key(0) });
  const of = (state: unknown): string[] => tree.pathsOf(state).map((path) => path.replace(/^(velocity|moment1)\./, ""));
  const { matrices, rest } = optim.muon().init(model);
  const [taken, left] = [of(matrices), of(rest)];
  for (const [path, leaf] of tree.leaves(model)) expect(taken.includes(path), path).toBe(leaf.rank === 2 && path.startsWith("blocks."));
  expect(left).toContain("tokens.weight");
  for (const path of tree.pathsOf(model)) expect(taken.includes(path)).not.toBe(left.includes(path));
});

describe("orthogonalize", () => {
  it("brings the singular values near 1 and keeps the singular vectors", async () => {
    for (const shape of [[16, 16], [24, 8], [8, 24]]) {
      const g: Tensor = random.normal(random.key(shape[0]), shape);
      const to2d = (values: Float64Array): Matrix => Matrix.from1DArray(shape[0], shape[1], Array.from(values));
      const before = new SingularValueDecomposition(to2d(await g.numbers()), { autoTranspose: true });
      const x = to2d(await optim.orthogonalize(g).numbers());
      // Uᵀ x V is diagonal, with the new singular values on the diagonal.
      const inside = before.leftSingularVectors.transpose().mmul(x).mmul(before.rightSingularVectors);
      for (let i = 0; i < inside.rows; i++)
        for (let j = 0; j < inside.columns; j++) {
          if (i !== j) expect(Math.abs(inside.get(i, j))).toBeLessThan(1e-3);
          else if (before.diagonal[i] > 0.05 * before.diagonal[0]) expect(Math.abs(inside.get(i, i) - 0.95)).toBeLessThan(0.3);
        }
    }
  });

  it("is one node, so that an executor may put its own kernel there", () => {
    expect(optim.orthogonalize(add(tensor([[1, 2]]), scalar(0))).op).toBe("Composite");
  });
});
