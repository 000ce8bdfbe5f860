/** @file Lowering changes how a graph is computed, never what: values and gradients of random graphs, with and without it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { vjp } from "../../kernel/autodiff/grad";
import { logSoftmax, softmax } from "../../kernel/graph/composites/activations";
import type { Dtype } from "../../kernel/graph/dtype";
import type { Op } from "../../kernel/graph/op";
import { add, cast, div, equal, less, maximum, minimum, mul, neg, pow, sin, square, sub, tanh, where } from "../../kernel/graph/ops/elementwise";
import { gather } from "../../kernel/graph/ops/indexing";
import { matmul } from "../../kernel/graph/ops/linalg";
import { broadcastTo, concat, expandDims, flatten, full, iota, lowerTriangle, pad, reshape, slice, transpose, zeros } from "../../kernel/graph/ops/movement";
import { cumSum, mean, sum } from "../../kernel/graph/ops/reduction";
import { lower } from "../../kernel/graph/passes/lower";
import { topological } from "../../kernel/graph/rewrite";
import { node, type Tensor } from "../../kernel/graph/tensor";
import { withScope } from "../../kernel/graph/trace";
import { fusedByOnnxruntime } from "../../kernel/onnx/fused";
import { sample, sizeOf, type Nd } from "../contract/arrays";
import { expectClose } from "../contract/checks";
import { evaluate, parametersFor } from "../contract/run";

const lowered = (outputs: readonly Tensor[]): Tensor[] => lower(outputs, { fused: fusedByOnnxruntime });
const count = (outputs: readonly Tensor[], op: Op): number => topological(outputs).filter((x) => x.op === op && x.storage === undefined).length;

/** Values and gradients agree between the graph as written and as lowered. */
async function expectSame(build: (xs: readonly Tensor[]) => Tensor, { inputs, tolerance }: { readonly inputs: readonly Nd[]; readonly tolerance: number }): Promise<void> {
  const parameters = parametersFor(inputs);
  const out = build(parameters);
  const seed = sample(out.shape, { seed: 17, low: -1, high: 1, dtype: out.dtype });
  const [g] = parametersFor([seed]);
  const outputs = [out, ...vjp([out], { seeds: [g], wrt: parameters })];
  const given = { parameters: [...parameters, g], inputs: [...inputs, seed] };
  const want = await evaluate(outputs, { ...given, path: "as written" });
  const got = await evaluate(outputs, { ...given, path: "lowered" });
  got.forEach((value, i) => expectClose(value, want[i], tolerance));
}

