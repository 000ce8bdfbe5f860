/** @file Draws shapes and textures with soft edges into float images. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import type { Writable } from "./generate";

/** Shapes that generated images are made of; each fits a circle of its radius. */
export const SHAPES = ["circle", "square", "triangle", "cross", "ring", "star"] as const;
export type ShapeName = (typeof SHAPES)[number];

/** Colours by name, red, green and blue 0…1. */
export const COLOURS = {
  red: [0.9, 0.15, 0.15],
  green: [0.15, 0.75, 0.25],
  blue: [0.2, 0.35, 0.95],
  yellow: [0.95, 0.85, 0.2],
  magenta: [0.85, 0.25, 0.85],
  cyan: [0.2, 0.8, 0.85],
  orange: [0.95, 0.55, 0.15],
  white: [1, 1, 1],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;
export type ColourName = keyof typeof COLOURS;
/** All colour names, in a fixed order. */
// SAFETY: own keys of a constant record.
export const COLOUR_NAMES = Object.keys(COLOURS) as readonly ColourName[];

/** Channels before height and width (`first`, what convolutions take) or after (`last`). */
export type ChannelLayout = "first" | "last";

export interface ImageFormat {
  readonly side: number;
  /** 1 grey, 3 red, green, blue. */
  readonly channels: 1 | 3;
  readonly layout: ChannelLayout;
  /** Values of black and white. */
  readonly range: readonly [number, number];
}

export interface ImageOptions {
  /** Height and width in pixels. */
  readonly side?: number;
  readonly channels?: 1 | 3;
  /** Default `first`: [C, H, W]. */
  readonly layout?: ChannelLayout;
  /** Values of black and white. Default [0, 1]; diffusion models want [−1, 1]. Noise may go beyond. */
  readonly range?: readonly [number, number];
}

/** @throws {ArgumentError} for a side that is no positive integer. */
export function imageFormat({ side, channels, layout = "first", range = [0, 1] }: ImageOptions, defaults: { readonly side: number; readonly channels: 1 | 3 }): ImageFormat {
  const format: ImageFormat = { side: side ?? defaults.side, channels: channels ?? defaults.channels, layout, range };
  if (!Number.isInteger(format.side) || format.side < 1 || format.side > 4096) throw new ArgumentError(`images of side ${format.side}`, { help: "give 1 to 4096 pixels" });
  return format;
}

export const imageShape = ({ side, channels, layout }: ImageFormat): readonly number[] => (layout === "first" ? [channels, side, side] : [side, side, channels]);

/** Signed distance from a shape's edge in units of its radius, about: negative inside. */
const DISTANCES: { readonly [name in ShapeName]: (x: number, y: number) => number } = {
  circle: (x, y) => Math.hypot(x, y) - 0.95,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) - 0.8,
  triangle: (x, y) => Math.max(y - 0.55, -y * 0.5 + Math.abs(x) * 0.866 - 0.5),
  cross: (x, y) => Math.min(Math.max(Math.abs(x) - 0.28, Math.abs(y) - 0.95), Math.max(Math.abs(y) - 0.28, Math.abs(x) - 0.95)),
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.72) - 0.24,
  star: (x, y) => {
    // Folded into one tenth, a five-pointed star is the half-plane left of the edge from the tip (1) to the inner corner (0.4 at 36°).
    const turn = Math.PI / 5;
    const angle = Math.atan2(x, -y);
    const folded = Math.abs(angle - 2 * turn * Math.round(angle / (2 * turn)));
    const radius = Math.hypot(x, y);
    const edgeX = 1 - 0.4 * Math.cos(turn);
    const edgeY = 0.4 * Math.sin(turn);
    return ((radius * Math.cos(folded) - 1) * edgeY + radius * Math.sin(folded) * edgeX) / Math.hypot(edgeX, edgeY);
  },
};

export interface Stamp {
  readonly shape: ShapeName;
  /** Centre and radius in pixels; pixel (0, 0) covers 0…1. */
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** Radians, clockwise on screen. Default 0. */
  readonly rotation?: number;
}

/** Calls `paint(pixel, share)` for each pixel that the shape covers, with the covered share 0…1. Pixels are row-major. */
export function cover(side: number, { shape, x, y, radius, rotation = 0 }: Stamp, paint: (pixel: number, share: number) => void): void {
  const distance = DISTANCES[shape];
  const cosine = Math.cos(rotation) / radius;
  const sine = Math.sin(rotation) / radius;
  const reach = radius + 1;
  for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(side, y + reach); row++)
    for (let column = Math.max(0, Math.floor(x - reach)); column < Math.min(side, x + reach); column++) {
      const dx = column + 0.5 - x;
      const dy = row + 0.5 - y;
      const share = 0.5 - radius * distance(cosine * dx + sine * dy, cosine * dy - sine * dx);
      if (share > 0) paint(row * side + column, Math.min(1, share));
    }
}

/** Brightness 0…1 at a place in pixels: a sum of waves. Being a formula, it can be panned and zoomed by any amount. */
export type Texture = (x: number, y: number) => number;

/** A random smooth texture with waves of `periods` (shortest, longest) pixels. */
export function smoothTexture(random: HostRandom, [shortest, longest]: readonly [number, number] = [5, 16]): Texture {
  const waves = Array.from({ length: 6 }, () => {
    const angle = random.uniform(0, 2 * Math.PI);
    const frequency = (2 * Math.PI) / random.uniform(shortest, longest);
    return [frequency * Math.cos(angle), frequency * Math.sin(angle), random.uniform(0, 2 * Math.PI)] as const;
  });
  return (x, y) => 0.5 + waves.reduce((sum, [fx, fy, phase]) => sum + Math.sin(fx * x + fy * y + phase), 0) / 8;
}

/** Place of a pixel's channel in an image of `format`. */
export const offsetOf = ({ side, channels, layout }: ImageFormat, pixel: number, channel: number): number =>
  layout === "first" ? channel * side * side + pixel : pixel * channels + channel;

/** Blends `colour` (one value a channel) into the pixel: `share` of it, the rest stays. */
export function blend(image: Writable, format: ImageFormat, { pixel, share, colour }: { readonly pixel: number; readonly share: number; readonly colour: readonly number[] }): void {
  for (let channel = 0; channel < format.channels; channel++) {
    const at = offsetOf(format, pixel, channel);
    image[at] += share * (colour[channel] - image[at]);
  }
}

/** Turns values 0…1 into those of the format's range, after adding noise of the given deviation (in units of white − black). */
export function finish(image: Writable, { range: [black, white] }: ImageFormat, { noise, random }: { readonly noise: number; readonly random: HostRandom }): void {
  const normals = noise > 0 ? random.fillNormal(new Float32Array(image.length)) : undefined;
  for (let i = 0; i < image.length; i++) image[i] = black + (white - black) * (image[i] + (normals === undefined ? 0 : noise * normals[i]));
}
