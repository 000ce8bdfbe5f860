/** @file Animated GIF files from video tensors. */
import gifencDefault, * as gifencNames from "gifenc";
import { ArgumentError, ShapeError } from "../errors";
import type { HostTensor } from "../graph/dtype";
import { pixelsOf, rgbaAt, type PixelOptions, type Pixels } from "./pixels";

// Node finds everything under the default export of the CommonJS build, bundlers and test runners the names of the ES build.
const gifenc = "quantize" in gifencDefault ? gifencDefault : gifencNames;

export interface GifOptions extends PixelOptions {
  /** Frames a second, 1…50, default 10. GIF counts in 1/100 s, so the true rate is rounded to that. */
  readonly framesPerSecond?: number;
}

const MAX_GIF_SIDE_PIXELS = 65_535;

/**
 * An endlessly repeating GIF of frames [T, H, W], [T, H, W, C] or [T, C, H, W]; floats 0…1 or uint8. Transparency is drawn on white.
 * Grey frames keep all 256 levels; colour frames share 256 colours chosen over the whole video.
 * @throws {ShapeError} for other shapes. @throws {ArgumentError} for a frame rate outside 1…50.
 */
export function encodeGif(video: HostTensor, { framesPerSecond = 10, ...options }: GifOptions = {}): Uint8Array {
  return encodeGifPixels(pixelsOf(video, options), framesPerSecond);
}

/** The same from pixels, each image a frame. */
export function encodeGifPixels(frames: Pixels, framesPerSecond: number): Uint8Array {
  if (!(framesPerSecond >= 1 && framesPerSecond <= 50))
    throw new ArgumentError(`${framesPerSecond} frames a second`, { help: "use 1 to 50: viewers slow down GIFs with frames shorter than 20 ms" });
  if (frames.width > MAX_GIF_SIDE_PIXELS || frames.height > MAX_GIF_SIDE_PIXELS)
    throw new ShapeError(`frames of ${frames.width} × ${frames.height} pixels do not fit a GIF`, {
      help: `make both sides ${MAX_GIF_SIDE_PIXELS} pixels or less`,
    });
  const delay = Math.round(100 / framesPerSecond) * 10;
  const grey = frames.channels === 1;
  const palette = grey ? Array.from({ length: 256 }, (_, level) => [level, level, level]) : gifenc.quantize(sampleColours(frames), 256);
  const gif = gifenc.GIFEncoder();
  for (let frame = 0; frame < frames.count; frame++) {
    const rgba = onWhite(rgbaAt(frames, frame));
    const index = grey ? rgba.filter((_, i) => i % 4 === 0) : gifenc.applyPalette(rgba, palette);
    gif.writeFrame(index, frames.width, frames.height, frame === 0 ? { palette, delay, repeat: 0 } : { delay });
  }
  gif.finish();
  return gif.bytes();
}

/** Pixels from all over the video, at most 2^18 of them: enough to choose a palette, and fast for long videos. */
function sampleColours(frames: Pixels): Uint8Array {
  const area = frames.width * frames.height;
  const total = area * frames.count;
  // Odd steps do not fall into one column of an image with an even width.
  const step = Math.max(1, Math.ceil(total / (1 << 18))) | 1;
  const out = new Uint8Array(Math.ceil(total / step) * 4);
  let frame = -1;
  let rgba: Uint8Array = out;
  for (let i = 0, target = 0; i < total; i += step, target += 4) {
    const next = Math.floor(i / area);
    if (next !== frame) rgba = onWhite(rgbaAt(frames, (frame = next)));
    const from = (i - frame * area) * 4;
    out.set(rgba.subarray(from, from + 4), target);
  }
  return out;
}

function onWhite(rgba: Uint8Array): Uint8Array {
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3] / 255;
    for (let channel = 0; channel < 3; channel++) rgba[i + channel] = Math.round(rgba[i + channel] * alpha + 255 * (1 - alpha));
    rgba[i + 3] = 255;
  }
  return rgba;
}
