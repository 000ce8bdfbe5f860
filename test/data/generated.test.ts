import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { range, type Dataset } from "../../kernel/data/dataset";
import { gaussianMixture } from "../../kernel/data/generated/gaussianMixture";
import type { GeneratedOptions } from "../../kernel/data/generated/generate";
import { glyphDigits, glyphs } from "../../kernel/data/generated/glyphs";
import { grammar } from "../../kernel/data/generated/grammar";
import { markov } from "../../kernel/data/generated/markov";
import { modular } from "../../kernel/data/generated/modular";
import { MOTIONS, type MotionName } from "../../kernel/data/generated/motions";
import { movingShapes } from "../../kernel/data/generated/movingShapes";
import { pointClouds, voxels } from "../../kernel/data/generated/pointClouds";
import { points2d } from "../../kernel/data/generated/points2d";
import { copy, induction, recall } from "../../kernel/data/generated/sequenceTasks";
import { SHAPES } from "../../kernel/data/generated/canvas";
import { shapes } from "../../kernel/data/generated/shapes";
import { linear, teacher } from "../../kernel/data/generated/teachers";
import { ArgumentError } from "../../kernel/errors";
import { sizeOf } from "../../kernel/graph/shape";
import { HostRandom } from "../../kernel/random/hostRandom";

const SETS: Readonly<Record<string, (options: GeneratedOptions) => Dataset>> = {
  shapes: (options) => shapes({ ...options, objects: 2, texture: 0.5, background: 0.5, noise: 0.1 }),
  movingShapes: (options) => movingShapes({ ...options, background: 0.5, noise: 0.1 }),
  glyphs: (options) => glyphs({ ...options, texture: 0.2 }),
  letters: (options) => glyphs({ ...options, characters: "XYZ", side: 16 }),
  pointClouds: (options) => pointClouds({ ...options, bodies: ["torus", "chair", "cone", "airplane"], rotate: "any", noise: 0.01 }),
  markov: (options) => markov({ ...options, order: 2, vocab: 8 }),
  grammar,
  induction,
  recall,
  copy,
  points2d,
  gaussianMixture,
  linear,
  teacher: (options) => teacher({ ...options, labelNoise: 0.2 }),
};
const numbers = (data: { readonly data: ArrayLike<number | bigint> }): number[] => Array.from(data.data, Number);
const column = (set: Dataset, name: string, count = set.size): number[] => numbers(set.rows(range(count))[name]);

describe.each(Object.entries(SETS))("%s", (_, make) => {
  it("gives an example the same numbers in any company and order", () => {
    const whole = make({ examples: 20, seed: "s" });
    const all = whole.rows(range(20));
    fc.assert(
      fc.property(fc.array(fc.nat(19), { minLength: 1, maxLength: 6 }), (indices) => {
        const some = make({ examples: 40, seed: "s" }).rows(indices);
        for (const [name, field] of Object.entries(whole.fields)) {
          const size = sizeOf(field.shape);
          expect(some[name].shape).toEqual([indices.length, ...field.shape]);
          expect(some[name].dtype).toBe(field.dtype);
          indices.forEach((index, i) => expect(some[name].data.slice(i * size, (i + 1) * size)).toEqual(all[name].data.slice(index * size, (index + 1) * size)));
        }
      }),
      { numRuns: 10 },
    );
  });

  it("gives other examples for another seed or part, and finite numbers", () => {
    const of = (options: GeneratedOptions): number[] => Object.values(make({ examples: 8, ...options }).rows(range(8))).flatMap(numbers);
    expect(of({ seed: 1 })).not.toEqual(of({ seed: 2 }));
    expect(of({ part: "test" })).not.toEqual(of({ part: "train" }));
    expect(of({}).every(Number.isFinite)).toBe(true);
    expect(() => make({ examples: 0 })).toThrow(ArgumentError);
    expect(() => make({ examples: 2 }).rows([2])).toThrow(ArgumentError);
  });
});

