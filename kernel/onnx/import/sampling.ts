/** @file Reading images between their pixels: GridSample, RoiAlign, AffineGrid. */
import {
  abs,
  add,
  and,
  cast,
  clip,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  mod,
  mul,
  round,
  scalar,
  sub,
  where,
} from "../../graph/ops/elementwise";
import { gather, takeAlong } from "../../graph/ops/indexing";
import { matmul } from "../../graph/ops/linalg";
import { at, broadcastTo, expandDims, reshape } from "../../graph/ops/movement";
import { max, mean } from "../../graph/ops/reduction";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";
import { constant, fromFront } from "./shapes";

interface Image {
  /** [N, C, H · W] */
  readonly pixels: Tensor;
  readonly h: number;
  readonly w: number;
  readonly padding: string;
  readonly alignCorners: boolean;
}

/** A coordinate folded back into the image at its borders: the outer edges of the border pixels, or their centres. */
function reflected(x: Tensor, size: number, alignCorners: boolean): Tensor {
  const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5];
  const span = high - low;
  if (span <= 0) return mul(x, 0);
  const phase = mod(abs(sub(x, low)), 2 * span);
  return add(sub(span, abs(sub(phase, span))), low);
}

/** Pixels at whole coordinates [N, P]: [N, C, P]; outside as the padding says. */
function pixelsAt({ pixels, h, w, padding, alignCorners }: Image, x: Tensor, y: Tensor): Tensor {
  const fold = (v: Tensor, size: number): Tensor => clip(padding === "reflection" ? reflected(v, size, alignCorners) : v, 0, size - 1);
  const [cx, cy] = [fold(x, w), fold(y, h)];
  const [n, c] = pixels.shape;
  const index = cast(add(mul(round(cy), w), round(cx)), "int64");
  const read = takeAlong(pixels, broadcastTo(expandDims(index, 1), [n, c, index.shape[1]]), 2);
  if (padding !== "zeros") return read;
  const inside = and(and(greaterEqual(x, 0), lessEqual(x, w - 1)), and(greaterEqual(y, 0), lessEqual(y, h - 1)));
  return mul(read, expandDims(cast(inside, read.dtype), 1));
}

/** Weights of the four neighbours of a point at fraction `t`, from one before to two after (Keys 1981, a = −0.75). */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (d: Tensor): Tensor => add(mul(mul(d, d), sub(mul(d, a + 2), a + 3)), 1);
  const far = (d: Tensor): Tensor => mul(add(mul(sub(mul(mul(d, d), 1), mul(d, 5)), d), sub(mul(d, 8), 4)), a);
  return [far(add(t, 1)), near(t), near(sub(1, t)), far(sub(2, t))];
}

/** The image at points [N, P]: [N, C, P]. */
function sampled(image: Image, { x, y, mode }: { readonly x: Tensor; readonly y: Tensor; readonly mode: string }): Tensor {
  if (mode === "nearest") return pixelsAt(image, round(x), round(y));
  const [x0, y0] = [floor(x), floor(y)];
  const [tx, ty] = [sub(x, x0), sub(y, y0)];
  const linear = (t: Tensor): Tensor[] => [sub(1, t), t];
  const [first, wx, wy] = mode === "cubic" ? [-1, cubicWeights(tx), cubicWeights(ty)] : [0, linear(tx), linear(ty)];
  const rows = wy.map((weightY, j) => {
    const parts = wx.map((weightX, i) => mul(pixelsAt(image, add(x0, first + i), add(y0, first + j)), expandDims(weightX, 1)));
    return mul(parts.reduce(add), expandDims(weightY, 1));
  });
  return rows.reduce(add);
}

const MODES: Readonly<Record<string, string>> = { bilinear: "linear", linear: "linear", bicubic: "cubic", cubic: "cubic", nearest: "nearest" };

function gridSample(call: NodeCall): Tensor {
  const [images, grid] = [call.x(0), call.x(1)];
  if (images.rank !== 4) throw call.unsupported(`images of rank ${images.rank}`);
  const [n, c, h, w] = images.shape;
  const [, p, q] = grid.shape;
  const alignCorners = call.flag("align_corners");
  const mode = MODES[call.string("mode", "bilinear")];
  if (mode === undefined) throw call.unsupported(`mode ${JSON.stringify(call.string("mode", ""))}`);
  const padding = call.string("padding_mode", "zeros");
  const coordinate = (axis: number, size: number): Tensor => {
    const value = reshape(at(grid, axis, 3), [n, p * q]);
    const place = alignCorners ? mul(add(value, 1), (size - 1) / 2) : sub(mul(add(value, 1), size / 2), 0.5);
    // Borders are applied to the point itself, and so to none of its neighbours beyond.
    if (padding === "border" && mode !== "cubic") return clip(place, 0, size - 1);
    return padding === "reflection" && mode !== "cubic" ? clip(reflected(place, size, alignCorners), 0, size - 1) : place;
  };
  const image: Image = { pixels: reshape(images, [n, c, h * w]), h, w, padding, alignCorners };
  return reshape(sampled(image, { x: coordinate(0, w), y: coordinate(1, h), mode }), [n, c, p, q]);
}

