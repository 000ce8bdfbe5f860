/** @file Resizes images on the host. */
import { ArgumentError } from "../errors";

/** `box` averages the pixels a target pixel covers; `bilinear` weights them by distance, smoothly, also when enlarging. */
export type ResizeFilter = "box" | "bilinear";

export interface Resize {
  /** Height and width of the part of the source that is used, and of the result. */
  readonly from: Area;
  readonly to: { readonly height: number; readonly width: number };
  readonly filter?: ResizeFilter;
}

/** A rectangle of an image of `stride` pixels a row. */
export interface Area {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly stride: number;
}

/**
 * Resized pixels [to.height, to.width, channels], from row-major pixels with `channels` values each. Shrinking widens the filter, so that nothing aliases
 * (as PIL does, and torch's `interpolate(…, antialias=True)`).
 */
export function resize(pixels: ArrayLike<number>, channels: number, { from, to, filter = "bilinear" }: Resize): Float32Array {
  if (Math.min(from.height, from.width, to.height, to.width) < 1) throw new ArgumentError(`resizing ${from.height} × ${from.width} to ${to.height} × ${to.width} pixels`, { help: "give sizes of at least 1" });
  const columns = weights(from.width, to.width, filter);
  const rows = weights(from.height, to.height, filter);
  const narrow = new Float32Array(from.height * to.width * channels);
  for (let y = 0; y < from.height; y++)
    for (let x = 0; x < to.width; x++) {
      const { first, shares } = columns[x];
      for (let i = 0; i < shares.length; i++) {
        const source = ((from.top + y) * from.stride + from.left + first + i) * channels;
        for (let c = 0; c < channels; c++) narrow[(y * to.width + x) * channels + c] += shares[i] * pixels[source + c];
      }
    }
  const out = new Float32Array(to.height * to.width * channels);
  const row = to.width * channels;
  for (let y = 0; y < to.height; y++) {
    const { first, shares } = rows[y];
    for (let i = 0; i < shares.length; i++) for (let x = 0; x < row; x++) out[y * row + x] += shares[i] * narrow[(first + i) * row + x];
  }
  return out;
}

interface Weights {
  readonly first: number;
  /** Shares of the source pixels from `first` on; their sum is 1. */
  readonly shares: Float64Array;
}

function weights(from: number, to: number, filter: ResizeFilter): Weights[] {
  const scale = from / to;
  const wide = Math.max(1, scale);
  const reach = filter === "box" ? wide / 2 : wide;
  return Array.from({ length: to }, (_, target) => {
    const centre = (target + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach));
    const last = Math.min(from - 1, Math.ceil(centre + reach) - 1);
    const raw = Float64Array.from({ length: last - first + 1 }, (_unused, i) => {
      const [low, high] = [first + i, first + i + 1];
      if (filter === "box") return Math.max(0, Math.min(high, centre + reach) - Math.max(low, centre - reach));
      return Math.max(0, 1 - Math.abs((low + high) / 2 - centre) / wide);
    });
    const sum = raw.reduce((total, value) => total + value, 0);
    return { first, shares: raw.map((value) => value / sum) };
  });
}