describe("shapes", () => {
  it("has masks, boxes and captions that agree with the image", () => {
    const set = shapes({ examples: 60, shapes: SHAPES, layout: "last", range: [-1, 1] });
    const rows = set.rows(range(60));
    expect(rows.image.shape).toEqual([60, 32, 32, 3]);
    const [image, mask, box, caption] = [rows.image, rows.mask, rows.box, rows.caption].map(numbers);
    for (let n = 0; n < 60; n++) {
      let [sumX, sumY, area] = [0, 0, 0];
      for (let pixel = 0; pixel < 1024; pixel++) {
        const brightest = Math.max(...image.slice((n * 1024 + pixel) * 3, (n * 1024 + pixel) * 3 + 3));
        if (mask[n * 1024 + pixel] === 0) continue;
        expect(brightest).toBeGreaterThan(-0.3);
        sumX += (pixel % 32) + 0.5;
        sumY += Math.floor(pixel / 32) + 0.5;
        area++;
      }
      expect(Math.abs(sumX / area / 32 - box[3 * n])).toBeLessThan(0.04);
      expect(Math.abs(sumY / area / 32 - box[3 * n + 1])).toBeLessThan(0.04);
      const [size, colour, shape, place] = set.describe(caption.slice(4 * n, 4 * n + 4)).split(" ");
      expect(size).toBe(["small", "large"][numbers(rows.large)[n]]);
      expect(colour).toBe(set.colours[numbers(rows.colour)[n]]);
      expect(shape).toBe(set.shapes[numbers(rows.shape)[n]]);
      expect(place).toBe(`${sumY / area < 16 ? "top" : "bottom"}-${sumX / area < 16 ? "left" : "right"}`);
    }
  });

  it("draws all attributes equally often, and pixels within the range", () => {
    const set = shapes({ examples: 3000, side: 8, channels: 1 });
    for (const [name, choices] of [["shape", 3], ["large", 2], ["place", 4], ["colour", 1]] as const) {
      const counts = new Array<number>(choices).fill(0);
      for (const value of column(set, name)) counts[value]++;
      for (const count of counts) expect(Math.abs(count / 3000 - 1 / choices)).toBeLessThan(0.04);
    }
    const pixels = column(set, "image", 200);
    expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([0, 1]);
  });

  it("keeps the shapes when ground or noise change", () => {
    const plain = shapes({ examples: 5 }).rows(range(5));
    const busy = shapes({ examples: 5, noise: 0.3, background: 0.5 }).rows(range(5));
    expect(busy.box).toEqual(plain.box);
    expect(busy.mask).toEqual(plain.mask);
    expect(busy.image).not.toEqual(plain.image);
  });
});

