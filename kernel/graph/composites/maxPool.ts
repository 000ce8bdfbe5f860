/** @file Largest pixels of square windows that lie side by side, and their gradient. */
import { composite } from "../composite";
import { cast, div, equal, mul } from "../ops/elementwise";
import { reshape } from "../ops/movement";
import { max, sum } from "../ops/reduction";
import type { Tensor } from "../tensor";

interface Settings extends Record<string, number> {
  /** Height and width of a window; divides those of the images. */
  readonly size: number;
}

/** Axes of a window's pixels in [N, C, H / size, size, W / size, size]. */
const WINDOW = [3, 5];
const windowsOf = (x: Tensor, { size }: Settings): Tensor => reshape(x, [x.shape[0], x.shape[1], x.shape[2] / size, size, x.shape[3] / size, size]);
/** One pixel [N, C, h, w] for each window, to stand beside the windows. */
const beside = (pixels: Tensor): Tensor => reshape(pixels, [pixels.shape[0], pixels.shape[1], pixels.shape[2], 1, pixels.shape[3], 1]);

const maxPoolOf = composite<Settings>({
  name: "MaxPool",
  decompose: ([x], settings) => max(windowsOf(x, settings), WINDOW),
  vjp: ({ inputs: [x], output, g, options }) => [maxPoolGradient([x, output, g], options)],
});

/** (images, their largest pixels, gradient of these) → gradient of the images; equal pixels of a window share it. */
const maxPoolGradient = composite<Settings>({
  name: "MaxPoolGradient",
  decompose([x, largest, g], settings) {
    const hit = cast(equal(windowsOf(x, settings), beside(largest)), x.dtype);
    return reshape(mul(hit, div(beside(g), sum(hit, WINDOW, { keep: true }))), x.shape);
  },
});

/** x [N, C, H, W] → [N, C, H / size, W / size]; `size` divides both. */
export const maxPoolWhole = (x: Tensor, size: number): Tensor => maxPoolOf([x], { size });
