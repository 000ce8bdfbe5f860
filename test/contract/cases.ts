/** @file For every operation, the calls on which its rules are checked. */
import type { ConvolutionAttrs, Op, OpAttrs } from "../../kernel/graph/op";
import { add, cast, mul, square } from "../../kernel/graph/ops/elementwise";
import { placeholder } from "../../kernel/graph/tensor";
import type { CompositeBody } from "../../kernel/graph/composite";
import { nd, sample, type Nd } from "./arrays";

export interface Case<P extends Op> {
  readonly inputs: readonly Nd[];
  readonly attrs: OpAttrs[P];
  /** Dtype in which gradients are checked; float64 where the kernel exists. */
  readonly gradient?: "float64" | "float32" | "none";
}

const NONE = {};
const real = (...shape: readonly number[]): Nd => sample(shape, { seed: shape.length + 1 });
const other = (...shape: readonly number[]): Nd => sample(shape, { seed: 77 });
const positive = (...shape: readonly number[]): Nd => sample(shape, { seed: 5, low: 0.3, high: 3 });
const ints = (shape: readonly number[], dtype: "int32" | "int64" | "uint8" | "int8" = "int32", low = -9, high = 9): Nd => sample(shape, { seed: 9, low: dtype === "uint8" ? 0 : low, high, dtype });
const flags = (shape: readonly number[], seed = 3): Nd => sample(shape, { seed, dtype: "bool" });
const at = (shape: readonly number[], data: readonly number[], dtype: "int32" | "int64" = "int64"): Nd => nd(shape, data, dtype);
/** Distinct numbers: no ties, at which extremes have no derivative. */
const distinct = (...shape: readonly number[]): Nd => {
  const x = real(...shape);
  return nd(shape, x.data.map((v, i) => Math.round(v * 8) / 8 + i / 64));
};
/** Numbers away from whole ones, where steps have no derivative. */
const between = (...shape: readonly number[]): Nd => {
  const x = real(...shape);
  return nd(shape, x.data.map((v) => Math.floor(v * 2) + 0.25));
};

const SHAPES: readonly (readonly number[])[] = [[], [3], [2, 3], [1, 4, 1], [0], [2, 0, 3]];
const unary = (make: (...shape: number[]) => Nd, gradient: Case<"Neg">["gradient"] = "float64"): { readonly inputs: readonly Nd[]; readonly attrs: Record<never, never>; readonly gradient: Case<"Neg">["gradient"] }[] =>
  SHAPES.map((shape) => ({ inputs: [make(...shape)], attrs: NONE, gradient }));

const PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[2, 3], [2, 3]],
  [[2, 3], [3]],
  [[3], [2, 1]],
  [[2, 3], []],
  [[1], [0]],
  [[2, 1, 3], [1, 4, 1]],
  [[0, 3], [1, 3]],
];
type Elementwise = { readonly inputs: readonly Nd[]; readonly attrs: Record<never, never>; readonly gradient?: Case<"Add">["gradient"] };
const binary = (a: (...shape: number[]) => Nd = real, b: (...shape: number[]) => Nd = other): Elementwise[] => PAIRS.map(([x, y]) => ({ inputs: [a(...x), b(...y)], attrs: NONE }));
const whole = (low = -9, high = 9): Elementwise[] => {
  const some = sample([2, 3], { seed: 4, low, high, dtype: "int32" });
  const divisors = nd([3], [2, 3, 5], "int32");
  return [{ inputs: [some, divisors], attrs: NONE }, { inputs: [{ ...some, dtype: "int64" }, { ...divisors, dtype: "int64" }], attrs: NONE }];
};
const logical = PAIRS.map(([x, y]) => ({ inputs: [flags(x, 3), flags(y, 8)], attrs: NONE }));
const bitwise = (dtypes: readonly ("uint8" | "int32" | "int64")[], low = -100): Elementwise[] => dtypes.flatMap((dtype) => [{ inputs: [ints([2, 3], dtype, low, 100), ints([3], dtype, low, 90)], attrs: NONE }]);
const shifts = (["uint8", "int32", "int64"] as const).flatMap((dtype) => [
  { inputs: [ints([5], dtype, -100, 100), nd([5], [0, 1, 3, 7, 5], dtype)], attrs: NONE },
  { inputs: [ints([2, 3], dtype, -100, 100), nd([], [2], dtype)], attrs: NONE },
]);
const comparison: Elementwise[] = [...binary(), { inputs: [ints([4]), ints([4])], attrs: NONE }, { inputs: [nd([2], [NaN, 1]), nd([2], [NaN, 1])], attrs: NONE }, { inputs: [flags([3], 3), flags([3], 8)], attrs: NONE }];
type Reduction = { readonly inputs: readonly Nd[]; readonly attrs: OpAttrs["ReduceSum"] };
const reductions = (make: (...shape: number[]) => Nd): Reduction[] =>
  [
    { inputs: [make(2, 3)], attrs: { axes: [0, 1], keep: false } },
    { inputs: [make(2, 3)], attrs: { axes: [1], keep: true } },
    { inputs: [make(2, 3, 4)], attrs: { axes: [0, 2], keep: false } },
    { inputs: [make(1, 3, 1)], attrs: { axes: [0], keep: false } },
    { inputs: [make(20, 3)], attrs: { axes: [0], keep: false } },
    { inputs: [make(0, 3)], attrs: { axes: [1], keep: false } },
    { inputs: [make(3)], attrs: { axes: [0], keep: false } },
    { inputs: [ints([2, 3])], attrs: { axes: [1], keep: false } },
    { inputs: [ints([2, 3], "int64")], attrs: { axes: [0], keep: true } },
  ];
