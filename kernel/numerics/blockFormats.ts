/**
 * @file Block formats: elements of few bits that share a scale. Quantize–dequantize in graphs, and the scales themselves.
 *
 * MX formats: OCP Microscaling Formats (MX) Specification v1.0, section 6.3: blocks of 32 share the scale 2^(floor(log2 max|x|) − e_max),
 * e_max being the exponent of the element format's largest number; scales are E8M0, from 2^−127 to 2^127.
 * NVFP4: NVIDIA, "Pretraining Large Language Models with NVFP4" (arXiv 2509.25149), appendix C: blocks of 16 share an E4M3 scale
 * RNE(max|x| / 6 / g) under one float32 scale of the tensor, g = max|x over the tensor| / (6 · 448).
 */
import { ArgumentError, ShapeError } from "../errors";
import { composite } from "../graph/composite";
import { abs, add, cast, div, maximum, mul, requireFloat } from "../graph/ops/elementwise";
import { reshape, swapAxes } from "../graph/ops/movement";
import { max, sum } from "../graph/ops/reduction";
import { normalizeAxis, showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";
import { here } from "../graph/trace";
import { bitsOf, FLOAT_FORMATS, floatFormat, maxExponent, minExponent, type FloatFormatName } from "./floatFormats";
import { ladder } from "./powersOfTwo";
import { clippedGradient, inBlocks, requireRandomness, roundScaled, type RoundingOptions, type RoundOptions } from "./rounding";

export interface BlockFormat {
  readonly element: FloatFormatName;
  /** Elements that share a scale. */
  readonly block: number;
  /** How scales are stored: powers of two, or E4M3 under one float32 for the tensor. */
  readonly scale: "e8m0" | "e4m3";
}

export const BLOCK_FORMATS = {
  mxfp4: { element: "e2m1", block: 32, scale: "e8m0" },
  mxfp6e2m3: { element: "e2m3", block: 32, scale: "e8m0" },
  mxfp6e3m2: { element: "e3m2", block: 32, scale: "e8m0" },
  mxfp8e4m3: { element: "e4m3", block: 32, scale: "e8m0" },
  mxfp8e5m2: { element: "e5m2", block: 32, scale: "e8m0" },
  nvfp4: { element: "e2m1", block: 16, scale: "e4m3" },
} as const satisfies Readonly<Record<string, BlockFormat>>;
export type BlockFormatName = keyof typeof BLOCK_FORMATS;

const SCALE_BITS = 8;

/** Bits that one element costs with its share of the scale: 4.25 in mxfp4, 4.5 in nvfp4. */
export function bitsPerElement(format: BlockFormatName): number {
  const { element, block } = blockFormat(format);
  return bitsOf(floatFormat(element)) + SCALE_BITS / block;
}

/** @throws {ArgumentError} when no block format has this name. */
export function blockFormat(name: string): BlockFormat {
  const found = Object.entries(BLOCK_FORMATS).find(([key]) => key === name)?.[1];
  if (found === undefined) throw new ArgumentError(`no block format is called ${JSON.stringify(name)}`, { help: `there are ${Object.keys(BLOCK_FORMATS).join(", ")}` });
  return found;
}

/** Largest |x| of each block, [..., N]; NaN where a block holds NaN or infinity. */
function blockMax(x: Tensor, block: number): Tensor {
  const blocks = inBlocks(x, block);
  // 0 · x is NaN for NaN and infinity, which a maximum may pass over.
  return add(max(abs(blocks), -1), sum(mul(blocks, 0), -1));
}

const SMALLEST_SCALE = 2 ** -127;

/** E8M0 scales [..., D / block] of x [..., D], as float32. A block with NaN or infinity has the scale NaN; one of zeros 2^−127. */
const blockScalesOf = composite<{ readonly format: string; readonly block: number }>({
  name: "BlockScales",
  decompose([x], { format, block }) {
    const largest = blockMax(x, block);
    const { power } = ladder(largest, { from: -126, bits: 8 });
    const scale = maximum(mul(power, 2 ** -maxExponent(floatFormat(format))), SMALLEST_SCALE);
    return add(scale, mul(largest, 0));
  },
  vjp: () => [null],
});

/** Quantize–dequantize with E8M0 scales in one piece, for a kernel that reads x once. Operands: x [..., D], and the key for stochastic rounding. */
const quantizeBlocksOf = composite<RoundOptions>({
  name: "QuantizeBlocks",
  decompose: ([x, key], { format, block, stochastic }) => {
    const element = elementName(format);
    return roundScaled(x, element, { scales: blockScalesOf([x], { format, block }), rounding: stochastic ? "stochastic" : "nearest", key });
  },
  vjp: ({ inputs: [x, ...rest], g, options }) => [options.clipped ? clippedGradient({ x, scales: blockScalesOf([x], { format: options.format, block: options.block }), g }, options) : g, ...rest.map(() => null)],
});

function elementName(format: string): FloatFormatName {
  const found = Object.keys(FLOAT_FORMATS).find((name): name is FloatFormatName => name === format);
  if (found === undefined) throw new ArgumentError(`no element format is called ${JSON.stringify(format)}`, { help: `there are ${Object.keys(FLOAT_FORMATS).join(", ")}` });
  return found;
}

const { max: FP4_MAX } = FLOAT_FORMATS.e2m1;
const { max: FP8_MAX } = FLOAT_FORMATS.e4m3;
/** Smallest E4M3 number: a block of zeros, or of numbers far below the tensor's largest, keeps a scale. */
const SMALLEST_E4M3 = 2 ** (minExponent(FLOAT_FORMATS.e4m3) - FLOAT_FORMATS.e4m3.mantissaBits);
const SMALLEST_NORMAL = 2 ** -126;

/** NVFP4's two scales: of blocks, E4M3 numbers [..., D / 16], and of the tensor, [1, …, 1]. */
export function nvScales(x: Tensor): { readonly blocks: Tensor; readonly tensor: Tensor } {
  const largest = blockMax(x, BLOCK_FORMATS.nvfp4.block);
  const whole = maximum(div(max(largest, undefined, { keep: true }), FP4_MAX * FP8_MAX), SMALLEST_NORMAL);
  const ratio = div(div(largest, FP4_MAX), whole);
  const one = reshape(mul(whole, 0), [1]);
  const flat = reshape(ratio, [ratio.size]);
  return { blocks: reshape(maximum(roundScaled(flat, "e4m3", { scales: add(one, 1) }), SMALLEST_E4M3), ratio.shape), tensor: whole };
}

/** The last axis as blocks; another axis is exchanged with it. @throws {ShapeError} when blocks do not fill the axis. */
export function blocksLast(x: Tensor, { axis, block, op }: { readonly axis: number; readonly block: number; readonly op: string }): { readonly rows: Tensor; readonly back: (y: Tensor) => Tensor } {
  requireFloat(x, op);
  const at = normalizeAxis(axis, x.rank, op);
  if (x.shape[at] % block !== 0) throw new ShapeError(`${op}: axis ${axis} of ${showShape(x.shape)} does not part into blocks of ${block}`, { where: here(), help: `pad the axis to a multiple of ${block}, or quantize along another` });
  const wide = cast(x, "float32");
  if (at === x.rank - 1) return { rows: wide, back: (y) => cast(y, x.dtype) };
  return { rows: swapAxes(wide, at, -1), back: (y) => cast(swapAxes(y, at, -1), x.dtype) };
}

export interface QuantizeOptions extends RoundingOptions {
  /** Axis along which blocks lie: the inner axis of the product that follows. Default the last. */
  readonly axis?: number;
}

/** The scale of each block of `x`: the shape of x with the axis divided by the block size. For nvfp4 that of block and tensor together. Has no gradient. */
export function blockScales(x: Tensor, format: BlockFormatName, { axis = -1 }: Pick<QuantizeOptions, "axis"> = {}): Tensor {
  const { element, block, scale } = blockFormat(format);
  const { rows, back } = blocksLast(x, { axis, block, op: "blockScales" });
  if (x.size === 0) return back(reshape(rows, [...rows.shape.slice(0, -1), rows.shape[rows.rank - 1] / block]));
  if (scale === "e8m0") return back(blockScalesOf([rows], { format: element, block }));
  const { blocks, tensor } = nvScales(rows);
  return back(mul(blocks, tensor));
}

/**
 * x rounded to the numbers that the block format can hold: same shape and dtype ("fake quantization"). Its gradient is straight-through.
 * A block that holds NaN or infinity becomes NaN.
 * @throws {ShapeError} when the block size does not divide the axis.
 */
export function quantize(x: Tensor, format: BlockFormatName, { axis = -1, gradient = "straight-through", ...options }: QuantizeOptions = {}): Tensor {
  const { element, block, scale } = blockFormat(format);
  const { rows, back } = blocksLast(x, { axis, block, op: "quantize" });
  const randomness = requireRandomness(options, "quantize");
  if (x.size === 0) return x;
  if (scale === "e8m0") return back(quantizeBlocksOf([rows, ...randomness], { format: element, block, stochastic: randomness.length > 0, clipped: gradient === "clipped" }));
  const { blocks, tensor } = nvScales(rows);
  return back(roundScaled(rows, element, { ...options, gradient, scales: mul(blocks, tensor) }));
}
