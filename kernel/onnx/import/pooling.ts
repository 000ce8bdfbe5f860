/** @file Pooling over windows and over whole images. */
import { isFloat, type Dtype } from "../../graph/dtype";
import { abs, add, div, maximum, mul, pow } from "../../graph/ops/elementwise";
import { takeAlong } from "../../graph/ops/indexing";
import { broadcastTo, pad, reshape, slice, stack } from "../../graph/ops/movement";
import { argMax, max, mean, sum } from "../../graph/ops/reduction";
import { sizeOf, stridesOf } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";
import { constant } from "./shapes";
import { windowsOf, type Windows } from "./windows";

const LOWEST: Partial<Record<Dtype, number>> = { int8: -128, uint8: 0, int32: -(2 ** 31), int64: -(2 ** 53) };

function padded(x: Tensor, { pads, image }: Windows, value: number): Tensor {
  return pad(
    x,
    x.shape.map((_, axis): [number, number] => (axis < 2 ? [0, 0] : [pads[axis - 2], pads[axis - 2 + image.length]])),
    value,
  );
}

/** Windows joined one axis after the other: k + k slices instead of k × k. `join` must not depend on order or grouping. */
function joined(x: Tensor, windows: Windows, join: (a: Tensor, b: Tensor) => Tensor): Tensor {
  const { kernel, strides, dilations, output } = windows;
  return kernel.reduce((part, size, i) => {
    const window = (k: number): Tensor =>
      slice(part, { axis: 2 + i, start: k * dilations[i], end: k * dilations[i] + (output[i] - 1) * strides[i] + 1, step: strides[i] });
    return Array.from({ length: size }, (_, k) => window(k)).reduce(join);
  }, x);
}

const kernelOf = (call: NodeCall): { readonly image: readonly number[]; readonly kernel: readonly number[] } => ({
  image: call.x().shape.slice(2),
  kernel: call.ints("kernel_shape") ?? [],
});

function averagePool(call: NodeCall): Tensor {
  const x = call.x();
  const windows = windowsOf(call, kernelOf(call));
  const total = joined(padded(x, windows, 0), windows, add);
  return div(total, countsOf(windows, { dtype: x.dtype, all: call.flag("count_include_pad"), asked: call.ints("pads") }));
}

/** How many elements each window covers: of the image, or (`all`) of the image with the padding that was asked for. */
function countsOf(
  { image, kernel, strides, dilations, pads, output }: Windows,
  { dtype, all, asked }: { readonly dtype: Dtype; readonly all: boolean; readonly asked: readonly number[] | undefined },
): Tensor {
  const n = image.length;
  const perAxis = image.map((size, i) =>
    Array.from({ length: output[i] }, (_, o) => {
      const start = o * strides[i] - pads[i];
      const after = asked === undefined ? pads[n + i] : asked[n + i];
      const inside = Array.from({ length: kernel[i] }, (_, k) => start + k * dilations[i]).filter((at) =>
        all ? at < size + after : at >= 0 && at < size,
      );
      return Math.max(1, inside.length);
    }),
  );
  return perAxis
    .map((counts, i) =>
      constant(
        dtype,
        perAxis.map((_, axis) => (axis === i ? counts.length : 1)),
        counts,
      ),
    )
    .reduce(mul);
}

function maxPool(call: NodeCall): readonly Tensor[] {
  const x = call.x();
  const windows = windowsOf(call, kernelOf(call));
  const wide = padded(x, windows, isFloat(x.dtype) ? -Infinity : (LOWEST[x.dtype] ?? 0));
  return call.wants(1) ? withPositions(call, wide, windows) : [joined(wide, windows, maximum)];
}

/** The largest of each window and its position in the whole tensor, counted row by row (or column by column). */
function withPositions(call: NodeCall, wide: Tensor, { image, kernel, strides, dilations, pads, output }: Windows): Tensor[] {
  const offsets = Array.from({ length: sizeOf(kernel) }, (_, i) => stridesOf(kernel).map((stride, axis) => Math.floor(i / stride) % kernel[axis]));
  const cut = (offset: readonly number[]): Tensor =>
    offset.reduce(
      (part, k, i) =>
        slice(part, { axis: 2 + i, start: k * dilations[i], end: k * dilations[i] + (output[i] - 1) * strides[i] + 1, step: strides[i] }),
      wide,
    );
  const candidates = stack(offsets.map(cut), -1);
  const best = argMax(candidates, -1);
  const order = call.int("storage_order", 0) === 0 ? stridesOf(image) : [...stridesOf([...image].reverse())].reverse();
  const outputs = stridesOf(output);
  const table = Array.from({ length: sizeOf(output) }, (_, o) =>
    offsets.map((offset) =>
      offset.reduce((at, k, i) => at + ((Math.floor(o / outputs[i]) % output[i]) * strides[i] + k * dilations[i] - pads[i]) * order[i], 0),
    ),
  );
  const [n, c] = wide.shape;
  const positions = broadcastTo(constant("int64", [1, 1, ...output, offsets.length], table.flat()), candidates.shape);
  const inImage = reshape(takeAlong(positions, reshape(best, [...best.shape, 1]), -1), best.shape);
  const starts = constant(
    "int64",
    [n, c, ...output.map(() => 1)],
    Array.from({ length: n * c }, (_, i) => i * sizeOf(image)),
  );
  return [max(candidates, -1), add(inImage, starts)];
}

const spatial = (x: Tensor): number[] => x.shape.map((_, axis) => axis).slice(2);

const power = (x: Tensor, exponent: number): Tensor => (exponent === 1 ? x : pow(x, exponent));
const lp = (x: Tensor, p: number, total: (x: Tensor) => Tensor): Tensor => power(total(power(abs(x), p)), 1 / p);

export const pooling: OperatorTable = {
  AveragePool: averagePool,
  GlobalAveragePool: (call) => mean(call.x(), spatial(call.x()), { keep: true }),
  GlobalLpPool: (call) => lp(call.x(), call.int("p", 2), (x) => sum(x, spatial(x), { keep: true })),
  GlobalMaxPool: (call) => max(call.x(), spatial(call.x()), { keep: true }),
  LpPool: (call) => {
    const windows = windowsOf(call, kernelOf(call));
    return lp(call.x(), call.int("p", 2), (x) => joined(padded(x, windows, 0), windows, add));
  },
  MaxPool: maxPool,
};