const emptySums: readonly Reduction[] = [
  { inputs: [real(0, 3)], attrs: { axes: [0], keep: false } },
  { inputs: [real(2, 0)], attrs: { axes: [0, 1], keep: true } },
];

const MATMUL = { transA: false, transB: false, leadA: false, leadB: false, alpha: 1 };
const layouts = [false, true].flatMap((leadA) => [false, true].flatMap((leadB) => [false, true].flatMap((transA) => [false, true].map((transB) => ({ leadA, leadB, transA, transB, alpha: 0.5 })))));
/** Operands of [2, 3, 4, 5] · [2, 3, 5, 6] in the layout that the attributes name. */
const laidOut = ({ leadA, leadB, transA, transB, alpha }: OpAttrs["MatMul"]): Case<"MatMul"> => {
  const shape = (rows: number, columns: number, transposed: boolean, lead: boolean): number[] => {
    const [outer, last] = transposed ? [columns, rows] : [rows, columns];
    return lead ? [outer, 2, 3, last] : [2, 3, outer, last];
  };
  const inputs = [real(...shape(4, 5, transA, leadA)), other(...shape(5, 6, transB, leadB))];
  // First-axis layouts arise after differentiation, and have kernels in float32 only.
  return leadA || leadB ? { inputs: inputs.map((x) => ({ ...x, dtype: "float32" as const })), attrs: { leadA, leadB, transA, transB, alpha }, gradient: "none" } : { inputs, attrs: { leadA, leadB, transA, transB, alpha } };
};

const plain = (rank: number, attrs: Partial<ConvolutionAttrs> = {}): ConvolutionAttrs => ({ strides: Array.from({ length: rank }, () => 1), dilations: Array.from({ length: rank }, () => 1), pads: Array.from({ length: 2 * rank }, () => 0), groups: 1, ...attrs });
const f32 = (x: Nd): Nd => ({ ...x, dtype: "float32" });
const convolve = (x: readonly number[], w: readonly number[], attrs: Partial<ConvolutionAttrs> = {}): Case<"Conv"> => ({ inputs: [f32(real(...x)), f32(other(...w))], attrs: plain(x.length - 2, attrs), gradient: "float32" });
const spread = (x: readonly number[], w: readonly number[], { outputPads = x.slice(2).map(() => 0), ...attrs }: Partial<OpAttrs["ConvTranspose"]> = {}): Case<"ConvTranspose"> => ({ ...convolve(x, w, attrs), attrs: { ...plain(x.length - 2, attrs), outputPads } });

const moved = (...shape: readonly number[]): Nd[] => [real(...shape), ints(shape), ints(shape, "int64"), flags(shape), f32(real(...shape))];

