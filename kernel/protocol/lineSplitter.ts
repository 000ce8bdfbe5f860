/** @file Bytes as they arrive, cut into lines of bounded length. */

const NEWLINE = 0x0a;

/** Collects bytes into lines. Nothing is kept of a line that is too long. */
export class LineSplitter {
  private parts: Uint8Array[] = [];
  private bytes = 0;

  /** @param limitBytes - length of a line above which `push` gives up. May be raised at any time. */
  constructor(public limitBytes: number) {}

  /** The lines that `chunk` completes; undefined once a line is longer than the limit. */
  push(chunk: Uint8Array): readonly string[] | undefined {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      if (!this.keep(chunk.subarray(from, at))) return undefined;
      lines.push(Buffer.concat(this.parts, this.bytes).toString("utf8"));
      this.clear();
      from = at + 1;
    }
    return this.keep(chunk.subarray(from)) ? lines : undefined;
  }

  private keep(part: Uint8Array): boolean {
    this.bytes += part.length;
    if (this.bytes > this.limitBytes) {
      this.clear();
      return false;
    }
    if (part.length > 0) this.parts.push(part);
    return true;
  }

  private clear(): void {
    this.parts = [];
    this.bytes = 0;
  }
}