/** Smooth functions of bounded values, and those that passes rewrite. `p` chooses axes, constants and widths. */
const STEPS: readonly ((x: Tensor, y: Tensor, p: number) => Tensor)[] = [
  (x, y) => add(x, fitted(y, x)),
  (x, y) => sub(x, fitted(y, x)),
  (x, y) => mul(tanh(x), fitted(y, x)),
  (x, y) => add(x, neg(fitted(y, x))),
  (x, _, p) => mul(x, [1, 0.5, -2, 0][p % 4]),
  (x, _, p) => mul(mul(x, 0.5 + (p % 3)), full(x.shape, 0.25, x.dtype)),
  (x, _, p) => add(full(x.shape, p % 2, x.dtype), x),
  (x, _, p) => sub(p % 2, x),
  (x, _, p) => div(x, [1, 2, 3, -4][p % 4]),
  (x, _, p) => pow(add(square(x), 0.5), [1, 2, 0.5, 3][p % 4]),
  (x) => neg(neg(tanh(x))),
  (x) => sin(x),
  (x, y, p) => where(less(full(x.shape, (p % 3) - 1, x.dtype), fitted(y, x)), x, mul(x, 2)),
  (x, _, p) => where(less(zeros(x.shape, x.dtype), full(x.shape, p % 2, x.dtype)), x, sin(x)),
  (x, _, p) => mul(x, cast(equal(full(x.shape, 1, x.dtype), full(x.shape, p % 2, x.dtype)), x.dtype)),
  (x, _, p) => maximum(minimum(x, 1 + (p % 2)), -1),
  (x, _, p) => transpose(x, rotated(x.rank, p)),
  (x, _, p) => transpose(transpose(x), rotated(x.rank, p)),
  (x) => reshape(flatten(x), [...x.shape].reverse()),
  (x) => flatten(x),
  (x, _, p) => expandDims(x, p % (x.rank + 1)),
  (x) => broadcastTo(expandDims(x, 0), [2, ...x.shape]),
  (x, _, p) => (x.rank === 0 ? x : sum(x, p % x.rank, { keep: p % 2 === 0 })),
  (x) => (x.rank < 2 ? x : sum(x, 0)),
  (x) => (x.rank < 2 ? x : sum(broadcastTo(expandDims(x, 0), [17, ...x.shape]), 0)),
  (x) => mul(sum(full(x.shape, 0.5, x.dtype)), x),
  (x, _, p) => (x.rank === 0 ? x : cumSum(x, p % x.rank)),
  (x, _, p) => (x.rank === 0 ? x : softmax(x, p % x.rank)),
  (x, _, p) => (x.rank === 0 ? x : logSoftmax(x, p % x.rank)),
  (x, _, p) => (x.rank === 0 || x.shape[p % x.rank] < 2 ? x : halves(x, p % x.rank)),
  (x, y) => concat([flatten(x), flatten(y)]),
  (x, _, p) => (x.rank === 0 ? x : pad(x, x.shape.map((_size, axis): [number, number] => (axis === p % x.rank ? [p % 2, 1] : [0, 0])))),
  (x, _, p) => (x.rank === 0 ? x : slice(x, { axis: p % x.rank, start: x.shape[p % x.rank] > 1 ? p % 2 : 0 })),
  (x, y) => (x.rank === 0 ? x : add(pad(slice(x, { axis: 0, end: 1 }), x.shape.map((size, i): [number, number] => [0, i === 0 ? size - 1 : 0])), mul(mean(y), x))),
  (x, _, p) => (x.rank === 0 ? x : gather(x, iota(1 + (p % x.shape[0])), 0)),
  (x, _, p) => (x.rank < 2 ? x : mul(matmul(x, x, { transB: true, alpha: 1 + (p % 2) }), 0.25)),
  (x) => (x.rank < 2 ? x : matmul(transpose(x, swappedLast(x.rank)), x)),
  (x) => (x.rank < 2 ? x : mul(matmul(x, transpose(x, swappedLast(x.rank))), 0.1)),
  (x) => (x.rank < 2 ? x : where(lowerTriangle(x.shape[x.rank - 2], x.shape[x.rank - 1]), x, zeros(x.shape, x.dtype))),
];

const rotated = (rank: number, p: number): number[] => Array.from({ length: rank }, (_, i) => (i + p) % rank);
const swappedLast = (rank: number): number[] => Array.from({ length: rank }, (_, i) => (i === rank - 1 ? i - 1 : i === rank - 2 ? i + 1 : i));
/** `y` where it broadcasts to `x`, else its mean. */
const fitted = (y: Tensor, x: Tensor): Tensor => (y.rank <= x.rank && y.shape.every((size, i) => size === 1 || size === x.shape[i + x.rank - y.rank]) ? y : mean(y));
/** Both halves of `x`, each used, so that their gradients are padded and added. */
function halves(x: Tensor, axis: number): Tensor {
  const [a, b] = [slice(x, { axis, end: 1 }), slice(x, { axis, start: 1 })];
  return concat([tanh(b), mul(a, 2)], axis);
}

const MAX_SIZE = 200;
const program = fc.array(fc.record({ kind: fc.nat(STEPS.length - 1), a: fc.nat(20), b: fc.nat(20), p: fc.nat(11) }), { minLength: 2, maxLength: 9 });

function built(steps: readonly { readonly kind: number; readonly a: number; readonly b: number; readonly p: number }[]): (xs: readonly Tensor[]) => Tensor {
  return (xs) => {
    const values = [...xs];
    // Recent values are chosen most often, so that graphs are deep and still share parts.
    const pick = (n: number): Tensor => values[Math.max(0, values.length - 1 - (n % 5))];
    for (const { kind, a, b, p } of steps) {
      const made = STEPS[kind](pick(a), pick(b), p);
      if (made.size <= MAX_SIZE && made.rank <= 5 && made.size > 0) values.push(made);
    }
    return values[values.length - 1];
  };
}

describe("random graphs", () => {
  const tolerances: readonly (readonly [Dtype, number])[] = [
    ["float64", 1e-8],
    ["float32", 2e-3],
  ];
  test.each(tolerances)("keep their values and gradients in %s", async (dtype, tolerance) => {
    const inputs = [sample([2, 3], { seed: 1, low: -1, high: 1, dtype }), sample([3], { seed: 2, low: -1, high: 1, dtype }), sample([2, 2, 3], { seed: 3, low: -1, high: 1, dtype })];
    await fc.assert(
      fc.asyncProperty(program, async (steps) => expectSame(built(steps), { inputs, tolerance })),
      { numRuns: 150 },
    );
  });
});

