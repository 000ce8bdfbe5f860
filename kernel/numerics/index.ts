/** @file The `numerics` namespace: formats of few bits, rounding to them, and the rotation that prepares for it. */
export { affineCodes, affineRange, affineValues, roundAffine, type AffineOptions, type AffineRange } from "./affine";
export { BLOCK_FORMATS, bitsPerElement, blockScales, quantize, type BlockFormat, type BlockFormatName, type QuantizeOptions } from "./blockFormats";
export { decode, encode, packNibbles, unpackNibbles, type Encoded } from "./encode";
export { codeValues, decodeFloat, decodeScale, encodeFloat, encodeScale, FLOAT_FORMATS, roundFloat, type FloatFormat, type FloatFormatName } from "./floatFormats";
export { hadamard, type HadamardOptions } from "./hadamard";
export { powerOfTwo } from "./powersOfTwo";
export { roundScaled, roundTo, type RoundingOptions } from "./rounding";
