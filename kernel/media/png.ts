/** @file PNG files from image tensors and back. */
import { decode, encode, hasPngSignature, convertIndexedToRgb, type DecodedPng } from "fast-png";
import { FormatError, ShapeError } from "../errors";
import type { HostTensor } from "../graph/dtype";
import { pixelsAt, pixelsOf, type PixelOptions } from "./pixels";

/** Largest image read. Larger ones are refused before any memory is taken (a PNG of a few bytes can claim 2^31 × 2^31 pixels). */
export const MAX_PNG_PIXELS = 1 << 27;

export interface PngOptions extends PixelOptions {
  /** Key–value pairs written as tEXt chunks (Latin-1). */
  readonly text?: Readonly<Record<string, string>>;
}

/**
 * A PNG file of one image: [H, W], [H, W, C] or [C, H, W] with 1, 3 or 4 channels; floats 0…1 or uint8.
 * @throws {ShapeError} for anything else, or for more than one image.
 */
export function encodePng(image: HostTensor, { text, ...options }: PngOptions = {}): Uint8Array {
  const pixels = pixelsOf(image, options);
  if (pixels.count !== 1)
    throw new ShapeError(`a PNG holds one image, the tensor holds ${pixels.count}`, {
      help: "take one image of the batch, or show all with view.images()",
    });
  return encodePixels({ width: pixels.width, height: pixels.height, channels: pixels.channels, data: pixelsAt(pixels, 0), text });
}

export interface RawImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  /** [height, width, channels] */
  readonly data: Uint8Array;
  readonly text?: Readonly<Record<string, string>>;
}

/** A PNG file of 8-bit pixels. */
export function encodePixels({ width, height, channels, data, text }: RawImage): Uint8Array {
  return encode({ width, height, channels, data, depth: 8, ...(text === undefined ? {} : { text: { ...text } }) }, { zlib: { level: 9 } });
}

export interface IndexedImage {
  readonly width: number;
  readonly height: number;
  /** Palette index of each pixel. */
  readonly data: Uint8Array;
  /** At most 256 colours [red, green, blue] or [red, green, blue, alpha], 0…255. */
  readonly palette: readonly (readonly number[])[];
}

/** A PNG file with a palette: what maps of one number per pixel need. */
export function encodeIndexed({ width, height, data, palette }: IndexedImage): Uint8Array {
  return encode({ width, height, channels: 1, depth: 8, data, palette: palette.map((colour) => [...colour]) }, { zlib: { level: 9 } });
}

/** Whether `bytes` begin as a PNG file does. */
export const isPng = (bytes: Uint8Array): boolean => bytes.length > 8 && hasPngSignature(bytes);

/** Width and height in pixels from the header, without decoding. @throws {FormatError} when `bytes` are no PNG. */
export function pngSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  if (!isPng(bytes) || bytes.length < 24)
    throw new FormatError(`${bytes.length} bytes that are not a PNG file`, { help: "give the whole content of a .png file" });
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: header.getUint32(16), height: header.getUint32(20) };
}

/**
 * The image as uint8 [H, W, C], C = 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGB and alpha). Palettes become RGB(A); 16 bits become 8.
 * @throws {FormatError} when the file is truncated, damaged, not a PNG, or larger than MAX_PNG_PIXELS.
 */
export function decodePng(bytes: Uint8Array): HostTensor {
  const { width, height } = pngSize(bytes);
  if (width * height === 0 || width * height > MAX_PNG_PIXELS)
    throw new FormatError(`a PNG of ${width} × ${height} pixels`, { help: `images of 1 to ${MAX_PNG_PIXELS} pixels can be read` });
  try {
    return rgbOf(decode(bytes, { checkCrc: true }));
  } catch (cause) {
    throw new FormatError(`a damaged PNG file of ${bytes.length} bytes (${cause instanceof Error ? cause.message : String(cause)})`, {
      help: "read the file again; it may be truncated",
      cause,
    });
  }
}

function rgbOf(image: DecodedPng): HostTensor {
  const { width, height, palette, depth } = image;
  const channels = palette === undefined ? image.channels : palette[0].length;
  const samples = palette !== undefined ? convertIndexedToRgb(image) : depth < 8 ? unpackBits(image) : image.data;
  const data = new Uint8Array(width * height * channels);
  if (samples.length < data.length) throw new RangeError(`${samples.length} of ${data.length} samples`);
  for (let i = 0; i < data.length; i++) data[i] = depth === 16 ? samples[i] >> 8 : samples[i];
  return { dtype: "uint8", shape: [height, width, channels], data };
}

/** Grey samples of 1, 2 or 4 bits, packed by rows, stretched to 0…255. */
function unpackBits({ width, height, depth, data }: DecodedPng): Uint8Array {
  const out = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const packed = Number(data[y * rowBytes + (bit >> 3)]);
      out[y * width + x] = (((packed >> (8 - depth - (bit & 7))) & mask) * 255) / mask;
    }
  return out;
}
