/** @file Many images of one size as one: tiles in rows, scaled down or enlarged by whole numbers. */
import { pixelsAt, type Pixels } from "../media/pixels";

export interface Mosaic {
  readonly width: number;
  readonly height: number;
  readonly channels: Pixels["channels"];
  /** [height, width, channels]; gaps are white. */
  readonly data: Uint8Array;
  readonly columns: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

export interface MosaicOptions {
  readonly columns: number;
  /** Pixels between tiles. */
  readonly gap: number;
  /** Each pixel becomes a square of this side. Default 1. */
  readonly enlarge?: number;
}

export function mosaic(pixels: Pixels, { columns, gap, enlarge = 1 }: MosaicOptions): Mosaic {
  const { count, channels } = pixels;
  const [tileWidth, tileHeight] = [pixels.width * enlarge, pixels.height * enlarge];
  const rows = Math.ceil(count / columns);
  const width = columns * tileWidth + (columns - 1) * gap;
  const height = rows * tileHeight + (rows - 1) * gap;
  const data = new Uint8Array(width * height * channels).fill(255);
  for (let i = 0; i < count; i++) {
    const source = pixelsAt(pixels, i);
    const left = (i % columns) * (tileWidth + gap);
    const top = Math.floor(i / columns) * (tileHeight + gap);
    for (let y = 0; y < tileHeight; y++)
      for (let x = 0; x < tileWidth; x++) {
        const from = (Math.floor(y / enlarge) * pixels.width + Math.floor(x / enlarge)) * channels;
        const to = ((top + y) * width + left + x) * channels;
        for (let channel = 0; channel < channels; channel++) data[to + channel] = source[from + channel];
      }
  }
  return { width, height, channels, data, columns, tileWidth, tileHeight };
}

/** Images joined `factor` × `factor` pixels into one by their mean; the last row and column may join fewer. */
export function shrink(pixels: Pixels, factor: number): Pixels {
  if (factor === 1) return pixels;
  const { count, channels } = pixels;
  const width = Math.ceil(pixels.width / factor);
  const height = Math.ceil(pixels.height / factor);
  const data = new Uint8Array(count * width * height * channels);
  for (let image = 0; image < count; image++) {
    const source = pixelsAt(pixels, image);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let channel = 0; channel < channels; channel++) {
          let [sum, joined] = [0, 0];
          for (let v = y * factor; v < Math.min(pixels.height, (y + 1) * factor); v++)
            for (let u = x * factor; u < Math.min(pixels.width, (x + 1) * factor); u++, joined++)
              sum += source[(v * pixels.width + u) * channels + channel];
          data[((image * height + y) * width + x) * channels + channel] = Math.round(sum / joined);
        }
  }
  return { ...pixels, width, height, data };
}

/** The images at `indices`. */
export function select(pixels: Pixels, indices: readonly number[]): Pixels {
  const size = pixels.width * pixels.height * pixels.channels;
  const data = new Uint8Array(indices.length * size);
  indices.forEach((index, i) => data.set(pixelsAt(pixels, index), i * size));
  return { ...pixels, count: indices.length, data };
}
