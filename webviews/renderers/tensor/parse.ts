/** @file Checks the payload of a tensor view. */
import type { ExactElements, TensorPayload, TensorStats } from "../../../kernel/display/schema";
import { BASE, base64, base64Bytes, byteGrid, finite, list, maybe, oneOf, optional, PayloadError, record, text, whole } from "../../shared/validate";

/** The kernel writes far less. */
const MAX_EXACT_BYTES = 1_000_000;
const size = whole(0, Number.MAX_SAFE_INTEGER);

const check = record<TensorPayload>({
  ...BASE,
  dtype: text(40),
  shape: list(size, 64),
  bytes: size,
  stats: record<TensorStats>({ min: maybe, max: maybe, mean: maybe, std: maybe, nanCount: size, infiniteCount: size, zeroCount: size }),
  histogram: record<TensorPayload["histogram"]>({ edges: list(finite, 2000), counts: list(size, 2000) }),
  values: byteGrid,
  exact: optional(record<ExactElements>({ type: oneOf("float32", "float64"), data: base64(MAX_EXACT_BYTES) })),
});

/** @throws {PayloadError} naming the field that is wrong. */
export function parseTensor(value: unknown): TensorPayload {
  const payload = check(value, "");
  const { values, shape, histogram, exact } = payload;
  if (values.shape.length !== Math.max(2, shape.length)) throw new PayloadError(`values.shape has ${values.shape.length} axes; expected ${Math.max(2, shape.length)}`);
  const larger = shape.findIndex((length, axis) => values.shape[axis + values.shape.length - shape.length] > length);
  if (larger >= 0) throw new PayloadError(`values.shape is larger than shape along axis ${larger}`);
  if (histogram.counts.length > 0 && histogram.edges.length !== histogram.counts.length + 1)
    throw new PayloadError(`histogram holds ${histogram.edges.length} edges and ${histogram.counts.length} counts; expected one edge more`);
  if (exact !== undefined) checkExact(exact, values.shape);
  return payload;
}

function checkExact({ type, data }: ExactElements, shape: readonly number[]): void {
  const count = shape.reduce((product, axis) => product * axis, 1);
  const expected = count * (type === "float32" ? 4 : 8);
  if (base64Bytes(data) !== expected) throw new PayloadError(`exact.data holds ${base64Bytes(data)} bytes; expected ${expected}, for ${count} elements of ${type}`);
}
