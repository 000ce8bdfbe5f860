/** @file Checks the payload of a tensor view. */
import type { TensorPayload, TensorStats } from "../../../kernel/display/schema";
import { BASE, byteGrid, finite, list, maybe, PayloadError, record, text, whole } from "../../shared/validate";

const size = whole(0, Number.MAX_SAFE_INTEGER);

const check = record<TensorPayload>({
  ...BASE,
  dtype: text(40),
  shape: list(size, 64),
  bytes: size,
  stats: record<TensorStats>({ min: maybe, max: maybe, mean: maybe, std: maybe, nanCount: size, infiniteCount: size, zeroCount: size }),
  histogram: record<TensorPayload["histogram"]>({ edges: list(finite, 2000), counts: list(size, 2000) }),
  values: byteGrid,
});

/** @throws {PayloadError} naming the field that is wrong. */
export function parseTensor(value: unknown): TensorPayload {
  const payload = check(value, "");
  const { values, shape, histogram } = payload;
  if (values.shape.length !== Math.max(2, shape.length)) throw new PayloadError(`values.shape has ${values.shape.length} axes; expected ${Math.max(2, shape.length)}`);
  const larger = shape.findIndex((length, axis) => values.shape[axis + values.shape.length - shape.length] > length);
  if (larger >= 0) throw new PayloadError(`values.shape is larger than shape along axis ${larger}`);
  if (histogram.counts.length > 0 && histogram.edges.length !== histogram.counts.length + 1)
    throw new PayloadError(`histogram holds ${histogram.edges.length} edges and ${histogram.counts.length} counts; expected one edge more`);
  return payload;
}
