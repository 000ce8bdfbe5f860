/** @file Images of digits and letters with random slant, size, place, thickness, ground and noise. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { finish, imageFormat, imageShape, type ImageOptions } from "./canvas";
import { floats, generate, ints, type GeneratedOptions } from "./generate";
import { DIGIT_STROKES, GLYPH_COLUMNS, GLYPH_ROWS, glyphBitmap, type Stroke } from "./glyphShapes";

export interface GlyphsOptions extends GeneratedOptions, Omit<ImageOptions, "channels"> {
  /** One class each, in this order. Default the ten digits. */
  readonly characters?: string;
  /** `strokes`: lines of random thickness and bends, digits only. `bitmap`: a 5 × 7 font, capital letters too. Default strokes where they suffice. */
  readonly style?: "strokes" | "bitmap";
  /** Height of a glyph as shares of the side, smallest and largest. Default [0.55, 0.8]. */
  readonly size?: readonly [number, number];
  /** Turned by up to this many radians either way. Default 0.2. */
  readonly rotation?: number;
  /** Slant by up to this much either way. Default 0.25. */
  readonly shear?: number;
  /** Centre moved by up to this share of the side either way. Default 0.08. */
  readonly shift?: number;
  /** Thickness of strokes as shares of the side. Default [0.06, 0.11]. */
  readonly thickness?: readonly [number, number];
  /** Deviation of the points of strokes, as a share of the glyph. Default 0.02. */
  readonly wobble?: number;
  /** Brightness of the glyph over the ground. Default [0.8, 1]. */
  readonly contrast?: readonly [number, number];
  /** Amplitude of a wave of random direction and length behind. Default 0. */
  readonly texture?: number;
  /** Dark on light. Default false. */
  readonly invert?: boolean;
  /** Deviation of white noise, in units of white − black. Default 0.05. */
  readonly noise?: number;
}

export interface Glyphs extends Dataset<"image" | "label"> {
  /** The character of each label. */
  readonly characters: readonly string[];
}

/**
 * Glyphs. An example has `image` [1, H, W] float32 (or [H, W, 1]), 28 × 28, and `label` int32 [], uniform over the characters.
 * With the defaults the images are like those of MNIST, and as easy; more noise, texture, slant or smaller sides make them hard.
 * Form, ground and noise have random streams of their own.
 * @throws {ArgumentError} for characters that the style does not have.
 */
export function glyphs(options: GlyphsOptions = {}): Glyphs {
  const format = imageFormat(options, { side: 28, channels: 1 });
  const { size = [0.55, 0.8], rotation = 0.2, shear = 0.25, shift = 0.08, thickness = [0.06, 0.11], wobble = 0.02, contrast = [0.8, 1], texture = 0, invert = false, noise = 0.05 } = options;
  const characters = [...(options.characters ?? "0123456789")];
  const digitsOnly = characters.every((character) => /^[0-9]$/.test(character));
  const style = options.style ?? (digitsOnly ? "strokes" : "bitmap");
  const missing = characters.find((character) => (style === "strokes" ? !/^[0-9]$/.test(character) : glyphBitmap(character) === undefined));
  if (missing !== undefined || characters.length === 0)
    throw new ArgumentError(`glyphs(): no ${style} for ${JSON.stringify(missing ?? "")}`, { help: "strokes has the digits, bitmap the digits and capital letters A to Z" });
  const bitmaps = characters.map((character) => glyphBitmap(character) ?? []);
  const { side } = format;

  const set = generate({
    ...options,
    name: "glyphs",
    fields: { image: floats(...imageShape(format)), label: ints() },
    draw(out, random) {
      const form = random.split("form");
      const label = form.int(characters.length);
      out.label[0] = label;
      const toGlyph = placement(form);
      const light = form.uniform(...contrast);
      const ink = style === "strokes" ? strokeInk(label, form, toGlyph.scale) : bitmapInk(bitmaps[label]);
      const wave = texture > 0 ? grating(random.split("ground")) : undefined;
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const [u, v] = toGlyph.at(x + 0.5, y + 0.5);
          const value = light * ink(u, v) + (wave === undefined ? 0 : texture * wave(x, y));
          out.image[y * side + x] = invert ? 1 - value : value;
        }
      finish(out.image, format, { noise, random: random.split("noise") });
    },
  });
  return { ...set, characters };

  /** Maps image pixels to the glyph's box, 0…1 both ways. `scale` is the glyph's height in pixels. */
  function placement(random: HostRandom): { readonly scale: number; readonly at: (x: number, y: number) => readonly [number, number] } {
    const scale = side * random.uniform(...size);
    const width = GLYPH_WIDTH * scale * random.uniform(0.85, 1.15);
    const angle = random.uniform(-rotation, rotation);
    const slant = random.uniform(-shear, shear);
    const x0 = side / 2 + side * random.uniform(-shift, shift);
    const y0 = side / 2 + side * random.uniform(-shift, shift);
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    const at = (x: number, y: number): readonly [number, number] => {
      const dx = cosine * (x - x0) + sine * (y - y0);
      const dy = cosine * (y - y0) - sine * (x - x0);
      return [(dx + slant * dy) / width + 0.5, dy / scale + 0.5];
    };
    return { scale, at };
  }

  /** Ink of a digit's strokes with random thickness, its points moved a little. */
  function strokeInk(digit: number, random: HostRandom, scale: number): (u: number, v: number) => number {
    const half = (side * random.uniform(...thickness)) / 2 / scale;
    const bent = DIGIT_STROKES[Number(characters[digit])].map((stroke) => bend(stroke, random));
    const segments = segmentsOf(bent.map((stroke) => stroke.map(([x, y]) => [x * GLYPH_WIDTH, y] as const)));
    return (u, v) => Math.max(0, Math.min(1, 0.5 + (half - Math.sqrt(nearestSquared(segments, u * GLYPH_WIDTH, v))) * scale));
  }

  function bend(stroke: Stroke, random: HostRandom): Stroke {
    const waves = Array.from({ length: 4 }, () => wobble * random.normal());
    return stroke.map(([x, y]) => [x + waves[0] * Math.sin(5 * y) + waves[1] * Math.cos(5 * y), y + waves[2] * Math.sin(5 * x) + waves[3] * Math.cos(5 * x)] as const);
  }
}

