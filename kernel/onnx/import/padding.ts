/** @file Padding in every mode, and cropping. */
import { cast } from "../../graph/ops/elementwise";
import { concat, pad, slice } from "../../graph/ops/movement";
import { normalizeAxis } from "../../graph/shape";
import type { Tensor } from "../../graph/tensor";
import type { NodeCall, OperatorTable } from "./nodeCall";

/** Positions in an axis of `length` that padding by `before` and `after` reads, by mode. */
function paddedPositions(
  mode: string,
  { length, before, after }: { readonly length: number; readonly before: number; readonly after: number },
): number[] | undefined {
  const positions = Array.from({ length: before + length + after }, (_, i) => i - before);
  if (mode === "edge") return positions.map((i) => Math.min(length - 1, Math.max(0, i)));
  if (mode === "wrap") return positions.map((i) => ((i % length) + length) % length);
  if (mode !== "reflect") return undefined;
  const period = Math.max(1, 2 * (length - 1));
  return positions.map((i) => {
    const at = ((i % period) + period) % period;
    return at < length ? at : period - at;
  });
}

function padOf(call: NodeCall): Tensor {
  const x = call.x();
  const pads = call.opset >= 11 ? call.known(1) : (call.ints("pads") ?? []);
  const axes = normalizeOrder(call.knownIfGiven(3), x.rank);
  if (pads.length !== 2 * axes.length) throw call.bad(`${pads.length} pads for ${axes.length} axes`);
  const widths = x.shape.map((_, axis): [number, number] => {
    const i = axes.indexOf(axis);
    return i < 0 ? [0, 0] : [pads[i], pads[i + axes.length]];
  });
  // Negative widths cut.
  const cut = widths.reduce(
    (part, [before, after], axis) => slice(part, { axis, start: Math.max(0, -before), end: part.shape[axis] - Math.max(0, -after) }),
    x,
  );
  const grown = widths.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]);
  const mode = call.string("mode", "constant");
  if (mode === "constant") return padConstant(cut, grown, call.opset >= 11 ? (call.knownIfGiven(2)?.[0] ?? 0) : call.float("value", 0));
  return grown.reduce((part, [before, after], axis) => {
    if (before === 0 && after === 0) return part;
    call.bounded(before + part.shape[axis] + after, "an axis");
    const positions = paddedPositions(mode, { length: part.shape[axis], before, after });
    if (positions === undefined) throw call.unsupported(`mode ${JSON.stringify(mode)}`);
    return pick(part, positions, axis);
  }, cut);
}

const padConstant = (x: Tensor, widths: readonly [number, number][], value: number): Tensor =>
  x.dtype === "bool" ? cast(pad(cast(x, "uint8"), widths, value), "bool") : pad(x, widths, value);

const normalizeOrder = (axes: readonly number[] | undefined, rank: number): number[] =>
  (axes ?? Array.from({ length: rank }, (_, i) => i)).map((axis) => normalizeAxis(axis, rank, "Pad"));

/** `x` at fixed positions along an axis, as runs of slices: their gradient is cheaper than that of an index list. */
function pick(x: Tensor, positions: readonly number[], axis: number): Tensor {
  const parts: Tensor[] = [];
  for (let i = 0; i < positions.length;) {
    let end = i + 1;
    while (end < positions.length && positions[end] === positions[end - 1] + 1) end++;
    parts.push(slice(x, { axis, start: positions[i], end: positions[end - 1] + 1 }));
    i = end;
  }
  return concat(parts, axis);
}

/** Cut or padded at both ends of each axis, evenly, to a given size. */
function centerCropPad(call: NodeCall): Tensor {
  const x = call.x();
  const sizes = call.known(1);
  const axes = normalizeOrder(call.ints("axes"), x.rank);
  return axes.reduce((part, axis, i) => {
    const [from, to] = [part.shape[axis], sizes[i]];
    if (from >= to) {
      const start = Math.floor((from - to) / 2);
      return slice(part, { axis, start, end: start + to });
    }
    const before = Math.floor((to - from) / 2);
    return padConstant(
      part,
      part.shape.map((_, k): [number, number] => (k === axis ? [before, to - from - before] : [0, 0])),
      0,
    );
  }, x);
}

export const padding: OperatorTable = { CenterCropPad: centerCropPad, Pad: padOf };