describe("products", () => {
  const permutation = (rank: number): fc.Arbitrary<number[]> => fc.shuffledSubarray(Array.from({ length: rank }, (_, i) => i), { minLength: rank, maxLength: rank });
  const operands = fc.integer({ min: 2, max: 4 }).chain((rank) => fc.record({ rank: fc.constant(rank), left: permutation(rank), right: permutation(rank), transA: fc.boolean(), transB: fc.boolean(), alpha: fc.constantFrom(1, 0.5), factor: fc.constantFrom(1, 3) }));

  test.each([["float32", 1e-4], ["float64", 1e-9]] as const)("of operands behind any transposes are the same in %s", async (dtype, tolerance) => {
    await fc.assert(
      fc.asyncProperty(operands, async ({ rank, left, right, transA, transB, alpha, factor }) => {
        const batch = [2, 3].slice(0, rank - 2);
        const source = (shape: readonly number[], perm: readonly number[], seed: number): Nd => sample(shape.map((_, axis) => shape[perm.indexOf(axis)]), { seed, dtype });
        const shapeA = [...batch, ...(transA ? [4, 5] : [5, 4])];
        const shapeB = [...batch, ...(transB ? [6, 4] : [4, 6])];
        await expectSame(([a, b]) => mul(matmul(transpose(a, left), transpose(b, right), { transA, transB, alpha }), factor), { inputs: [source(shapeA, left, 1), source(shapeB, right, 2)], tolerance });
      }),
      { numRuns: 60 },
    );
  });

  test("read transposed operands where they lie: no Transpose is left", () => {
    const [q, k] = parametersFor([sample([2, 7, 3, 4], { dtype: "float32" }), sample([2, 7, 3, 4], { dtype: "float32" })]);
    const heads = (x: Tensor): Tensor => transpose(x, [0, 1, 2, 3]);
    const scores = mul(matmul(heads(q), transpose(k, [0, 1, 3, 2])), 0.5);
    const graph = lowered([scores]);
    expect(count(graph, "Transpose")).toBe(0);
    expect(count(graph, "Mul")).toBe(0);
    const [x] = parametersFor([sample([5, 2, 3], { dtype: "float32" })]);
    expect(count(lowered([matmul(transpose(x, [1, 0, 2]), transpose(x, [1, 2, 0]))]), "Transpose")).toBe(0);
  });
  test("keep their factor apart when something else reads the product", async () => {
    const inputs = [sample([2, 3], { dtype: "float32" }), sample([3, 2], { seed: 2, dtype: "float32" })];
    await expectSame(([a, b]) => {
      const product = matmul(a, b);
      return add(mul(product, 3), square(product));
    }, { inputs, tolerance: 1e-5 });
  });
});

describe("sums over rows", () => {
  test.each([["float32", 1e-4], ["float64", 1e-9]] as const)("become products with the same result in %s", async (dtype, tolerance) => {
    const shapes = [[16, 2], [20, 3], [4, 8, 3], [40, 1], [2, 3, 4, 5]];
    for (const shape of shapes) await expectSame(([x]) => sum(square(x), shape.slice(0, -1).map((_, axis) => axis)), { inputs: [sample(shape, { seed: sizeOf(shape), dtype })], tolerance });
    const [x] = parametersFor([sample([20, 3], { dtype })]);
    expect(count(lowered([sum(x, 0)]), "MatMul")).toBe(1);
  });
  test("stay sums for integers", async () => {
    const [x] = parametersFor([sample([20, 3], { dtype: "int32", low: -50, high: 50 })]);
    expect(count(lowered([sum(x, 0)]), "ReduceSum")).toBe(1);
  });
});

