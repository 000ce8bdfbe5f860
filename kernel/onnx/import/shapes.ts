/** @file Operators that make constants, shapes and index lists. */
import { hostArrayFrom, type Dtype, type HostTensor } from "../../graph/dtype";
import { add, cast, less, mul } from "../../graph/ops/elementwise";
import { gather } from "../../graph/ops/indexing";
import { broadcastTo, flatten, iota, reshape } from "../../graph/ops/movement";
import { normalizeAxis, sizeOf, stridesOf, type Shape } from "../../graph/shape";
import { fromHost, type Tensor } from "../../graph/tensor";
import { knownValue } from "./knownValue";
import type { NodeCall, OperatorTable } from "./nodeCall";

/** A constant of numbers. */
export const constant = (dtype: Dtype, shape: Shape, values: ArrayLike<number>): Tensor =>
  fromHost({ dtype, shape, data: hostArrayFrom(dtype, values) });

function constantOf(call: NodeCall): Tensor {
  const value = call.tensor("value");
  if (value !== undefined) return fromHost(value);
  const [float, int] = [call.node.attributes["value_float"], call.int("value_int")];
  if (float !== undefined) return constant("float32", [], [call.float("value_float", 0)]);
  if (int !== undefined) return constant("int64", [], [int]);
  const [floats, ints] = [call.floats("value_floats"), call.ints("value_ints")];
  if (floats !== undefined) return constant("float32", [floats.length], floats);
  if (ints !== undefined) return constant("int64", [ints.length], ints);
  throw call.unsupported("a constant of strings or a sparse one");
}

function constantOfShape(call: NodeCall): Tensor {
  const shape = call.known(0);
  const value: HostTensor = call.tensor("value") ?? { dtype: "float32", shape: [1], data: new Float32Array(1) };
  return broadcastTo(reshape(fromHost(value), []), shape);
}

function shapeOf(call: NodeCall): Tensor {
  const { shape } = call.x();
  const part = shape.slice(call.int("start", 0), call.int("end", shape.length));
  return constant("int64", [part.length], part);
}

function range(call: NodeCall): Tensor {
  const [start] = call.known(0);
  const [limit] = call.known(1);
  const [delta] = call.known(2);
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (!Number.isFinite(length)) throw call.bad(`from ${start} to ${limit} by ${delta}`);
  const { dtype } = call.x();
  return add(mul(iota(length, dtype), delta), start);
}

/** Positions of the elements that are not 0, one row for each axis: their number must be known. */
function nonZero(call: NodeCall): Tensor {
  const { shape } = call.x();
  const strides = stridesOf(shape);
  const found = call.known(0).flatMap((value, i) => (value === 0 ? [] : [i]));
  const rows = shape.map((size, axis) => found.map((i) => Math.floor(i / strides[axis]) % size));
  return constant("int64", [shape.length, found.length], rows.flat());
}

/** The slices along an axis at which a condition holds; which ones must be known. */
function compress(call: NodeCall): Tensor {
  const axis = call.int("axis");
  const x = axis === undefined ? flatten(call.x()) : call.x();
  const kept = call.known(1).flatMap((value, i) => (value === 0 ? [] : [i]));
  return gather(x, constant("int64", [kept.length], kept), axis === undefined ? 0 : normalizeAxis(axis, x.rank, "Compress"));
}

/** Indices in [0, length): negative ones count from the end. */
export function fromFront(indices: Tensor, length: number): Tensor {
  const known = knownValue(indices);
  if (known !== undefined && known.data.every((index) => index >= 0)) return indices;
  if (known !== undefined)
    return constant(
      indices.dtype,
      indices.shape,
      known.data.map((index) => (index < 0 ? index + length : index)),
    );
  const negative = cast(less(indices, 0), indices.dtype);
  return add(indices, mul(negative, length));
}

export const shapes: OperatorTable = {
  Compress: compress,
  Constant: constantOf,
  ConstantOfShape: constantOfShape,
  NonZero: nonZero,
  Range: range,
  Shape: shapeOf,
  Size: (call) => constant("int64", [], [sizeOf(call.x().shape)]),
};
