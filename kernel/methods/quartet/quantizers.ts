/** @file Quartet's two quantizers to MXFP4: QuEST's, which clips, for the forward pass, and one that clips nothing for the backward pass. */
import { cast, div, mul, scalar, sqrt, square, where } from "../../graph/ops/elementwise";
import { pad, reshape } from "../../graph/ops/movement";
import { mean, variance } from "../../graph/ops/reduction";
import type { Tensor } from "../../graph/tensor";
import { BLOCK_FORMATS, blockScales } from "../../numerics/blockFormats";
import { FLOAT_FORMATS } from "../../numerics/floatFormats";
import { hadamard } from "../../numerics/hadamard";
import { powerOfTwo } from "../../numerics/powersOfTwo";
import { inBlocks, roundElements, roundScaled } from "../../numerics/rounding";
import { bernoulli } from "../../random/discrete";
import type { Key } from "../../random/key";

/** Numbers that share a scale, along the inner axis of a product. */
export const GROUP = BLOCK_FORMATS.mxfp4.block;

/** Step of E2M1, in standard deviations, with the least squared error (0.0127) on Gaussian numbers. */
const GAUSSIAN_STEP = 0.48707976;

export interface ForwardOptions {
  /** "quest": 0.487 times the spread of the group, which clips a few numbers; "absMax": from its largest number, clipping none. Default "quest". */
  readonly scale?: "quest" | "absMax";
  /** Where QuEST's scale goes: to the nearest power of two in the logarithm, or to the one below (the authors' kernel). Default "nearest". */
  readonly power?: "nearest" | "floor";
  /** The root mean square, or the standard deviation (the authors' code), which does not see an outlier in a group's first number: after the transform
   * that is a constant. Default "rms". */
  readonly spread?: "rms" | "deviation";
  /** Whether a Hadamard transform comes first. Default true. */
  readonly rotate?: boolean;
  /** Whether clipped numbers get no gradient (the trust mask). Default true. */
  readonly trust?: boolean;
}

/** "sr": stochastic; "rtn": to nearest; "rtn-pma": to nearest, times the factor that undoes its shrinking of Gaussian numbers; "truncate": toward zero, a negative control. */
export type GradientRounding = "sr" | "rtn" | "rtn-pma" | "truncate";

/** QuEST's scale of each group of x [..., D]: [..., D / 32], powers of two. */
export function questScales(x: Tensor, { power = "nearest", spread = "rms" }: Pick<ForwardOptions, "power" | "spread"> = {}): Tensor {
  const groups = inBlocks(x, GROUP);
  const squared = spread === "rms" ? mean(square(groups), -1) : variance(groups, -1);
  return powerOfTwo(mul(sqrt(squared), GAUSSIAN_STEP), { rounding: power });
}

/** The last axis filled up with zeros to whole groups, which changes no product along it. */
export function grouped(x: Tensor): Tensor {
  const missing = (GROUP - (x.shape[x.rank - 1] % GROUP)) % GROUP;
  return missing === 0 ? x : pad(x, x.shape.map((_, axis) => [0, axis === x.rank - 1 ? missing : 0] as const));
}

/** An operand of the forward product, x [..., D] with D the inner axis, in MXFP4: [..., D], filled up to whole groups. Its gradient is what x gets: through the trust mask and the transform. */
export function forwardOperand(x: Tensor, options: ForwardOptions = {}): Tensor {
  const { scale = "quest", rotate = true, trust = true } = options;
  const turned = rotate ? hadamard(grouped(x)) : grouped(x);
  if (scale === "quest") return roundScaled(turned, "e2m1", { scales: questScales(turned, options), gradient: trust ? "clipped" : "straight-through" });
  // Times 3/4 every number is below 6 scales.
  return mul(roundScaled(mul(turned, HEADROOM), "e2m1", { scales: blockScales(turned, "mxfp4") }), 1 / HEADROOM);
}

/** MX scales leave numbers of up to 8 scales, E2M1 ends at 6. */
const HEADROOM = 3 / 4;

/** By which rounding to nearest shrinks Gaussian numbers (projection magnitude alignment). */
const PMA = 1.009276;

/** Numbers that MXFP4 has, and what they have to be multiplied by. */
export interface GradientOperand {
  readonly values: Tensor;
  readonly factor: number;
}

/** An operand of a backward product, v [..., D] with D whole groups: nothing clips. `key` is needed for "sr". The values have no gradient of their own. */
export function gradientOperand(v: Tensor, { rounding, key }: { readonly rounding: GradientRounding; readonly key: Key | undefined }): GradientOperand {
  const scales = blockScales(v, "mxfp4");
  const small = mul(v, HEADROOM);
  const factor = (rounding === "rtn-pma" ? PMA : 1) / HEADROOM;
  if (rounding === "sr") return { values: roundScaled(small, "e2m1", { scales, rounding: "stochastic", key }), factor };
  if (rounding !== "truncate") return { values: roundScaled(small, "e2m1", { scales }), factor };
  const wide = reshape(scales, [...scales.shape, 1]);
  // A random number of 1 never rounds up.
  const truncated = mul(roundElements(div(inBlocks(small, GROUP), wide), FLOAT_FORMATS.e2m1, scalar(1)), wide);
  return { values: reshape(truncated, v.shape), factor };
}

/** The randomized Hadamard transform: signs of the key, then H, on whole groups of the last axis. */
export function randomHadamard(v: Tensor, key: Key): Tensor {
  const signs = where(bernoulli(key, [GROUP]), scalar(1), scalar(-1));
  return hadamard(grouped(v), { signs: cast(signs, v.dtype) });
}