describe("movingShapes", () => {
  it("moves as the label says, and stays in the frame where the way fits", () => {
    // SAFETY: own keys of the table of motions.
    const names = Object.keys(MOTIONS) as MotionName[];
    const set = movingShapes({ examples: 300, motions: names, side: 32 });
    const rows = set.rows(range(300));
    const [path, mask, motion] = [rows.path, rows.mask, rows.motion].map(numbers);
    for (let n = 0; n < 300; n++) {
      const at = (t: number): number[] => path.slice(n * 24 + 3 * t, n * 24 + 3 * t + 3);
      const [dx, dy, grown] = at(7).map((value, i) => value - at(0)[i]);
      const name = names[motion[n]];
      if (name === "left") expect([dx < -0.1, Math.abs(dy) < 1e-6]).toEqual([true, true]);
      if (name === "right") expect([dx > 0.1, Math.abs(dy) < 1e-6]).toEqual([true, true]);
      if (name === "up") expect([dy < -0.1, Math.abs(dx) < 1e-6]).toEqual([true, true]);
      if (name === "down") expect([dy > 0.1, Math.abs(dx) < 1e-6]).toEqual([true, true]);
      expect(Math.sign(Math.round(grown * 1e5))).toBe(name === "grow" ? 1 : name === "shrink" ? -1 : 0);
      // Signed area of the way: clockwise on screen is positive with y downwards.
      const area = Array.from({ length: 8 }, (_, t) => at(t)[0] * at((t + 1) % 8)[1] - at((t + 1) % 8)[0] * at(t)[1]).reduce((a, b) => a + b);
      if (name === "clockwise") expect(area).toBeGreaterThan(0.001);
      if (name === "counterclockwise") expect(area).toBeLessThan(-0.001);
      for (let t = 0; t < 8; t++) {
        const [x, y, r] = at(t);
        expect(Math.min(x - r, y - r, 1 - x - r, 1 - y - r)).toBeGreaterThan(-1e-6);
        expect(mask[((n * 8 + t) * 32 + Math.floor(y * 32)) * 32 + Math.floor(x * 32)]).toBe(1);
      }
    }
  });

  it("shows the same ground with and without the shape", () => {
    const options = { examples: 4, background: 0.6, cameras: ["panLeft", "zoomIn"], noise: 0.1 } as const;
    const withShape = movingShapes(options).rows(range(4));
    const without = movingShapes({ ...options, object: false }).rows(range(4));
    const [a, b, mask] = [withShape.video, without.video, withShape.mask].map(numbers);
    expect(numbers(withShape.camera)).toEqual(numbers(without.camera));
    const differing = a.filter((value, i) => value !== b[i]).length;
    expect(differing).toBeGreaterThanOrEqual(mask.filter((value) => value === 1).length);
    expect(differing).toBeLessThan(a.length / 3);
  });

  it("pans the ground by whole pixels exactly", () => {
    const video = numbers(movingShapes({ examples: 1, background: 1, cameras: ["panRight"], object: false }).rows([0]).video);
    for (let y = 0; y < 16; y++) for (let x = 0; x < 15; x++) expect(video[256 + y * 16 + x]).toBeCloseTo(video[y * 16 + x + 1], 5);
  });
});

describe("glyphs", () => {
  it("are told apart by the nearest class mean far better than by chance", () => {
    for (const options of [{}, { style: "bitmap", side: 16 }] as const) {
      const train = glyphDigits({ ...options, examples: 600 }).rows(range(600));
      const test = glyphDigits({ ...options, examples: 200, part: "test" }).rows(range(200));
      const size = sizeOf(train.image.shape) / 600;
      const means = Array.from({ length: 10 }, () => new Float64Array(size));
      const labels = numbers(train.label);
      labels.forEach((label, n) => means[label].forEach((_, i) => (means[label][i] += Number(train.image.data[n * size + i]) / 60)));
      const right = numbers(test.label).filter((label, n) => {
        const distances = means.map((mean) => mean.reduce((sum, value, i) => sum + (value - Number(test.image.data[n * size + i])) ** 2, 0));
        return distances.indexOf(Math.min(...distances)) === label;
      }).length;
      expect(right / 200).toBeGreaterThan(0.5);
    }
  });

  it("refuse characters that a style does not have", () => {
    expect(() => glyphs({ characters: "0a" })).toThrow(/"a"/);
    expect(() => glyphs({ characters: "A", style: "strokes" })).toThrow(ArgumentError);
    expect(() => glyphs({ characters: "" })).toThrow(ArgumentError);
  });
});

