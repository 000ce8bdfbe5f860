/** @file What each operation computes, in plain loops over float64 numbers. */
import type { ConvolutionAttrs, Op, OpAttrs, TopKAttrs } from "../../kernel/graph/op";
import { at, broadcastShape, build, indices, nd, sizeOf, type Nd } from "./arrays";

export type Reference<P extends Op> = (inputs: readonly Nd[], attrs: OpAttrs[P]) => Nd;

/** Error function by its series and, further out, its continued fraction (Abramowitz & Stegun 7.1.6, 7.1.14). */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 80; n++) sum += term *= (2 * z * z) / (2 * n + 1);
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  let fraction = 0;
  for (let n = 80; n > 0; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}

export function halfToEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

const unary = (fn: (x: number) => number) => ([x]: readonly Nd[]): Nd => nd(x.shape, x.data.map(fn), x.dtype);
const binary = (fn: (a: number, b: number) => number) => ([a, b]: readonly Nd[]): Nd => build(broadcastShape(a.shape, b.shape), (i) => fn(at(a, i), at(b, i)), a.dtype);
const test = (fn: (a: number, b: number) => boolean) => ([a, b]: readonly Nd[]): Nd => build(broadcastShape(a.shape, b.shape), (i) => Number(fn(at(a, i), at(b, i))), "bool");
const integer = (x: Nd): boolean => x.dtype.includes("int");
const reduction =
  (start: number, fn: (a: number, b: number) => number) =>
  ([x]: readonly Nd[], { axes, keep }: OpAttrs["ReduceSum"]): Nd => {
    const shape = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const total = new Map<string, number>();
    for (const index of indices(x.shape)) {
      const key = index.map((i, axis) => (axes.includes(axis) ? 0 : i)).join();
      total.set(key, fn(total.get(key) ?? start, at(x, index)));
    }
    const kept = build(shape, (index) => total.get(index.join()) ?? start, x.dtype);
    return keep ? kept : nd(x.shape.filter((_, axis) => !axes.includes(axis)), kept.data, x.dtype);
  };

/** Positions along an axis in the order of TopK: best first, the first of equals before the others. */
const ranked = ([x]: readonly Nd[], { k, axis, largest }: TopKAttrs, pick: (position: number, value: number) => number): Nd =>
  build(
    x.shape.map((size, i) => (i === axis ? k : size)),
    (index) => {
      const line = Array.from({ length: x.shape[axis] }, (_, i) => at(x, index.with(axis, i)));
      const order = line.map((_, i) => i).sort((i, j) => (largest ? line[j] - line[i] : line[i] - line[j]) || i - j);
      return pick(order[index[axis]], line[order[index[axis]]]);
    },
  );

function matmul([a, b]: readonly Nd[], { transA, transB, leadA, leadB, alpha }: OpAttrs["MatMul"]): Nd {
  const plain = (x: Nd, transposed: boolean, lead: boolean): Nd => {
    const rank = x.shape.length;
    const axes = x.shape.map((_, axis) => axis);
    const front = lead ? [...axes.slice(1, -1), 0, rank - 1] : axes;
    const perm = transposed ? [...front.slice(0, -2), front[rank - 1], front[rank - 2]] : front;
    return transpose([x], { perm });
  };
  const [x, y] = [plain(a, transA, leadA), plain(b, transB, leadB)];
  const inner = x.shape[x.shape.length - 1];
  const batch = broadcastShape(x.shape.slice(0, -2), y.shape.slice(0, -2));
  return build([...batch, x.shape[x.shape.length - 2], y.shape[y.shape.length - 1]], (index) => {
    const lead = index.slice(0, -2);
    const [row, column] = index.slice(-2);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(x, [...lead, row, k]) * at(y, [...lead, k, column]);
    return alpha * sum;
  });
}


function transpose([x]: readonly Nd[], { perm }: OpAttrs["Transpose"]): Nd {
  return build(perm.map((axis) => x.shape[axis]), (index) => at(x, x.shape.map((_, axis) => index[perm.indexOf(axis)])), x.dtype);
}

/** Calls `visit` for every product of a convolution of `image` with `kernel` that gives an output of shape `out`. */
function taps({ out, image, kernel, attrs }: { readonly out: readonly number[]; readonly image: readonly number[]; readonly kernel: readonly number[]; readonly attrs: ConvolutionAttrs }, visit: (o: readonly number[], i: readonly number[], k: readonly number[]) => void): void {
  for (const o of indices(out))
    for (const k of indices(kernel)) {
      const i = o.map((p, axis) => p * attrs.strides[axis] + k[axis] * attrs.dilations[axis] - attrs.pads[axis]);
      if (i.every((p, axis) => p >= 0 && p < image[axis])) visit(o, i, k);
    }
}

