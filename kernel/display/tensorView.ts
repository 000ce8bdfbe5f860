/** @file A tensor at a glance: slices as heat maps, histogram, statistics. */
import { ShapeError } from "../errors";
import { toNumbers, type HostTensor } from "../graph/dtype";
import { showShape, sizeOf, stridesOf } from "../graph/shape";
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { pool } from "./downsample";
import { bytesText, percent, plural, significant } from "./format";
import { colourBar, mapImage, type Box } from "./mapImage";
import { panel } from "./panel";
import { domainOf } from "./scale";
import type { TensorPayload } from "./schema";
import { element, group, label, type SvgChild, type SvgNode } from "./svg";
import { fitText } from "./textWidth";
import { ACCENT, CARD_EDGE, MUTED_INK, type ColourMap } from "./theme";
import { histogram, tensorStats } from "./tensorStats";
import { byteGrid, exactElements, extentOf, gridValues, isHostTensor, numbersOf, type NumberArray, type NumberSource } from "./values";

export interface TensorViewOptions {
  readonly title?: string;
}

/** Elements kept in a payload: one byte each, four thirds in base64. Few are kept exactly too. */
const MAX_KEPT_ELEMENTS = 60_000;
const MAX_SLICES = 8;
const MAX_DRAWN_CELLS = 12_000;

/**
 * A tensor: shape, dtype, bytes, statistics, histogram, and the last two axes as heat maps (the first slices along the axes before).
 * A plain list of numbers counts as a float64 vector.
 *
 * @throws {ShapeError} when shape and data disagree.
 */
export function tensorView(source: HostTensor | NumberSource, { title = "" }: TensorViewOptions = {}): Display<"tensor"> {
  const tensor: HostTensor = isHostTensor(source) ? source : vectorOf(source);
  if (sizeOf(tensor.shape) !== tensor.data.length)
    throw new ShapeError(`shape ${showShape(tensor.shape)} needs ${sizeOf(tensor.shape)} elements, the data has ${tensor.data.length}`, {
      help: "give data and shape that agree",
    });
  const values = toNumbers(tensor);
  const shape = tensor.shape.length === 0 ? [1, 1] : tensor.shape.length === 1 ? [1, ...tensor.shape] : tensor.shape;
  const kept = keptShape(shape);
  const cuts = kept.every((size, axis) => size === shape[axis])
    ? []
    : [`the first ${showShape(kept)} of ${showShape(tensor.shape)}; statistics are over all elements`];
  const elements = leading({ shape, data: values }, kept);
  const part: Pick<TensorPayload, "dtype" | "shape" | "bytes" | "stats" | "histogram" | "values" | "exact"> = {
    dtype: tensor.dtype,
    shape: [...tensor.shape],
    bytes: tensor.data.byteLength,
    stats: tensorStats(values),
    histogram: histogram(values),
    values: byteGrid(elements, rangeFor(values)),
    exact: exactElements(elements.data, tensor.dtype),
  };
  const payload: TensorPayload = { version: 1, title: title.slice(0, 300), finding: findingOf(part), cuts, ...part };
  return new Display({
    view: "tensor",
    payload,
    still: { "image/svg+xml": drawTensor(payload) },
    text: plainText(payload, firstValues(tensor, values)),
  });
}

function vectorOf(source: Exclude<NumberSource, HostTensor>): HostTensor {
  const data = numbersOf(source);
  return { dtype: "float64", shape: [data.length], data };
}

/** Symmetric around 0 when there are values of both signs, so that white is 0. */
function rangeFor(values: Float64Array): readonly [number, number] {
  const [low, high] = extentOf(values) ?? [0, 0];
  if (low >= 0 || high <= 0) return [low, high];
  const size = Math.max(-low, high);
  return [-size, size];
}

