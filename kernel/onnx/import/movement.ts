/** @file Operators that move elements: shapes, axes, slices, joining. */
import { add, cast, equal, greaterEqual, less, mul, sub, where } from "../../graph/ops/elementwise";
import { takeAlong } from "../../graph/ops/indexing";
import { broadcastTo, concat, expandDims, flip, iota, lowerTriangle, reshape, slice, split, transpose, zerosLike } from "../../graph/ops/movement";
import { node, type Tensor } from "../../graph/tensor";
import { broadcastShapes, normalizeAxes, normalizeAxis, sizeOf } from "../../graph/shape";
import type { NodeCall, OperatorRule, OperatorTable } from "./nodeCall";

function reshapeOf(call: NodeCall): Tensor {
  const x = call.x();
  const target = call.known(1);
  const keepsZero = call.flag("allowzero");
  const shape = target.map((size, axis) => (size === 0 && !keepsZero ? x.shape[axis] : size));
  // With an empty tensor, -1 cannot be found by division.
  return x.size === 0 && !shape.includes(-1) ? node("Reshape", [x], { shape }) : reshape(x, shape);
}

function flatten(call: NodeCall): Tensor {
  const x = call.x();
  const axis = call.int("axis", 1);
  // Negative axes count from the rank, not from the number of places to cut.
  const at = normalizeAxis(axis < 0 ? axis + x.rank : axis, x.rank + 1, "Flatten");
  return reshape(x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))]);
}

function squeeze(call: NodeCall): Tensor {
  const x = call.x();
  const given = call.intsAt(1, "axes");
  const axes = given === undefined ? x.shape.flatMap((size, axis) => (size === 1 ? [axis] : [])) : normalizeAxes(given, x.rank, "Squeeze");
  const wrong = axes.find((axis) => x.shape[axis] !== 1);
  if (wrong !== undefined) throw call.bad(`axis ${wrong} of [${x.shape.join(", ")}] has size ${x.shape[wrong]}`);
  return reshape(
    x,
    x.shape.filter((_, axis) => !axes.includes(axis)),
  );
}

function unsqueeze(call: NodeCall): Tensor {
  const x = call.x();
  const given = call.intsAt(1, "axes") ?? [];
  const rank = x.rank + given.length;
  const axes = normalizeAxes(given, rank, "Unsqueeze");
  const rest = [...x.shape];
  return reshape(
    x,
    Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() ?? 1))),
  );
}

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Bounds count from the end when negative and are cut to the axis; a negative step goes backwards from `start` to before `end`. */
function sliceAxis(x: Tensor, { axis, start, end, step }: Cut): Tensor {
  const length = x.shape[axis];
  const fromFront = (bound: number): number => (bound < 0 ? bound + length : bound);
  if (step > 0) {
    const from = Math.min(length, Math.max(0, fromFront(start)));
    return slice(x, { axis, start: from, end: Math.min(length, Math.max(from, fromFront(end))), step });
  }
  const first = Math.min(length - 1, Math.max(-1, fromFront(start)));
  const last = Math.max(-1, Math.min(length - 1, fromFront(end)));
  // Positions counted from the back of the flipped axis.
  return slice(flip(x, axis), { axis, start: length - 1 - first, end: Math.max(length - 1 - first, length - 1 - last), step: -step });
}

function sliceOf(call: NodeCall): Tensor {
  const x = call.x();
  const [starts, ends] = call.opset >= 10 ? [call.known(1), call.known(2)] : [call.ints("starts") ?? [], call.ints("ends") ?? []];
  const axes = (call.opset >= 10 ? call.knownIfGiven(3) : call.ints("axes")) ?? starts.map((_, i) => i);
  const steps = (call.opset >= 10 ? call.knownIfGiven(4) : undefined) ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length || steps.includes(0))
    throw call.bad("starts, ends, axes and steps do not fit");
  return starts.reduce(
    (part, start, i) => sliceAxis(part, { axis: normalizeAxis(axes[i], x.rank, "Slice"), start, end: ends[i], step: steps[i] }),
    x,
  );
}

function splitOf(call: NodeCall): Tensor[] {
  const x = call.x();
  const axis = normalizeAxis(call.int("axis", 0), x.rank, "Split");
  const given = call.intsAt(1, "split");
  if (given !== undefined) return split(x, given, axis);
  const count = call.node.outputs.length;
  // Parts are equal but for the last, which may be smaller.
  const size = Math.ceil(x.shape[axis] / count);
  return split(
    x,
    Array.from({ length: count }, (_, i) => Math.max(0, Math.min(size, x.shape[axis] - i * size))),
    axis,
  );
}

function tile(call: NodeCall): Tensor {
  const x = call.x();
  return call.known(1).reduce((part, times, axis) => {
    if (times === 1) return part;
    if (times === 0) return slice(part, { axis, end: 0 });
    const wide = expandDims(part, axis);
    return reshape(broadcastTo(wide, wide.shape.with(axis, times)), part.shape.with(axis, part.shape[axis] * times));
  }, x);
}

