/** @file Products whose operands are rounded to eight bits (ISOFLOP_PRODUCTS=float8): the same numbers as rounding them beforehand gives. */
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { abs, fromHost, matmul, max, numerics, optim, realize, type Tensor } from "../../../kernel";
import { deviceExecutor } from "../../../kernel/runtime/native/device/deviceExecutor";
import { nativeExecutor } from "../../../kernel/runtime/native/native";
import { executor, setExecutor } from "../../../kernel/runtime/session";
import { difference, floats, largest } from "../operatorChecks";
import { batchOf, training } from "./training";

process.env.ISOFLOP_PRODUCTS = "float8"; // read at the first product
const before = await executor();
const [cpu, device] = [nativeExecutor(), deviceExecutor("simulated")];
afterAll(() => setExecutor(before));
beforeEach(() => setExecutor(device));

const LARGEST = 448;

/** By the library's own rounding, with one scale for all of `x`. */
function rounded(x: Tensor): Tensor {
  const flat = x.reshape([1, x.size]);
  return numerics.roundScaled(flat, "e4m3", { scales: max(abs(flat), -1, { keep: true }).div(LARGEST) }).reshape(x.shape);
}

async function on(engine: typeof cpu, build: () => Tensor): Promise<Float64Array> {
  setExecutor(engine);
  const result = build();
  await realize([result]);
  return result.numbers();
}

const size = fc.integer({ min: 16, max: 70 });
const shapes = fc.record({ m: size, n: size, k: size, transA: fc.boolean(), transB: fc.boolean(), batch: fc.constantFrom([[], []], [[3], []], [[2, 3], [2, 3]], [[], [3]]), alpha: fc.constantFrom(1, -0.5), seed: fc.integer({ min: 1, max: 1000 }) });

describe("products in eight bits", () => {
  test("equal products of operands that were rounded beforehand, of any layout and batch", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ m, n, k, transA, transB, batch: [left, right], alpha, seed }) => {
        const a = floats([...left, ...(transA ? [k, m] : [m, k])], seed, 3);
        const b = floats([...right, ...(transB ? [n, k] : [k, n])], seed + 1, 0.01);
        const got = await on(device, () => matmul(a, b, { transA, transB, alpha }));
        const want = await on(cpu, () => matmul(rounded(a), rounded(b), { transA, transB, alpha }));
        const terms = await on(cpu, () => matmul(abs(a), abs(b), { transA, transB, alpha }));
        expect(difference(got, want, largest(terms))).toBeLessThan(1e-6);
        // It is no product in float32.
        expect(difference(got, await on(cpu, () => matmul(a, b, { transA, transB, alpha })), largest(terms))).toBeGreaterThan(1e-5);
      }),
      { numRuns: 30 },
    );
  });

  test("stay in float32 where a size is below 16", async () => {
    const [a, b] = [floats([15, 64], 1), floats([64, 40], 2)];
    expect(difference(await on(device, () => matmul(a, b)), await on(cpu, () => matmul(a, b)))).toBeLessThan(1e-6);
  });

  test("of zeros are zeros, and NaN stays where it was", async () => {
    const b = floats([32, 16], 2);
    expect(await on(device, () => matmul(fromHost({ dtype: "float32", shape: [16, 32], data: new Float32Array(512) }), b))).toEqual(new Float64Array(256));
    const values = Float32Array.from({ length: 512 }, (_, i) => (i === 40 ? NaN : Math.sin(i)));
    const rows = await on(device, () => matmul(fromHost({ dtype: "float32", shape: [16, 32], data: values }), b));
    expect([...rows].map((value, i) => Number.isNaN(value) === (Math.floor(i / 16) === 1))).not.toContain(false);
  });

  test("of subnormal and of huge numbers keep three bits of each", async () => {
    for (const scale of [1e-37, 1e30]) {
      const [a, b] = [floats([16, 16], 3, scale), floats([16, 16], 4)];
      expect(difference(await on(device, () => matmul(a, b)).then((xs) => xs.map((x) => x / scale)), (await on(cpu, () => matmul(floats([16, 16], 3), b))))).toBeLessThan(0.1);
    }
  });

  test("are refused by a name that is none of theirs", () => {
    process.env.ISOFLOP_PRODUCTS = "fp8";
    expect(() => deviceExecutor("simulated")).toThrow(/"fp8"\n.*ISOFLOP_PRODUCTS\n.*float8/);
    process.env.ISOFLOP_PRODUCTS = "float8";
  });

  test("train a small GPT as float32 does, to a few parts in a hundred of the loss", async () => {
    const losses = async (engine: typeof cpu): Promise<number[]> => {
      setExecutor(engine);
      const { step } = training({ optimizer: optim.adamw({ lr: 3e-3 }) });
      const taken: number[] = [];
      for (let i = 0; i < 30; i++) taken.push(await (await step(batchOf(0))).item());
      return taken;
    };
    const [rough, exact] = [await losses(device), await losses(cpu)];
    expect(exact.at(-1)).toBeLessThan(exact[0] / 2);
    rough.forEach((loss, i) => expect(Math.abs(loss - exact[i])).toBeLessThan(0.05 * exact[0]));
    expect(rough[0]).not.toBe(exact[0]);
  });
});
