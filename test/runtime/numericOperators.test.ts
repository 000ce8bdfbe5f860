/** @file Operators for few bits, random numbers, routing, hashing, assignment and linear attention: each is used, and equals its decomposition, forward and gradient. */
import { assert, asyncProperty, boolean, constantFrom, integer, record } from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import "../../kernel/graph/methods";
import "../../kernel/runtime/realize";
import { vjp } from "../../kernel/autodiff/grad";
import { assignColumns } from "../../kernel/graph/composites/assignment";
import { bucketIds, crossPolytopeCode } from "../../kernel/graph/composites/hashing";
import { linearAttention } from "../../kernel/graph/composites/linearAttention";
import { combineRows, dispatchRows, expertSlots } from "../../kernel/graph/composites/routing";
import { sizeOf } from "../../kernel/graph/shape";
import { fromHost, type Tensor } from "../../kernel/graph/tensor";
import { blockScales, hadamard, quantize, roundScaled, type BlockFormatName } from "../../kernel/numerics/index";
import { fold, key } from "../../kernel/random/key";
import { bernoulli, bits, nearestNormal, normal, uniform } from "../../kernel/random/index";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { expectEqual, floats, int64, onEveryEngine } from "./operatorChecks";

const before = await executor();
afterAll(() => setExecutor(before));

/** A key that the graph computes, so that the host does not make its numbers beforehand. */
const computedKey = (seed: number): Tensor => fold(key(seed), int64([1], () => seed));

const seed = integer({ min: 1, max: 1000 });

