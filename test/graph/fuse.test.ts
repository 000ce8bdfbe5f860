/** @file Fused kernels: they compute what the graph before computed, whatever is fused, and are never in each other's way. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import "../../kernel/graph/methods";
import "../../kernel/runtime/realize";
import { grad } from "../../kernel/autodiff/grad";
import { costOf } from "../../kernel/cost/report";
import { softmax } from "../../kernel/graph/composites/activations";
import { layerNorm, rmsNorm } from "../../kernel/graph/composites/normalization";
import { abs, add, cast,  erf, exp, less, log, maximum, minimum, mul, neg, scalar, sigmoid, sqrt, square, sub, tanh, where } from "../../kernel/graph/ops/elementwise";
import { matmul } from "../../kernel/graph/ops/linalg";
import { transpose } from "../../kernel/graph/ops/movement";
import { max, sum } from "../../kernel/graph/ops/reduction";
import { fuse } from "../../kernel/graph/passes/fuse";
import { topological } from "../../kernel/graph/rewrite";
import { fromHost, placeholder, realize, type Tensor } from "../../kernel/graph/tensor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { executor, kernels, lowered, setExecutor } from "../../kernel/runtime/session";
import { gptStep } from "../cost/steps";
import { randomGraphs, resultsOf, wave as data } from "./randomGraphs";

const before = await executor();
const [fusing, plain] = [nativeExecutor(), nativeExecutor({ ownOperators: false })];
afterAll(() => setExecutor(before));

/** Results of `build` with fusion and without. */
async function both(build: () => readonly Tensor[]): Promise<(readonly [Float64Array, Float64Array])[]> {
  const results: Float64Array[][] = [];
  for (const engine of [fusing, plain]) {
    setExecutor(engine);
    const outputs = build();
    await realize(outputs);
    results.push(await Promise.all(outputs.map((output) => output.numbers())));
  }
  return results[0].map((values, i) => [values, results[1][i]] as const);
}

async function expectSame(build: () => readonly Tensor[], tolerance = 2e-6): Promise<void> {
  for (const [got, want] of await both(build)) {
    const size = want.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 1);
    const wrong = want.findIndex((value, i) => !(Object.is(got[i], value) || Math.abs(got[i] - value) <= tolerance * size));
    expect(wrong, wrong < 0 ? "" : `element ${wrong} is ${got[wrong]} instead of ${want[wrong]}`).toBe(-1);
  }
}

const fusedKernels = (outputs: readonly Tensor[]): number => new Set(topological(outputs).flatMap((x) => (x.op === "Fused" ? [(x as Tensor<"Fused">).attrs.kernel.id] : []))).size; // SAFETY: the op says which attributes

describe("fusion", () => {
  test("keeps the values of random graphs with operands that are repeated along any axes", async () => {
    await fc.assert(
      fc.asyncProperty(randomGraphs, (graph) => expectSame(() => resultsOf(graph), 2e-5)),
      { numRuns: 150 },
    );
  });

  test("of large tensors shares them out among threads, whatever their rows", async () => {
    for (const shape of [[300_000], [3, 70_001], [5000, 33], [70_000, 3], [2, 40, 1000], [1, 16_384]]) {
      await expectSame(() => {
        const x = data(shape, 3);
        const row = data(shape.slice(-1), 4);
        return [add(mul(tanh(x), row), 0.25), softmax(x)];
      });
    }
  });

  test("reads and writes flags", async () => {
    await expectSame(() => {
      const [x, y] = [data([7, 9], 1), data([7, 1], 2)];
      const flag = less(x, y);
      const outside = transpose(cast(flag, "int32"));
      return [where(flag, exp(x), neg(y)), cast(outside, "float32"), where(transpose(transpose(flag)), x, 1)];
    });
  });

  test("keeps NaN and infinity what they are", async () => {
    await expectSame(() => {
      const x = fromHost({ dtype: "float32", shape: [2, 6], data: Float32Array.of(NaN, Infinity, -Infinity, 0, -0, 1e-42, 100, -100, 88.8, -103, 3e38, -3e38) });
      return [exp(x).add(0), log(abs(x)).mul(2), tanh(x).add(x), erf(x).mul(2), maximum(x, 0).add(minimum(x, 0)), sigmoid(x).mul(0.5), softmax(x), max(x, -1), sqrt(x).add(1)];
    });
  });

  test("of normalization and its gradient is one kernel for each pass over the rows", async () => {
    const [x, w, b] = [data([64, 48], 1), data([48], 2), data([48], 3)];
    const loss = (t: Tensor): Tensor => sum(square(rmsNorm(layerNorm(t, { weight: w, bias: b }), { weight: w })));
    await expectSame(() => [grad(loss)(x)], 1e-5);
    setExecutor(fusing);
    expect(fusedKernels(lowered([layerNorm(x, { weight: w, bias: b })], { inputs: [x], kernels: kernels() }).outputs)).toBe(1);
  });

  test("leaves alone what has no operands but numbers", async () => {
    await expectSame(() => [sub(erf(scalar(1)), erf(scalar(0.5)))]);
  });

  test("leaves apart what would need itself", async () => {
    // The sum needs the exponential through a product that is not pointwise: as one kernel it would wait for itself.
    const build = (): Tensor[] => {
      const x = data([8, 8], 1);
      const e = exp(x);
      return [add(e, tanh(matmul(e, x))).mul(2)];
    };
    await expectSame(build, 1e-5);
    const x = placeholder("x", { shape: [8, 8], dtype: "float32" });
    const e = exp(neg(x));
    expect(fusedKernels(fuse([add(e, tanh(matmul(e, x)))]))).toBe(2);
  });

  test("makes one kernel of an optimizer's update of a parameter, and counts its FLOPs as before", () => {
    const step = (engine: typeof fusing): ReturnType<typeof gptStep> => {
      setExecutor(engine);
      return gptStep({ vocab: 64, depth: 2, width: 32, heads: 2, context: 16, batch: 2 });
    };
    const [together, apart] = [step(fusing), step(plain)];
    expect(topological(together.outputs).filter(({ op }) => op !== "Input").length).toBeLessThan(topological(apart.outputs).filter(({ op }) => op !== "Input").length);
    // Repeated parts of different kernels may be computed twice, and products that stood for sums are sums.
    expect(Math.abs(costOf(together).flops / costOf(apart).flops - 1)).toBeLessThan(0.02);
    expect(costOf(together).bytesMoved).toBeLessThan(0.75 * costOf(apart).bytesMoved);
  });
});
