/** @file When compression pays: the paper's model of a step's time, with the hash in it. */
import { ArgumentError } from "../../errors";

export interface ClusterModel {
  /** FLOP/s of a device. */
  readonly flopsPerSecond: number;
  /** Between nodes, B_inter. */
  readonly bytesPerSecond: number;
  /** Experts of a token. */
  readonly k: number;
  /** w: number of devices. */
  readonly devices: number;
  /** h: width of a token. */
  readonly width: number;
  /** Default 1, as the paper prints it; 2 for 16 bits. */
  readonly bytesPerElement?: number;
}

/**
 * Time of the all-to-alls over that of computing (its analysis of scalability): 4 l (n k / w) h (w − 1) / B over 24 (1 + 2 k) n l h² / FLOP/s, for l layers of n tokens. Computing grows with
 * h², traffic with h; both with n and l, which cancel.
 * @throws {ArgumentError} when a quantity is not positive.
 */
export function allToAllRatio({ flopsPerSecond, bytesPerSecond, k, devices, width, bytesPerElement = 1 }: ClusterModel): number {
  for (const [name, value] of Object.entries({ flopsPerSecond, bytesPerSecond, k, devices, width, bytesPerElement }))
    if (!(value > 0)) throw new ArgumentError(`allToAllRatio: ${name} ${value}`, { help: "give numbers above 0" });
  return (flopsPerSecond / (6 * bytesPerSecond)) * (k / (1 + 2 * k)) * ((devices - 1) / (devices * width)) * bytesPerElement;
}

export interface StepOptions {
  /** Part of the uncompressed step's time that the all-to-alls take. */
  readonly share: number;
  /** Part of the bytes that is still sent. */
  readonly rate: number;
  /** Compression's FLOPs over those of the step without it: it runs as fast as the rest. Default 0: a hash for free. */
  readonly hashCost?: number;
}

/** A step's time in parts; the uncompressed step takes 1. */
export interface StepTime {
  readonly compute: number;
  readonly allToAll: number;
  readonly hashing: number;
  readonly total: number;
}

/** The predicted time of a step with compression. Communication and computing do not overlap.
 * @throws {ArgumentError} for shares outside of 0 to 1, or a negative rate or cost. */
export function stepTime({ share, rate, hashCost = 0 }: StepOptions): StepTime {
  if (!(share >= 0 && share <= 1 && rate >= 0 && hashCost >= 0)) throw new ArgumentError(`stepTime: share ${share}, rate ${rate}, cost of hashing ${hashCost}`, { help: "give a share from 0 to 1, and a rate and a cost from 0" });
  const [compute, allToAll, hashing] = [1 - share, share * rate, (1 - share) * hashCost];
  return { compute, allToAll, hashing, total: compute + allToAll + hashing };
}

/** How many times faster a step is with compression: 1 / (1 − s + s · rate) where hashing is free. Below 1 it does not pay. */
export const a2aSpeedup = (options: StepOptions): number => 1 / stepTime(options).total;

/** The share of all-to-alls from which on compression pays: hashing takes what is saved. 1 where nothing is (rate 1). */
export const breakEvenShare = ({ rate, hashCost }: Required<Pick<StepOptions, "rate" | "hashCost">>): number => hashCost / (1 - rate + hashCost);
