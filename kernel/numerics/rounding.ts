/**
 * @file Rounding to small floating formats in graphs, bit for bit as floatFormats.ts does it: to nearest even, or stochastically
 * with the random numbers of a key. The results are float32 numbers that the format has ("fake quantization").
 */
import { ArgumentError, ShapeError } from "../errors";
import { composite } from "../graph/composite";
import { abs, add, cast, clip, div, floor, less, lessEqual, minimum, mul, or, reciprocal, requireFloat, round, scalar, sub, where } from "../graph/ops/elementwise";
import { full, reshape } from "../graph/ops/movement";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { here } from "../graph/trace";
import { requireKey, type Key } from "../random/key";
import { streamFractions } from "../random/philoxGraph";
import { floatFormat, minExponent, type FloatFormat, type FloatFormatName } from "./floatFormats";
import { ladder } from "./powersOfTwo";

export interface RoundingOptions {
  /**
   * "nearest" (ties to even; default) or "stochastic": up with the probability of the fraction of the way, so that the mean is the number
   * itself. Element i, row-major with the blocks' axis last, uses the upper 24 bits of element i of the key's stream.
   */
  readonly rounding?: "nearest" | "stochastic";
  /** Needed for stochastic rounding. Fold the step and the operand's name into it. */
  readonly key?: Key;
  /** "straight-through" (default): as if nothing had been rounded. "clipped": also 0 where the number was beyond the format's largest. */
  readonly gradient?: "straight-through" | "clipped";
}

/** What the composites are told: part of their identity. */
export type RoundOptions = {
  readonly format: string;
  readonly block: number;
  readonly stochastic: boolean;
  readonly clipped: boolean;
};

/** float32 holds 24 bits below 1 exactly. */
const RANDOM_BITS = 24;

/** `z` in values of the format; with `random` in [0, 1), of its shape, stochastically. */
export function roundElements(z: Tensor, format: FloatFormat, random?: Tensor): Tensor {
  const size = abs(z);
  const { power } = ladder(size, { from: minExponent(format), bits: format.exponentBits });
  const quantum = mul(power, 2 ** -format.mantissaBits);
  if (random === undefined) return clip(mul(round(div(z, quantum)), quantum), -format.max, format.max);
  const steps = div(size, quantum);
  const low = floor(steps);
  const rounded = minimum(mul(add(low, cast(less(random, sub(steps, low)), "float32")), quantum), format.max);
  // Zero keeps its sign, as in rounding to nearest: a product keeps it, onnxruntime's Where does not.
  return mul(rounded, where(isNegative(z), scalar(-1), scalar(1)));
}

/** Whether the sign is set: of −0 too, whose reciprocal is −∞. */
export const isNegative = (x: Tensor): Tensor => or(less(x, 0), less(reciprocal(x), 0));

/** x [..., N · block] parted into [..., N, block]. */
export const inBlocks = (x: Tensor, block: number): Tensor => reshape(x, [...x.shape.slice(0, -1), x.shape[x.rank - 1] / block, block]);

/** Operands: x [..., D] float32, scales [..., D / block], and for stochastic rounding the key [2]. */
const roundScaledOf = composite<RoundOptions>({
  name: "RoundScaled",
  decompose([x, scales, key], { format, block, stochastic }) {
    const blocks = inBlocks(x, block);
    const wide = reshape(scales, [...scales.shape, 1]);
    const random = stochastic ? reshape(streamFractions(key, { count: x.size, bits: RANDOM_BITS, half: false, dtype: "float32" }), blocks.shape) : undefined;
    return reshape(mul(roundElements(div(blocks, wide), floatFormat(format), random), wide), x.shape);
  },
  vjp: ({ inputs: [x, scales, ...rest], g, options }) => [options.clipped ? clippedGradient({ x, scales, g }, options) : g, null, ...rest.map(() => null)],
});

interface Clipping {
  readonly x: Tensor;
  readonly scales: Tensor;
  readonly g: Tensor;
}

/** `g` where |x| is at most the format's largest number at the block's scale; else 0. */
export function clippedGradient({ x, scales, g }: Clipping, { format, block }: RoundOptions): Tensor {
  const limit = mul(reshape(scales, [...scales.shape, 1]), floatFormat(format).max);
  const inside = lessEqual(abs(inBlocks(x, block)), limit);
  return reshape(mul(inBlocks(g, block), cast(inside, g.dtype)), x.shape);
}

/** @throws {ArgumentError} when stochastic rounding has no key, or a key is no key. */
export function requireRandomness({ rounding, key }: RoundingOptions, op: string): readonly Tensor[] {
  if (rounding !== "stochastic") return [];
  if (key === undefined) throw new ArgumentError(`${op}: stochastic rounding without a key`, { where: here(), help: "give { key: random.fold(key, step) }, another for each operand and step" });
  requireKey(key, op);
  return [key];
}

/**
 * x rounded to the format at given scales: round(x / s) · s, with one scale s for each block of the last axis. Float32 inside.
 * @param options.scales - [..., D / block], positive: any numbers, powers of two or not. Has no gradient.
 * @throws {ShapeError} when the scales do not part the last axis into equal blocks.
 */
export function roundScaled(x: Tensor, format: FloatFormatName, { scales, gradient = "straight-through", ...options }: RoundingOptions & { readonly scales: Tensor }): Tensor {
  requireFloat(x, "roundScaled");
  floatFormat(format);
  const [width, blocks] = [x.shape[x.rank - 1], scales.shape[scales.rank - 1]];
  const fits = x.rank > 0 && scales.rank === x.rank && scales.shape.every((size, axis) => axis === x.rank - 1 || size === x.shape[axis]);
  if (!fits || (blocks === 0 ? width !== 0 : width % blocks !== 0))
    throw new ShapeError(`roundScaled: scales ${showShape(scales.shape)} for ${showShape(x.shape)}`, { where: here(), help: "scales have the shape of x, but for the last axis, which they part into equal blocks" });
  if (x.size === 0) return x;
  const operands = [cast(x, "float32"), cast(scales, "float32"), ...requireRandomness(options, "roundScaled")];
  return cast(roundScaledOf(operands, { format, block: width / blocks, stochastic: options.rounding === "stochastic", clipped: gradient === "clipped" }), x.dtype);
}

/**
 * x rounded to the numbers of an element format, without a scale: e2m1 (FP4), e2m3, e3m2 (FP6), e4m3, e5m2 (FP8). Too large becomes
 * the largest number (448 in e4m3), NaN stays. Any shape.
 */
export function roundTo(x: Tensor, format: FloatFormatName, options: RoundingOptions = {}): Tensor {
  requireFloat(x, "roundTo");
  const flat = reshape(x, [x.size]);
  const one = full([x.size === 0 ? 0 : 1], 1);
  return reshape(roundScaled(flat, format, { ...options, scales: one }), x.shape);
}
