/** @file Point clouds and meshes: quantized for the 3D view, a still from a fixed camera for everywhere else. */
import { ArgumentError, ShapeError } from "../errors";
import { toNumbers, type HostTensor } from "../graph/dtype";
import { showShape } from "../graph/shape";
import { card } from "./card";
import { Display, plainText } from "./displayable";
import { evenIndices } from "./downsample";
import { plural, significant } from "./format";
import type { GeometryPayload } from "./schema";
import { element, group, round1, type SvgChild } from "./svg";
import { CARD_PADDING_PX, hexOfRgb, mapColour, type Rgb } from "./theme";
import { base64, extentOf, isHostTensor } from "./values";

export interface GeometryOptions {
  readonly title?: string;
  /** [M, 3] indices into the points: a mesh. */
  readonly triangles?: HostTensor;
  /** [N, 3] red, green, blue: floats 0…1 or uint8. Default: by height. */
  readonly colours?: HostTensor;
}

/** 6 bytes of position and 3 of colour each, in base64: half of an output. */
const MAX_POINTS = 8000;
const MAX_TRIANGLES = 6000;
const MAX_DRAWN = 3000;

const checkRows = (tensor: HostTensor, what: string): number => {
  if (!isHostTensor(tensor) || tensor.shape.length !== 2 || tensor.shape[1] !== 3 || tensor.data.length !== tensor.shape[0] * 3)
    throw new ShapeError(`${what} of shape ${isHostTensor(tensor) ? showShape(tensor.shape) : String(tensor)}`, { help: `give ${what} as [N, 3]` });
  return tensor.shape[0];
};

/**
 * Points [N, 3] (y up), or a mesh with triangles. Points that are not finite are left out and counted.
 *
 * @throws {ShapeError} when an array is not [N, 3]. @throws {ArgumentError} for triangles that name points that do not exist.
 */
export function geometryView(points: HostTensor, { title = "", triangles, colours }: GeometryOptions = {}): Display<"media"> {
  const count = checkRows(points, "points");
  if (colours !== undefined && checkRows(colours, "colours") !== count)
    throw new ShapeError(`${colours.shape[0]} colours for ${count} points`, { help: "give one colour for each point" });
  const corners = triangles === undefined || checkRows(triangles, "triangles") === 0 ? undefined : toNumbers(triangles);
  const outside = corners?.find((corner) => !Number.isInteger(corner) || corner < 0 || corner >= count);
  if (outside !== undefined)
    throw new ArgumentError(`a triangle names point ${outside} of ${count}`, { help: `use whole numbers 0 to ${count - 1}` });
  const values = toNumbers(points);
  const finite = Array.from({ length: count }, (_, i) => i).filter(
    (i) => Math.abs(values[3 * i]) + Math.abs(values[3 * i + 1]) + Math.abs(values[3 * i + 2]) < 1e30,
  );
  // Triangles keep all of their points; a mesh over the limit is shown as its points.
  const mesh = corners !== undefined && count <= MAX_POINTS && corners.length / 3 <= MAX_TRIANGLES && finite.length === count;
  const kept = mesh ? finite : evenIndices(finite.length, MAX_POINTS).map((i) => finite[i]);
  const { low, high } = boundsOf(values, kept);
  const rgb = coloursOf({ values, kept, low, high, colours });
  const bad = count - finite.length;
  const cuts = [
    ...(kept.length < finite.length ? [`${kept.length} of ${finite.length} points kept, evenly spread`] : []),
    ...(corners !== undefined && !mesh ? [`${corners.length / 3} triangles left out, only points shown`] : []),
  ];
  const sizes = low.map((_, axis) => significant(high[axis] - low[axis]));
  const payload: GeometryPayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: `${plural(count, "point")}${corners === undefined ? "" : ` and ${plural(corners.length / 3, "triangle")}`} within ${sizes.join(" × ")}${bad === 0 ? "" : `; ${plural(bad, "point is", "points are")} not finite and left out`}.`,
    cuts,
    kind: "geometry",
    positions: base64(quantized(values, { kept, low, high })),
    count: kept.length,
    low,
    high,
    colours: colours === undefined ? "" : base64(rgb),
    triangles: mesh ? base64(new Uint8Array(Uint32Array.from(corners).buffer)) : "",
    triangleCount: mesh ? corners.length / 3 : 0,
  };
  const still = drawGeometry(payload, { values, kept, low, high, rgb, corners: mesh ? corners : undefined });
  return new Display({ view: "media", payload, still: { "image/svg+xml": still }, text: plainText(payload) });
}