/** Regions of feature maps pooled to one size, by points on an even grid in each cell. */
function roiAlign(call: NodeCall): Tensor {
  const [images, rois, batch] = [call.x(0), call.x(1), call.x(2)];
  const [, c, h, w] = images.shape;
  const count = rois.shape[0];
  const [outH, outW] = [call.int("output_height", 1), call.int("output_width", 1)];
  const ratio = call.int("sampling_ratio", 0);
  if (ratio <= 0) throw call.unsupported("a number of points that depends on the regions");
  const half = call.string("coordinate_transformation_mode", call.opset >= 16 ? "half_pixel" : "output_half_pixel") === "half_pixel";
  const scaled = sub(mul(rois, call.float("spatial_scale", 1)), half ? 0.5 : 0);
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((i) => reshape(at(scaled, i, 1), [count, 1]));
  const size = (from: Tensor, to: Tensor): Tensor => (half ? sub(to, from) : maximum(sub(to, from), 1));
  // [regions, cells · points] along one axis.
  const points = (from: Tensor, to: Tensor, cells: number): Tensor => {
    const places = Array.from({ length: cells * ratio }, (_, i) => (Math.floor(i / ratio) + ((i % ratio) + 0.5) / ratio) / cells);
    return add(from, mul(size(from, to), constant(rois.dtype, [1, cells * ratio], places)));
  };
  const [ys, xs] = [points(y1, y2, outH), points(x1, x2, outW)];
  const [rows, columns] = [outH * ratio, outW * ratio];
  const grid = (values: Tensor, shape: readonly number[]): Tensor =>
    reshape(broadcastTo(reshape(values, shape), [count, rows, columns]), [count, rows * columns]);
  const [y, x] = [grid(ys, [count, rows, 1]), grid(xs, [count, 1, columns])];
  const own = gather(reshape(images, [images.shape[0], c, h * w]), fromFront(batch, images.shape[0]), 0);
  const image: Image = { pixels: own, h, w, padding: "border", alignCorners: false };
  // Points more than one pixel outside count as 0; those nearer are moved to the border.
  const inside = and(and(greater(y, -1), less(y, h)), and(greater(x, -1), less(x, w)));
  const values = call.string("mode", "avg") === "max" ? undefined : sampled(image, { x: clip(x, 0, w - 1), y: clip(y, 0, h - 1), mode: "linear" });
  if (values === undefined) return roiMax(image, { x: clip(x, 0, w - 1), y: clip(y, 0, h - 1), inside, cells: [outH, outW, ratio] });
  const kept = where(expandDims(inside, 1), values, scalar(0, values.dtype));
  return mean(reshape(kept, [count, c, outH, ratio, outW, ratio]), [3, 5]);
}

interface RoiPoints {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly inside: Tensor;
  readonly cells: readonly [number, number, number];
}

/** The largest of all weighted neighbours of all points of a cell. */
function roiMax(image: Image, { x, y, inside, cells: [outH, outW, ratio] }: RoiPoints): Tensor {
  const [x0, y0] = [floor(x), floor(y)];
  const corners = [0, 1].flatMap((dy) =>
    [0, 1].map((dx) => {
      const weight = mul(dx === 0 ? sub(add(x0, 1), x) : sub(x, x0), dy === 0 ? sub(add(y0, 1), y) : sub(y, y0));
      return mul(pixelsAt(image, add(x0, dx), add(y0, dy)), expandDims(weight, 1));
    }),
  );
  const best = corners.reduce(maximum);
  const kept = where(expandDims(inside, 1), best, scalar(0, best.dtype));
  const [n, c] = image.pixels.shape;
  return max(reshape(kept, [n, c, outH, ratio, outW, ratio]), [3, 5]);
}

/** Grids for GridSample from affine maps: theta [N, 2, 3] gives [N, H, W, 2], theta [N, 3, 4] gives [N, D, H, W, 3]. */
function affineGrid(call: NodeCall): Tensor {
  const theta = call.x();
  const sizes = call.known(1).slice(2);
  const alignCorners = call.flag("align_corners");
  const total = sizes.reduce((product, size) => product * size, 1);
  const along = sizes.map((size) =>
    Array.from({ length: size }, (_, i) => (alignCorners ? (size === 1 ? 0 : (2 * i) / (size - 1) - 1) : (2 * i + 1) / size - 1)),
  );
  // Coordinates are listed from the last axis to the first, then a 1 for the shift.
  const rows = Array.from({ length: total }, (_, i) => {
    let rest = i;
    const place = [...sizes.keys()].reverse().map((axis) => {
      const at = rest % sizes[axis];
      rest = Math.floor(rest / sizes[axis]);
      return along[axis][at];
    });
    return [...place, 1];
  });
  const base = constant(theta.dtype, [1, total, sizes.length + 1], rows.flat());
  return reshape(matmul(base, theta, { transB: true }), [theta.shape[0], ...sizes, sizes.length]);
}

export const sampling: OperatorTable = { AffineGrid: affineGrid, GridSample: gridSample, RoiAlign: roiAlign };