onEveryEngine(() => {
  describe("random numbers", () => {
    test("bits, uniforms and what is drawn by comparing them are equal bit for bit, normals within rounding", async () => {
      await assert(
        asyncProperty(integer({ min: 0, max: 9000 }), seed, async (count, at) => {
          const k = computedKey(at);
          await expectEqual([bits(k, [count]), bernoulli(k, [count], { p: 0.3 })], { names: ["PhiloxBits"], tolerance: 0 });
          await expectEqual([uniform(k, [count]), uniform(k, [count], { low: -1, high: 2 })], { names: ["PhiloxUniform"], tolerance: 0 });
          await expectEqual([normal(k, [count]), normal(k, [count], { mean: 2, std: 3 })], { names: ["PhiloxNormal"], tolerance: 2e-6 });
        }),
        { numRuns: 5 },
      );
    });

    test("are the same for a key that is known and one that is computed", async () => {
      const known = fold(key(7), 7);
      for (const draw of [uniform, normal]) expect(await draw(computedKey(7), [1001]).data()).toEqual(await draw(known, [1001]).data());
    });

    test("the nearest draw", async () => {
      await assert(
        asyncProperty(integer({ min: 1, max: 9 }), integer({ min: 1, max: 70 }), integer({ min: 1, max: 9 }), seed, async (rows, width, candidates, at) => {
          await expectEqual([nearestNormal(computedKey(at), floats([rows, width], at), { candidates })], { names: ["NearestNormal"], tolerance: 2e-6 });
        }),
        { numRuns: 12 },
      );
    });
  });

  describe("few bits", () => {
    const formats: readonly BlockFormatName[] = ["mxfp4", "mxfp6e2m3", "mxfp6e3m2", "mxfp8e4m3", "mxfp8e5m2"];
    const cases = record({ rows: integer({ min: 1, max: 40 }), blocks: integer({ min: 1, max: 6 }), scale: constantFrom(1e-38, 1e-3, 1, 1e30), format: constantFrom(...formats), stochastic: boolean(), seed });

    test("quantization, its scales and its gradient are equal bit for bit", async () => {
      await assert(
        asyncProperty(cases, async ({ rows, blocks, scale, format, stochastic, seed: at }) => {
          const x = floats([rows, 32 * blocks], at, scale);
          const rounding = stochastic ? ({ rounding: "stochastic", key: computedKey(at) } as const) : {};
          const y = quantize(x, format, { ...rounding, gradient: "clipped" });
          const [g] = vjp([y], { seeds: [floats([rows, 32 * blocks], at + 1)], wrt: [x] });
          await expectEqual([y], { names: ["QuantizeBlocks"], tolerance: 0 });
          await expectEqual([blockScales(x, format), g], { names: ["BlockScales"], tolerance: 0 });
          const scales = blockScales(x, format).div(0.75);
          await expectEqual([roundScaled(x, "e2m1", { scales, ...rounding })], { names: ["RoundScaled"], tolerance: 0 });
          await expectEqual([quantize(x, "nvfp4", rounding)], { names: ["RoundScaled"], tolerance: 0 });
        }),
        { numRuns: 10 },
      );
    });

    test("the Hadamard transform and its gradient", async () => {
      await assert(
        asyncProperty(constantFrom(2, 4, 8, 16, 32, 256), integer({ min: 1, max: 9 }), seed, async (block, rows, at) => {
          const x = floats([rows, 2 * block], at);
          const y = hadamard(x, { block });
          await expectEqual([y, ...vjp([y], { seeds: [floats([rows, 2 * block], at + 1)], wrt: [x] })], { names: ["Hadamard"], tolerance: 2e-6 });
        }),
        { numRuns: 12 },
      );
    });
  });

  describe("routing", () => {
    const cases = record({ n: integer({ min: 1, max: 300 }), k: integer({ min: 1, max: 3 }), experts: integer({ min: 1, max: 9 }), capacity: integer({ min: 1, max: 60 }), width: integer({ min: 1, max: 40 }), seed });

    test("places are equal, dispatch, combine and their gradients too", async () => {
      await assert(
        asyncProperty(cases, async ({ n, k, experts, capacity, width, seed: at }) => {
          const chosen = int64([n, k], (i) => (i * 7919 + at * i * i) % experts);
          const slots = expertSlots([chosen], { experts });
          await expectEqual([slots], { names: ["ExpertSlots"], tolerance: 0 });
          const [x, w, y] = [floats([n, width], at), floats([n, k], at + 1), floats([experts, capacity, width], at + 2)];
          const sent = dispatchRows([x, w, chosen, slots], { experts, capacity });
          const back = combineRows([y, w, chosen, slots], { experts, capacity });
          const gradients = [...vjp([sent], { seeds: [y], wrt: [x, w] }), ...vjp([back], { seeds: [x], wrt: [y, w] })];
          await expectEqual([sent, back, ...gradients], { names: ["MoeDispatch", "MoeCombine", "MoeProducts"], tolerance: 3e-6 });
        }),
        { numRuns: 12 },
      );
    });
  });

  describe("hashing", () => {
    test("codes and buckets are equal bit for bit", async () => {
      await assert(
        asyncProperty(integer({ min: 1, max: 200 }), integer({ min: 1, max: 33 }), seed, async (rows, width, at) => {
          await expectEqual([crossPolytopeCode(floats([rows, width], at))], { names: ["CrossPolytopeCode"], tolerance: 0 });
          await expectEqual([bucketIds(int64([rows], (i) => ((i * 31 + at) % 17) * 2 ** 40 - 2 ** 42))], { names: ["BucketIds"], tolerance: 0 });
        }),
        { numRuns: 10 },
      );
    });
  });

  describe("optimal assignment", () => {
    test("is equal, also with ties, costs that are not finite, and costs of very different sizes", async () => {
      const costs = record({ lead: constantFrom([], [3], [2, 2]), rows: integer({ min: 1, max: 40 }), more: integer({ min: 0, max: 30 }), kind: constantFrom("real", "ties", "forbidden", "wide"), seed });
      const kinds: Readonly<Record<string, (x: number, i: number) => number>> = {
        real: (x) => x,
        ties: (x) => Math.round(2 * x),
        forbidden: (x, i) => (Math.abs(x) < 0.7 ? [NaN, Infinity, -Infinity][i % 3] : x),
        wide: (x) => Math.exp(30 * x),
      };
      await assert(
        asyncProperty(costs, async ({ lead, rows, more, kind, seed: at }) => {
          const shape = [...lead, rows, rows + more];
          const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => kinds[kind](Math.sin(at * 12.9898 + i * 78.233), i));
          await expectEqual([assignColumns(fromHost({ dtype: "float32", shape, data }))], { names: ["OptimalAssignment"], tolerance: 0 });
        }),
        { numRuns: 25 },
      );
    });
  });

  describe("linear attention", () => {
    test("and its gradients equal those of chunks", async () => {
      await assert(
        asyncProperty(constantFrom([], [2], [3, 2]), integer({ min: 1, max: 150 }), integer({ min: 1, max: 40 }), integer({ min: 1, max: 70 }), seed, async (lead, t, d, e, at) => {
          const [q, k, v, g] = [[t, d], [t, d], [t, e], [t, e]].map((shape, i) => floats([...lead, ...shape], at + i));
          const out = linearAttention({ q, k, v });
          await expectEqual([out, ...vjp([out], { seeds: [g], wrt: [q, k, v] })], { names: ["LinearAttention"], tolerance: 1e-5 });
        }),
        { numRuns: 10 },
      );
    });
  });
});