function squarePlus(): CompositeBody {
  const params = [placeholder("x", { shape: [2, 3], dtype: "float64" }), placeholder("y", { shape: [3], dtype: "float64" })];
  const decompose = ([x, y]: readonly (typeof params)[number][]): (typeof params)[number] => add(square(x), y);
  return { definition: { name: "TestSquarePlus", decompose }, options: {}, params, bodies: [decompose(params)], output: 0 };
}

export const cases: { readonly [P in Op]: readonly Case<P>[] } = {
  Input: [{ inputs: [real(2, 3)], attrs: { name: "x" } }],
  Data: [{ inputs: [real(2, 3)], attrs: NONE }],
  Const: [
    { inputs: [], attrs: { value: -1.5, dtype: "float64" } },
    { inputs: [], attrs: { value: 3, dtype: "int64" } },
    { inputs: [], attrs: { value: 1, dtype: "bool" } },
    { inputs: [], attrs: { value: 200, dtype: "uint8" } },
  ],
  Iota: (["float64", "float32", "int32", "int64", "uint8"] as const).flatMap((dtype) => [0, 1, 5].map((length) => ({ inputs: [], attrs: { length, dtype } }))).concat([{ inputs: [], attrs: { length: 70000, dtype: "int32" } }]),
  Identity: unary(real),
  StopGradient: unary(real, "none"),
  Barrier: unary(real).map((one) => ({ ...one, attrs: { id: 1 } })),
  Cast: [
    { inputs: [real(2, 3)], attrs: { to: "float32" }, gradient: "float32" },
    { inputs: [f32(real(2, 3))], attrs: { to: "float64" }, gradient: "float32" },
    { inputs: [nd([6], [-2.7, -1, -0.2, 0, 1.5, 7.9])], attrs: { to: "int32" } },
    { inputs: [nd([6], [-2.7, -1, -0.2, 0, 1.5, 7.9])], attrs: { to: "int64" } },
    { inputs: [nd([6], [-2.7, -1, -0.2, 0, 1.5, 7.9])], attrs: { to: "bool" } },
    { inputs: [ints([4])], attrs: { to: "float64" } },
    { inputs: [flags([4])], attrs: { to: "float32" } },
    { inputs: [ints([0])], attrs: { to: "int64" } },
  ],
  Neg: [...unary(real), { inputs: [ints([4])], attrs: NONE }, { inputs: [ints([4], "int64")], attrs: NONE }],
  Abs: [...unary(real), { inputs: [ints([4])], attrs: NONE }],
  Sign: [...unary(between), { inputs: [nd([3], [-3, 0, 4], "int32")], attrs: NONE }],
  Exp: unary(real),
  Log: unary(positive),
  Sqrt: unary(positive),
  Reciprocal: unary(positive),
  Sin: unary(real),
  Cos: unary(real),
  Tanh: unary(real),
  Sigmoid: unary(real),
  Erf: unary((...shape) => f32(sample(shape, { low: -4, high: 4 })), "float32"),
  Floor: unary(between),
  Ceil: unary(between),
  Round: [...unary(between), { inputs: [nd([6], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])], attrs: NONE, gradient: "none" }],
  Not: [{ inputs: [flags([2, 3])], attrs: NONE }, { inputs: [flags([])], attrs: NONE }, { inputs: [flags([0])], attrs: NONE }],
  IsNaN: [{ inputs: [nd([4], [1, NaN, Infinity, 0])], attrs: NONE, gradient: "none" }, { inputs: [real()], attrs: NONE }, { inputs: [nd([2], [1, NaN], "float32")], attrs: NONE, gradient: "none" }],
  Add: [...binary(), ...whole()],
  Sub: [...binary(), ...whole()],
  Mul: [...binary(), ...whole()],
  Div: [...binary(real, positive), ...whole()],
  Pow: [...binary(positive, other), { inputs: [real(2, 3), nd([], [3])], attrs: NONE, gradient: "none" }, { inputs: [nd([3], [-2, -1, 2]), nd([3], [2, 3, 2])], attrs: NONE, gradient: "none" }, { inputs: [nd([3], [2, 3, 4], "int32"), nd([3], [2, 3, 0], "int32")], attrs: NONE }],
  Max: [...binary(), ...whole()],
  Min: [...binary(), ...whole()],
  Mod: [...binary(real, positive), ...whole(), { inputs: [nd([4], [-7, 7, -7, 7]), nd([4], [3, -3, -3, 3])], attrs: NONE }, { inputs: [nd([4], [-7, 7, -7, 7], "int64"), nd([4], [3, -3, -3, 3], "int64")], attrs: NONE }],
  And: logical,
  Or: logical,
  Xor: logical,
  BitAnd: bitwise(["uint8", "int32", "int64"]),
  BitOr: bitwise(["uint8", "int32", "int64"]),
  BitXor: bitwise(["uint8", "int32", "int64"]),
  ShiftLeft: shifts,
  ShiftRight: shifts,
  Equal: comparison,
  Less: comparison.slice(0, -1),
  LessEqual: comparison.slice(0, -1),
  Where: [
    ...PAIRS.map(([x, y]) => ({ inputs: [flags(y), real(...x), other(...y)], attrs: NONE })),
    { inputs: [flags([]), real(2, 3), other(3)], attrs: NONE },
    { inputs: [flags([4, 1, 1]), real(2, 1), other(3)], attrs: NONE },
    { inputs: [flags([3]), ints([3]), ints([1])], attrs: NONE },
    { inputs: [flags([2, 3]), flags([3], 5), flags([2, 1], 6)], attrs: NONE },
  ],
  ReduceSum: [...reductions(real), ...emptySums],
  ReduceMax: reductions(distinct),
  ReduceMin: reductions(distinct),
  ReduceProd: [...reductions(real), ...emptySums, { inputs: [nd([2, 3], [0, 2, 3, 0, 0, 5])], attrs: { axes: [1], keep: false } }],
  ArgMax: [
    { inputs: [distinct(2, 3)], attrs: { axis: 1 } },
    { inputs: [distinct(2, 3, 2)], attrs: { axis: 0 } },
    { inputs: [nd([5], [1, 3, 3, 2, 3])], attrs: { axis: 0 }, gradient: "none" },
    { inputs: [ints([4, 2])], attrs: { axis: 0 } },
    { inputs: [distinct(1)], attrs: { axis: 0 } },
  ],
  CumSum: [false, true].flatMap((exclusive) => [false, true].flatMap((reverse) => [{ inputs: [real(2, 3)], attrs: { axis: 1, exclusive, reverse } }, { inputs: [real(3, 1, 2)], attrs: { axis: 0, exclusive, reverse } }])).concat([
    { inputs: [ints([4])], attrs: { axis: 0, exclusive: false, reverse: false } },
    { inputs: [real(0, 2)], attrs: { axis: 0, exclusive: false, reverse: false } },
  ]),
  MatMul: [
    ...layouts.map((attrs) => laidOut(attrs)),
    { inputs: [real(2, 3), other(3, 4)], attrs: MATMUL },
    { inputs: [real(3, 2), other(4, 3)], attrs: { ...MATMUL, transA: true, transB: true, alpha: 2 } },
    { inputs: [real(2, 3, 4), other(4, 5)], attrs: MATMUL },
    { inputs: [real(2, 3, 4), other(5, 4)], attrs: { ...MATMUL, transB: true } },
    { inputs: [f32(real(2, 3, 4)), f32(other(5, 4))], attrs: { ...MATMUL, transB: true, alpha: 3 }, gradient: "float32" as const },
    { inputs: [real(2, 4, 3), other(4, 5)], attrs: { ...MATMUL, transA: true } },
    { inputs: [real(3, 4), other(2, 4, 5)], attrs: MATMUL },
    { inputs: [real(2, 1, 3, 4), other(3, 4, 2)], attrs: MATMUL },
    { inputs: [real(1, 1), other(1, 1)], attrs: MATMUL },
    { inputs: [real(0, 3), other(3, 4)], attrs: MATMUL },
    { inputs: [real(2, 0), other(0, 4)], attrs: MATMUL },
    { inputs: [f32(real(0, 2, 3)), f32(other(3, 4))], attrs: MATMUL, gradient: "float32" as const },
    { inputs: [f32(real(2, 2, 0)), f32(other(0, 4))], attrs: MATMUL, gradient: "float32" as const },
    { inputs: [real(2, 0, 3), other(2, 3, 4)], attrs: MATMUL },
    { inputs: [ints([2, 3]), ints([3, 4])], attrs: MATMUL },
    { inputs: [ints([2, 3], "int64"), ints([3, 4], "int64")], attrs: MATMUL },
    { inputs: [ints([2, 3], "int8"), ints([4, 3], "int8")], attrs: { ...MATMUL, transB: true } },
    { inputs: [ints([2, 3], "uint8", 0, 20), ints([3, 4], "uint8", 0, 20)], attrs: MATMUL },
  ],
  Conv: [
    convolve([2, 3, 7], [4, 3, 3]),
    convolve([1, 2, 8], [4, 1, 3], { strides: [2], dilations: [2], pads: [1, 2], groups: 2 }),
    convolve([2, 2, 5, 6], [3, 2, 3, 2]),
    convolve([2, 4, 6, 5], [6, 2, 3, 3], { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 2, 3], groups: 2 }),
    convolve([1, 3, 7, 7], [3, 1, 3, 3], { strides: [3, 2], pads: [0, 1, 0, 1], groups: 3 }),
    convolve([1, 2, 4, 4], [2, 2, 1, 1], { pads: [1, 1, 1, 1] }),
    convolve([1, 2, 4, 4], [3, 2, 1, 1], { strides: [2, 2] }),
    convolve([1, 2, 4, 5, 3], [2, 2, 2, 3, 2], { strides: [1, 2, 1], pads: [1, 0, 0, 0, 1, 1] }),
    convolve([1, 1, 3, 3], [1, 1, 3, 3]),
  ],
  ConvTranspose: [
    spread([2, 3, 4], [3, 2, 3]),
    spread([1, 4, 5], [4, 1, 3], { strides: [2], dilations: [2], pads: [1, 2], groups: 2, outputPads: [1] }),
    spread([2, 2, 3, 4], [2, 3, 3, 2]),
    spread([1, 4, 3, 3], [4, 2, 3, 3], { strides: [2, 3], pads: [1, 0, 0, 1], groups: 2, outputPads: [1, 2] }),
    spread([1, 2, 2, 2, 3], [2, 1, 2, 2, 2], { strides: [2, 1, 2], outputPads: [1, 0, 1] }),
  ],
  Reshape: moved(2, 6).flatMap((x) => [[3, 4], [12], [1, 2, 6, 1]].map((shape): Case<"Reshape"> => ({ inputs: [x], attrs: { shape } }))).concat([
    { inputs: [real(1, 1)], attrs: { shape: [] } },
    { inputs: [real()], attrs: { shape: [1, 1] } },
    { inputs: [real(0, 3)], attrs: { shape: [3, 0, 2] } },
  ]),
  Transpose: moved(2, 3, 4).flatMap((x) => [[2, 0, 1], [0, 2, 1], [2, 1, 0]].map((perm): Case<"Transpose"> => ({ inputs: [x], attrs: { perm } }))).concat([{ inputs: [real(0, 3)], attrs: { perm: [1, 0] } }]),
  Broadcast: moved(1, 3).flatMap((x) => [[2, 3], [4, 1, 3]].map((shape): Case<"Broadcast"> => ({ inputs: [x], attrs: { shape } }))).concat([
    { inputs: [real()], attrs: { shape: [2, 2] } },
    { inputs: [real(1)], attrs: { shape: [0] } },
  ]),
  Slice: moved(4, 5).flatMap((x): Case<"Slice">[] => [
    { inputs: [x], attrs: { starts: [1, 0], ends: [3, 5], steps: [1, 1] } },
    { inputs: [x], attrs: { starts: [0, 1], ends: [4, 5], steps: [3, 2] } },
    { inputs: [x], attrs: { starts: [2, 0], ends: [2, 5], steps: [1, 1] } },
  ]).concat([
    { inputs: [real(3)], attrs: { starts: [0], ends: [3], steps: [1] } },
    { inputs: [real(0)], attrs: { starts: [0], ends: [0], steps: [1] } },
  ]),
  Pad: moved(2, 3).flatMap((x): Case<"Pad">[] => [
    { inputs: [x], attrs: { before: [1, 0], after: [0, 2], value: 0 } },
    { inputs: [x], attrs: { before: [0, 0], after: [0, 1], value: 1 } },
  ]).concat([{ inputs: [real(0, 2)], attrs: { before: [1, 0], after: [0, 1], value: -2.5 } }]),
  Concat: [
    ...moved(2, 3).map((x) => ({ inputs: [x, x, x], attrs: { axis: 1 } })),
    { inputs: [real(2, 3), other(4, 3)], attrs: { axis: 0 } },
    { inputs: [real(2, 0), other(2, 3)], attrs: { axis: 1 } },
    { inputs: [real(2, 1)], attrs: { axis: 1 } },
  ],
  Gather: [
    ...moved(4, 3).map((x) => ({ inputs: [x, at([3], [3, 0, 3])], attrs: { axis: 0 } })),
    { inputs: [real(4, 3), at([2, 2], [0, 2, 1, 2], "int32")], attrs: { axis: 1 } },
    { inputs: [real(4, 3), at([], [2])], attrs: { axis: 0 } },
    { inputs: [real(4, 3), at([0], [])], attrs: { axis: 0 } },
    { inputs: [real(4, 3), at([1], [1])], attrs: { axis: 1 } },
    { inputs: [real(5000, 2), at([3], [4999, 7, 7])], attrs: { axis: 0 }, gradient: "none" },
    { inputs: [real(2, 3, 4), at([2], [2, 2])], attrs: { axis: 1 } },
  ],
  TakeAlong: [
    ...moved(2, 3).map((x) => ({ inputs: [x, at([2, 4], [0, 2, 2, 1, 1, 1, 0, 2])], attrs: { axis: 1 } })),
    { inputs: [real(3, 2), at([1, 2], [2, 0], "int32")], attrs: { axis: 0 } },
    { inputs: [real(3, 2), at([0, 2], [])], attrs: { axis: 0 } },
  ],
  ScatterAdd: [
    { inputs: [real(2, 3), at([2, 4], [0, 2, 2, 1, 1, 1, 0, 2]), other(2, 4)], attrs: { axis: 1 } },
    { inputs: [real(3, 2), at([4, 2], [2, 0, 2, 0, 2, 1, 0, 0], "int32"), other(4, 2)], attrs: { axis: 0 } },
    { inputs: [ints([3]), at([3], [1, 1, 0]), ints([3])], attrs: { axis: 0 } },
    { inputs: [real(3), at([0], []), other(0)], attrs: { axis: 0 } },
  ],
  TopKValues: topK(),
  TopKIndices: topK(),
  Loop: loopCases(),
  Fused: [], // made by lowering alone: test/graph/fuse.test.ts
  Composite: [{ inputs: [real(2, 3), other(3)], attrs: squarePlus() }],
};

