/** @file The operator library: exact enough, and harmless whatever a model file asks of it. */
import { afterAll, describe, expect, test } from "vitest";
import "../../kernel/runtime/realize";
import { abs, add, ceil, erf, exp, floor, log, neg, reciprocal, round, sigmoid, sign, sqrt, tanh } from "../../kernel/graph/ops/elementwise";
import { fromHost, realize, type Tensor } from "../../kernel/graph/tensor";
import { nativeExecutor } from "../../kernel/runtime/native/native";
import { executor, setExecutor } from "../../kernel/runtime/session";
import { runChecked, skipped, unchecked } from "./sanitized";

const before = await executor();
afterAll(() => setExecutor(before));

/** erf by its Taylor series near 0 and a continued fraction of its complement further out. */
function exactErf(x: number): number {
  if (Math.abs(x) < 2.5) {
    let [term, sum] = [x, x];
    for (let n = 1; n < 120; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  const size = Math.abs(x);
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
}

interface Range {
  readonly op: (x: Tensor) => Tensor;
  readonly exact: (x: number) => number;
  readonly from: number;
  readonly to: number;
}
const FUNCTIONS: Readonly<Record<string, Range>> = {
  exp: { op: exp, exact: Math.exp, from: -87, to: 88 },
  log: { op: log, exact: Math.log, from: 1e-30, to: 50 },
  tanh: { op: tanh, exact: Math.tanh, from: -12, to: 12 },
  sigmoid: { op: sigmoid, exact: (x) => 1 / (1 + Math.exp(-x)), from: -80, to: 30 },
  erf: { op: erf, exact: exactErf, from: -5, to: 5 },
  sqrt: { op: sqrt, exact: Math.sqrt, from: 0, to: 1e6 },
  reciprocal: { op: reciprocal, exact: (x) => 1 / x, from: 0.01, to: 100 },
  floor: { op: floor, exact: Math.floor, from: -9, to: 9 },
  ceil: { op: ceil, exact: Math.ceil, from: -9, to: 9 },
  abs: { op: abs, exact: Math.abs, from: -3, to: 3 },
  sign: { op: sign, exact: Math.sign, from: -3, to: 3 },
  neg: { op: neg, exact: (x) => -x, from: -3, to: 3 },
  "round, half to even": { op: round, exact: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)), from: -9, to: 9 },
};
const COUNT = 20_001;
/** Units in the last place of float32. */
const MAX_ERROR_ULP = 4;

describe("functions of fused kernels", () => {
  test.each(Object.entries(FUNCTIONS))("%s is right within a few units in the last place", async (_, { op, exact, from, to }) => {
    setExecutor(nativeExecutor());
    const data = Float32Array.from({ length: COUNT }, (_, i) => from + ((to - from) * i) / (COUNT - 1));
    // With another function behind it: a single one would not be fused.
    const result = op(fromHost({ dtype: "float32", shape: [COUNT], data }));
    await realize([result, add(result, 1)]);
    const worst = (await result.numbers()).reduce((most, value, i) => {
      const want = exact(data[i]);
      return Math.max(most, Math.abs(value - want) / Math.max(Math.abs(want), 2 ** -126) / 2 ** -23);
    }, 0);
    expect(worst).toBeLessThan(MAX_ERROR_ULP);
  });
});

describe("under the address and undefined-behaviour sanitizers", () => {
  test.skipIf(unchecked)(`models run, and damaged ones are refused or run without harm${skipped}`, async () => {
    for (const seed of [1, 99_991, 123_456_789]) expect(await runChecked("operatorsChild.ts", "operators", seed)).toMatch(/^native \(.*\); whole (\d+) of \1; ran \d+, refused \d{2,}; values 44\.607,/);
  }, 900_000);

  test.skipIf(unchecked)(`operators for few bits, random numbers, routing, hashing, assignment and scans run, and refuse any operands that do not fit${skipped}`, async () => {
    expect(await runChecked("numericOperatorsChild.ts", "operators")).toMatch(/; \{"whole":18,"damaged":\{"ran":\d{2,},"refused":\d{2,}\},"any":\{"ran":\d+,"refused":\d{2,}\},"assignments":"-{4}\+{9}"\}\n$/);
  }, 900_000);
});
