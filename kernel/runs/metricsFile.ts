/** @file Appends lines to a file so that each is with the system when `append` returns: a process that is killed loses none. */
import { closeSync, openSync, writeSync } from "node:fs";
import { writeError } from "../io/fileErrors";

/** Held back while the disk is full: hours of a training run's rows. */
const MAX_PENDING_BYTES = 64e6;

/** A file of lines. The system's own cache is the only buffer, so a line costs a few microseconds and outlives the process. */
export class MetricsFile {
  private descriptor: number | undefined;
  private pending: Buffer = Buffer.alloc(0);
  private told = false;

  constructor(private readonly path: string) {}

  /**
   * Appends a line. Where the disk takes none (full, gone), lines wait in memory for the next call, and the first time a warning says so:
   * a training run must not end for its log.
   * @throws {DeviceError} when too much waits.
   */
  append(line: string): void {
    this.pending = Buffer.concat([this.pending, Buffer.from(`${line}\n`, "utf8")]);
    try {
      this.write();
    } catch (error) {
      if (this.pending.length > MAX_PENDING_BYTES) throw error;
      if (!this.told) process.emitWarning(`metrics wait in memory until they can be written: ${error instanceof Error ? error.message : String(error)}`);
      this.told = true;
    }
  }

  /** Writes what waits and closes. @throws {DeviceError} when it still cannot be written; the file is then closed all the same. */
  close(): void {
    try {
      this.write();
    } finally {
      if (this.descriptor !== undefined) closeSync(this.descriptor);
      this.descriptor = undefined;
    }
  }

  private write(): void {
    try {
      while (this.pending.length > 0) {
        this.descriptor ??= openSync(this.path, "a");
        // A part of a line may be written when the disk is just full: the rest follows behind it.
        this.pending = this.pending.subarray(writeSync(this.descriptor, this.pending));
      }
    } catch (error) {
      throw writeError(error, this.path);
    }
    this.told = false;
  }
}
