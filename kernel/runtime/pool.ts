/** @file Buffers that wait to be used again: donated state of one step becomes the outputs of the next. */
import { bytesPerElement, hostArray, type Dtype, type HostArray } from "../graph/dtype";
import { sizeOf, type Shape } from "../graph/shape";
import type { Storage } from "../graph/tensor";

/** Dtype and shape of a buffer, worked out once for all the runs that take one. */
export interface Form {
  readonly key: string;
  readonly dtype: Dtype;
  readonly elements: number;
}

export const formOf = ({ dtype, shape }: { readonly dtype: Dtype; readonly shape: Shape }): Form => ({ key: `${dtype}[${shape.join()}]`, dtype, elements: sizeOf(shape) });

/** First in, first out, without moving the others: `shift` of an array would, at every take. */
class Queue {
  private readonly items: Storage[] = [];
  private next = 0;

  get length(): number {
    return this.items.length - this.next;
  }
  add(item: Storage): void {
    this.items.push(item);
  }
  take(): Storage | undefined {
    if (this.next === this.items.length) return undefined;
    const item = this.items[this.next++];
    if (this.next * 2 >= this.items.length) this.next -= this.items.splice(0, this.next).length;
    return item;
  }
}

export class BufferPool {
  private readonly free = new Map<string, Queue>();
  /** How many buffers of each form one run takes: more than that are not kept. */
  private readonly wanted = new Map<string, number>();

  /** Announces runs that take a buffer for each of `forms`. */
  reserve(forms: readonly Form[]): void {
    const counts = new Map<string, number>();
    for (const { key } of forms) counts.set(key, (counts.get(key) ?? 0) + 1);
    for (const [key, count] of counts) this.wanted.set(key, Math.max(count, this.wanted.get(key) ?? 0));
  }

  /**
   * A buffer of this form: the one given back first, or a new one. Elements are unspecified. In that order, buffers of
   * equal form come back to the same output every second step, and an executor need not bind them anew.
   */
  take({ key, dtype, elements }: Form): Storage {
    return this.free.get(key)?.take() ?? { data: hostArray(dtype, elements) };
  }

  /** Takes over the buffer of `storage`, which its holder can no longer read. The executor's own object over it comes along. */
  give(storage: Storage, { key, dtype }: Form, takenBy: string): void {
    const { data, native } = storage;
    if (data === undefined || !ownsBuffer(data, dtype)) return;
    storage.data = undefined;
    storage.native = undefined;
    storage.takenBy = takenBy;
    const queue = this.free.get(key) ?? new Queue();
    if (queue.length < (this.wanted.get(key) ?? 0)) queue.add({ data, native });
    this.free.set(key, queue);
  }

  clear(): void {
    this.free.clear();
  }
}

/** Whether the array covers its whole buffer: a view into something larger must not be written. */
const ownsBuffer = (data: HostArray, dtype: Dtype): boolean => data.byteOffset === 0 && data.buffer.byteLength === data.length * bytesPerElement(dtype);