const offset = (index: readonly number[], shape: readonly number[]): number => index.reduce((flat, i, axis) => flat * shape[axis] + i, 0);

function conv([x, w]: readonly Nd[], attrs: ConvolutionAttrs): Nd {
  const rank = x.shape.length - 2;
  const [n, c] = x.shape;
  const [o, perGroup] = w.shape;
  const [image, kernel] = [x.shape.slice(2), w.shape.slice(2)];
  const out = image.map((size, i) => Math.floor((size + attrs.pads[i] + attrs.pads[rank + i] - (kernel[i] - 1) * attrs.dilations[i] - 1) / attrs.strides[i]) + 1);
  const shape = [n, o, ...out];
  const data = new Array<number>(sizeOf(shape)).fill(0);
  taps({ out, image, kernel, attrs }, (to, from, k) => {
    for (let b = 0; b < n; b++)
      for (let f = 0; f < o; f++)
        for (let d = 0; d < perGroup; d++) {
          const channel = Math.floor(f / (o / attrs.groups)) * (c / attrs.groups) + d;
          data[offset([b, f, ...to], shape)] += x.data[offset([b, channel, ...from], x.shape)] * w.data[offset([f, d, ...k], w.shape)];
        }
  });
  return nd(shape, data, x.dtype);
}

/** Each element of the image adds the kernel, scaled by it, to the result. */
function convTranspose([x, w]: readonly Nd[], { outputPads, ...attrs }: OpAttrs["ConvTranspose"]): Nd {
  const rank = x.shape.length - 2;
  const [n, c] = x.shape;
  const perGroup = w.shape[1];
  const [image, kernel] = [x.shape.slice(2), w.shape.slice(2)];
  const out = image.map((size, i) => (size - 1) * attrs.strides[i] + (kernel[i] - 1) * attrs.dilations[i] + 1 - attrs.pads[i] - attrs.pads[rank + i] + outputPads[i]);
  const shape = [n, perGroup * attrs.groups, ...out];
  const data = new Array<number>(sizeOf(shape)).fill(0);
  taps({ out: image, image: out, kernel, attrs }, (from, to, k) => {
    for (let b = 0; b < n; b++)
      for (let d = 0; d < c; d++)
        for (let f = 0; f < perGroup; f++) {
          const channel = Math.floor(d / (c / attrs.groups)) * perGroup + f;
          data[offset([b, channel, ...to], shape)] += x.data[offset([b, d, ...from], x.shape)] * w.data[offset([d, f, ...k], w.shape)];
        }
  });
  return nd(shape, data, x.dtype);
}

const BITS = { uint8: 8, int8: 8, int32: 32, int64: 64 };
const bits = (x: Nd): number => BITS[x.dtype as keyof typeof BITS];
const bitwise = (fn: (a: bigint, b: bigint) => bigint) => ([a, b]: readonly Nd[]): Nd =>
  build(
    broadcastShape(a.shape, b.shape),
    (i) => {
      const result = fn(BigInt.asUintN(bits(a), BigInt(at(a, i))), BigInt.asUintN(bits(a), BigInt(at(b, i))));
      return Number(a.dtype === "uint8" ? BigInt.asUintN(8, result) : BigInt.asIntN(bits(a), result));
    },
    a.dtype,
  );

