/**
 * @file A model of onnxruntime's arena ("best fit with coalescing"): how much memory it takes from the system and counts as in use.
 *
 * Requests are rounded up to 256 bytes. Memory comes from the system in regions of 1 MiB, 2 MiB, 4 MiB …; the smallest
 * free chunk of the lowest fitting size class is taken and cut when at least as much would be left over, or 128 MiB.
 * A chunk that is not cut counts as in use in full. Chunks given back merge with free neighbours. Among chunks of one size
 * the lowest address wins; where regions lie is up to the system (here: each below the one before), so that peaks of graphs
 * that need several regions may be a few percent off.
 */

const ALIGNMENT_BYTES = 256;
const FIRST_REGION_BYTES = 2 ** 20;
const MAX_GROWN_REGION_BYTES = 2 ** 30;
const MAX_LEFT_OVER_BYTES = 2 ** 27;
const LARGEST_CLASS = 20;

/** A piece of a region. */
export interface Chunk {
  bytes: number;
  readonly address: number;
  left: Chunk | undefined;
  right: Chunk | undefined;
  free: boolean;
}

const sizeClass = ({ bytes }: Chunk): number => Math.min(LARGEST_CLASS, Math.floor(Math.log2(bytes / ALIGNMENT_BYTES)));

export class Arena {
  private readonly free = new Set<Chunk>();
  private nextRegionBytes = FIRST_REGION_BYTES;
  private lowestAddress = 0;
  /** Bytes in chunks that are taken. */
  inUseBytes = 0;
  peakBytes = 0;
  /** Bytes taken from the system; they are not given back. */
  reservedBytes = 0;

  take(bytes: number): Chunk {
    const wanted = Math.max(1, Math.ceil(bytes / ALIGNMENT_BYTES)) * ALIGNMENT_BYTES;
    const chunk = this.find(wanted) ?? this.grow(wanted);
    this.free.delete(chunk);
    chunk.free = false;
    if (chunk.bytes >= 2 * wanted || chunk.bytes - wanted >= MAX_LEFT_OVER_BYTES) this.cut(chunk, wanted);
    this.inUseBytes += chunk.bytes;
    this.peakBytes = Math.max(this.peakBytes, this.inUseBytes);
    return chunk;
  }

  give(chunk: Chunk): void {
    this.inUseBytes -= chunk.bytes;
    chunk.free = true;
    if (chunk.right?.free === true) this.swallow(chunk, chunk.right);
    if (chunk.left?.free === true) this.swallow(chunk.left, chunk);
    else this.free.add(chunk);
  }

  private find(bytes: number): Chunk | undefined {
    let best: Chunk | undefined;
    for (const chunk of this.free) if (chunk.bytes >= bytes && (best === undefined || before(chunk, best))) best = chunk;
    return best;
  }

  private grow(bytes: number): Chunk {
    const fits = this.nextRegionBytes >= bytes;
    while (this.nextRegionBytes < bytes) this.nextRegionBytes *= 2;
    const size = this.nextRegionBytes;
    if (fits) this.nextRegionBytes = Math.min(2 * size, MAX_GROWN_REGION_BYTES);
    this.reservedBytes += size;
    this.lowestAddress -= size;
    return { bytes: size, address: this.lowestAddress, left: undefined, right: undefined, free: true };
  }

  private cut(chunk: Chunk, bytes: number): void {
    const rest: Chunk = { bytes: chunk.bytes - bytes, address: chunk.address + bytes, left: chunk, right: chunk.right, free: true };
    if (rest.right !== undefined) rest.right.left = rest;
    chunk.right = rest;
    chunk.bytes = bytes;
    this.free.add(rest);
  }

  private swallow(chunk: Chunk, right: Chunk): void {
    this.free.delete(right);
    chunk.bytes += right.bytes;
    chunk.right = right.right;
    if (chunk.right !== undefined) chunk.right.left = chunk;
  }
}

/** Whether the arena prefers `a`: the lower size class, then the smaller chunk, then the lower address. */
function before(a: Chunk, b: Chunk): boolean {
  const classes = sizeClass(a) - sizeClass(b);
  return classes !== 0 ? classes < 0 : a.bytes !== b.bytes ? a.bytes < b.bytes : a.address < b.address;
}
