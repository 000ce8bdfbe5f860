/** @file Values known on the host are those that the executor computes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { softmax } from "../../../kernel/graph/composites/activations";
import { hostArrayFrom, type Dtype } from "../../../kernel/graph/dtype";
import * as e from "../../../kernel/graph/ops/elementwise";
import { gather } from "../../../kernel/graph/ops/indexing";
import { matmul } from "../../../kernel/graph/ops/linalg";
import { broadcastTo, concat, iota, reshape, slice, transpose } from "../../../kernel/graph/ops/movement";
import { cumSum, max, min, prod, sum } from "../../../kernel/graph/ops/reduction";
import { fromHost, placeholder, type Tensor } from "../../../kernel/graph/tensor";
import { knownValue } from "../../../kernel/onnx/import/knownValue";
import "../../../kernel/runtime/realize";
import { closeTo } from "./againstOnnxruntime";

const of = (dtype: Dtype, shape: readonly number[], values: readonly number[]): Tensor =>
  fromHost({ dtype, shape, data: hostArrayFrom(dtype, values) });

type Step = (x: Tensor, y: Tensor) => Tensor;
const STEPS: Readonly<Record<string, Step>> = {
  add: e.add,
  sub: e.sub,
  mul: e.mul,
  div: (x, y) => e.div(x, e.add(e.abs(y), 1)),
  mod: (x, y) => e.mod(x, e.add(e.abs(y), 1)),
  maximum: e.maximum,
  minimum: e.minimum,
  neg: (x) => e.neg(x),
  sign: (x) => e.sign(x),
  where: (x, y) => e.where(e.and(e.less(x, y), e.not(e.equal(x, 0))), x, y),
  choose: (x, y) => e.where(e.or(e.lessEqual(x, y), e.xor(e.equal(x, 1), e.equal(y, 1))), y, e.square(x)),
  throughFloat: (x) => e.cast(e.floor(e.mul(e.cast(x, "float32"), 0.7)), x.dtype),
  rounded: (x) => e.cast(e.round(e.div(e.cast(x, "float32"), 2)), x.dtype),
  ceiled: (x) => e.cast(e.ceil(e.sqrt(e.abs(e.cast(x, "float64")))), x.dtype),
  transpose: (x) => transpose(x, [1, 0]),
  slice: (x) => concat([slice(x, { axis: 0, start: 1, step: 1 }), slice(x, { axis: 0, end: 1 })], 0),
  stride: (x) => broadcastTo(slice(x, { axis: 1, step: 2, start: 0, end: 1 }), x.shape),
  gather: (x) => gather(x, of("int64", [3], [2, 0, 1]), 1),
  sum: (x) => e.add(sum(x, 0, { keep: true }), e.mul(x, 0)),
  extremes: (x) => e.add(e.sub(max(x, 1, { keep: true }), min(x, 0, { keep: true })), e.mul(x, 0)),
  prod: (x) => e.add(prod(e.sign(x), [0, 1], { keep: true }), x),
  cumSum: (x) => cumSum(x, 1, { exclusive: true, reverse: true }),
  running: (x) => cumSum(x, 0),
  iota: (x) => e.add(x, reshape(iota(9, x.dtype), [3, 3])),
};

describe("a known value", () => {
  it("is what the executor computes, for chains of any operations", async () => {
    const chains = fc.record({
      values: fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 9, maxLength: 9 }),
      names: fc.array(fc.constantFrom(...Object.keys(STEPS)), { minLength: 1, maxLength: 6 }),
      dtype: fc.constantFrom<Dtype>("int64", "int32", "float32"),
    });
    const all = fc.sample(chains, { numRuns: 150, seed: 5 }).map(({ values, names, dtype }) => {
      const x = of(dtype, [3, 3], values);
      // Sizes stay small enough for int32.
      const result = names.reduce((t, name) => e.mod(STEPS[name](t, x), 97), x);
      return { result, known: knownValue(result), names };
    });
    for (const { result, known, names } of all) {
      expect([names, known?.shape]).toEqual([names, [3, 3]]);
      closeTo(known?.data ?? new Float64Array(), await result.numbers(), 1e-6);
    }
  });

  it("follows composites into their definition", () => {
    const [a, b] = knownValue(softmax(of("float32", [2], [0, Math.log(3)])))?.data ?? [];
    expect([a, b]).toEqual([expect.closeTo(0.25, 6), expect.closeTo(0.75, 6)]);
  });

  it("is absent where something depends on an argument, is large, or has no rule", () => {
    const x = placeholder("x", { shape: [3], dtype: "float32" });
    expect(knownValue(e.add(x, 1))).toBeUndefined();
    expect(knownValue(iota(1 << 17, "int64"))).toBeUndefined();
    expect(knownValue(matmul(of("float32", [1, 1], [2]), of("float32", [1, 1], [3])))).toBeUndefined();
  });

  it("is found in graphs deeper than the call stack", () => {
    let x = of("int64", [], [0]);
    for (let i = 0; i < 20_000; i++) x = e.add(x, 1);
    expect(knownValue(x)?.data[0]).toBe(20_000);
  });
});
