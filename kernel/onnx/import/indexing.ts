/** @file Reading and writing by index. */
import { add, cast, equal, maximum, minimum, mul, where } from "../../graph/ops/elementwise";
import { gather, scatterAdd, takeAlong } from "../../graph/ops/indexing";
import { broadcastTo, ones, pad, reshape, slice, zeros } from "../../graph/ops/movement";
import { normalizeAxis, sizeOf, stridesOf, type Shape } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";
import { knownValue } from "./knownValue";
import { constant, fromFront } from "./shapes";

function gatherOf(call: NodeCall): Tensor {
  const x = call.x();
  const axis = normalizeAxis(call.int("axis", 0), x.rank, "Gather");
  return gather(x, fromFront(call.x(1), x.shape[axis]), axis);
}

/** Indices may be shorter than the other axes of `x`, which are then cut. */
function gatherElements(call: NodeCall): Tensor {
  const [x, indices] = [call.x(), call.x(1)];
  const axis = normalizeAxis(call.int("axis", 0), x.rank, "GatherElements");
  return takeAlong(fitted(x, indices.shape, axis), fromFront(indices, x.shape[axis]), axis);
}

const fitted = (x: Tensor, shape: Shape, axis: number): Tensor =>
  shape.reduce((part, size, i) => (i === axis ? part : slice(part, { axis: i, end: size })), x);

/** Tuples of indices [..., K] into the first K axes of `sizes`, as positions in those axes joined. */
function flatPositions(indices: Tensor, sizes: Shape): Tensor {
  const depth = indices.shape[indices.rank - 1];
  const strides = stridesOf(sizes.slice(0, depth));
  const parts = strides.map((stride, i) =>
    mul(fromFront(reshape(slice(indices, { axis: indices.rank - 1, start: i, end: i + 1 }), indices.shape.slice(0, -1)), sizes[i]), stride),
  );
  return parts.length === 0 ? zeros(indices.shape.slice(0, -1), indices.dtype) : parts.reduce(add);
}

function gatherND(call: NodeCall): Tensor {
  const [x, indices] = [call.x(), call.x(1)];
  const batches = call.int("batch_dims", 0);
  const depth = indices.shape[indices.rank - 1];
  const batch = x.shape.slice(0, batches);
  const joined = sizeOf(x.shape.slice(batches, batches + depth));
  const rest = x.shape.slice(batches + depth);
  // Batches are joined into the position as well.
  const count = sizeOf(batch);
  const inner = reshape(flatPositions(indices, x.shape.slice(batches)), [count, sizeOf(indices.shape.slice(batches, -1))]);
  const starts = constant(
    indices.dtype,
    [count, 1],
    Array.from({ length: count }, (_, i) => i * joined),
  );
  const rows = gather(reshape(x, [count * joined, ...rest]), reshape(add(inner, starts), [inner.size]), 0);
  return reshape(rows, [...indices.shape.slice(0, -1), ...rest]);
}

interface Scatter {
  readonly indices: Tensor;
  readonly updates: Tensor;
  readonly axis: number;
  readonly reduction: string;
}

/** `base` with `updates` written, added, multiplied or compared at `indices`. */
function scatter(call: NodeCall, base: Tensor, { indices, updates, axis, reduction }: Scatter): Tensor {
  if (reduction === "add" && base.dtype !== "bool") return scatterAdd(base, indices, { updates, axis });
  const combine = COMBINE[reduction];
  if (combine === undefined) throw call.unsupported(`reduction ${JSON.stringify(reduction)}`);
  const rounds = reduction === "none" ? [undefined] : roundsOf(call, indices, axis);
  return rounds.reduce<Tensor>((out, marks) => {
    // Writing is adding to zeros where something is written: indices must not repeat within a round.
    const used = marks ?? ones(indices.shape, "int32");
    const number = updates.dtype === "bool" ? cast(updates, "int32") : updates;
    const placed = scatterAdd(zeros(base.shape, number.dtype), indices, { updates: where(equal(used, 1), number, mul(number, 0)), axis });
    const written = scatterAdd(zeros(base.shape, "int32"), indices, { updates: used, axis });
    return where(equal(written, 0), out, combine(out, cast(placed, base.dtype)));
  }, base);
}

const COMBINE: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = { none: (_, b) => b, mul, max: maximum, min: minimum };

