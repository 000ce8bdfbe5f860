/** @file loop: equal to its rounds written out, forward and gradient, on every executor; what it costs, and what it refuses. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grad, vjp } from "../../kernel/autodiff/grad";
import { costOf } from "../../kernel/cost/report";
import { ArgumentError, DtypeError, ShapeError, UnsupportedOpError } from "../../kernel/errors";
import { softmax } from "../../kernel/graph/composites/activations";
import { loop } from "../../kernel/graph/loop";
import { lower } from "../../kernel/graph/passes/lower";
import { gather } from "../../kernel/graph/ops/indexing";
import { matmul } from "../../kernel/graph/ops/linalg";
import { ones } from "../../kernel/graph/ops/movement";
import { topological } from "../../kernel/graph/rewrite";
import { placeholder, tensor, type Tensor } from "../../kernel/graph/tensor";
import * as nn from "../../kernel/nn";
import { exportOnnx } from "../../kernel/onnx/export";
import { fusedByLibrary } from "../../kernel/onnx/fused";
import { importOnnx } from "../../kernel/onnx/import/importOnnx";
import { nodesWithin } from "../../kernel/onnx/nestedGraphs";
import { decodeModel } from "../../kernel/onnx/protobuf";
import { key } from "../../kernel/random/key";
import { compile } from "../../kernel/runtime/compile";
import { EXECUTORS, compiledOn, float32, restoreExecutor, valuesOn } from "../executors";
import { wave } from "./randomGraphs";

await restoreExecutor();

type Body<S> = (state: S, round: Tensor) => S;
/** The rounds written out. */
function writtenOut<S>(count: number, initial: S, body: Body<S>): S {
  let state = initial;
  for (let i = 0; i < count; i++) state = body(state, tensor(i, "int64"));
  return state;
}

const close = (got: ArrayLike<number>, want: ArrayLike<number>): void => {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < got.length; i++) expect(Math.abs(got[i] - want[i])).toBeLessThan(1e-5 * (1 + Math.abs(want[i])));
};

interface State {
  readonly x: Tensor;
  readonly kept: readonly [Tensor, { readonly y: Tensor }];
}
/** Composites, pointwise functions, a product, values from outside, the number of the round, and a state that is passed on as it is. */
const step =
  (w: Tensor): Body<State> =>
  ({ x, kept: [fixed, { y }] }, round) => {
    const mixed = softmax(matmul(x, w)).mul(y).add(round.cast("float32").mul(0.1)).sub(x.mul(0.5).tanh());
    return { x: mixed, kept: [fixed, { y: y.mul(0.9).add(fixed).minimum(2) }] };
  };
