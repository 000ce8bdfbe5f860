/** @file An endless stream of batches that is a pure function of the step, so that it resumes exactly. */
import { ArgumentError } from "../errors";

/** Where a stream stands. Plain JSON; belongs in the checkpoint. */
export interface StreamState {
  /** The next step. */
  readonly step: number;
  /** What the stream is made of (sizes, seed, batch…): a state goes only into a stream of the same. */
  readonly identity: string;
}

export interface StreamOptions<B> {
  readonly identity: string;
  /** Steps after which every example was seen once; Infinity where examples are drawn at random. */
  readonly batchesPerEpoch: number;
  /** The batch of `step`. Must be a pure function. */
  readonly at: (step: number) => B;
}

/**
 * Batches one after the other, for ever, or any of them by step. `for (const batch of stream)` gives the rest of the current epoch
 * (all of it at its start) and stops there; the next loop gives the next epoch. `take(n)` gives the next n batches across epochs.
 */
export class BatchStream<B> implements Iterable<B> {
  readonly identity: string;
  readonly batchesPerEpoch: number;
  private readonly at: (step: number) => B;
  private position = 0;

  constructor({ identity, batchesPerEpoch, at }: StreamOptions<B>) {
    this.identity = identity;
    this.batchesPerEpoch = batchesPerEpoch;
    this.at = at;
  }

  /** The step that `next()` will give. */
  get step(): number {
    return this.position;
  }
  /** Epochs finished, as a fraction; 0 for streams without epochs. */
  get epoch(): number {
    return this.position / this.batchesPerEpoch;
  }

  /** The batch of any step, without moving. */
  batch(step: number): B {
    if (!Number.isSafeInteger(step) || step < 0) throw new ArgumentError(`batch of step ${step}`, { help: "steps are integers from 0" });
    return this.at(step);
  }

  next(): B {
    const batch = this.at(this.position);
    this.position++;
    return batch;
  }

  /** The next `n` batches. A batch counts as used once it is given. */
  *take(n: number): Generator<B, void> {
    for (let i = 0; i < n; i++) yield this.next();
  }

  *[Symbol.iterator](): Generator<B, void> {
    const end = (Math.floor(this.position / this.batchesPerEpoch) + 1) * this.batchesPerEpoch;
    while (!(this.position >= end)) yield this.next();
  }

  state(): StreamState {
    return { step: this.position, identity: this.identity };
  }

  /** Continues exactly where `state` was taken. @throws {ArgumentError} when it comes from a stream of other data or options. */
  restore({ step, identity }: StreamState): this {
    if (identity !== this.identity)
      throw new ArgumentError(`a data state of (${identity}) for a stream of (${this.identity})`, { help: "make the loader with the data, seed and batch size of the saved run" });
    if (!Number.isSafeInteger(step) || step < 0) throw new ArgumentError(`a data state at step ${step}`, { help: "give what state() returned" });
    this.position = step;
    return this;
  }
}