/** Sizes along each axis of the part that is kept: whole trailing axes first. */
function keptShape(shape: readonly number[]): number[] {
  const kept = [...shape];
  for (let axis = 0; axis < kept.length; axis++) {
    const others = sizeOf(kept) / Math.max(1, kept[axis]);
    if (sizeOf(kept) > MAX_KEPT_ELEMENTS)
      kept[axis] = Math.max(axis >= kept.length - 2 ? Math.min(kept[axis], 120) : 1, Math.floor(MAX_KEPT_ELEMENTS / others));
  }
  return kept;
}

function leading({ shape, data }: NumberArray, kept: readonly number[]): NumberArray {
  const from = stridesOf(shape);
  const to = stridesOf(kept);
  const out = new Float64Array(sizeOf(kept));
  for (let i = 0; i < out.length; i++) {
    let source = 0;
    for (let axis = 0; axis < kept.length; axis++) source += (Math.floor(i / to[axis]) % kept[axis]) * from[axis];
    out[i] = data[source];
  }
  return { shape: kept, data: out };
}

function findingOf({ dtype, shape, bytes, stats }: Pick<TensorPayload, "dtype" | "shape" | "bytes" | "stats">): string {
  const size = sizeOf(shape);
  const what = `${dtype} ${showShape(shape)}, ${bytesText(bytes)}`;
  if (size === 0) return `${what}: no elements.`;
  const bad = [stats.nanCount > 0 ? `${stats.nanCount} NaN` : "", stats.infiniteCount > 0 ? `${stats.infiniteCount} infinite` : ""]
    .filter((part) => part !== "")
    .join(" and ");
  const zeros = stats.zeroCount / size >= 0.01 && size > 1 ? `; ${percent(stats.zeroCount / size)} zeros` : "";
  if (stats.mean === null) return `${what}: no finite element, ${bad}.`;
  const range =
    stats.min === stats.max
      ? `${size === 1 ? "value" : "all values"} ${significant(stats.mean, 4)}`
      : `mean ${significant(stats.mean)} ± ${significant(stats.std ?? NaN)}, from ${significant(stats.min ?? NaN)} to ${significant(stats.max ?? NaN)}`;
  return `${what}: ${range}${zeros}${bad === "" ? "" : `; ${bad} of ${plural(size, "element")}`}.`;
}

function firstValues(tensor: HostTensor, values: Float64Array): string[] {
  const shown = Array.from(values.subarray(0, 8), (value) => significant(value, 4));
  return tensor.data.length === 0 ? [] : [`first elements: ${shown.join(", ")}${values.length > 8 ? ", …" : ""}`];
}

/** The static twin. */
export function drawTensor(payload: TensorPayload): string {
  const { title, finding, cuts, shape, values } = payload;
  const scalar = shape.length === 0 || sizeOf(shape) <= 1;
  const slices = scalar ? [] : slicesOf({ shape: values.shape, data: gridValues(values) });
  const rows = Math.ceil(slices.length / 4);
  const mapHeight = slices.length === 0 ? 0 : slices.length === 1 ? (slices[0].map.shape[0] <= 4 ? 60 : 230) : rows * 128;
  const histogramHeight = scalar ? 0 : 140;
  const shownSlices = values.shape.slice(0, -2).reduce((product, size) => product * size, 1);
  const notes = [...(slices.length < shownSlices ? [`${slices.length} of ${sizeOf(shape.slice(0, -2))} slices drawn`] : []), ...cuts];
  return card({ title, finding, caption: notes.join(" · "), height: mapHeight + histogramHeight }, (box) =>
    group(
      {},
      slices.length === 0 ? undefined : drawSlices(payload, slices, { ...box, height: mapHeight }),
      scalar ? undefined : drawHistogram(payload, { x: box.x, y: box.y + mapHeight, width: box.width, height: histogramHeight }),
    ),
  );
}

interface Slice {
  readonly name: string;
  readonly map: NumberArray;
}

