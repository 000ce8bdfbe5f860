/** @file Toy distributions in the plane. */
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { floats, generate, ints, type GeneratedOptions } from "./generate";

type Draw = (random: HostRandom) => readonly [x: number, y: number, label: number];

/** Each fills about the square from −2 to 2. */
const KINDS = {
  /** Two half circles that reach into each other. */
  moons: (random) => {
    const label = random.int(2);
    const angle = random.uniform(0, Math.PI);
    const [x, y] = [Math.cos(angle) - 0.5, Math.sin(angle) - 0.25];
    return label === 0 ? [1.25 * x, 1.25 * y, 0] : [-1.25 * x, -1.25 * y, 1];
  },
  /** Three circles around each other. */
  rings: (random) => {
    const label = random.int(3);
    const angle = random.uniform(0, 2 * Math.PI);
    const radius = 0.6 * (label + 1);
    return [radius * Math.cos(angle), radius * Math.sin(angle), label];
  },
  /** One spiral; the label is 0, 1 or 2, a third of the way each. */
  swissRoll: (random) => {
    const share = Math.sqrt(random.uniform(0.09, 1));
    const angle = 3 * Math.PI * share;
    return [1.9 * share * Math.cos(angle), 1.9 * share * Math.sin(angle), Math.min(2, Math.floor(3 * ((share - 0.3) / 0.7)))];
  },
  /** Eight blobs on a circle. */
  eightGaussians: (random) => {
    const label = random.int(8);
    const angle = (label * Math.PI) / 4;
    return [1.6 * Math.cos(angle) + 0.12 * random.normal(), 1.6 * Math.sin(angle) + 0.12 * random.normal(), label];
  },
  /** The dark fields of a 4 × 4 board; the label is the row. */
  checkerboard: (random) => {
    const row = random.int(4);
    const column = 2 * random.int(2) + (row % 2);
    return [column - 2 + random.uniform(), row - 2 + random.uniform(), row];
  },
  /** Two spirals into each other. */
  spirals: (random) => {
    const label = random.int(2);
    const share = Math.sqrt(random.uniform(0.02, 1));
    const angle = 2.5 * Math.PI * share + label * Math.PI;
    return [1.9 * share * Math.cos(angle), 1.9 * share * Math.sin(angle), label];
  },
  /** Five bent arms. */
  pinwheel: (random) => {
    const label = random.int(5);
    const radius = 1 + 0.3 * random.normal();
    const angle = (2 * Math.PI * label) / 5 + 0.5 * radius;
    const across = 0.08 * random.normal();
    return [1.3 * (radius * Math.cos(angle) - across * Math.sin(angle)), 1.3 * (radius * Math.sin(angle) + across * Math.cos(angle)), label];
  },
} as const satisfies Readonly<Record<string, Draw>>;
export type Points2dKind = keyof typeof KINDS;

export interface Points2dOptions extends GeneratedOptions {
  /** Default `moons`. */
  readonly kind?: Points2dKind;
  /** Deviation of noise added to both coordinates. Default 0.05. */
  readonly noise?: number;
}

/** Points in the plane, about −2…2. An example has `x` [2] float32 and `label` int32 []: its part of the figure. */
export function points2d({ kind = "moons", noise = 0.05, ...options }: Points2dOptions = {}): Dataset<"x" | "label"> {
  return generate({
    ...options,
    name: `points2d ${kind}`,
    fields: { x: floats(2), label: ints() },
    draw(out, random) {
      const [x, y, label] = KINDS[kind](random);
      out.x[0] = x + noise * random.normal();
      out.x[1] = y + noise * random.normal();
      out.label[0] = label;
    },
  });
}