describe("gradients of parts", () => {
  test("are joined instead of padded and added", async () => {
    const inputs = [sample([2, 6], { seed: 4 })];
    const thirds = ([x]: readonly Tensor[]): Tensor => add(add(tanh(slice(x, { axis: 1, end: 2 })), square(slice(x, { axis: 1, start: 2, end: 4 }))), slice(x, { axis: 1, start: 4 }));
    await expectSame(thirds, { inputs, tolerance: 1e-9 });
    const [x, g] = parametersFor([inputs[0], sample([2, 2])]);
    const graph = lowered(vjp([thirds([x])], { seeds: [g], wrt: [x] }));
    expect(count(graph, "Concat")).toBe(1);
    expect(count(graph, "Pad")).toBe(0);
  });
  test("stay apart where the padded shapes differ", async () => {
    const inputs = [sample([1, 2], { seed: 4 }), sample([3, 2], { seed: 5 }), sample([2], { seed: 6 })];
    await expectSame(([a, b]) => add(pad(a, [[0, 0], [0, 2]]), pad(b, [[0, 0], [2, 0]])), { inputs: inputs.slice(0, 2), tolerance: 1e-9 });
    await expectSame(([c, b]) => add(pad(c, [[0, 2]]), pad(transpose(b), [[2, 0], [0, 1]])), { inputs: [inputs[2], inputs[1]], tolerance: 1e-9 });
    await expectSame(([a, b]) => add(pad(a, [[0, 0], [0, 2]], 1), pad(b, [[0, 0], [2, 0]], 1)), { inputs: inputs.slice(0, 2), tolerance: 1e-9 });
  });
});

describe("layers", () => {
  test("keep their own work where composites are expanded: what a body reads stays outside of them", () => {
    const [x] = parametersFor([sample([2, 3], { seed: 1, low: -1, high: 1, dtype: "float32" })]);
    const before = tanh(x);
    const out = withScope("layer", () => softmax(mul(before, 3)));
    const placed = topological(lower([sin(out)], { fused: () => false })).filter(({ op }) => ["Tanh", "Mul", "Exp", "Sin"].includes(op)).map(({ op, path }) => [op, path]);
    expect(placed).toEqual([["Tanh", ""], ["Mul", "layer"], ["Exp", "layer"], ["Sin", ""]]);
  });
});

describe("constants", () => {
  test("are computed once while lowering, and the same", async () => {
    const inputs = [sample([4, 4], { dtype: "float32" })];
    const masked = ([x]: readonly Tensor[]): Tensor => add(x, where(lowerTriangle(4, 4), full([4, 4], 0), mul(sin(cast(iota(4), "float32")), 1e-3)));
    await expectSame(masked, { inputs, tolerance: 1e-6 });
    const parameters = parametersFor(inputs);
    expect(topological(lowered([masked(parameters)])).map((x) => x.op).sort()).toEqual(["Add", "Data", "Input"]);
  });
  test.each<Dtype>(["int32", "int64"])("of %s divide and wrap as the kernels do", async (dtype) => {
    const numbers = cast(sub(iota(7, "int32"), 3), dtype);
    const outputs = [div(numbers, cast(full([7], 2, "int32"), dtype)), mul(mul(numbers, 2 ** 30), 4), node("Mod", [numbers, cast(full([7], 3, "int32"), dtype)], {})];
    const given = { parameters: [], inputs: [] };
    expect(await evaluate(outputs, { ...given, path: "lowered" })).toEqual(await evaluate(outputs, { ...given, path: "as written" }));
  });
  test("that are compared keep the shape they are stretched to", async () => {
    const outputs = [less(zeros([2, 3]), full([2, 3], 1)), equal(zeros([2]), zeros([2])), maximum(zeros([2, 2]), full([2, 2], 3)), where(less(zeros([2]), full([2], 1)), full([2], 5), zeros([2]))];
    const given = { parameters: [], inputs: [] };
    expect(await evaluate(outputs, { ...given, path: "lowered" })).toEqual(await evaluate(outputs, { ...given, path: "as written" }));
  });
  test("that JSON cannot tell apart stay apart", async () => {
    const inputs: Nd[] = [{ shape: [3], dtype: "float32", data: [-1, 0, 1] }];
    const parameters = parametersFor(inputs);
    const [x] = parameters;
    const outputs = [where(less(x, 0), -Infinity, Infinity), where(less(x, 0), NaN, -Infinity), mul(div(1, -0), div(1, 0))];
    const [infinite, none, signed] = await evaluate(outputs, { parameters, inputs, path: "lowered" });
    expect([infinite.data, none.data, signed.data]).toEqual([[-Infinity, Infinity, Infinity], [NaN, -Infinity, -Infinity], [-Infinity]]);
  });
  test("of extreme size are not merged into one that under- or overflows", async () => {
    const inputs: Nd[] = [{ shape: [2], dtype: "float32", data: [1e30, -2e25] }];
    await expectSame(([x]) => mul(mul(x, 1e-30), 1e-20), { inputs, tolerance: 0 });
    await expectSame(([x]) => mul(mul(mul(x, 1e-30), 1e20), 1e20), { inputs, tolerance: 1e-5 });
  });
});

