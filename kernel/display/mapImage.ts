/** @file Heat maps as pixels inside an SVG, and the colour bar that explains them. */
import { encodeIndexed } from "../media/png";
import { significant } from "./format";
import { element, group, label, type SvgNode } from "./svg";
import { AXIS, CARD, INK, mapColour, MUTED_INK, NOT_FINITE, rgbOfHex, type ColourMap, type Rgb } from "./theme";
import { base64, BYTE_LEVELS, toBytes, type NumberArray } from "./values";
import { fitText } from "./textWidth";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** In the pixels of a map, these are no levels: the card shows through, or the value is NaN or infinite. */
export const GAP_LEVEL = 254;
const NOT_FINITE_LEVEL = 255;
const LEVELS = 253;

/** Levels 0…253 of values between low and high, 255 for values that are not finite. */
export function levelsOf(values: ArrayLike<number>, [low, high]: readonly [number, number]): Uint8Array {
  return toBytes(values, low, high).map((byte) => (byte === 255 ? NOT_FINITE_LEVEL : Math.round((byte * LEVELS) / BYTE_LEVELS)));
}

const paletteOf = (map: ColourMap): Rgb[] =>
  [...Array.from({ length: LEVELS + 1 }, (_, i) => mapColour(map, i / LEVELS)), rgbOfHex(CARD), NOT_FINITE].map(([r, g, b]) => [
    Math.round(r),
    Math.round(g),
    Math.round(b),
  ]);

export interface LevelImage {
  readonly width: number;
  readonly height: number;
  /** Row-major; see `levelsOf`. */
  readonly levels: Uint8Array;
  readonly map: ColourMap;
}

/** Larger pictures are not enlarged before they are encoded. */
const MAX_ENLARGED_PIXELS = 250_000;

/** An `<image>` of levels that fills `box`. Cells are enlarged by whole factors first, so viewers that smooth images keep their edges. */
export function levelImage({ width, height, levels, map }: LevelImage, box: Box): SvgNode {
  if (width === 0 || height === 0) return group({});
  const wished = Math.min(Math.floor(box.width / width), Math.floor(box.height / height));
  const factor = Math.max(1, Math.min(wished, Math.floor(Math.sqrt(MAX_ENLARGED_PIXELS / (width * height)))));
  const data = new Uint8Array(width * height * factor * factor);
  for (let y = 0; y < height * factor; y++)
    for (let x = 0; x < width * factor; x++) data[y * width * factor + x] = levels[Math.floor(y / factor) * width + Math.floor(x / factor)];
  const png = encodeIndexed({ width: width * factor, height: height * factor, data, palette: paletteOf(map) });
  return element("image", { ...box, preserveAspectRatio: "none", style: "image-rendering:pixelated", href: `data:image/png;base64,${base64(png)}` });
}

/** A [rows, columns] array as a picture that fills `box`, row 0 on top unless `flip`. What is not finite has a colour of its own, or with `blank` none. */
export function mapImage(
  { shape, data }: NumberArray,
  {
    box,
    range,
    map,
    flip = false,
    blank = false,
  }: { readonly box: Box; readonly range: readonly [number, number]; readonly map: ColourMap; readonly flip?: boolean; readonly blank?: boolean },
): SvgNode {
  const [height, width] = shape;
  let levels = levelsOf(data, range);
  if (blank) levels = levels.map((level) => (level === NOT_FINITE_LEVEL ? GAP_LEVEL : level));
  if (flip) levels = levels.map((_, i) => levels[(height - 1 - Math.floor(i / width)) * width + (i % width)]);
  return levelImage({ width, height, levels, map }, box);
}

export interface ColourBar {
  /** Place of the bar without its labels; labels stand right of it (about 40 px), the title above it. */
  readonly box: Box;
  readonly range: readonly [number, number];
  readonly map: ColourMap;
  readonly title?: string;
}

/** A vertical colour bar with its smallest, middle and largest value. */
export function colourBar({ box, range, map, title }: ColourBar): SvgNode {
  const steps = 48;
  const cells = Array.from({ length: steps }, (_, i) => {
    const top = box.y + box.height * (1 - (i + 1) / steps);
    // A little taller than its share, so no seams show between the cells.
    const [r, g, b] = mapColour(map, i / (steps - 1)).map(Math.round);
    return element("rect", { x: box.x, y: top, width: box.width, height: box.height / steps + (i === 0 ? 0 : 0.6), fill: `rgb(${r},${g},${b})` });
  });
  const [low, high] = range;
  const labels = [0, 0.5, 1].map((share) => {
    const y = box.y + box.height * (1 - share);
    const value = low * (1 - share) + high * share;
    return [
      element("line", { x1: box.x + box.width, x2: box.x + box.width + 3, y1: y, y2: y, stroke: AXIS }),
      label(significant(Math.abs(value) < Math.abs(high - low) * 1e-6 ? 0 : value), {
        x: box.x + box.width + 6,
        y: y + (share === 1 ? 8 : share === 0 ? 0 : 4),
        size: 10,
        fill: MUTED_INK,
      }),
    ];
  });
  return group(
    {},
    cells,
    labels,
    title ? label(fitText(title, 150, { size: 10 }), { x: box.x + box.width + 40, y: box.y - 6, size: 10, fill: INK, anchor: "end" }) : undefined,
  );
}
