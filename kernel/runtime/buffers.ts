/** @file Where the elements of results lie: in host memory, or wherever an executor keeps them. */
import { bytesPerElement, hostArray, type Dtype, type HostArray } from "../graph/dtype";
import { sizeOf, type Shape } from "../graph/shape";
import type { Storage } from "../graph/tensor";

/** Dtype and shape of a buffer, worked out once for all the runs that take one. */
export interface Form {
  readonly key: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly elements: number;
}

export const formOf = ({ dtype, shape }: { readonly dtype: Dtype; readonly shape: Shape }): Form => ({ key: `${dtype}[${shape.join()}]`, dtype, shape, elements: sizeOf(shape) });

/** Makes buffers, and takes over those of tensors that gave theirs away. */
export interface Buffers {
  /** A buffer; its elements are unspecified. @throws {DeviceError} when there is no memory for it. */
  make(form: Form): Storage;
  /** The buffer of `storage` in a storage of its own; undefined where it is no buffer of this kind, or part of a larger one. */
  takeOver(storage: Storage, form: Form): Storage | undefined;
}

/** Buffers in host memory. The executor's own object over one comes along. */
export const HOST_BUFFERS: Buffers = {
  make: ({ dtype, elements }) => ({ data: hostArray(dtype, elements) }),
  takeOver: ({ data, native }, { dtype }) => (data !== undefined && ownsBuffer(data, dtype) ? { data, native } : undefined),
};

/** Whether the array covers its whole buffer: a view into something larger must not be written. */
const ownsBuffer = (data: HostArray, dtype: Dtype): boolean => data.byteOffset === 0 && data.buffer.byteLength === data.length * bytesPerElement(dtype);
