/** @file Keeps a file on disk up to date with something that grows, without writing all the time. */

/** Between two writes that nobody asked for. */
const FINISHED_EVERY_MS = 1000;
const RUNNING_EVERY_MS = 10_000;

/** Calls `write` soon after a change: within a second when something finished, within ten while it runs. */
export class Checkpoint {
  private readonly write: () => Promise<void>;
  private last = -Infinity;
  private dirty = false;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();
  private failure: unknown;

  constructor(write: () => Promise<void>) {
    this.write = write;
  }

  /** Something changed that may be lost a little. */
  touch(): void {
    this.dirty = true;
    this.timer ??= setTimeout(() => void this.flush().catch(() => undefined), RUNNING_EVERY_MS).unref();
  }

  /** A part is complete: writes, unless that was done within the last second. */
  async finished(): Promise<void> {
    this.dirty = true;
    const wait = this.last + FINISHED_EVERY_MS - performance.now();
    if (wait <= 0) return this.flush();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush().catch(() => undefined), wait).unref();
  }

  /** Writes what has changed. @throws what writing throws, also an earlier time. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(async () => {
      if (!this.dirty) return;
      this.dirty = false;
      this.last = performance.now();
      await this.write().catch((error: unknown) => {
        this.failure ??= error;
        this.dirty = true;
      });
    });
    await this.writing;
    if (this.failure === undefined) return;
    const failure = this.failure;
    this.failure = undefined;
    throw failure;
  }
}
