/** @file Buffers that wait to be used again: donated state of one step becomes the outputs of the next. */
import type { Storage } from "../graph/tensor";
import type { Buffers, Form } from "./buffers";

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

  constructor(private readonly buffers: Buffers) {}

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
  take(form: Form): Storage {
    return this.free.get(form.key)?.take() ?? this.buffers.make(form);
  }

  /** Takes over the buffer of `storage`, which its holder can no longer read. */
  give(storage: Storage, form: Form, takenBy: string): void {
    if (storage.takenBy !== undefined) return;
    const taken = this.buffers.takeOver(storage, form);
    if (taken === undefined) return;
    storage.data = undefined;
    storage.native = undefined;
    storage.takenBy = takenBy;
    const queue = this.free.get(form.key) ?? new Queue();
    if (queue.length < (this.wanted.get(form.key) ?? 0)) queue.add(taken);
    this.free.set(form.key, queue);
  }

  clear(): void {
    this.free.clear();
  }
}
