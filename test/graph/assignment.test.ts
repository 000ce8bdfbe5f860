/** @file assignColumns: the totals of the host's algorithm, by our operator and by the decomposition, and what it refuses. */
import { describe, expect, it } from "vitest";
import { DtypeError, ShapeError } from "../../kernel/errors";
import { optimalAssignment } from "../../kernel/fit/assignment";
import { assignColumns } from "../../kernel/graph/composites/assignment";
import { ones, zeros } from "../../kernel/graph/ops/movement";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { exportOnnx } from "../../kernel/onnx/export";
import { decodeModel } from "../../kernel/onnx/protobuf";
import { compile } from "../../kernel/runtime/compile";
import { EXECUTORS, compiledOn, float32, restoreExecutor, valuesOn } from "../executors";

await restoreExecutor();

type Kind = "ties" | "whole" | "real" | "wide";
const NUMBERS: Readonly<Record<Kind, (random: number) => number>> = {
  ties: (random) => Math.floor(random * 3),
  whole: (random) => Math.floor(random * 2000) - 1000,
  real: (random) => random - 0.5,
  wide: (random) => Math.exp(random * 40 - 20) * Math.sign(random - 0.3),
};
const costsOf = (count: number, { kind, seed }: { readonly kind: Kind; readonly seed: number }): Float32Array => {
  let state = seed;
  const random = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Float32Array.from({ length: count }, () => NUMBERS[kind](random()));
};

describe.each(EXECUTORS)("on the %s executor", (name) => {
  it("gives each row the column that the host does, in thousands of problems", async () => {
    // One program for each shape: ties, negative numbers, more columns than rows, and a single one of each.
    for (const [batch, n, m] of [[700, 1, 1], [700, 1, 4], [700, 2, 2], [700, 3, 5], [700, 4, 4], [300, 6, 6], [100, 9, 17], [20, 24, 24]]) {
      const assign = compiledOn(name, (costs: Tensor) => [assignColumns(costs)]);
      for (const kind of ["ties", "whole", "real", "wide"] as const) {
        const costs = costsOf(batch * n * m, { kind, seed: 1000 * n + m });
        const [columns] = await assign(float32(costs, [batch, n, m]));
        for (let b = 0; b < batch; b++) expect([...columns.subarray(b * n, (b + 1) * n)], `${kind}, ${n} × ${m}, ${b}`).toEqual([...optimalAssignment(costs.subarray(b * n * m, (b + 1) * n * m), { rows: n, columns: m }).columns]);
      }
    }
  });

  it("takes as few forbidden pairs as possible, and the best of the others", async () => {
    const [, none, only] = [0, NaN, Infinity];
    const results = await compiledOn(name, (a: Tensor, b: Tensor) => [assignColumns(a), assignColumns(b)])(tensor([[1, none, none], [2, -5, none], [none, -7, 100]]), tensor([[only, 1e6, 3], [only, none, -4], [-only, 2, none]]));
    expect([...results[0]]).toEqual([0, 1, 2]);
    // Column 0 is forbidden to all: the least total without it takes columns 2 and 1.
    expect(results[1][1]).toBe(2);
    expect(results[1][2]).toBe(1);
  });

  it("keeps leading axes, reads other floating dtypes, and gives nothing for nothing", async () => {
    const costs = [[[3, 1], [1, 3]], [[1, 3], [3, 1]]];
    const results = await valuesOn(name, () => [assignColumns(tensor([costs])), assignColumns(tensor(costs).cast("float64"))]);
    for (const columns of results) expect([...columns]).toEqual([1, 0, 0, 1]);
    expect(assignColumns(tensor([costs]))).toMatchObject({ shape: [1, 2, 2], dtype: "int64" });
    expect(assignColumns(ones([3, 0, 5]))).toMatchObject({ shape: [3, 0], dtype: "int64", size: 0 });
    expect(assignColumns(zeros([0, 2, 5]))).toMatchObject({ shape: [0, 2], dtype: "int64" });
  });
});

it("is one small loop where it leaves as a standard model", async () => {
  const costs = float32(costsOf(40 * 50, { kind: "real", seed: 5 }), [40, 50]);
  const { nodes } = decodeModel(await exportOnnx((x: Tensor) => assignColumns(x), [costs])).graph;
  expect(nodes.map(({ opType }) => opType)).toContain("Loop");
  expect(nodes.length).toBeLessThan(60);
  expect(compile((x: Tensor) => assignColumns(x)).cost(costs).flops).toBeGreaterThan(40 * 40 * 50);
});

describe("what does not fit", () => {
  it.each<readonly [string, () => unknown, new (...args: never[]) => Error, RegExp]>([
    ["a vector", () => assignColumns(ones([3])), ShapeError, /assignColumns: costs \[3\]/],
    ["more rows than columns", () => assignColumns(ones([2, 4, 3])), ShapeError, /4 rows and 3 columns: .*\n {2}at .*\n {2}help: exchange the last two axes/],
    ["whole numbers", () => assignColumns(ones([3, 3], "int32")), DtypeError, /assignColumns/],
  ])("%s is refused", (_, build, type, message) => {
    expect(build).toThrow(type);
    expect(build).toThrow(message);
  });
});
