/** @file What 4-bit products save: bits of operands, bytes kept for the backward pass, and which part of the FLOPs is in which precision. */
import { Linear } from "../../nn/linear";
import { modulesOf } from "../../nn/surgery";
import { bitsPerElement } from "../../numerics/blockFormats";
import { QuartetLinear } from "./layer";

const FULL_BITS = 32;
const MASK_BITS = 1;

/** A linear layer, [in, out]. Biases are left out. */
export interface LayerAccount {
  readonly layer: string;
  /** Bits of a number in the operands of the forward and of the backward products. */
  readonly forwardBits: number;
  readonly backwardBits: number;
  /** FLOPs for a token: 2 for each weight forward, and 4 backward. */
  readonly forwardFlops: number;
  readonly backwardFlops: number;
  /** Bits kept for the backward pass for each token (the input, with its trust mask) and for the weight. */
  readonly keptBitsPerToken: number;
  readonly keptBitsOfWeight: number;
}

/** The account of every linear layer of `model`, with 4-bit products or not. */
export function accounts(model: object): LayerAccount[] {
  return modulesOf(model).flatMap(([layer, module]) => {
    if (!(module instanceof Linear)) return [];
    const { inputs, outputs } = module;
    const weights = inputs * outputs;
    const four = module instanceof QuartetLinear;
    const { trust = true, scale = "quest" } = four ? (module.options.forward ?? {}) : {};
    const forwardBits = four ? bitsPerElement("mxfp4") : FULL_BITS;
    const backwardBits = four && module.options.backward?.rounding !== "exact" ? bitsPerElement("mxfp4") : FULL_BITS;
    const kept = forwardBits + (four && trust && scale === "quest" ? MASK_BITS : 0);
    return [{ layer, forwardBits, backwardBits, forwardFlops: 2 * weights, backwardFlops: 4 * weights, keptBitsPerToken: kept * inputs, keptBitsOfWeight: kept * weights }];
  });
}

/** FLOPs for a token in linear layers, by the bits of the operands: { "4.25": …, "32": … }. */
export function flopsByBits(layers: readonly LayerAccount[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { forwardBits, backwardBits, forwardFlops, backwardFlops } of layers) {
    sums[forwardBits] = (sums[forwardBits] ?? 0) + forwardFlops;
    sums[backwardBits] = (sums[backwardBits] ?? 0) + backwardFlops;
  }
  return sums;
}
