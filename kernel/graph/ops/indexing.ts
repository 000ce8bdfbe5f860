/** @file Reading and adding by index. Indices are int32 or int64 and must be in range. */
import { ShapeError } from "../../errors";
import type { Dtype } from "../dtype";
import { normalizeAxis, showShape } from "../shape";
import { node, type Tensor } from "../tensor";
import { oneHot } from "../composites/oneHot";
import { add, cast, clip, floor, mul, sub } from "./elementwise";
import { at, broadcastTo, concat, expandDims, reshape, transpose, zeros } from "./movement";
import { here } from "../trace";

/** Rows of `x` at `indices`: the axis is replaced by the axes of `indices`. */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor => node("Gather", [x, indices], { axis: normalizeAxis(axis, x.rank, "gather") });

/** Elements of `x` at `indices` along `axis`; `indices` has the rank of `x` and its sizes elsewhere. */
export const takeAlong = (x: Tensor, indices: Tensor, axis = -1): Tensor => node("TakeAlong", [x, indices], { axis: normalizeAxis(axis, x.rank, "takeAlong") });

/** `base` with `updates` added at `indices` along `axis`; repeated indices add up. Shapes as in `takeAlong`. */
export const scatterAdd = (base: Tensor, indices: Tensor, { updates, axis = -1 }: { readonly updates: Tensor; readonly axis?: number }): Tensor => node("ScatterAdd", [base, indices, updates], { axis: normalizeAxis(axis, base.rank, "scatterAdd") });

/**
 * Sums of the rows of `values` [N, ...] that share an index: [count, ...]. The transpose of `gather`.
 * @param indices - [N].
 */
export function segmentSum(values: Tensor, indices: Tensor, count: number): Tensor {
  const rest = values.shape.slice(1);
  const wide = broadcastTo(reshape(indices, [indices.size, ...rest.map(() => 1)]), values.shape);
  return scatterAdd(zeros([count, ...rest], values.dtype), wide, { updates: values, axis: 0 });
}

/** 1 at the index, 0 elsewhere, on a new last axis of size `depth`. */
export const oneHotOf = (indices: Tensor, depth: number, dtype: Dtype = "float32"): Tensor => oneHot([indices], { depth, dtype });

/**
 * Samples images x [N, C, H, W] at `grid` [N, P, Q, 2] of (x, y) in [-1, 1], bilinear, zero outside: [N, C, P, Q].
 * -1 and 1 are the outer edges of the border pixels (torch's `align_corners=False`).
 */
export function gridSample(x: Tensor, grid: Tensor): Tensor {
  const [n, c, h, w] = x.shape;
  const [, p, q] = grid.shape;
  if (x.rank !== 4 || grid.rank !== 4 || grid.shape[0] !== n || grid.shape[3] !== 2) throw new ShapeError(`gridSample: images ${showShape(x.shape)} and grid ${showShape(grid.shape)}`, { where: here(), help: "use images [N, C, H, W] and a grid [N, P, Q, 2]" });
  const pixels = reshape(x, [n, c, h * w]);
  const px = sub(mul(add(at(grid, 0, 3), 1), w / 2), 0.5);
  const py = sub(mul(add(at(grid, 1, 3), 1), h / 2), 0.5);
  const [x0, y0] = [floor(px), floor(py)];
  const corner = (dx: number, dy: number): Tensor => {
    const [cx, cy] = [add(x0, dx), add(y0, dy)];
    const weightX = dx === 0 ? sub(add(x0, 1), px) : sub(px, x0);
    const weightY = dy === 0 ? sub(add(y0, 1), py) : sub(py, y0);
    const [inX, inY] = [clip(cx, 0, w - 1), clip(cy, 0, h - 1)];
    const inside = mul(cast(node("Equal", [inX, cx], {}), x.dtype), cast(node("Equal", [inY, cy], {}), x.dtype));
    const index = cast(add(mul(inY, w), inX), "int32");
    const flat = broadcastTo(reshape(index, [n, 1, p * q]), [n, c, p * q]);
    const weight = reshape(mul(mul(weightX, weightY), inside), [n, 1, p * q]);
    return mul(takeAlong(pixels, flat, 2), weight);
  };
  return reshape(add(add(corner(0, 0), corner(1, 0)), add(corner(0, 1), corner(1, 1))), [n, c, p, q]);
}

/** All pairs of rows: coordinates of a grid, [H, W, 2] of (row, column) as float32. */
export function coordinates(h: number, w: number): Tensor {
  const rows = broadcastTo(reshape(cast(node("Iota", [], { length: h, dtype: "int32" }), "float32"), [h, 1]), [h, w]);
  const columns = broadcastTo(cast(node("Iota", [], { length: w, dtype: "int32" }), "float32"), [h, w]);
  return concat([expandDims(rows, 2), expandDims(columns, 2)], 2);
}

/** Patches of images [N, C, H, W] as rows: [N, (H/size)·(W/size), C·size·size]. */
export function patches(x: Tensor, size: number): Tensor {
  const [n, c, h, w] = x.shape;
  if (h % size !== 0 || w % size !== 0) throw new ShapeError(`patches: ${showShape(x.shape)} does not part into ${size}×${size}`, { where: here(), help: "height and width must be multiples of the patch size" });
  const cut = reshape(x, [n, c, h / size, size, w / size, size]);
  return reshape(transpose(cut, [0, 2, 4, 1, 3, 5]), [n, (h / size) * (w / size), c * size * size]);
}

/** The inverse of `patches`: rows back to images [N, C, H, W]. */
export function fromPatches(rows: Tensor, { size, height, width }: { readonly size: number; readonly height: number; readonly width: number }): Tensor {
  const [n, , d] = rows.shape;
  const c = d / (size * size);
  const grid = reshape(rows, [n, height / size, width / size, c, size, size]);
  return reshape(transpose(grid, [0, 3, 1, 4, 2, 5]), [n, c, height, width]);
}