/** The ten digits: `glyphs` with the same options. */
export const glyphDigits = (options: Omit<GlyphsOptions, "characters"> = {}): Glyphs => glyphs({ ...options, characters: "0123456789" });

/** Width of a glyph for height 1. */
const GLYPH_WIDTH = 0.75;

/** Ink of a bitmap, read bilinearly. */
const bitmapInk =
  (bitmap: readonly number[]) =>
  (u: number, v: number): number => {
    const x = u * GLYPH_COLUMNS - 0.5;
    const y = v * GLYPH_ROWS - 0.5;
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const dot = (column: number, row: number): number => (column < 0 || row < 0 || column >= GLYPH_COLUMNS || row >= GLYPH_ROWS ? 0 : bitmap[row * GLYPH_COLUMNS + column]);
    const top = dot(x0, y0) + (x - x0) * (dot(x0 + 1, y0) - dot(x0, y0));
    const bottom = dot(x0, y0 + 1) + (x - x0) * (dot(x0 + 1, y0 + 1) - dot(x0, y0 + 1));
    return top + (y - y0) * (bottom - top);
  };

/** A sine wave of random direction, 4 to 10 pixels long. */
function grating(random: HostRandom): (x: number, y: number) => number {
  const angle = random.uniform(0, Math.PI);
  const frequency = (2 * Math.PI) / random.uniform(4, 10);
  const phase = random.uniform(0, 2 * Math.PI);
  return (x, y) => Math.sin(frequency * (Math.cos(angle) * x + Math.sin(angle) * y) + phase);
}

/** Start, direction and 1 / squared length of each segment, five numbers each. */
function segmentsOf(strokes: readonly Stroke[]): Float64Array {
  return Float64Array.from(
    strokes.flatMap((stroke) =>
      stroke.slice(1).flatMap(([x, y], i) => {
        const [dx, dy] = [x - stroke[i][0], y - stroke[i][1]];
        return [stroke[i][0], stroke[i][1], dx, dy, 1 / (dx * dx + dy * dy || 1)];
      }),
    ),
  );
}

/** Squared distance of (x, y) from the nearest segment. */
function nearestSquared(segments: Float64Array, x: number, y: number): number {
  let nearest = Infinity;
  for (let i = 0; i < segments.length; i += 5) {
    const px = x - segments[i];
    const py = y - segments[i + 1];
    const dx = segments[i + 2];
    const dy = segments[i + 3];
    const share = Math.max(0, Math.min(1, (px * dx + py * dy) * segments[i + 4]));
    const ex = px - share * dx;
    const ey = py - share * dy;
    const squared = ex * ex + ey * ey;
    if (squared < nearest) nearest = squared;
  }
  return nearest;
}
