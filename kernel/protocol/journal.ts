/** @file The journal of a kernel: what it has published, on disk, so that nobody who was away misses it. */
import { closeSync, createReadStream, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { compactJournal } from "./compactJournal";

export interface JournalOptions {
  readonly path: string;
  /** Size above which it is rewritten without what later messages replaced. Default 64 MB. */
  readonly limitBytes?: number;
  /** Told once when the disk takes no more, until it does again. */
  readonly onFailure?: (error: Error) => void;
}

const LIMIT_BYTES = 64e6;
/** What is kept in memory while the disk is full. */
const MEMORY_LIMIT_BYTES = 16e6;
const RETRY_MS = 5000;
/** Each line begins with its number, so that lines that nobody asked for need not be parsed. */
const NUMBER = /^\{"seq":(\d+),/;

/** Appends lines and reads them again. While the disk is full, the newest are kept in memory instead. */
export class Journal {
  private readonly path: string;
  private readonly limitBytes: number;
  private readonly onFailure: (error: Error) => void;
  private file: number | undefined;
  private bytes = 0;
  private number = 0;
  /** Lines that the disk did not take. */
  private waiting: string[] = [];
  private waitingBytes = 0;
  private retryAt = 0;

  /** Starts an empty journal. A path that cannot be written counts as a full disk. */
  constructor({ path, limitBytes = LIMIT_BYTES, onFailure = () => undefined }: JournalOptions) {
    this.path = path;
    this.limitBytes = limitBytes;
    this.onFailure = onFailure;
    this.open("w");
  }

  /** Number of the last line; 0 before the first. */
  get seq(): number {
    return this.number;
  }

  /** Appends the line that `make` gives for the next number, which begins with `{"seq":n,`; returns the line. */
  append(make: (seq: number) => string): string {
    const line = make(++this.number);
    if (this.waiting.length === 0 && this.write(`${line}\n`)) {
      if (this.bytes > this.limitBytes) this.compact();
    } else this.postpone(line);
    return line;
  }

  /** Lines with numbers above `after` and up to the present last one, oldest first. Lines appended meanwhile are not among them. */
  async *replay(after: number): AsyncGenerator<string> {
    const { waiting, bytes, path } = { waiting: [...this.waiting], bytes: this.bytes, path: this.path };
    if (bytes > 0) {
      // The file is opened now: a rewritten one takes its place under another descriptor.
      const stream = createReadStream(path, { fd: openSync(path, "r"), start: 0, end: bytes - 1 });
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) if (numberOf(line) > after) yield line;
    }
    for (const line of waiting) if (numberOf(line) > after) yield line;
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private open(flags: "w" | "a"): void {
    try {
      this.file = openSync(this.path, flags, 0o600);
      this.bytes = fstatSync(this.file).size;
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whether the disk took all of it; otherwise it has none of it. */
  private write(text: string): boolean {
    if (this.file === undefined) return false;
    const data = Buffer.from(text, "utf8");
    try {
      for (let at = 0; at < data.length;) at += writeSync(this.file, data, at);
      this.bytes += data.length;
      return true;
    } catch (error) {
      this.fail(error);
      try {
        ftruncateSync(this.file, this.bytes);
      } catch {
        // A torn line at the end is passed over by readers.
      }
      return false;
    }
  }

  private fail(error: unknown): void {
    if (this.retryAt === 0) this.onFailure(error instanceof Error ? error : new Error(String(error)));
    this.retryAt = Date.now() + RETRY_MS;
  }

  private postpone(line: string): void {
    this.waiting.push(line);
    this.waitingBytes += line.length;
    while (this.waitingBytes > MEMORY_LIMIT_BYTES && this.waiting.length > 1) this.waitingBytes -= this.waiting.shift()?.length ?? 0;
    if (Date.now() < this.retryAt) return;
    if (this.file === undefined) this.open("a");
    if (!this.write(this.waiting.map((text) => `${text}\n`).join(""))) return;
    this.waiting = [];
    this.waitingBytes = 0;
    this.retryAt = 0;
  }

  private compact(): void {
    const target = this.limitBytes / 2;
    try {
      this.close();
      compactJournal(this.path, target);
    } catch (error) {
      this.fail(error);
    }
    this.open("a");
  }
}

/** Number of a line; 0 for what is none. */
const numberOf = (line: string): number => Number(NUMBER.exec(line)?.[1] ?? 0);