/** The last two axes at each of the first positions along the axes before. */
function slicesOf({ shape, data }: NumberArray): Slice[] {
  const [rows, columns] = shape.slice(-2);
  const outer = shape.slice(0, -2);
  const strides = stridesOf(outer);
  const area = rows * columns;
  if (area === 0) return [];
  return Array.from({ length: Math.min(MAX_SLICES, sizeOf(outer)) }, (_, i) => {
    const at = outer.map((size, axis) => Math.floor(i / strides[axis]) % size);
    const perSlice = MAX_DRAWN_CELLS / Math.min(MAX_SLICES, sizeOf(outer));
    const factor = Math.max(1, Math.ceil(Math.sqrt(area / perSlice)));
    const map = pool(
      { shape: [rows, columns], data: data.subarray(i * area, (i + 1) * area) },
      { rows: Math.min(rows, factor), columns: Math.min(columns, factor), across: "mean" },
    );
    return { name: outer.length === 0 ? "" : `[${at.join(", ")}, :, :]`, map };
  });
}

function drawSlices({ values }: TensorPayload, slices: readonly Slice[], box: Box): SvgNode {
  const range: readonly [number, number] = [values.low, values.high];
  const map: ColourMap = values.low < 0 && values.high > 0 ? "diverging" : "sequential";
  const columns = Math.min(4, slices.length);
  const width = (box.width - 70 - (columns - 1) * 12) / columns;
  const rows = Math.ceil(slices.length / columns);
  const height = box.height / rows - 12;
  const [sliceRows, sliceColumns] = values.shape.slice(-2);
  // Square cells where they fit; long thin matrices fill the box, or they would be hairlines.
  const aspect = Math.min(6, Math.max(1 / 3, sliceColumns / sliceRows));
  const mapSize = (room: Size): Size => fitInside(room, sliceRows <= 4 ? room.width / room.height : aspect);
  const drawn = slices.map((slice, i): SvgChild => {
    const spot = { x: box.x + (i % columns) * (width + 12), y: box.y + Math.floor(i / columns) * (height + 12) };
    const top = slice.name === "" ? 0 : 16;
    const size = mapSize({ width, height: height - top });
    const place = { ...spot, y: spot.y + top, ...size };
    return [
      slice.name === "" ? undefined : label(fitText(slice.name, width, { size: 10 }), { x: spot.x, y: spot.y + 11, size: 10, fill: MUTED_INK }),
      mapImage(slice.map, { box: place, range, map }),
      element("rect", { ...place, fill: "none", stroke: CARD_EDGE }),
    ];
  });
  // A single map may be narrower than its share; its colour bar stands beside it all the same.
  const used = slices.length > 1 ? columns * (width + 12) - 12 : mapSize({ width, height }).width;
  const last = box.x + used;
  return group(
    {},
    drawn,
    colourBar({ box: { x: last + 14, y: box.y + (slices[0].name === "" ? 0 : 16), width: 10, height: Math.min(height - 16, 200) }, range, map }),
  );
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const fitInside = ({ width, height }: Size, aspect: number): Size =>
  width / height > aspect ? { width: height * aspect, height } : { width, height: width / aspect };

function drawHistogram({ histogram: { edges, counts }, stats }: TensorPayload, box: Box): SvgNode {
  const middles = counts.map((_, i) => (edges[i] + edges[i + 1]) / 2);
  const width = edges.length > 1 ? edges[1] - edges[0] : 1;
  const bad = stats.nanCount + stats.infiniteCount;
  return panel({
    x: {
      label: bad > 0 ? `value (${plural(bad, "element is", "elements are")} not finite and not counted)` : "value",
      unit: "",
      scale: "linear",
      domain: domainOf(edges, { scale: "linear" }),
    },
    y: { label: "elements", unit: "", scale: "linear", domain: domainOf(counts, { scale: "linear", zero: true }) },
    marks: counts.length === 0 ? [] : [{ type: "bar", name: "", facet: "", colour: ACCENT, x: middles, y: counts, width }],
    box,
    empty: counts.length === 0 ? "no finite elements" : undefined,
  });
}