/** Marks of 0 and 1 that part the indices into rounds in which none repeats; they must be known for that. */
function roundsOf(call: NodeCall, indices: Tensor, axis: number): Tensor[] {
  const known = knownValue(indices);
  if (known === undefined) throw call.unsupported("a reduction other than addition, at indices that depend on data,");
  const strides = stridesOf(indices.shape);
  const seen = new Map<number, number>();
  const rounds = Array.from(known.data, (index, i) => {
    const place = i - (Math.floor(i / strides[axis]) % indices.shape[axis]) * strides[axis];
    const key = place * 2 ** 24 + index;
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    return round;
  });
  const count = rounds.reduce((most, round) => Math.max(most, round + 1), 0);
  return Array.from({ length: count }, (_, round) =>
    constant(
      "int32",
      indices.shape,
      rounds.map((own) => (own === round ? 1 : 0)),
    ),
  );
}

function scatterElements(call: NodeCall): Tensor {
  const [x, indices, updates] = [call.x(), call.x(1), call.x(2)];
  const axis = normalizeAxis(call.int("axis", 0), x.rank, "ScatterElements");
  const own = fromFront(indices, x.shape[axis]);
  const inside = fitted(x, indices.shape, axis);
  if (inside === x) return scatter(call, x, { indices: own, updates, axis, reduction: call.string("reduction", "none") });
  // Indices cover only a corner of the other axes: positions in the flattened tensor do.
  const strides = stridesOf(x.shape);
  const column = (i: number): number[] => x.shape.map((_, k) => (k === i ? indices.shape[i] : 1));
  const offsets = indices.shape.map((size, i) =>
    i === axis
      ? mul(own, strides[axis])
      : constant(
          indices.dtype,
          column(i),
          Array.from({ length: size }, (_, k) => k * strides[i]),
        ),
  );
  const flat = reshape(broadcastTo(offsets.reduce(add), indices.shape), [indices.size]);
  return reshape(
    scatter(call, reshape(x, [x.size]), {
      indices: flat,
      updates: reshape(updates, [updates.size]),
      axis: 0,
      reduction: call.string("reduction", "none"),
    }),
    x.shape,
  );
}

function scatterND(call: NodeCall): Tensor {
  const [x, indices, updates] = [call.x(), call.x(1), call.x(2)];
  const depth = indices.shape[indices.rank - 1];
  const inner = sizeOf(x.shape.slice(depth));
  const positions = flatPositions(indices, x.shape);
  const rows = reshape(positions, [positions.size, 1]);
  const wide = broadcastTo(rows, [positions.size, inner]);
  const base = reshape(x, [sizeOf(x.shape.slice(0, depth)), inner]);
  return reshape(
    scatter(call, base, { indices: wide, updates: reshape(updates, [positions.size, inner]), axis: 0, reduction: call.string("reduction", "none") }),
    x.shape,
  );
}

/** Values written at flat positions of each image, zeros elsewhere: the inverse of a pooling that kept its indices. */
function maxUnpool(call: NodeCall): Tensor {
  const [x, indices] = [call.x(), call.x(1)];
  const kernel = call.ints("kernel_shape") ?? [];
  const strides = call.ints("strides") ?? kernel.map(() => 1);
  const pads = call.ints("pads") ?? kernel.map(() => 0).concat(kernel.map(() => 0));
  const inferred = [...x.shape.slice(0, 2), ...kernel.map((size, i) => (x.shape[2 + i] - 1) * strides[i] + size - pads[i] - pads[kernel.length + i])];
  const shape = call.knownIfGiven(2) ?? inferred;
  // Positions count through the inferred shape, also when a larger one is asked for.
  const flat = scatterAdd(zeros([sizeOf(inferred)], x.dtype), reshape(indices, [indices.size]), { updates: reshape(x, [x.size]), axis: 0 });
  const image = reshape(flat, inferred);
  return shape.reduce((part, size, axis) => (size === part.shape[axis] ? part : padEnd(part, axis, size)), image);
}

const padEnd = (x: Tensor, axis: number, size: number): Tensor =>
  pad(
    x,
    x.shape.map((length, i): [number, number] => [0, i === axis ? size - length : 0]),
  );

export const indexing: OperatorTable = {
  Gather: gatherOf,
  GatherElements: gatherElements,
  GatherND: gatherND,
  MaxUnpool: maxUnpool,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
};
