/** @file The account of an expert-parallel cluster: bytes of the four all-to-alls of a layer's training step, link by link. */
import { ArgumentError } from "../../errors";

export interface TrafficOptions {
  /** S: devices, each with E / S experts that follow each other. */
  readonly devices: number;
  /** D: elements of a vector. */
  readonly width: number;
  /** Default 4: float32. */
  readonly bytesPerElement?: number;
  /** Of the number of vectors that a device announces to an expert elsewhere. Default 4. */
  readonly bytesPerCount?: number;
}

/** Bytes that cross links: what a device sends to its own experts is not among them. */
export interface Traffic {
  /** [S, S]: bytes of the dispatch from each device (row) to each other. Combining sends as many back. */
  readonly links: readonly (readonly number[])[];
  /** Tokens or centroids to their experts. */
  readonly dispatch: number;
  /** The experts' results back. */
  readonly combine: number;
  /** Gradients of the results to the experts: one for each vector that came back. */
  readonly combineGradient: number;
  /** Gradients of what the experts got, back. */
  readonly dispatchGradient: number;
  /** All four. */
  readonly total: number;
  /** Numbers of vectors, announced once before the dispatch and known from then on. Members of a bucket are known where they are, so nothing is sent for them. */
  readonly index: number;
  /** Vectors of one all-to-all that cross links. */
  readonly vectors: number;
}

/**
 * The traffic of one layer in one step.
 * @param counts - [S, E] in row-major order: vectors that each device sends to each expert. A padded buffer's empty places are no vectors.
 * @throws {ArgumentError} when the experts cannot be spread evenly over the devices.
 */
export function allToAll(counts: ArrayLike<number>, { devices, width, bytesPerElement = 4, bytesPerCount = 4 }: TrafficOptions): Traffic {
  const experts = counts.length / devices;
  if (!Number.isInteger(devices) || devices < 1 || !Number.isInteger(experts) || experts % devices !== 0 || experts === 0)
    throw new ArgumentError(`allToAll: ${counts.length} counts for ${devices} devices`, { help: "give a count for each device and expert, and each device equally many experts" });
  const each = experts / devices;
  const sent = Array.from({ length: devices }, (_, from) =>
    Array.from({ length: devices }, (_, to) => Array.from({ length: each }, (_, i) => counts[from * experts + to * each + i]).reduce((sum, count) => sum + count, 0)),
  );
  const vectors = sent.reduce((total, row, from) => total + row.reduce((sum, count, to) => sum + (from === to ? 0 : count), 0), 0);
  const bytes = vectors * width * bytesPerElement;
  return {
    links: sent.map((row) => row.map((count) => count * width * bytesPerElement)),
    dispatch: bytes,
    combine: bytes,
    combineGradient: bytes,
    dispatchGradient: bytes,
    total: 4 * bytes,
    index: devices * (experts - each) * bytesPerCount,
    vectors,
  };
}
