/** @file Pooling: the maximum or mean over windows of images. */
import { ShapeError } from "../errors";
import { maxPoolWhole } from "../graph/composites/maxPool";
import { add, maximum, mul } from "../graph/ops/elementwise";
import { pad, reshape, slice, type SliceOptions } from "../graph/ops/movement";
import { mean } from "../graph/ops/reduction";
import { showShape } from "../graph/shape";
import type { Tensor } from "../graph/tensor";

export interface PoolOptions {
  /** Height and width of the window. */
  readonly size: number;
  /** Default `size`: windows side by side. */
  readonly stride?: number;
  /** Pixels around the image: never the maximum, zero in a mean that counts them. Default 0. */
  readonly padding?: number;
}

interface Kind {
  readonly outside: number;
  /** Over the pixels of a window, given as tensors of equal shape. */
  readonly join: (parts: readonly Tensor[]) => Tensor;
  /** Over windows side by side, whose size divides that of the images. */
  readonly whole: (images: Tensor, size: number) => Tensor;
}
/** Below what float16 rounds to −∞, above all that an activation reaches. */
const LOWEST = -65504;
const MAXIMUM: Kind = { outside: LOWEST, join: (parts) => parts.reduce((a, b) => maximum(a, b)), whole: maxPoolWhole };
const average = (parts: readonly Tensor[]): Tensor => mul(parts.reduce((a, b) => add(a, b)), 1 / parts.length);
const MEAN: Kind = { outside: 0, join: average, whole: (x, size) => mean(reshape(x, [x.shape[0], x.shape[1], x.shape[2] / size, size, x.shape[3] / size, size]), [3, 5]) };

function pool(x: Tensor, { size, stride = size, padding = 0 }: PoolOptions, kind: Kind): Tensor {
  if (x.rank !== 4) throw new ShapeError(`pool: images ${showShape(x.shape)}`, { help: "pass [N, C, H, W]" });
  const edge = [padding, padding] as const;
  const image = padding === 0 ? x : pad(x, [[0, 0], [0, 0], edge, edge], kind.outside);
  const [, , h, w] = image.shape;
  if (h < size || w < size)
    throw new ShapeError(`pool: windows of ${size} in images ${showShape(x.shape)}`, {
      help: "use a smaller window or larger images",
    });
  const [rows, columns] = [h, w].map((length) => Math.floor((length - size) / stride) + 1);
  if (stride === size) {
    return kind.whole(slice(slice(image, { axis: 2, end: rows * size }), { axis: 3, end: columns * size }), size);
  }
  const shifts = Array.from({ length: size * size }, (_, i) => [Math.floor(i / size), i % size] as const);
  const every = (start: number, count: number): Pick<SliceOptions, "start" | "end" | "step"> => ({ start, end: start + (count - 1) * stride + 1, step: stride });
  return kind.join(shifts.map(([dy, dx]) => slice(slice(image, { axis: 2, ...every(dy, rows) }), { axis: 3, ...every(dx, columns) })));
}

/** Largest pixel of each window: x [N, C, H, W]; a rest smaller than a window is dropped. Equal pixels share the gradient. */
export const maxPool = (x: Tensor, options: PoolOptions): Tensor => pool(x, options, MAXIMUM);

/** Mean of each window: x [N, C, H, W]; a rest smaller than a window is dropped. */
export const averagePool = (x: Tensor, options: PoolOptions): Tensor => pool(x, options, MEAN);

/** Mean over all pixels: [N, C, ...] → [N, C]. */
export const globalAveragePool = (x: Tensor): Tensor => mean(reshape(x, [x.shape[0], x.shape[1], -1]), 2);
