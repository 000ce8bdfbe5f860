/** @file Images of coloured shapes with their attributes, masks and captions. */
import { ArgumentError } from "../../errors";
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { blend, COLOUR_NAMES, COLOURS, cover, finish, imageFormat, imageShape, SHAPES, smoothTexture, type ColourName, type ImageOptions, type ShapeName } from "./canvas";
import { checkCount, floats, generate, ints, type GeneratedOptions } from "./generate";

export interface ShapesOptions extends GeneratedOptions, ImageOptions {
  /** Default circle, square, triangle. */
  readonly shapes?: readonly ShapeName[];
  /** Default red, green, blue, yellow; white when `channels` is 1. */
  readonly colours?: readonly ColourName[];
  /** Shapes in an image: O. Default 1. They are put in different cells while there are enough. */
  readonly objects?: number;
  /** The image has grid × grid cells; a shape's `place` is its cell, row by row. Default 2, the quadrants; 1 puts shapes anywhere. */
  readonly grid?: number;
  /** Smallest and largest radius as shares of a cell's side. Default [0.22, 0.42]. The upper half of it is "large". */
  readonly radius?: readonly [number, number];
  /** Turn shapes by up to this many radians either way. Default 0. */
  readonly rotation?: number;
  /** Waves on the shapes, 0…1 of their brightness. Default 0. */
  readonly texture?: number;
  /** Smooth grey waves behind, 0…1. Default 0: black. */
  readonly background?: number;
  /** Deviation of white noise, in units of white − black. Default 0. */
  readonly noise?: number;
}

export interface Shapes extends Dataset<"image" | "shape" | "colour" | "large" | "place" | "box" | "mask" | "caption"> {
  readonly shapes: readonly ShapeName[];
  readonly colours: readonly ColourName[];
  /** The caption's vocabulary; 0 is a blank, for dropping words. */
  readonly words: readonly string[];
  /** A caption in words: "small red circle top-left". */
  describe(caption: ArrayLike<number>): string;
}

/** Words of a caption for each object: size, colour, shape, place. */
export const CAPTION_WORDS = 4;

/**
 * Shapes on a ground. An example has
 * - `image` [C, H, W] float32 (or [H, W, C]), 32 × 32, values in `range`;
 * - `shape`, `colour`, `large`, `place` int32 [] (or [O] for several objects): numbers in the lists of the set, 0/1, and the cell;
 * - `box` [3] (or [O, 3]) float32: centre x, y and radius in units of the side;
 * - `mask` [H, W] int32: 0 on the ground, else 1 + the number of the topmost object that covers half of the pixel;
 * - `caption` [4 O] int32: words of size, colour, shape, place of each object.
 *
 * All attributes are independent and uniform. The generator's parts (attributes, ground, noise) draw from streams of their own: with another
 * noise or ground the shapes stay the same.
 * @throws {ArgumentError} for empty lists or sizes that are no positive integers.
 */
export function shapes(options: ShapesOptions = {}): Shapes {
  const format = imageFormat(options, { side: 32, channels: 3 });
  const { shapes: kinds = SHAPES.slice(0, 3), objects = 1, grid = 2, radius = [0.22, 0.42], rotation = 0, texture = 0, background = 0, noise = 0 } = options;
  const colours = options.colours ?? (format.channels === 1 ? ["white" as const] : COLOUR_NAMES.slice(0, 4));
  checkCount("shapes(): objects", objects);
  checkCount("shapes(): grid", grid);
  if (kinds.length === 0 || colours.length === 0) throw new ArgumentError("shapes(): no shapes or no colours", { help: "give at least one of each" });
  const { side } = format;
  const cell = side / grid;
  const places = placeNames(grid);
  const words = ["_", "small", "large", ...colours, ...kinds, ...places];
  const one = objects === 1 ? [] : [objects];
  const pixels = side * side;

  const set = generate({
    ...options,
    name: "shapes",
    fields: {
      image: floats(...imageShape(format)),
      shape: ints(...one),
      colour: ints(...one),
      large: ints(...one),
      place: ints(...one),
      box: floats(...one, 3),
      mask: ints(side, side),
      caption: ints(CAPTION_WORDS * objects),
    },
    draw(out, random) {
      if (background > 0) paintGround(random.split("ground"));
      const cells = random.split("cells").permutation(grid * grid);
      for (let o = 0; o < objects; o++) drawObject(o, cells[o % cells.length], random.split("object").split(o));
      finish(out.image, format, { noise, random: random.split("noise") });

      function paintGround(source: HostRandom): void {
        const wave = smoothTexture(source, [side / 5, side]);
        for (let pixel = 0; pixel < pixels; pixel++) {
          const grey = background * wave(pixel % side, Math.floor(pixel / side));
          blend(out.image, format, { pixel, share: 1, colour: [grey, grey, grey] });
        }
      }

      function drawObject(o: number, place: number, source: HostRandom): void {
        const shape = source.int(kinds.length);
        const colour = source.int(colours.length);
        const large = source.int(2);
        const middle = (radius[0] + radius[1]) / 2;
        const size = cell * (large === 1 ? source.uniform(middle, radius[1]) : source.uniform(radius[0], middle));
        const free = Math.max(0, cell / 2 - size);
        const x = ((place % grid) + 0.5) * cell + source.uniform(-free, free);
        const y = (Math.floor(place / grid) + 0.5) * cell + source.uniform(-free, free);
        const turn = source.uniform(-rotation, rotation);
        const wave = smoothTexture(source, [3, 7]);
        const tint = COLOURS[colours[colour]];
        cover(side, { shape: kinds[shape], x, y, radius: size, rotation: turn }, (pixel, share) => {
          const light = texture > 0 ? 1 - texture * wave(pixel % side, Math.floor(pixel / side)) : 1;
          blend(out.image, format, { pixel, share, colour: tint.map((value) => value * light) });
          if (share >= 0.5) out.mask[pixel] = o + 1;
        });
        out.shape[o] = shape;
        out.colour[o] = colour;
        out.large[o] = large;
        out.place[o] = place;
        out.box.set([x / side, y / side, size / side], 3 * o);
        const firstColour = 3;
        const firstShape = firstColour + colours.length;
        out.caption.set([1 + large, firstColour + colour, firstShape + shape, firstShape + kinds.length + place], CAPTION_WORDS * o);
      }
    },
  });
  return {
    ...set,
    shapes: kinds,
    colours,
    words,
    describe: (caption) =>
      Array.from({ length: caption.length / CAPTION_WORDS }, (_, o) => Array.from({ length: CAPTION_WORDS }, (_unused, w) => words[caption[CAPTION_WORDS * o + w]]).join(" ")).join(", "),
  };
}

function placeNames(grid: number): readonly string[] {
  if (grid === 1) return ["anywhere"];
  if (grid === 2) return ["top-left", "top-right", "bottom-left", "bottom-right"];
  return Array.from({ length: grid * grid }, (_, place) => `row-${Math.floor(place / grid) + 1}-column-${(place % grid) + 1}`);
}