const start = (rows: number, width: number): State => ({ x: wave([rows, width], 1), kept: [wave([width], 2), { y: wave([rows, width], 3) }] });

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it("computes what its rounds do, with gradients of all that it reads", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), async (count, rows, width) => {
        const results = await valuesOn(name, () => {
          const [w, initial, g] = [wave([width, width], 4), start(rows, width), wave([rows, width], 5)];
          return [loop, writtenOut].flatMap((repeated) => {
            const { x, kept } = repeated(count, initial, step(w));
            return [x, kept[0], kept[1].y, ...vjp([x, kept[1].y], { seeds: [g, g], wrt: [w, initial.x, initial.kept[0], initial.kept[1].y] })];
          });
        });
        for (let i = 0; i < 7; i++) close(results[i], results[7 + i]);
      }),
      { numRuns: 8 },
    );
  });

  it("runs within another, on values of the graphs around both, and within a function that takes over its state", async () => {
    const inner = (w: Tensor, count: number): Body<Tensor> => (x, i) => loop(count, x, (y, j) => y.mul(w).add(x).add(i.mul(10).add(j).cast("float32")));
    const [got] = await compiledOn(name, (x: Tensor, w: Tensor) => [loop(3, x, inner(w, 2))])(float32([1, 2]), float32([0.5, -1]));
    const [want] = await valuesOn(name, () => [writtenOut(3, float32([1, 2]), (x, i) => writtenOut(2, x, (y, j) => y.mul(float32([0.5, -1])).add(x).add(i.mul(10).add(j).cast("float32"))))]);
    close(got, want);
    const train = compile((state: Tensor, w: Tensor) => loop(4, state, (x) => x.mul(w).add(1)), { donate: ["state"] });
    let state = float32([1, 1, 1]);
    for (let i = 0; i < 3; i++) state = await train(state, float32([0.5, 0.5, 2]));
    close(await state.numbers(), [0, 0, 0].map((_, k) => Array.from({ length: 12 }).reduce<number>((x) => x * [0.5, 0.5, 2][k] + 1, 1)));
  });

  it("gives a value twice, gives what it was given, and reads a result that also leaves the function", async () => {
    const results = await compiledOn(name, (x: Tensor) => {
      const y = x.add(1);
      const { a, b, c } = loop(2, { a: x, b: y, c: x }, ({ a, c }) => ({ a: c, b: c, c: a.add(y) }));
      return [y, a, b, c, loop(1, y, (z) => z), loop(1, y, () => x)];
    })(float32([1, 2]));
    expect(results.map((result) => [...result])).toEqual([[2, 3], [3, 5], [3, 5], [3, 5], [2, 3], [1, 2]]);
  });

  it("runs 10,000 rounds as a graph of a few nodes", async () => {
    const graph = compile((x: Tensor) => loop(10_000, x, (y, i) => y.mul(0.999).add(i.cast("float32").mul(1e-4))));
    expect(nodesWithin(graph.onnx(ones([5])).graph.nodes).length).toBeLessThan(12);
    const [got] = await compiledOn(name, (x: Tensor) => [loop(10_000, x, (y, i) => y.mul(0.999).add(i.cast("float32").mul(1e-4)))])(ones([5]));
    let want = 1;
    for (let i = 0; i < 10_000; i++) want = want * 0.999 + i * 1e-4;
    for (const value of got) expect(value / want).toBeCloseTo(1, 4);
  });
});

it("differentiates again, and where the whole of it is a loss", () => {
  const cube = (x: Tensor): Tensor => loop(2, ones([3]), (y) => y.mul(x)).mul(x).sum();
  return valuesOn("native", () => [grad((x: Tensor) => grad(cube)(x).mul(float32([1, 2, 3])).sum())(float32([1, -1, 2]))]).then(([second]) => close(second, [6, -12, 36]));
});

it("lowers its body like the graph around it: what is pointwise there is one kernel", () => {
  const x = placeholder("x", { shape: [4, 8], dtype: "float32" });
  const [lowered] = lower([loop(5, x, (y) => softmax(y.mul(2)).add(y.exp()).tanh())], { fused: fusedByLibrary, fuse: true });
  // SAFETY: it was made as a loop.
  const { loop: body } = (lowered as Tensor<"Loop">).attrs;
  expect(topological(body.bodies).map(({ op }) => op)).toEqual(["Input", "Fused"]);
});

it("costs as much as its rounds", () => {
  const [x, w] = [placeholder("x", { shape: [4, 8], dtype: "float32" }), placeholder("w", { shape: [8, 8], dtype: "float32" })];
  const body: Body<{ readonly x: Tensor; readonly y: Tensor }> = (state) => ({ x: softmax(matmul(state.x, w)), y: state.y.add(state.x).tanh() });
  const cost = (outputs: readonly Tensor[], fuse: boolean): number => costOf({ inputs: [x, w], outputs: lower(outputs, { fused: fusedByLibrary, fuse }) }).flops;
  for (const fuse of [false, true]) {
    const round = cost(Object.values(body({ x, y: x }, tensor(0, "int64"))), fuse);
    const both = loop(700, { x, y: x }, body);
    expect(round).toBeGreaterThan(500);
    expect(cost([both.x, both.y], fuse)).toBe(700 * round);
    expect(cost([loop(3, x, (z) => loop(5, z, (s) => body({ x: s, y: s }, s).x))], fuse)).toBe(15 * cost([body({ x, y: x }, x).x], fuse));
  }
});

it("shows what its rounds cost by operation and by layer", () => {
  const x = placeholder("x", { shape: [4, 8], dtype: "float32" });
  const layer = nn.linear({ in: 8, out: 8, key: key(1) });
  const step = compile((model: { readonly inner: typeof layer }, state: Tensor) => loop(6, state, (y) => loop(5, y, (z) => model.inner.call(z))).sum());
  const report = step.cost({ inner: layer }, x);
  expect(report.byOp).toEqual(expect.arrayContaining([expect.objectContaining({ op: "MatMul", calls: 30, flops: 30 * 2 * 4 * 8 * 8 }), expect.objectContaining({ op: "Loop", calls: 1 + 6, flops: 0 })]));
  expect(String(report)).toMatch(/inner +\S+ kFLOP/);
});

