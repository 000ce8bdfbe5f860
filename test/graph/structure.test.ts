/** @file Trees, taps and checkpoints: the structure around graphs. */
import { describe, expect, test } from "vitest";
import { ArgumentError, checkpoint, compile, concat, grad, matmul, NoEffectError, ones, override, softmax, tap, tensor, tree, withTaps, type Tensor } from "../../kernel/index";
import { computedNodes } from "../../kernel/graph/rewrite";
import { withScope } from "../../kernel/graph/trace";

const numbers = async (t: Tensor): Promise<number[]> => [...(await t.numbers())];

class Layer {
  constructor(
    readonly weight: Tensor,
    readonly rate = 0.5,
  ) {}
  call(x: Tensor): Tensor {
    return withScope(tree.pathOf(this), () => tap("product", x.mul(this.weight)).mul(this.rate));
  }
}
const net = (): { readonly name: string; readonly layers: readonly Layer[]; readonly steps: Tensor } => ({ name: "net", layers: [new Layer(tensor([1, 2])), new Layer(tensor([3, 4]), 2)], steps: tensor([0], "int32") });

test("a list of parts that grows after they were joined changes nothing", async () => {
  const parts = [tensor([1]), tensor([2])];
  const joined = concat(parts);
  parts.push(joined);
  expect(await numbers(joined)).toEqual([1, 2]);
});

describe("trees", () => {
  test("name every tensor by its path, in the order of the properties", () => {
    expect(tree.pathsOf(net())).toEqual(["layers.0.weight", "layers.1.weight", "steps"]);
    expect(tree.pathsOf(tensor(1))).toEqual([""]);
    expect(tree.pathsOf({ a: null, b: undefined, c: "text", d: [], e: new Map([["x", tensor(1)]]) })).toEqual([]);
  });
  test("count floating elements as parameters", () => expect(tree.countParameters(net())).toBe(4));
  test("map to the same classes and values; what does not change stays the same object", () => {
    const before = net();
    const after = tree.map(before, (leaf, path) => (path === "layers.1.weight" ? leaf.neg() : leaf));
    expect(after.layers[1]).toBeInstanceOf(Layer);
    expect(after.layers[1].rate).toBe(2);
    expect(after.layers[0]).toBe(before.layers[0]);
    expect(tree.map(before, (leaf) => leaf)).toBe(before);
  });
  test("keep dates, expressions and maps as they are, also where layers are labelled", () => {
    const inside = { when: new Date(0), pattern: /x/, known: new Map([[1, 2]]), weight: tensor([1]) };
    const out = tree.mapLabelled(inside, (leaf) => leaf.neg());
    expect([out.when, out.pattern, out.known]).toEqual([inside.when, inside.pattern, inside.known]);
    expect(out.when).toBe(inside.when);
    expect(out.when.getTime()).toBe(0);
  });
  test("clone to the same classes and values in memory of their own", async () => {
    const before = net();
    const after = await tree.clone(before);
    expect(after.layers[1]).toBeInstanceOf(Layer);
    for (const [i, [path, leaf]] of tree.leaves(before).entries()) {
      const [otherPath, other] = tree.leaves(after)[i];
      expect([otherPath, other.dtype, ...(await other.numbers())]).toEqual([path, leaf.dtype, ...(await leaf.numbers())]);
      expect(other).not.toBe(leaf);
      expect(other.storage?.data).not.toBe(leaf.storage?.data);
    }
  });
  test("replace tensors by path, or say which paths there are", () => {
    const w = tensor([9, 9]);
    expect(tree.replace(net(), { "layers.0.weight": w }).layers[0].weight).toBe(w);
    expect(() => tree.replace(net(), { "layers.7.weight": w })).toThrow(/no tensor at layers.7.weight\n\s+help: paths here are layers.0.weight, layers.1.weight, steps/);
  });
  test("zip at equal paths, or name the paths that differ", async () => {
    const sum = tree.zip(net(), net(), (a, b) => a.add(b));
    expect(await numbers(sum.layers[1].weight)).toEqual([6, 8]);
    expect(() => tree.zip(net(), { layers: [new Layer(tensor([1]))] }, (a) => a)).toThrow(ArgumentError);
    expect(() => tree.zip(net(), { layers: [new Layer(tensor([1]))] }, (a) => a)).toThrow(/-layers.1.weight, -steps/);
  });
});