function depthToSpace(call: NodeCall): Tensor {
  const x = call.x();
  const [n, c, h, w] = x.shape;
  const b = call.int("blocksize", 1);
  const out = [n, c / (b * b), h * b, w * b];
  if (call.string("mode", "DCR") === "CRD") return reshape(transpose(reshape(x, [n, c / (b * b), b, b, h, w]), [0, 1, 4, 2, 5, 3]), out);
  return reshape(transpose(reshape(x, [n, b, b, c / (b * b), h, w]), [0, 3, 4, 1, 5, 2]), out);
}

function spaceToDepth(call: NodeCall): Tensor {
  const x = call.x();
  const [n, c, h, w] = x.shape;
  const b = call.int("blocksize", 1);
  return reshape(transpose(reshape(x, [n, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b]);
}

/** The first `length` elements of each sequence in reverse order, the rest as they are. */
function reverseSequence(call: NodeCall): Tensor {
  const x = call.x();
  const lengths = call.x(1);
  const [time, batch] = [call.int("time_axis", 0), call.int("batch_axis", 1)];
  const along = (values: Tensor, axis: number): Tensor =>
    reshape(
      values,
      x.shape.map((_, i) => (i === axis ? values.size : 1)),
    );
  const steps = along(iota(x.shape[time], "int64"), time);
  const counts = along(cast(lengths, "int64"), batch);
  const reversed = where(less(steps, counts), sub(sub(counts, 1), steps), steps);
  return takeAlong(x, broadcastTo(reversed, x.shape), time);
}

/** The upper or lower triangle, moved by `k` diagonals; zeros elsewhere. */
function triangle(call: NodeCall): Tensor {
  const x = call.x();
  const [rows, columns] = x.shape.slice(-2);
  const k = call.knownIfGiven(1)?.[0] ?? 0;
  const upper = call.flag("upper", true);
  const below = lowerTriangle(rows, columns, upper ? k - 1 : k);
  const zeros = zerosLike(x);
  return upper ? where(below, zeros, x) : where(below, x, zeros);
}

const expand: OperatorRule = (call) => {
  const x = call.x();
  return broadcastTo(x, broadcastShapes(x.shape, call.known(1), "Expand"));
};

/** Ones on diagonal `k` of a matrix. */
function eyeLike(call: NodeCall): Tensor {
  const x = call.x();
  const [rows, columns] = x.shape;
  const diagonal = equal(add(reshape(iota(rows), [rows, 1]), call.int("k", 0)), iota(columns));
  return cast(diagonal, call.dtype("dtype", x.dtype));
}

/** 1 at each index along a new axis and 0 elsewhere, or the two values given; indices count from the end when negative, and mark nothing outside. */
function oneHot(call: NodeCall): Tensor {
  const indices = cast(call.x(0), "int64");
  const [depth] = call.known(1);
  const axis = normalizeAxis(call.int("axis", -1), indices.rank + 1, "OneHot");
  const positions = reshape(
    iota(depth, "int64"),
    Array.from({ length: indices.rank + 1 }, (_, i) => (i === axis ? depth : 1)),
  );
  const hot = equal(expandDims(where(greaterEqual(indices, 0), indices, add(indices, depth)), axis), positions);
  const values = call.x(2);
  const [off, on] = [reshape(slice(values, { axis: 0, end: 1 }), []), reshape(slice(values, { axis: 0, start: 1 }), [])];
  const mask = cast(hot, values.dtype === "bool" ? "uint8" : values.dtype);
  return values.dtype === "bool" ? where(hot, on, off) : add(off, mul(mask, sub(on, off)));
}

export const movement: OperatorTable = {
  Concat: (call) => concat(call.all(), normalizeAxis(call.int("axis", 1), call.x().rank, "Concat")),
  DepthToSpace: depthToSpace,
  Dropout: (call) => {
    const x = call.x();
    const training = call.opset >= 12 && (call.knownIfGiven(2)?.[0] ?? 0) !== 0;
    if (training && (call.knownIfGiven(1)?.[0] ?? 0.5) !== 0) throw call.unsupported("training mode, whose random numbers are not defined,");
    return [x, call.wants(1) ? equal(zerosLike(x), 0) : undefined];
  },
  Expand: expand,
  EyeLike: eyeLike,
  Flatten: flatten,
  Identity: (call) => call.x(),
  OneHot: oneHot,
  Reshape: reshapeOf,
  ReverseSequence: reverseSequence,
  Slice: sliceOf,
  SpaceToDepth: spaceToDepth,
  Split: splitOf,
  Squeeze: squeeze,
  Tile: tile,
  Transpose: (call) => transpose(call.x(), call.ints("perm")),
  Trilu: triangle,
  Unsqueeze: unsqueeze,
};