it("leaves as a standard model with a Loop in it, and comes back", async () => {
  const repeated = (x: Tensor, w: Tensor): Tensor => loop(4, x, (y, i) => softmax(matmul(y, w)).add(i.cast("float32")));
  const [x, w] = [wave([2, 3], 1), wave([3, 3], 2)];
  const file = await exportOnnx(repeated, [x, w]);
  const nodes = decodeModel(file).graph.nodes;
  expect(nodes.map(({ opType }) => opType)).toEqual(["Loop"]);
  expect(nodesWithin(nodes).every(({ domain }) => domain === "")).toBe(true);
  const model = importOnnx(file);
  close(await (await compile((a: Tensor, b: Tensor) => model.call({ x: a, w: b }))(x, w))["output"].numbers(), await repeated(x, w).numbers());
});

describe("what does not fit", () => {
  const x = ones([2, 3]);
  it.each<readonly [string, () => unknown, new (...args: never[]) => Error, RegExp]>([
    ["another number of rounds", () => loop(-1, x, (y) => y), ArgumentError, /loop: -1 rounds/],
    ["half a round", () => loop(1.5, x, (y) => y), ArgumentError, /loop: 1.5 rounds/],
    ["a state without a tensor", () => loop(2, { a: 1 }, (s) => s), ArgumentError, /holds no tensor/],
    ["another shape", () => loop(2, { a: [x] }, ({ a: [y] }) => ({ a: [y.sum(0)] })), ShapeError, /loop: a\.0 is \[2, 3\] before a round and \[3\] after it\n {2}at .*\n {2}help: /],
    ["another dtype", () => loop(2, x, (y) => y.cast("float64")), DtypeError, /loop: the state is float32 before a round and float64 after it/],
    ["a tensor less", () => loop<{ a: Tensor; b?: Tensor }>(2, { a: x, b: x }, ({ a }) => ({ a })), ArgumentError, /loop: b is .* before a round and absent after it/],
    ["a tensor more", () => loop<{ a: Tensor; b?: Tensor }>(2, { a: x }, ({ a }) => ({ a, b: a })), ArgumentError, /loop: b is absent before a round/],
    ["a number that changes", () => loop(2, { a: x, n: 0 }, ({ a, n }) => ({ a, n: n + 1 })), ArgumentError, /loop: n is 0 before a round and 1 after it\n[^]*must be a tensor/],
    ["an async body", () => loop<unknown>(2, x, (y) => Promise.resolve(y)), ArgumentError, /the body is async/],
  ])("%s is refused, where and with help", (_, build, type, message) => {
    expect(build).toThrow(type);
    expect(build).toThrow(message);
  });

  it("what fails in a round is told with the line in the body", async () => {
    const outside = compile((y: Tensor) => loop(2, y, (z) => loop(4, z, (s, i) => gather(s, i.add(1).reshape([1])).broadcastTo([3, 3]))));
    await expect(outside(ones([3, 3]))).rejects.toThrow(/an index lies outside of what it chooses from: [^\n]*\n {2}at Gather_\S+ .*loop\.test\.ts/);
  });

  it("a value of a round is refused outside of the loop", async () => {
    const leaking = compile((y: Tensor) => {
      let inside = y;
      loop(2, y, (z) => (inside = z.add(1)));
      return inside;
    });
    await expect(leaking(x)).rejects.toThrow(/a value inside of a loop.*\n {2}at .*loop\.test\.ts.*\n {2}help: return it from the body/);
  });

  it("a gradient of too many rounds is refused, those of loops within counted", () => {
    const deep = (outer: number, inner: number): unknown => grad((y: Tensor) => loop(outer, y, (z) => loop(inner, z, (s) => s.mul(0.5).tanh())).sum())(x);
    expect(() => deep(1, 100)).not.toThrow();
    expect(() => deep(300, 300)).toThrow(UnsupportedOpError);
    expect(() => deep(300, 300)).toThrow(/the gradient of 300 rounds unrolls 180000 operations.*\n {2}at .*\n {2}help: use fewer rounds/);
  });
});