/** Three rounds of x ← x y + w · round, y ← y + x / 4. */
function loopCases(): Case<"Loop">[] {
  const [x, y, w] = [[2, 3], [2, 3], [3]].map((shape, i) => placeholder(`p${i}`, { shape, dtype: "float64" }));
  const round = placeholder("round", { shape: [], dtype: "int64" });
  const loop = { id: -1, count: 3, round, params: [x, y, w], bodies: [add(mul(x, y), mul(w, cast(round, "float64"))), add(y, mul(x, 0.25))] };
  return [0, 1].map((output) => ({ inputs: [real(2, 3), other(2, 3), real(3)], attrs: { loop, output } }));
}

function topK(): { readonly inputs: readonly Nd[]; readonly attrs: OpAttrs["TopKValues"]; readonly gradient?: "none" }[] {
  return [
    { inputs: [distinct(2, 5)], attrs: { k: 3, axis: 1, largest: true } },
    { inputs: [distinct(4, 2)], attrs: { k: 2, axis: 0, largest: false } },
    { inputs: [distinct(3)], attrs: { k: 3, axis: 0, largest: true } },
    { inputs: [distinct(3)], attrs: { k: 0, axis: 0, largest: true } },
    { inputs: [nd([5], [1, 4, 4, 0, 4])], attrs: { k: 3, axis: 0, largest: true }, gradient: "none" },
    { inputs: [ints([4])], attrs: { k: 2, axis: 0, largest: true } },
  ];
}
