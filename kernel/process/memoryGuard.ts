/** @file The memory guard: says once when the machine is about to swap, and again only after it has recovered. */
import type { MemoryState } from "../runtime/monitor/memory";

/** Above the limit by this factor it counts as recovered: no flicker at the border. */
const RECOVERED = 1.5;
const GIGA = 1e9;

export class MemoryGuard {
  private warned = false;

  /** @param share - of the memory, below which it warns; 0: never. */
  constructor(private readonly share: number) {}

  /** The warning while memory is short; `first` where it has just become so. */
  look({ freeBytes, totalBytes }: MemoryState, rssBytes: number): { readonly warning: string; readonly first: boolean } | undefined {
    const limit = this.share * totalBytes * (this.warned ? RECOVERED : 1);
    const first = !this.warned;
    this.warned = freeBytes < limit;
    if (!this.warned) return undefined;
    const gigabytes = (bytes: number): string => `${(bytes / GIGA).toFixed(1)} GB`;
    return { first, warning: `${gigabytes(freeBytes)} of ${gigabytes(totalBytes)} memory are free; this kernel holds ${gigabytes(rssBytes)}. Interrupt the cell, or use smaller batches, before the machine swaps.` };
  }
}
