/** @file Up-sampling of images by nearest pixel and by linear interpolation. */
import { ShapeError } from "../errors";
import { hostArrayFrom } from "../graph/dtype";
import { cast } from "../graph/ops/elementwise";
import { matmul } from "../graph/ops/linalg";
import { broadcastTo, reshape } from "../graph/ops/movement";
import { showShape } from "../graph/shape";
import { fromHost, type Tensor } from "../graph/tensor";

/** Every pixel of x [N, C, H, W] repeated `factor` times along height and width. */
export function upsampleNearest(x: Tensor, factor = 2): Tensor {
  if (x.rank !== 4 || !Number.isInteger(factor) || factor < 1)
    throw new ShapeError(`upsampleNearest: images ${showShape(x.shape)} by ${factor}`, {
      help: "pass [N, C, H, W] and a whole factor",
    });
  const [n, c, h, w] = x.shape;
  return reshape(broadcastTo(reshape(x, [n, c, h, 1, w, 1]), [n, c, h, factor, w, factor]), [n, c, h * factor, w * factor]);
}

/**
 * Images x [N, C, H, W] at another size, bilinear, with pixels as areas (torch's `align_corners=False`).
 * Growing interpolates; shrinking by more than 2 skips pixels, so average first.
 */
export function resizeBilinear(x: Tensor, { height, width }: { readonly height: number; readonly width: number }): Tensor {
  if (x.rank !== 4) throw new ShapeError(`resizeBilinear: images ${showShape(x.shape)}`, { help: "pass [N, C, H, W]" });
  const [, , h, w] = x.shape;
  const wide = w === width ? x : matmul(x, cast(interpolation(w, width), x.dtype), { transB: true });
  return h === height ? wide : matmul(cast(interpolation(h, height), x.dtype), wide);
}

/** Bilinear enlargement by a factor. */
export const upsampleBilinear = (x: Tensor, factor = 2): Tensor => resizeBilinear(x, { height: x.shape[2] * factor, width: x.shape[3] * factor });

/** Weights [to, from] of linear interpolation: two neighbours for each new pixel, the nearest at the edges. */
function interpolation(from: number, to: number): Tensor {
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const centre = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(centre), from - 1);
    const high = Math.min(low + 1, from - 1);
    weights[i * from + low] += 1 - (centre - low);
    weights[i * from + high] += centre - low;
  }
  return fromHost({ dtype: "float32", shape: [to, from], data: hostArrayFrom("float32", weights) });
}
