/** @file The hash that sends a wanted part of the tokens, found by counting buckets of tokens at hand. */
import { ArgumentError } from "../../errors";
import { mul, add } from "../../graph/ops/elementwise";
import { stack } from "../../graph/ops/movement";
import type { Tensor } from "../../graph/tensor";
import type { Moe } from "../../nn/moe";
import { key as keyOf, type Key } from "../../random/key";
import { rateOf } from "./compress";
import { codeRanges, crossPolytope, sphericalPlane, type Hash } from "./hash";
import { compressionOf } from "./layer";

/** A layer with tokens that it reads, [T, B, D], time first. */
export interface LayerInput {
  readonly layer: Moe;
  readonly x: Tensor;
}

export interface CalibrateOptions {
  /** Centroids / tokens that are wanted: above 0, at most 1. */
  readonly rate: number;
  /** S: devices that the sequences are on. */
  readonly devices: number;
  /** Default the hashes that `hashChoices` gives for the tokens' width. */
  readonly hashes?: readonly Hash[];
  /** Of the directions; give that of the layer. Default random.key(0). */
  readonly key?: Key;
}

export interface Calibrated {
  /** The hash whose rate is nearest to the wanted one; of equals, the one with more codes. */
  readonly hash: Hash;
  readonly rate: number;
  /** Rates of all hashes that were tried, means over the inputs. */
  readonly tried: readonly { readonly hash: Hash; readonly rate: number }[];
}

const MAX_HASHES = 6;
const DIMS = [2, 3, 4, 6, 8, 12, 16, 24, 32];
const MAX_PLANES = 28;

/** Hashes of one kind from coarse to fine: up to 6 rotations to a few numbers of axes, or up to 28 planes. */
export function hashChoices(kind: Hash["kind"], width: number): readonly Hash[] {
  if (kind === "sphericalPlane") return Array.from({ length: MAX_PLANES }, (_, i) => sphericalPlane({ planes: i + 1 }));
  const counts = Array.from({ length: MAX_HASHES }, (_, i) => i + 1);
  return DIMS.filter((dim) => dim <= width).flatMap((dim) => counts.map((hashes) => crossPolytope({ hashes, dim })));
}

/**
 * Searches D′ and H for a rate. The paper fixes H = 6 and does not say D′; with codes of full width almost every token is a bucket of its own.
 * @throws {ArgumentError} for a rate outside of 0 to 1, and without inputs or hashes.
 */
export async function calibrate(inputs: readonly LayerInput[], { rate, devices, hashes, key = keyOf(0) }: CalibrateOptions): Promise<Calibrated> {
  if (!(rate > 0 && rate <= 1)) throw new ArgumentError(`calibrate: a rate of ${rate}`, { help: "give the part that is to be sent: above 0, at most 1" });
  const choices = hashes ?? (inputs.length === 0 ? [] : hashChoices("crossPolytope", inputs[0].x.shape[inputs[0].x.rank - 1]));
  if (inputs.length === 0 || choices.length === 0) throw new ArgumentError(`calibrate: ${choices.length} hashes on ${inputs.length} inputs`, { help: "give at least one of each: tokens [T, B, D] with the layer that reads them" });
  const rates = choices.map((hash) => mul(inputs.map(({ layer, x }) => rateOf(compressionOf(layer, x, { hash, key, devices }))).reduce((sum, one) => add(sum, one)), 1 / inputs.length));
  const found = await stack(rates).numbers();
  const tried = choices.map((hash, i) => ({ hash, rate: found[i] }));
  const finer = (a: Hash, b: Hash): boolean => codeRanges(a).length > codeRanges(b).length;
  const best = tried.reduce((now, one) => {
    const [off, least] = [one, now].map((each) => Math.abs(each.rate - rate));
    return off < least || (off === least && finer(one.hash, now.hash)) ? one : now;
  });
  return { ...best, tried };
}