describe("pointClouds", () => {
  it("lie on their surfaces, within the unit ball", () => {
    const set = pointClouds({ examples: 40, bodies: ["sphere", "cube"], stretch: 0, points: 400 });
    const rows = set.rows(range(40));
    const [points, labels] = [rows.points, rows.label].map(numbers);
    for (let n = 0; n < 40; n++)
      for (let p = 0; p < 400; p++) {
        const at = points.slice((n * 400 + p) * 3, (n * 400 + p) * 3 + 3).map(Math.abs);
        const radius = labels[n] === 0 ? Math.hypot(...at) : Math.max(...at) * Math.sqrt(3);
        // Centred on the bounding box of finitely many points, so only nearly on the surface.
        expect(radius).toBeGreaterThan(0.9);
        expect(Math.hypot(...at)).toBeLessThan(1 + 1e-6);
      }
  });

  it("keep distances when turned, and fill the voxels they are in", () => {
    const turned = pointClouds({ examples: 3, bodies: ["chair"], rotate: "any" }).rows(range(3));
    const plain = pointClouds({ examples: 3, bodies: ["chair"] }).rows(range(3));
    const radii = ({ points }: typeof turned): number[] => {
      const values = numbers(points);
      return Array.from({ length: 3 * 256 }, (_, p) => Math.hypot(...values.slice(3 * p, 3 * p + 3)));
    };
    const before = radii(plain);
    radii(turned).forEach((radius, p) => expect(radius).toBeCloseTo(before[p], 5));
    expect(turned.points).not.toEqual(plain.points);
    const grid = voxels(plain.points, 16);
    expect(grid.shape).toEqual([3, 16, 16, 16]);
    const share = numbers(grid).reduce((a, b) => a + b) / grid.data.length;
    expect(share).toBeGreaterThan(0.01);
    expect(share).toBeLessThan(0.06);
    expect([...voxels({ dtype: "float32", shape: [1, 1, 3], data: Float32Array.of(-1, 0.1, 5) }, 2).data]).toEqual([0, 0, 0, 0, 0, 0, 1, 0]);
  });
});

describe("markov", () => {
  it.each([1, 2, 3])("of order %i has the entropy rate that its own sequences show", (order) => {
    const set = markov({ order, vocab: 6, successors: [2, 4], context: 50, examples: 2000, seed: order });
    const rows = set.rows(range(2000));
    const [x, y] = [rows.x, rows.y].map(numbers);
    let [sum, squares, count] = [0, 0, 0];
    for (let n = 0; n < 2000; n++)
      for (let t = order - 1; t < 50; t++) {
        const nats = -Math.log(set.next(x.slice(n * 50 + t - order + 1, n * 50 + t + 1))[y[n * 50 + t]]);
        sum += nats;
        squares += nats * nats;
        count++;
      }
    const mean = sum / count;
    // One impossible step would make it infinite.
    expect(mean).toBeLessThan(Infinity);
    // Neighbours depend on each other a little: six standard errors.
    expect(Math.abs(mean - set.entropyRate)).toBeLessThan(6 * Math.sqrt((squares / count - mean ** 2) / count));
    expect(set.lossFloor).toBeGreaterThanOrEqual(set.entropyRate - 1e-12);
    if (order === 1) expect(set.lossFloor).toBeCloseTo(set.entropyRate, 12);
  });

  it("has the loss floor of a chain worked out by hand", () => {
    // One successor each: nothing to learn but the cycle, except, at order 2, from the first token alone.
    expect(markov({ vocab: 5, successors: [1, 1] }).entropyRate).toBe(0);
    const uniform = markov({ vocab: 4, successors: [4, 4], concentration: 1e6, order: 1 });
    expect(uniform.entropyRate).toBeCloseTo(Math.log(4), 4);
    expect(() => markov({ vocab: 1000, order: 3 })).toThrow(ArgumentError);
    expect(() => markov({ successors: [0, 2] })).toThrow(ArgumentError);
    expect(() => markov({ vocab: 4 }).next([9])).toThrow(ArgumentError);
  });
});