describe("taps", () => {
  const run = (m: ReturnType<typeof net>, x: Tensor): Tensor => m.layers.reduce((h, layer) => layer.call(h), x);

  test("read inner values by layer path and name", async () => {
    const traced = compile((m: ReturnType<typeof net>, x: Tensor) => withTaps(run, /product$/)(m, x));
    const { result, taps } = await traced(net(), tensor([1, 1]));
    expect(Object.keys(taps)).toEqual(["layers.0.product", "layers.1.product"]);
    expect(await Promise.all(Object.values(taps).map(numbers))).toEqual([[1, 2], [1.5, 4]]);
    expect(await numbers(result)).toEqual([3, 8]);
  });
  test("that are read have no part in gradients; values that replace them do", async () => {
    const loss = (m: ReturnType<typeof net>, x: Tensor): Tensor => run(m, x).sum();
    const plain = grad(loss)(net(), tensor([1, 1]));
    const read = grad((m: ReturnType<typeof net>, x: Tensor) => withTaps(loss, /product/)(m, x).result)(net(), tensor([1, 1]));
    expect(await numbers(read.layers[0].weight)).toEqual(await numbers(plain.layers[0].weight));
    const doubled = grad(override(loss, /1\.product/, (value) => value.mul(2)))(net(), tensor([1, 1]));
    expect(await numbers(doubled.layers[0].weight)).toEqual((await numbers(plain.layers[0].weight)).map((g) => 2 * g));
    const cut = grad(override(loss, /1\.product/, () => ones([2])))(net(), tensor([1, 1]));
    expect(await numbers(cut.layers[0].weight)).toEqual([0, 0]);
  });
  test("that match nothing are an error", () => {
    expect(() => withTaps(run, /attention/)(net(), tensor([1, 1]))).toThrow(NoEffectError);
    expect(() => override(run, /attention/, (value) => value)(net(), tensor([1, 1]))).toThrow(/no inner value matches/);
  });
  test("are gone after an error in the function", () => {
    expect(() => withTaps(() => { throw new Error("inner"); }, /./)()).toThrow("inner");
    expect(() => withTaps(() => tensor(1), /product/)()).toThrow(NoEffectError);
  });
});

describe("checkpoint", () => {
  const w = tensor([[0.5, -0.2], [0.1, 0.7]]);
  const block = (x: Tensor, v: Tensor): Tensor => softmax(matmul(matmul(x, v).tanh(), w).sin());
  const loss = (f: typeof block) => (v: Tensor, x: Tensor): Tensor => f(f(x, v), v).square().sum();
  const [v, x] = [tensor([[1, 0.3], [-0.4, 0.8]]), tensor([[1, 2], [0.5, -1], [0, 3]])];

  test("keeps values and gradients, those of tensors from outside included", async () => {
    const gradients = async (f: typeof block): Promise<number[]> => {
      const g = grad((m: { readonly v: Tensor; readonly x: Tensor }) => loss(f)(m.v, m.x))({ v, x });
      return [...(await numbers(loss(f)(v, x))), ...(await numbers(g.v)), ...(await numbers(g.x))];
    };
    const [want, got] = [await gradients(block), await gradients(checkpoint(block))];
    got.forEach((value, i) => expect(value).toBeCloseTo(want[i], 5));
  });
  test("computes inner values a second time in the graph that runs", () => {
    const count = (f: typeof block): number => computedNodes(compile((own: Tensor, input: Tensor) => grad((t: Tensor) => loss(f)(t, input))(own)).lowered(v, x).outputs).filter((t) => t.op === "Tanh").length;
    expect(count(block)).toBe(2);
    expect(count(checkpoint(block))).toBe(4);
  });
  test("may be nested, and differentiated twice", async () => {
    const nested = checkpoint((a: Tensor, b: Tensor) => checkpoint(block)(a, b).mul(2));
    const second = (f: typeof block): Tensor => grad((t: Tensor) => grad((s: Tensor) => f(x, s).square().sum())(t).square().sum())(v);
    const [want, got] = [await numbers(second((a, b) => block(a, b).mul(2))), await numbers(second(nested))];
    got.forEach((value, i) => expect(value).toBeCloseTo(want[i], 4));
  });
  test("of a function that only returns what it was given is that value", async () => {
    expect(await numbers(checkpoint((a: Tensor) => a)(v))).toEqual(await numbers(v));
  });
});
