/** @file Points on the surfaces of simple bodies and of furniture made of boxes. */
import { ArgumentError, ShapeError } from "../../errors";
import type { HostTensor } from "../../graph/dtype";
import { showShape } from "../../graph/shape";
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { checkCount, floats, generate, ints, type GeneratedOptions } from "./generate";

type Point = readonly [x: number, y: number, z: number];
/** Draws points of one body of random proportions; z is up. */
type Body = (random: HostRandom) => (random: HostRandom) => Point;

const TURN = 2 * Math.PI;
const circle = (random: HostRandom, radius: number): readonly [number, number] => {
  const angle = random.uniform(0, TURN);
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
};
const disc = (random: HostRandom, radius: number): readonly [number, number] => circle(random, radius * Math.sqrt(random.uniform()));

interface Box {
  readonly centre: Point;
  readonly size: Point;
}

/** Uniform over the surfaces of all boxes. */
function boxes(parts: readonly Box[]): (random: HostRandom) => Point {
  const faces = parts.flatMap((part) => [0, 1, 2].map((axis) => ({ part, axis, area: 2 * part.size[(axis + 1) % 3] * part.size[(axis + 2) % 3] })));
  let sum = 0;
  const cumulative = faces.map(({ area }) => (sum += area));
  return (random) => {
    const { part, axis } = faces[random.categorical(cumulative)];
    const along = [0, 1, 2].map((d) => (d === axis ? random.int(2) - 0.5 : random.uniform(-0.5, 0.5)));
    const at = (d: 0 | 1 | 2): number => part.centre[d] + along[d] * part.size[d];
    return [at(0), at(1), at(2)];
  };
}

const sphere: Body = () => (random) => {
  const z = random.uniform(-1, 1);
  const [x, y] = circle(random, Math.sqrt(1 - z * z));
  return [x, y, z];
};
const cube: Body = () => boxes([{ centre: [0, 0, 0], size: [1, 1, 1] }]);
const torus: Body = (form) => {
  const tube = form.uniform(0.25, 0.45);
  return (random) => {
    for (;;) {
      const angle = random.uniform(0, TURN);
      // Outer parts of the tube have more surface: rejection by its radius.
      if (random.uniform() * (1 + tube) > 1 + tube * Math.cos(angle)) continue;
      const [x, y] = circle(random, 1 + tube * Math.cos(angle));
      return [x, y, tube * Math.sin(angle)];
    }
  };
};
const helix: Body = (form) => {
  const turns = form.uniform(2, 3.5);
  return (random) => {
    const t = random.uniform(-1, 1);
    const angle = turns * Math.PI * t;
    return [0.6 * Math.cos(angle) + 0.05 * random.normal(), 0.6 * Math.sin(angle) + 0.05 * random.normal(), t];
  };
};
const cylinder: Body = (form) => {
  const height = form.uniform(1.2, 2.4);
  return (random) => {
    if (random.uniform() * (height + 1) < height) return [...circle(random, 1), random.uniform(-height / 2, height / 2)];
    return [...disc(random, 1), (random.int(2) - 0.5) * height];
  };
};
const cone: Body = (form) => {
  const height = form.uniform(1.2, 2.4);
  const slant = Math.hypot(1, height);
  return (random) => {
    if (random.uniform() * (slant + 1) > slant) return [...disc(random, 1), -height / 2];
    const share = Math.sqrt(random.uniform());
    return [...circle(random, share), height / 2 - share * height];
  };
};

/** Four legs of a table or chair from the ground up to `height`. */
function legs({ width, depth, height, thickness }: { readonly width: number; readonly depth: number; readonly height: number; readonly thickness: number }): Box[] {
  const [x, y] = [(width - thickness) / 2, (depth - thickness) / 2];
  return [[-x, -y], [x, -y], [-x, y], [x, y]].map(([cx, cy]) => ({ centre: [cx, cy, height / 2], size: [thickness, thickness, height] }));
}
const chair: Body = (form) => {
  const [width, depth, height, back] = [form.uniform(0.45, 0.65), form.uniform(0.45, 0.6), form.uniform(0.4, 0.55), form.uniform(0.4, 0.65)];
  return boxes([
    { centre: [0, 0, height], size: [width, depth, 0.07] },
    { centre: [0, -depth / 2 + 0.03, height + back / 2], size: [width, 0.06, back] },
    ...legs({ width, depth, height, thickness: 0.07 }),
  ]);
};
const table: Body = (form) => {
  const [width, depth, height] = [form.uniform(0.8, 1.3), form.uniform(0.5, 0.9), form.uniform(0.45, 0.7)];
  return boxes([{ centre: [0, 0, height], size: [width, depth, 0.07] }, ...legs({ width, depth, height, thickness: 0.08 })]);
};
const airplane: Body = (form) => {
  const [length, span, wing] = [form.uniform(1, 1.4), form.uniform(1, 1.5), form.uniform(0.18, 0.3)];
  return boxes([
    { centre: [0, 0, 0], size: [0.14, length, 0.14] },
    { centre: [0, length * 0.08, 0], size: [span, wing, 0.04] },
    { centre: [0, -length * 0.44, 0.02], size: [span * 0.4, wing * 0.6, 0.04] },
    { centre: [0, -length * 0.44, 0.16], size: [0.04, wing * 0.6, 0.26] },
  ]);
};

