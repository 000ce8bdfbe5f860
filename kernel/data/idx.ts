/** @file IDX files, the format of MNIST. */
import { FormatError, ShapeError } from "../errors";
import { hostArray, toNumbers, type Dtype, type HostTensor } from "../graph/dtype";
import { showShape } from "../graph/shape";
import { readBytes } from "./files";
import { checkIndices, gather, type Dataset } from "./dataset";
import type { ChannelLayout } from "./generated/canvas";

interface ElementType {
  readonly bytes: number;
  readonly dtype: Dtype;
  readonly read: (view: DataView, at: number) => number;
}

/** By the third byte of the file (yann.lecun.com/exdb/mnist, "the IDX file format"). int16 becomes int32. */
const TYPES: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [0x08, { bytes: 1, dtype: "uint8", read: (view, at) => view.getUint8(at) }],
  [0x09, { bytes: 1, dtype: "int8", read: (view, at) => view.getInt8(at) }],
  [0x0b, { bytes: 2, dtype: "int32", read: (view, at) => view.getInt16(at) }],
  [0x0c, { bytes: 4, dtype: "int32", read: (view, at) => view.getInt32(at) }],
  [0x0d, { bytes: 4, dtype: "float32", read: (view, at) => view.getFloat32(at) }],
  [0x0e, { bytes: 8, dtype: "float64", read: (view, at) => view.getFloat64(at) }],
]);

/** The array in an IDX file (unpacked when it is a .gz). @throws {ArgumentError} when there is no such file, else as `decodeIdx`. */
export const idx = (path: string): HostTensor => decodeIdx(readBytes(path), path);

/** The array in the bytes of an IDX file. @throws {FormatError} when they are not exactly one. */
export function decodeIdx(bytes: Uint8Array, where = "idx bytes"): HostTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = bytes.length >= 4 && bytes[0] === 0 && bytes[1] === 0 ? TYPES.get(bytes[2]) : undefined;
  if (type === undefined) {
    const begin = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new FormatError(`${bytes.length} bytes that begin with ${begin || "nothing"}, which no IDX file does`, { where, help: "IDX files begin with two zero bytes, a type and a rank" });
  }
  const rank = bytes[3];
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw new FormatError(`${bytes.length} bytes, too few for the ${rank} sizes of an IDX header`, { where, help: "get the file again; it is truncated" });
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // Sizes up to 2^32 each: their product may be beyond exact numbers, but then it is not the length of the file either.
  const count = shape.reduce((product, size) => product * size, 1);
  if (count * type.bytes !== bytes.length - start)
    throw new FormatError(`an IDX file of shape ${showShape(shape)} with ${bytes.length - start} bytes of data instead of ${count * type.bytes}`, { where, help: "get the file again; it is truncated or damaged" });
  const data = hostArray(type.dtype, count);
  if (!(data instanceof BigInt64Array)) for (let i = 0; i < count; i++) data[i] = type.read(view, start + i * type.bytes);
  return { dtype: type.dtype, shape, data };
}

export interface IdxImagesOptions {
  /** File of images [N, H, W] or [N, H, W, C], uint8. */
  readonly images: string;
  /** File of labels [N]. */
  readonly labels: string;
  /** Values of bytes 0 and 255. Default [0, 1]. */
  readonly range?: readonly [number, number];
  /** Default `first`: [C, H, W]. */
  readonly layout?: ChannelLayout;
}

/** Images with labels, as MNIST and its relatives are shipped. An example has `image` [C, H, W] float32 and `label` int32 [].
 * @throws {ShapeError} when the files do not belong together. */
export function idxImages({ images: imageFile, labels: labelFile, range: [black, white] = [0, 1], layout = "first" }: IdxImagesOptions): Dataset<"image" | "label"> {
  const images = idx(imageFile);
  const labels = idx(labelFile);
  const [size, height, width, channels = 1] = images.shape;
  if (images.shape.length < 3 || images.shape.length > 4 || images.dtype !== "uint8" || labels.shape.length !== 1 || labels.shape[0] !== size)
    throw new ShapeError(`images ${images.dtype} ${showShape(images.shape)} with labels ${labels.dtype} ${showShape(labels.shape)}`, {
      where: `${imageFile}, ${labelFile}`,
      help: "give uint8 images [N, H, W] and their labels [N]",
    });
  const shape = layout === "first" ? [channels, height, width] : [height, width, channels];
  const area = height * width;
  return {
    size,
    fields: { image: { dtype: "float32", shape }, label: { dtype: "int32", shape: [] } },
    rows(indices) {
      checkIndices(indices, size);
      const bytes = gather(images, indices).data;
      const out = new Float32Array(bytes.length);
      for (let i = 0; i < out.length; i++) {
        const within = i % (area * channels);
        const to = layout === "first" ? i - within + (within % channels) * area + Math.floor(within / channels) : i;
        out[to] = black + ((white - black) * Number(bytes[i])) / 255;
      }
      return {
        image: { dtype: "float32", shape: [indices.length, ...shape], data: out },
        label: { dtype: "int32", shape: [indices.length], data: Int32Array.from(toNumbers(gather(labels, indices))) },
      };
    },
  };
}
