/** @file Attention in tiles on the simulated device: equal to the CPU's operator, forward and gradients, on shapes of any kind. */
import { assert, asyncProperty, constantFrom, integer, record } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import "../../../kernel/runtime/realize";
import { vjp } from "../../../kernel/autodiff/grad";
import { isComposite } from "../../../kernel/graph/composite";
import { scaledDotProductAttention, type AttentionOptions } from "../../../kernel/graph/composites/attention";
import { lower } from "../../../kernel/graph/passes/lower";
import { cast } from "../../../kernel/graph/ops/elementwise";
import { topological } from "../../../kernel/graph/rewrite";
import { fromHost, realize, type Tensor } from "../../../kernel/graph/tensor";
import type { Executor } from "../../../kernel/runtime/executor";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { nativeExecutor } from "../../../kernel/runtime/native/native";
import { executor, setExecutor } from "../../../kernel/runtime/session";
import { wave } from "../../graph/randomGraphs";
import { operandShapes, type BiasKind } from "../attentionCases";

const before = await executor();
afterAll(() => setExecutor(before));
const [cpu, device] = [nativeExecutor(), deviceExecutor("simulated")];

interface Operands {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

/** The result of attention and the gradients of its operands, on `engine`, where it runs as one operator. */
async function attend(engine: Executor, { q, k, v }: Operands, options: AttentionOptions): Promise<Float64Array[]> {
  setExecutor(engine);
  const out = scaledDotProductAttention({ q, k, v }, options);
  const gradients = vjp([out], { seeds: [wave(out.shape, 9)], wrt: [q, k, v] }).flatMap((gradient) => gradient ?? []);
  const outputs = [out, ...gradients];
  for (const name of ["Attention", "AttentionGradient"]) expect(topological(lower(outputs, { fused: engine.fused, fuse: true })).some((node) => isComposite(node, name))).toBe(true);
  await realize(outputs);
  return Promise.all(outputs.map((output) => output.numbers()));
}

/** The same in float64, by its parts. */
async function exactly({ q, k, v }: Operands, { bias, ...options }: AttentionOptions): Promise<Float64Array[]> {
  setExecutor(cpu);
  const wide = [q, k, v].map((x) => cast(x, "float64"));
  const out = scaledDotProductAttention({ q: wide[0], k: wide[1], v: wide[2] }, { ...options, ...(bias === undefined ? {} : { bias: cast(bias, "float64") }) });
  const outputs = [out, ...vjp([out], { seeds: [cast(wave(out.shape, 9), "float64")], wrt: wide }).flatMap((gradient) => gradient ?? [])];
  await realize(outputs);
  return Promise.all(outputs.map((output) => output.numbers()));
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const furthest = (values: Float64Array, exact: Float64Array): number => largest(values.map((value, i) => value - exact[i]));

/** Results are right to 1e-5 of the largest; where the CPU's own lose more, since scores are large or sums cancel, to some times that: few elements may happen to be exact there. */
async function expectExact(operands: Operands, options: AttentionOptions): Promise<void> {
  const [exact, onCpu, got] = [await exactly(operands, options), await attend(cpu, operands, options), await attend(device, operands, options)];
  exact.forEach((values, k) => expect(furthest(got[k], values), `result ${k}`).toBeLessThanOrEqual(Math.max(1e-5 * largest(values), 16 * furthest(onCpu[k], values))));
}

describe("attention on a device", () => {
  test("and its gradients equal the CPU's", async () => {
    const cases = record({
      heads: integer({ min: 1, max: 2 }),
      group: constantFrom(1, 1, 2, 3),
      batch: integer({ min: 1, max: 2 }),
      queries: integer({ min: 1, max: 140 }),
      more: constantFrom(0, 0, 1, 63, 70),
      width: constantFrom(1, 7, 40, 64, 65, 130),
      valueWidth: constantFrom(1, 5, 33, 64, 100),
      causal: constantFrom(true, false),
      timeFirst: constantFrom(true, false),
      bias: constantFrom<BiasKind[]>("none", "all", "keys", "heads", "batch", "one"),
      sharpness: constantFrom(0.3, 1, 4),
    });
    await assert(
      asyncProperty(cases, async ({ causal, sharpness, ...one }) => {
        const { q, k, v, bias } = operandShapes(one);
        const operands = { q: wave(q, 1), k: wave(k, 2), v: wave(v, 3) };
        const { timeFirst, width } = one;
        await expectExact(operands, { causal, timeFirst, scale: sharpness / Math.sqrt(width), ...(bias === undefined ? {} : { bias: wave(bias, 4) }) });
      }),
      { numRuns: 15 },
    );
  }, 600_000);

  test("is not NaN where a bias of -infinity hides all keys of a tile, but not all", async () => {
    const bias = fromHost({ dtype: "float32", shape: [1, 1, 1, 130], data: Float32Array.from({ length: 130 }, (_, i) => (i < 100 ? -Infinity : 0)) });
    const [q, k, v] = [1, 2, 3].map((at) => wave([2, 130, 8], at));
    await expectExact({ q, k, v }, { bias });
  }, 600_000);

  test("carries NaN on, to the queries that read it", async () => {
    const q = fromHost({ dtype: "float32", shape: [1, 100, 4], data: Float32Array.from({ length: 400 }, (_, i) => (i === 12 ? NaN : Math.sin(i))) });
    const [rows] = await attend(device, { q, k: wave([1, 100, 4], 1), v: wave([1, 100, 1], 2) }, {});
    expect([...rows].flatMap((value, i) => (Number.isNaN(value) ? [i] : []))).toEqual([3]);
  }, 600_000);

  test("of wider heads is computed in pieces", async () => {
    setExecutor(device);
    const [q, k, v] = [1, 2, 3].map((at) => wave([1, 3, 300], at));
    const out = scaledDotProductAttention({ q, k, v });
    expect(topological(lower([out], { fused: device.fused, fuse: true })).some((node) => isComposite(node, "Attention"))).toBe(false);
    expect((await out.numbers()).every(Number.isFinite)).toBe(true);
  }, 600_000);
});