const BODIES = { sphere, cube, torus, helix, cylinder, cone, chair, table, airplane } as const satisfies Readonly<Record<string, Body>>;
export type BodyName = keyof typeof BODIES;

export interface PointCloudsOptions extends GeneratedOptions {
  /** One class each. Default sphere, cube, torus, helix. */
  readonly bodies?: readonly BodyName[];
  /** N. Default 256. */
  readonly points?: number;
  /** Turn bodies at random: not at all, about the upright axis, or anyhow. Default `none`. */
  readonly rotate?: "none" | "upright" | "any";
  /** Axes are stretched by up to this share, each on its own. Default 0.1. */
  readonly stretch?: number;
  /** Deviation of the points, for a body of radius 1. Default 0. */
  readonly noise?: number;
}

export interface PointClouds extends Dataset<"points" | "label"> {
  readonly bodies: readonly BodyName[];
}

/**
 * Points on surfaces, uniform by area. An example has `points` [N, 3] float32, moved and scaled so that the bounding box is centred and
 * the farthest point is at distance 1 (before noise), z up; and `label` int32 [], uniform over the bodies.
 */
export function pointClouds(options: PointCloudsOptions = {}): PointClouds {
  const { bodies = ["sphere", "cube", "torus", "helix"], points = 256, rotate = "none", stretch = 0.1, noise = 0 } = options;
  checkCount("pointClouds(): points", points);
  if (bodies.length === 0) throw new ArgumentError("pointClouds(): no bodies", { help: "give at least one" });
  const set = generate({
    ...options,
    name: "pointClouds",
    fields: { points: floats(points, 3), label: ints() },
    draw(out, random) {
      const form = random.split("form");
      const label = form.int(bodies.length);
      out.label[0] = label;
      const scale = [0, 1, 2].map(() => 1 + form.uniform(-stretch, stretch));
      const draw = BODIES[bodies[label]](form);
      const surface = random.split("points");
      for (let n = 0; n < points; n++) draw(surface).forEach((value, axis) => (out.points[3 * n + axis] = value * scale[axis]));
      centre(out.points);
      if (rotate !== "none") turn(out.points, rotation(random.split("turn"), rotate));
      if (noise > 0) {
        const normals = random.split("noise").fillNormal(new Float32Array(3 * points));
        for (let i = 0; i < normals.length; i++) out.points[i] += noise * normals[i];
      }
    },
  });
  return { ...set, bodies };
}

function centre(points: { [index: number]: number; readonly length: number }): void {
  for (let axis = 0; axis < 3; axis++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = axis; i < points.length; i += 3) [low, high] = [Math.min(low, points[i]), Math.max(high, points[i])];
    for (let i = axis; i < points.length; i += 3) points[i] -= (low + high) / 2;
  }
  let farthest = 0;
  for (let i = 0; i < points.length; i += 3) farthest = Math.max(farthest, Math.hypot(points[i], points[i + 1], points[i + 2]));
  for (let i = 0; i < points.length; i++) points[i] /= farthest || 1;
}

/** A rotation matrix, row-major: about z, or uniform over all (from a random unit quaternion). */
function rotation(random: HostRandom, kind: "upright" | "any"): readonly number[] {
  const raw = kind === "any" ? [0, 1, 2, 3].map(() => random.normal()) : ((angle) => [Math.cos(angle), 0, 0, Math.sin(angle)])(random.uniform(0, Math.PI));
  const norm = Math.hypot(...raw);
  const [w, x, y, z] = raw.map((value) => value / norm);
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
  ];
}

function turn(points: { [index: number]: number; readonly length: number }, m: readonly number[]): void {
  for (let i = 0; i < points.length; i += 3) {
    const [x, y, z] = [points[i], points[i + 1], points[i + 2]];
    for (let row = 0; row < 3; row++) points[i + row] = m[3 * row] * x + m[3 * row + 1] * y + m[3 * row + 2] * z;
  }
}

/** Occupied voxels of clouds [B, N, 3] with coordinates −1…1: float32 [B, side, side, side], 1 where a point is, axes z, y, x. */
export function voxels({ shape, data }: HostTensor, side: number): HostTensor {
  checkCount("voxels(): side", side);
  if (shape.length !== 3 || shape[2] !== 3) throw new ShapeError(`voxels(): clouds of shape ${showShape(shape)}`, { help: "give [B, N, 3]" });
  const [batch, points] = shape;
  const out = new Float32Array(batch * side ** 3);
  const cell = (value: number): number => Math.min(side - 1, Math.max(0, Math.floor(((value + 1) / 2) * side)));
  for (let b = 0; b < batch; b++)
    for (let n = 0; n < points; n++) {
      const at = 3 * (b * points + n);
      const [x, y, z] = [Number(data[at]), Number(data[at + 1]), Number(data[at + 2])];
      out[((b * side + cell(z)) * side + cell(y)) * side + cell(x)] = 1;
    }
  return { dtype: "float32", shape: [batch, side, side, side], data: out };
}
