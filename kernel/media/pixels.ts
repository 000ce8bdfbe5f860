/** @file Image tensors as plain 8-bit pixels, whatever their layout, dtype and range. */
import { ArgumentError, ShapeError } from "../errors";
import { isFloat, toNumbers, type HostTensor } from "../graph/dtype";
import { showShape, sizeOf } from "../graph/shape";

/** Where the channels stand: [H, W, C] (`last`), [C, H, W] (`first`), or told from the shape (`auto`). */
export type PixelLayout = "auto" | "last" | "first";

export interface PixelOptions {
  /** Default `auto`: the last axis holds the channels when its size is 1, 3 or 4, else the axis before height when that is 1, 3 or 4. */
  readonly layout?: PixelLayout;
  /** Values drawn as black and white. Default: [0, 1] for floats, [0, 255] for integers, [0, 1] for bool. `auto`: smallest and largest finite value. */
  readonly range?: readonly [number, number] | "auto";
}

/** Images of one size, row-major, channels last, 8 bits a channel. */
export interface Pixels {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** [count, height, width, channels] */
  readonly data: Uint8Array;
  readonly range: readonly [number, number];
  /** Share of values outside of the range, 0…1. They are drawn black or white. */
  readonly clipped: number;
  /** Number of NaN and infinite values. They are drawn black. */
  readonly nonFinite: number;
}

const isChannelCount = (size: number): size is 1 | 3 | 4 => size === 1 || size === 3 || size === 4;

interface Axes {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
  readonly first: boolean;
}

function axesOf(shape: readonly number[], layout: PixelLayout): Axes {
  if (shape.some((size) => size === 0))
    throw new ShapeError(`an image tensor of shape ${showShape(shape)} has no pixels`, { help: "give at least one image of at least one pixel" });
  const [a, b, c, d] = shape;
  if (shape.length === 2) return { count: 1, height: a, width: b, channels: 1, first: false };
  if (shape.length === 3) {
    if (layout !== "first" && isChannelCount(c)) return { count: 1, height: a, width: b, channels: c, first: false };
    if (layout !== "last" && isChannelCount(a)) return { count: 1, height: b, width: c, channels: a, first: true };
    if (layout === "auto") return { count: a, height: b, width: c, channels: 1, first: false };
  }
  if (shape.length === 4) {
    if (layout !== "first" && isChannelCount(d)) return { count: a, height: b, width: c, channels: d, first: false };
    if (layout !== "last" && isChannelCount(b)) return { count: a, height: c, width: d, channels: b, first: true };
  }
  throw new ShapeError(`a tensor of shape ${showShape(shape)} is no image (channels ${layout})`, {
    help: "use [H, W], [H, W, C], [C, H, W], or [N, …] of those, with 1, 3 or 4 channels",
  });
}

function rangeOf(tensor: HostTensor, values: Float64Array, range: PixelOptions["range"]): readonly [number, number] {
  if (range === undefined) return isFloat(tensor.dtype) || tensor.dtype === "bool" ? [0, 1] : [0, 255];
  if (range === "auto") {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return low < high ? [low, high] : low === high ? [low - 0.5, high + 0.5] : [0, 1];
  }
  if (!(range[0] < range[1]) || !Number.isFinite(range[1] - range[0]))
    throw new ArgumentError(`range [${range.join(", ")}] is empty or not finite`, { help: "give [black, white] with black < white" });
  return range;
}

/**
 * Pixels of [H, W], [H, W, C], [C, H, W], or of a batch [N, H, W], [N, H, W, C], [N, C, H, W].
 * @throws {ShapeError} when the shape is none of these, or does not agree with the number of elements.
 */
export function pixelsOf(tensor: HostTensor, { layout = "auto", range }: PixelOptions = {}): Pixels {
  if (sizeOf(tensor.shape) !== tensor.data.length)
    throw new ShapeError(`shape ${showShape(tensor.shape)} needs ${sizeOf(tensor.shape)} elements, the data has ${tensor.data.length}`, {
      help: "give data and shape that agree",
    });
  const { count, height, width, channels, first } = axesOf(tensor.shape, layout);
  const values = toNumbers(tensor);
  const [low, high] = rangeOf(tensor, values, range);
  const scale = 255 / (high - low);
  const data = new Uint8Array(values.length);
  const area = height * width;
  let clipped = 0;
  let nonFinite = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      nonFinite++;
      continue;
    }
    if (value < low || value > high) clipped++;
    const within = i % (area * channels);
    const target = first ? i - within + (within % area) * channels + Math.floor(within / area) : i;
    data[target] = Math.min(255, Math.max(0, Math.round((value - low) * scale)));
  }
  return { count, height, width, channels, data, range: [low, high], clipped: clipped / values.length, nonFinite };
}

/** One image of a batch, as a view. */
export const pixelsAt = (pixels: Pixels, index: number): Uint8Array => {
  const size = pixels.height * pixels.width * pixels.channels;
  return pixels.data.subarray(index * size, (index + 1) * size);
};

/** Red, green, blue and alpha of image `index`: [height, width, 4]. */
export function rgbaAt(pixels: Pixels, index: number): Uint8Array {
  const source = pixelsAt(pixels, index);
  const { channels } = pixels;
  const area = pixels.height * pixels.width;
  const colour = channels >= 3;
  const alpha = channels === 2 || channels === 4;
  const out = new Uint8Array(area * 4);
  for (let i = 0; i < area; i++) {
    const from = i * channels;
    out[i * 4] = source[from];
    out[i * 4 + 1] = source[from + (colour ? 1 : 0)];
    out[i * 4 + 2] = source[from + (colour ? 2 : 0)];
    out[i * 4 + 3] = alpha ? source[from + channels - 1] : 255;
  }
  return out;
}
