/** @file Codes of block formats as they are stored: uint8 codes and scales, packed two to a byte where they have four bits. */
import { ArgumentError, ShapeError } from "../errors";
import { abs, add, bitAnd, cast, div, isNaN, less, mul, scalar, shiftRight, where } from "../graph/ops/elementwise";
import { gather } from "../graph/ops/indexing";
import { reshape, slice, stack } from "../graph/ops/movement";
import { showShape } from "../graph/shape";
import { fromHost, type Tensor } from "../graph/tensor";
import { here } from "../graph/trace";
import { blockFormat, blocksLast, blockScales, nvScales, type BlockFormatName } from "./blockFormats";
import { bitsOf, codeValues, decodeScale, FLOAT_FORMATS, floatFormat, minExponent, SCALE_BIAS, SCALE_NAN, type FloatFormat } from "./floatFormats";
import { ladder } from "./powersOfTwo";
import { inBlocks, isNegative, roundElements } from "./rounding";

/** A tensor in a block format. */
export interface Encoded {
  readonly format: BlockFormatName;
  /** uint8 [..., D], one code each: see `packNibbles`. */
  readonly codes: Tensor;
  /** uint8 [..., D / block]: E8M0, or E4M3 in nvfp4. */
  readonly scales: Tensor;
  /** float32, one element: of nvfp4 only. */
  readonly tensorScale?: Tensor;
}

/** Codes of numbers that the format has. */
function codesOf(values: Tensor, format: FloatFormat): Tensor {
  const size = abs(values);
  const { power, steps } = ladder(size, { from: minExponent(format), bits: format.exponentBits });
  const perPower = 2 ** format.mantissaBits;
  // Codes go on from one power of two to the next: steps powers lie below, and size / quantum counts from the first subnormal.
  const code = add(mul(steps, perPower), div(size, mul(power, 1 / perPower)));
  const signed = add(code, mul(cast(isNegative(values), "float32"), 2 ** (bitsOf(format) - 1)));
  return cast(where(isNaN(values), format.nanCode ?? 0, signed), "uint8");
}

/** Codes of E8M0 scales. */
function scaleCodes(scales: Tensor): Tensor {
  const { steps } = ladder(scales, { from: -126, bits: 8 });
  // 2^−127 lies below the ladder.
  const code = where(less(scales, 2 ** -126), 0, add(steps, SCALE_BIAS - 126));
  return cast(where(isNaN(scales), SCALE_NAN, code), "uint8");
}

/** x [..., D] in a block format along its last axis, rounded to nearest. @throws {ShapeError} when blocks do not fill the axis. */
export function encode(x: Tensor, format: BlockFormatName): Encoded {
  const { element, block, scale } = blockFormat(format);
  const { rows } = blocksLast(x, { axis: -1, block, op: "encode" });
  if (x.size === 0) throw new ShapeError(`encode: ${showShape(x.shape)} is empty`, { where: here(), help: "encode tensors that have elements" });
  const elements = floatFormat(element);
  const codes = (scales: Tensor): Tensor => reshape(codesOf(roundElements(div(inBlocks(rows, block), reshape(scales, [...scales.shape, 1])), elements), elements), x.shape);
  if (scale === "e8m0") {
    const scales = blockScales(rows, format);
    return { format, codes: codes(scales), scales: scaleCodes(scales) };
  }
  const { blocks, tensor } = nvScales(rows);
  return { format, codes: codes(mul(blocks, tensor)), scales: codesOf(blocks, FLOAT_FORMATS.e4m3), tensorScale: reshape(tensor, [1]) };
}

const table = (values: Float32Array): Tensor => fromHost({ dtype: "float32", shape: [values.length], data: values });

/** The float32 numbers that codes stand for: equal to `quantize` of what was encoded. */
export function decode({ format, codes, scales, tensorScale }: Encoded): Tensor {
  const { element, block, scale } = blockFormat(format);
  if (codes.rank === 0 || scales.rank !== codes.rank || scales.shape[scales.rank - 1] * block !== codes.shape[codes.rank - 1])
    throw new ShapeError(`decode: ${showShape(codes.shape)} codes with ${showShape(scales.shape)} scales`, { where: here(), help: `${format} has one scale for ${block} codes` });
  const values = gather(table(codeValues(floatFormat(element))), cast(codes, "int32"));
  if (scale === "e4m3" && tensorScale === undefined) throw new ArgumentError("decode: nvfp4 without the tensor's scale", { where: here(), help: "give { tensorScale }" });
  const blocks = gather(table(scale === "e8m0" ? Float32Array.from({ length: 256 }, (_, code) => decodeScale(code)) : codeValues(FLOAT_FORMATS.e4m3)), cast(scales, "int32"));
  const whole = tensorScale === undefined ? blocks : mul(blocks, tensorScale);
  return reshape(mul(inBlocks(values, block), reshape(whole, [...whole.shape, 1])), codes.shape);
}

/** Codes of four bits, two to a byte, the first in the lower half: uint8 [..., D] gives [..., D / 2]. */
export function packNibbles(codes: Tensor): Tensor {
  const width = codes.shape[codes.rank - 1];
  if (codes.dtype !== "uint8" || codes.rank === 0 || width % 2 !== 0) throw new ShapeError(`packNibbles: ${codes.toString()}`, { where: here(), help: "give uint8 codes, an even number of them along the last axis" });
  const pairs = cast(reshape(codes, [...codes.shape.slice(0, -1), width / 2, 2]), "int32");
  const [low, high] = [0, 1].map((which) => slice(pairs, { axis: -1, start: which, end: which + 1 }));
  return cast(reshape(add(low, mul(high, scalar(16, "int32"))), [...codes.shape.slice(0, -1), width / 2]), "uint8");
}

/** The inverse of `packNibbles`. */
export function unpackNibbles(bytes: Tensor): Tensor {
  if (bytes.dtype !== "uint8" || bytes.rank === 0) throw new ShapeError(`unpackNibbles: ${bytes.toString()}`, { where: here(), help: "give uint8 bytes of two codes each" });
  const wide = cast(bytes, "int32");
  const halves = stack([bitAnd(wide, scalar(15, "int32")), shiftRight(wide, scalar(4, "int32"))], bytes.rank);
  return cast(reshape(halves, [...bytes.shape.slice(0, -1), 2 * bytes.shape[bytes.rank - 1]]), "uint8");
}