describe("grammar", () => {
  it("has the entropy and length that its sentences show", () => {
    const set = grammar();
    const random = HostRandom.seeded(1);
    const counts = new Map<string, number>();
    const n = 40_000;
    let words = 0;
    for (let i = 0; i < n; i++) {
      const tokens = set.sentence(random);
      words += tokens.length;
      counts.set(tokens.join(), (counts.get(tokens.join()) ?? 0) + 1);
    }
    expect(words / n / set.sentenceWords).toBeCloseTo(1, 1.5);
    // A small grammar, whose sentences can all be counted.
    const small = grammar({ rules: { s: [[3, "a s"], [1, "b"]] } });
    expect(small.sentenceWords).toBeCloseTo(4, 10);
    // Geometric with ¼: H(¼) / ¼.
    expect(small.sentenceEntropy).toBeCloseTo(-(0.25 * Math.log(0.25) + 0.75 * Math.log(0.75)) / 0.25, 10);
    const pairs = grammar({ rules: { s: [[1, "x y ."]], x: [[1, "a"], [3, "b"]], y: [[1, "c"], [1, "d"]] } });
    const seen = new Map<string, number>();
    for (let i = 0; i < n; i++) {
      const key = pairs.sentence(random).join();
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    const estimate = -[...seen.values()].reduce((sum, count) => sum + (count / n) * Math.log(count / n), 0);
    expect(estimate).toBeCloseTo(pairs.sentenceEntropy, 2);
    expect(pairs.entropyRate).toBeCloseTo(pairs.sentenceEntropy / 3, 12);
  });

  it("gives windows of sentences and words back", () => {
    const set = grammar({ examples: 3, context: 40 });
    const rows = set.rows(range(3));
    const words = set.decode(numbers(rows.x).slice(0, 40));
    expect([...set.encode(words)]).toEqual(numbers(rows.x).slice(0, 40));
    expect(numbers(rows.y).slice(0, 39)).toEqual(numbers(rows.x).slice(1, 40));
    expect(words).toMatch(/^(the|i|well|honestly|listen) /);
    expect(() => set.encode("zebra")).toThrow(/zebra/);
  });

  it("refuses rules that never end or have no weight", () => {
    expect(() => grammar({ rules: { s: [[1, "s s"], [0.9, "a"]] } })).toThrow(ArgumentError);
    expect(() => grammar({ rules: { s: [[1, "s"]] } })).toThrow(ArgumentError);
    expect(() => grammar({ rules: { s: [[0, "a"]] } })).toThrow(ArgumentError);
    expect(() => grammar({ rules: {} })).toThrow(ArgumentError);
  });
});

describe("sequence tasks", () => {
  it.each([
    ["induction", induction({ examples: 50 })],
    ["recall", recall({ examples: 50 })],
    ["copy", copy({ examples: 50 })],
  ] as const)("%s marks exactly what follows from before, as a lookup finds", (name, set) => {
    const rows = set.rows(range(50));
    const T = set.context;
    for (let n = 0; n < 50; n++) {
      const [x, y, mask] = [rows.x, rows.y, rows.mask].map((rowsOf) => numbers(rowsOf).slice(n * T, (n + 1) * T));
      expect(y.slice(0, T - 1)).toEqual(x.slice(1));
      expect(mask.some((value) => value === 1)).toBe(true);
      mask.forEach((certain, t) => {
        expect([x[t], y[t]].every((token) => token >= 0 && token < set.vocab)).toBe(true);
        if (certain === 0) return;
        const found = name === "induction" ? x[t + 1 - 16] : name === "recall" ? x[x.indexOf(x[t]) + 1] : x[t - 8 - 32];
        expect(y[t]).toBe(found);
      });
    }
  });
});

describe("planted weights", () => {
  it("of linear have the rank and give the noise floor", () => {
    const set = linear({ inputs: 6, outputs: 5, rank: 2, noise: 0.2, examples: 3000 });
    const rows = set.rows(range(3000));
    const [x, y, w] = [rows.x, rows.y, set.weights].map(numbers);
    let error = 0;
    for (let n = 0; n < 3000; n++)
      for (let o = 0; o < 5; o++) {
        const value = Array.from({ length: 6 }, (_, i) => x[n * 6 + i] * w[i * 5 + o]).reduce((a, b) => a + b);
        error += (y[n * 5 + o] - value) ** 2 / 15_000;
      }
    expect(Math.abs(error / set.lossFloor - 1)).toBeLessThan(0.06);
    // All 3 × 3 minors of a matrix of rank 2 vanish.
    for (const [a, b, c] of [[0, 1, 2], [1, 3, 5]]) {
      const m = [a, b, c].map((row) => w.slice(row * 5, row * 5 + 3));
      const det = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
      expect(Math.abs(det)).toBeLessThan(1e-6);
    }
    expect(() => linear({ inputs: 3, rank: 4 })).toThrow(ArgumentError);
  });

  it("of teacher give the clean labels, all parts alike, and the asked share of noise", () => {
    const set = teacher({ examples: 4000, labelNoise: 0.3 });
    const rows = set.rows(range(4000));
    const [label, clean] = [rows.label, rows.clean].map(numbers);
    const changed = label.filter((value, n) => value !== clean[n]).length / 4000;
    expect(Math.abs(changed - 0.27)).toBeLessThan(0.03);
    expect(new Set(clean).size).toBe(10);
    expect(teacher({ part: "test" }).weights).toEqual(teacher().weights);
    expect(teacher({ seed: 1 }).weights).not.toEqual(teacher().weights);
  });

  it("of a Gaussian mixture give a density that integrates to one, and its gradient", () => {
    const set = gaussianMixture({ means: [[0, 0], [1, 0.5]], weights: [1, 3], deviation: 0.4 });
    const step = 0.05;
    const grid = Float32Array.from({ length: 2 * 140 * 140 }, (_, i) => -3 + step * (i % 2 === 0 ? Math.floor(i / 2) % 140 : Math.floor(i / 280)));
    const total = set.logDensity({ dtype: "float32", shape: [140 * 140, 2], data: grid }).reduce((sum, value) => sum + Math.exp(value) * step * step, 0);
    expect(total).toBeCloseTo(1, 3);
    const at = (x: number, y: number): number => set.logDensity({ dtype: "float64", shape: [1, 2], data: Float64Array.of(x, y) })[0];
    const score = numbers(set.score({ dtype: "float64", shape: [1, 2], data: Float64Array.of(0.4, 0.3) }));
    expect(score[0]).toBeCloseTo((at(0.4 + 1e-4, 0.3) - at(0.4 - 1e-4, 0.3)) / 2e-4, 4);
    expect(score[1]).toBeCloseTo((at(0.4, 0.3 + 1e-4) - at(0.4, 0.3 - 1e-4)) / 2e-4, 4);
    const labels = column(set, "label", 4000);
    expect(labels.filter((value) => value === 1).length / 4000).toBeCloseTo(0.75, 1.3);
  });

  it("of modular arithmetic: every pair is once in one part, with its result", () => {
    const { train, test, vocab } = modular({ modulus: 11, operation: "subtract", train: 0.4 });
    expect([train.size, test.size, vocab]).toEqual([48, 73, 12]);
    const pairs = [train, test].flatMap((part) => {
      const [x, y] = [column(part, "x"), column(part, "y")];
      return y.map((value, i) => {
        expect(value).toBe((x[3 * i] - x[3 * i + 1] + 11) % 11);
        return x[3 * i] * 11 + x[3 * i + 1];
      });
    });
    expect(new Set(pairs).size).toBe(121);
    expect(() => modular({ train: 1 })).toThrow(ArgumentError);
  });
});

describe("points2d", () => {
  it.each(["moons", "rings", "swissRoll", "eightGaussians", "checkerboard", "spirals", "pinwheel"] as const)("%s fills the square from −2 to 2 with all its labels", (kind) => {
    const set = points2d({ kind, noise: 0, examples: 2000 });
    const x = column(set, "x");
    expect(Math.max(...x.map(Math.abs))).toBeLessThan(3.5);
    expect(Math.max(...x)).toBeGreaterThan(1);
    const labels = new Set(column(set, "label"));
    expect([...labels].sort()).toEqual([...range(labels.size)]);
    expect(labels.size).toBeGreaterThan(1);
  });
});
