/** @file How much the compiled programs of this process have computed, in memory that other threads can read. */

/** Element 0: FLOPs so far. One writer, the thread that runs programs. */
let counter: Float64Array = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));

/** The counter, to be read from other threads too. */
export const workCounter = (): Float64Array => counter;

/** Counts in `shared` from now on: made by whoever wants to read it before the library is loaded. */
export function shareWork(shared: Float64Array): void {
  shared[0] = counter[0];
  counter = shared;
}

/** FLOPs of all programs that have run. */
export const flopsSoFar = (): number => counter[0];

export function countFlops(flops: number): void {
  counter[0] += flops;
}
