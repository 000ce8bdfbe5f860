/** @file Buffers that wait to be used again: donated state of one step becomes the outputs of the next. */
import { bytesPerElement, hostArray, type Dtype, type HostArray } from "../graph/dtype";
import { sizeOf, type Shape } from "../graph/shape";
import type { Storage } from "../graph/tensor";

export class BufferPool {
  private readonly free = new Map<string, Storage[]>();
  /** How many buffers of each form one run takes: more than that are not kept. */
  private readonly wanted = new Map<string, number>();

  /** Announces runs that take a buffer for each of `forms`. */
  reserve(forms: readonly { readonly dtype: Dtype; readonly shape: Shape }[]): void {
    const counts = new Map<string, number>();
    for (const { dtype, shape } of forms) counts.set(keyOf(dtype, shape), (counts.get(keyOf(dtype, shape)) ?? 0) + 1);
    for (const [key, count] of counts) this.wanted.set(key, Math.max(count, this.wanted.get(key) ?? 0));
  }

  /** A buffer for this form: one given back earlier, or a new one. Elements are unspecified. */
  take(dtype: Dtype, shape: Shape): Storage {
    return this.free.get(keyOf(dtype, shape))?.pop() ?? { data: hostArray(dtype, sizeOf(shape)) };
  }

  /** Takes over the buffer of `storage`, which its holder can no longer read. The executor's own object over it comes along. */
  give(storage: Storage, { dtype, shape, takenBy }: { readonly dtype: Dtype; readonly shape: Shape; readonly takenBy: string }): void {
    const { data, native } = storage;
    if (data === undefined || !ownsBuffer(data, dtype)) return;
    storage.data = undefined;
    storage.native = undefined;
    storage.takenBy = takenBy;
    const key = keyOf(dtype, shape);
    const list = this.free.get(key) ?? [];
    if (list.length < (this.wanted.get(key) ?? 0)) list.push({ data, native });
    this.free.set(key, list);
  }

  clear(): void {
    this.free.clear();
  }
}

const keyOf = (dtype: Dtype, shape: Shape): string => `${dtype}[${shape.join()}]`;

/** Whether the array covers its whole buffer: a view into something larger must not be written. */
const ownsBuffer = (data: HostArray, dtype: Dtype): boolean => data.byteOffset === 0 && data.buffer.byteLength === data.length * bytesPerElement(dtype);