export const references: { readonly [P in Op]: Reference<P> } = {
  Input: ([x]) => x,
  Data: ([x]) => x,
  Const: (_, { value, dtype }) => nd([], [value], dtype),
  Iota: (_, { length, dtype }) => build([length], ([i]) => i, dtype),
  Identity: ([x]) => x,
  StopGradient: ([x]) => x,
  Barrier: ([x]) => x,
  Cast: ([x], { to }) => nd(x.shape, x.data.map((v) => (to === "bool" ? Number(v !== 0) : to.includes("int") ? Math.trunc(v) : v)), to),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary((x) => 1 / x),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tanh: unary(Math.tanh),
  Sigmoid: unary((x) => 1 / (1 + Math.exp(-x))),
  Erf: unary(erf),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(halfToEven),
  Not: unary((x) => 1 - x),
  IsNaN: ([x]) => nd(x.shape, x.data.map((v) => Number(Number.isNaN(v))), "bool"),
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: ([a, b]) => binary((p, q) => (integer(a) ? Math.trunc(p / q) : p / q))([a, b]),
  Pow: binary(Math.pow),
  Max: binary(Math.max),
  Min: binary(Math.min),
  Mod: binary((a, b) => a - b * Math.floor(a / b)),
  And: binary((a, b) => a & b),
  Or: binary((a, b) => a | b),
  Xor: binary((a, b) => a ^ b),
  BitAnd: bitwise((a, b) => a & b),
  BitOr: bitwise((a, b) => a | b),
  BitXor: bitwise((a, b) => a ^ b),
  ShiftLeft: bitwise((a, b) => a << b),
  ShiftRight: bitwise((a, b) => a >> b),
  Equal: test((a, b) => a === b),
  Less: test((a, b) => a < b),
  LessEqual: test((a, b) => a <= b),
  Where: ([c, a, b]) => build(broadcastShape(c.shape, a.shape, b.shape), (i) => (at(c, i) !== 0 ? at(a, i) : at(b, i)), a.dtype),
  ReduceSum: reduction(0, (a, b) => a + b),
  ReduceMax: reduction(-Infinity, Math.max),
  ReduceMin: reduction(Infinity, Math.min),
  ReduceProd: reduction(1, (a, b) => a * b),
  ArgMax: ([x], { axis }) => nd(x.shape.toSpliced(axis, 1), ranked([x], { k: 1, axis, largest: true }, (i) => i).data, "int64"),
  CumSum: ([x], { axis, exclusive, reverse }) =>
    build(x.shape, (index) => {
      let sum = 0;
      for (let i = 0; i < x.shape[axis]; i++) if (i === index[axis] ? !exclusive : reverse ? i > index[axis] : i < index[axis]) sum += at(x, index.with(axis, i));
      return sum;
    }, x.dtype),
  MatMul: matmul,
  Conv: conv,
  ConvTranspose: convTranspose,
  Reshape: ([x], { shape }) => nd(shape, x.data, x.dtype),
  Transpose: transpose,
  Broadcast: ([x], { shape }) => build(shape, (index) => at(x, index), x.dtype),
  Slice: ([x], { starts, ends, steps }) => build(x.shape.map((_, i) => Math.max(0, Math.ceil((ends[i] - starts[i]) / steps[i]))), (index) => at(x, index.map((p, i) => starts[i] + p * steps[i])), x.dtype),
  Pad: ([x], { before, after, value }) =>
    build(x.shape.map((size, i) => before[i] + size + after[i]), (index) => {
      const from = index.map((p, i) => p - before[i]);
      return from.every((p, i) => p >= 0 && p < x.shape[i]) ? at(x, from) : value;
    }, x.dtype),
  Concat: (parts, { axis }) =>
    build(parts[0].shape.with(axis, parts.reduce((n, part) => n + part.shape[axis], 0)), (index) => {
      let position = index[axis];
      const part = parts.find((p) => position < p.shape[axis] || ((position -= p.shape[axis]), false)) ?? parts[0];
      return at(part, index.with(axis, position));
    }, parts[0].dtype),
  Gather: ([x, rows], { axis }) =>
    build([...x.shape.slice(0, axis), ...rows.shape, ...x.shape.slice(axis + 1)], (index) => {
      const k = rows.shape.length;
      return at(x, [...index.slice(0, axis), at(rows, index.slice(axis, axis + k)), ...index.slice(axis + k)]);
    }, x.dtype),
  TakeAlong: ([x, rows], { axis }) => build(rows.shape, (index) => at(x, index.with(axis, rows.data[offset(index, rows.shape)])), x.dtype),
  ScatterAdd: ([base, rows, updates], { axis }) => {
    const data = [...base.data];
    for (const index of indices(updates.shape)) data[offset(index.with(axis, rows.data[offset(index, rows.shape)]), base.shape)] += updates.data[offset(index, updates.shape)];
    return nd(base.shape, data, base.dtype);
  },
  TopKValues: ([x], attrs) => ({ ...ranked([x], attrs, (_, value) => value), dtype: x.dtype }),
  TopKIndices: ([x], attrs) => ({ ...ranked([x], attrs, (i) => i), dtype: "int64" }),
  // The one loop of the cases: x ← x y + w · round, y ← y + x / 4.
  Loop: ([x, y, w], { loop: { count }, output }) => {
    let state = [x, y];
    for (let round = 0; round < count; round++) {
      const [a, b] = state;
      state = [build(x.shape, (i) => at(a, i) * at(b, i) + at(w, i) * round), build(x.shape, (i) => at(b, i) + at(a, i) / 4)];
    }
    return state[output];
  },
  // The one composite of the cases: x² + y.
  Fused: () => {
    throw new Error("fused kernels have no cases here");
  },
  Composite: ([x, y]) => binary((a, b) => a * a + b)([x, y]),
};