type Triple = readonly [number, number, number];

function boundsOf(values: Float64Array, kept: readonly number[]): { readonly low: Triple; readonly high: Triple } {
  const ends = ([0, 1, 2] as const).map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (const i of kept) {
      low = Math.min(low, values[3 * i + axis]);
      high = Math.max(high, values[3 * i + axis]);
    }
    return low <= high ? [low, high] : [0, 0];
  });
  return { low: [ends[0][0], ends[1][0], ends[2][0]], high: [ends[0][1], ends[1][1], ends[2][1]] };
}

interface Points {
  readonly values: Float64Array;
  readonly kept: readonly number[];
  readonly low: Triple;
  readonly high: Triple;
}

function quantized(values: Float64Array, { kept, low, high }: Omit<Points, "values">): Uint8Array {
  const out = new DataView(new ArrayBuffer(kept.length * 6));
  kept.forEach((point, i) => {
    for (let axis = 0; axis < 3; axis++) {
      const span = high[axis] - low[axis];
      out.setUint16(i * 6 + axis * 2, span > 0 ? Math.round(((values[3 * point + axis] - low[axis]) / span) * 65_535) : 0, true);
    }
  });
  return new Uint8Array(out.buffer);
}

/** Given colours, or viridis by height. [kept, 3] */
function coloursOf({ values, kept, low, high, colours }: Points & { readonly colours: HostTensor | undefined }): Uint8Array {
  const given = colours === undefined ? undefined : toNumbers(colours);
  const scale = colours?.dtype === "uint8" ? 1 : 255;
  const span = high[1] - low[1] || 1;
  return Uint8Array.from(
    kept.flatMap((point) => {
      if (given !== undefined) return [0, 1, 2].map((channel) => Math.min(255, Math.max(0, Math.round(given[3 * point + channel] * scale) || 0)));
      return mapColour("sequential", ((values[3 * point + 1] - low[1]) / span) * 0.9).map(Math.round);
    }),
  );
}

// The camera: turned about the vertical axis, then tilted down.
const TURN = (35 * Math.PI) / 180;
const TILT = (22 * Math.PI) / 180;
const STILL_WIDTH_PX = 480;
const STILL_HEIGHT_PX = 330;
/** Around the outermost points, which have a radius. */
const MARGIN_PX = 6;

interface Projected {
  readonly x: number;
  readonly y: number;
  /** Larger is nearer. */
  readonly depth: number;
}

/** Parallel projection into a unit square around the centre. */
function project({ values, low, high }: Omit<Points, "kept">, point: number): Projected {
  const size = Math.hypot(high[0] - low[0], high[1] - low[1], high[2] - low[2]) || 1;
  const [x, y, z] = [0, 1, 2].map((axis) => (values[3 * point + axis] - (low[axis] + high[axis]) / 2) / size);
  const turnedX = x * Math.cos(TURN) + z * Math.sin(TURN);
  const turnedZ = z * Math.cos(TURN) - x * Math.sin(TURN);
  return { x: turnedX, y: -(y * Math.cos(TILT) - turnedZ * Math.sin(TILT)), depth: y * Math.sin(TILT) + turnedZ * Math.cos(TILT) };
}

type Still = Points & { readonly rgb: Uint8Array; readonly corners: Float64Array | undefined };

