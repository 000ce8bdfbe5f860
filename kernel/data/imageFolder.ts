/** @file Image folders: one folder of PNG files for each class. */
import { join } from "node:path";
import { ArgumentError, FormatError } from "../errors";
import { decodePng } from "../media/png";
import { checkIndices, type Dataset } from "./dataset";
import { listFolder, readBytes } from "./files";
import type { ChannelLayout } from "./generated/canvas";
import { resize, type ResizeFilter } from "./resize";

export interface ImageFolderOptions {
  /** Height and width of the examples in pixels. */
  readonly side: number;
  /** 1 grey, 3 red, green, blue. Default 3. Colours become grey by their luminance; grey images fill all three. */
  readonly channels?: 1 | 3;
  /** `crop` (default) takes the largest square in the middle; `stretch` takes all of the image. */
  readonly fit?: "crop" | "stretch";
  /** Default `bilinear`. */
  readonly filter?: ResizeFilter;
  /** Values of black and white. Default [0, 1]. */
  readonly range?: readonly [number, number];
  /** Default `first`: [C, H, W]. */
  readonly layout?: ChannelLayout;
}

export interface ImageFolder extends Dataset<"image" | "label"> {
  /** Names of the class folders, sorted: label i is classes[i]. */
  readonly classes: readonly string[];
  /** The file of each example. */
  readonly files: readonly string[];
  /** Files in class folders that are no .png and were left out. */
  readonly skipped: readonly string[];
}

/** Shares of red, green and blue in luminance (ITU-R BT.601, as PIL's "L"). */
const LUMINANCE = [0.299, 0.587, 0.114] as const;

/**
 * The PNG files of `folder`/<class>/…, in order of their paths. An example has `image` [C, side, side] float32 and `label` int32 [].
 * Files are read when their examples are asked for; transparent parts become black.
 * @throws {ArgumentError} when there is no image. Reading throws a FormatError that names a damaged file.
 */
export function imageFolder(folder: string, options: ImageFolderOptions): ImageFolder {
  const { side, channels = 3, layout = "first" } = options;
  if (!Number.isInteger(side) || side < 1 || side > 4096) throw new ArgumentError(`imageFolder(): side ${side}`, { help: "give 1 to 4096 pixels" });
  const classes = listFolder(folder).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const found = classes.flatMap((name, label) => filesIn(join(folder, name)).map((file) => ({ file, label })));
  const images = found.filter(({ file }) => /\.png$/i.test(file));
  if (images.length === 0)
    throw new ArgumentError(`no PNG files in the ${classes.length} folders of ${JSON.stringify(folder)}`, { help: "give a folder that has a folder of .png files for each class; convert other kinds first" });
  const shape = layout === "first" ? [channels, side, side] : [side, side, channels];
  const size = side * side * channels;
  return {
    size: images.length,
    fields: { image: { dtype: "float32", shape }, label: { dtype: "int32", shape: [] } },
    classes,
    files: images.map(({ file }) => file),
    skipped: found.flatMap(({ file }) => (/\.png$/i.test(file) ? [] : [file])),
    rows(indices) {
      checkIndices(indices, images.length);
      const data = new Float32Array(indices.length * size);
      for (let i = 0; i < indices.length; i++) data.set(readImage(images[indices[i]].file, options), i * size);
      const label = Int32Array.from(indices, (index) => images[index].label);
      return { image: { dtype: "float32", shape: [indices.length, ...shape], data }, label: { dtype: "int32", shape: [indices.length], data: label } };
    },
  };
}

const filesIn = (folder: string): string[] =>
  listFolder(folder).flatMap((entry) => (entry.isDirectory() ? filesIn(join(folder, entry.name)) : entry.isFile() ? [join(folder, entry.name)] : []));

function readImage(file: string, { side, channels = 3, fit = "crop", filter, range: [black, white] = [0, 1], layout = "first" }: ImageFolderOptions): Float32Array {
  const [height, width, pixels] = opaque(file, channels);
  const square = Math.min(height, width);
  const area = fit === "crop" ? { top: (height - square) >> 1, left: (width - square) >> 1, height: square, width: square } : { top: 0, left: 0, height, width };
  const small = resize(pixels, channels, { from: { ...area, stride: width }, to: { height: side, width: side }, filter });
  const out = new Float32Array(small.length);
  for (let i = 0; i < small.length; i++) {
    const to = layout === "first" ? (i % channels) * side * side + Math.floor(i / channels) : i;
    out[to] = black + (white - black) * small[i];
  }
  return out;
}

/** Height, width and pixels 0…1 with `channels` values each, over black. */
function opaque(file: string, channels: 1 | 3): readonly [number, number, Float32Array] {
  const { shape, data } = decode(file);
  const [height, width, stored] = shape;
  const colours = stored >= 3 ? 3 : 1;
  const out = new Float32Array(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const at = pixel * stored;
    const scale = (stored === 2 || stored === 4 ? Number(data[at + stored - 1]) / 255 : 1) / 255;
    const value = (channel: number): number => Number(data[at + Math.min(channel, colours - 1)]) * scale;
    if (channels === 3) for (let c = 0; c < 3; c++) out[pixel * 3 + c] = value(c);
    else out[pixel] = colours === 1 ? value(0) : LUMINANCE[0] * value(0) + LUMINANCE[1] * value(1) + LUMINANCE[2] * value(2);
  }
  return [height, width, out];
}

function decode(file: string): ReturnType<typeof decodePng> {
  const bytes = readBytes(file);
  try {
    return decodePng(bytes);
  } catch (cause) {
    if (cause instanceof FormatError) throw new FormatError(cause.what, { where: file, help: cause.help, cause });
    throw cause;
  }
}