function drawGeometry({ title, finding, cuts }: GeometryPayload, still: Still): string {
  const all = still.kept.map((point) => project(still, point));
  const x = extentOf(all.map((at) => at.x)) ?? [0, 0];
  const y = extentOf(all.map((at) => at.y)) ?? [0, 0];
  const inner = STILL_WIDTH_PX - 2 * CARD_PADDING_PX - 2 * MARGIN_PX;
  const scale = Math.min(inner / Math.max(0.05, x[1] - x[0]), STILL_HEIGHT_PX / Math.max(0.05, y[1] - y[0]));
  const height = (y[1] - y[0]) * scale + 2 * MARGIN_PX;
  return card({ title, finding, caption: cuts.join(" · "), width: STILL_WIDTH_PX, height }, (box) => {
    const place = (at: Projected): string =>
      `${round1(box.x + box.width / 2 + (at.x - (x[0] + x[1]) / 2) * scale)} ${round1(box.y + MARGIN_PX + (at.y - y[0]) * scale)}`;
    return still.corners === undefined ? drawPoints(still, place) : drawTriangles(still, { place, corners: still.corners });
  });
}

/** Far to near in a few layers: near points are larger and full, far ones small and pale. One path for each colour and layer. */
function drawPoints(still: Still, place: (at: Projected) => string): SvgChild {
  const drawn = evenIndices(still.kept.length, MAX_DRAWN).map((i) => ({ i, at: project(still, still.kept[i]) }));
  drawn.sort((a, b) => a.at.depth - b.at.depth);
  const layers = 8;
  return Array.from({ length: layers }, (_, layer) => {
    const own = drawn.slice(Math.floor((layer * drawn.length) / layers), Math.floor(((layer + 1) * drawn.length) / layers));
    const byColour = new Map<string, string>();
    for (const { i, at } of own) {
      // Colours rounded to 16 steps a channel, so points share paths.
      const colour = hexOfRgb(coarse(rgbAt(still.rgb, i)));
      byColour.set(colour, `${byColour.get(colour) ?? ""}M${place(at)}h.01`);
    }
    const nearness = layer / (layers - 1);
    return group(
      { "stroke-linecap": "round", fill: "none", "stroke-width": 2.2 + 1.6 * nearness, "stroke-opacity": 0.45 + 0.55 * nearness },
      [...byColour].map(([stroke, d]) => element("path", { d, stroke })),
    );
  });
}

const coarse = ([red, green, blue]: Rgb): Rgb => [Math.round(red / 17) * 17, Math.round(green / 17) * 17, Math.round(blue / 17) * 17];

const rgbAt = (rgb: Uint8Array, i: number): Rgb => [rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]];

function drawTriangles(still: Still, { place, corners }: { readonly place: (at: Projected) => string; readonly corners: Float64Array }): SvgChild {
  const faces = Array.from({ length: corners.length / 3 }, (_, face) => {
    const points = [0, 1, 2].map((corner) => corners[3 * face + corner]);
    const [a, b, c] = points.map((point) => project(still, point));
    const normal = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    const size = Math.hypot(
      normal,
      (b.y - a.y) * (c.depth - a.depth) - (b.depth - a.depth) * (c.y - a.y),
      (b.depth - a.depth) * (c.x - a.x) - (b.x - a.x) * (c.depth - a.depth),
    );
    // Lit from the camera, both sides alike: files disagree about which side is out.
    const light = 0.35 + 0.65 * (size > 0 ? Math.abs(normal) / size : 0);
    const mean = (channel: 0 | 1 | 2): number => (points.reduce((sum, point) => sum + still.rgb[3 * point + channel], 0) / 3) * light;
    const fill = hexOfRgb([mean(0), mean(1), mean(2)]);
    return {
      depth: a.depth + b.depth + c.depth,
      node: element("path", { d: `M${place(a)}L${place(b)}L${place(c)}Z`, fill, stroke: fill, "stroke-width": 0.4 }),
    };
  });
  faces.sort((a, b) => a.depth - b.depth);
  // Nearest faces hide the others, so a mesh with too many keeps its front.
  return faces.slice(Math.max(0, faces.length - MAX_DRAWN / 2)).map(({ node }) => node);
}
