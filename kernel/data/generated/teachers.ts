/** @file Regression and classification with planted weights: linear maps of known rank, and networks that label random inputs. */
import { ArgumentError } from "../../errors";
import type { HostTensor } from "../../graph/dtype";
import type { HostRandom } from "../../random/hostRandom";
import type { Dataset } from "../dataset";
import { checkCount, floats, generate, ints, plantedRandom, type GeneratedOptions } from "./generate";

export interface LinearOptions extends GeneratedOptions {
  /** D. Default 32. */
  readonly inputs?: number;
  /** O. Default 32. */
  readonly outputs?: number;
  /** Rank of the weights, at most D and O. Default 4. */
  readonly rank?: number;
  /** Deviation of the noise on y. Default 0.1; its square is the least mean squared error. */
  readonly noise?: number;
}

export interface Linear extends Dataset<"x" | "y"> {
  /** [D, O] float32, planted, of the given rank; entries have variance 1 / D, so that outputs have variance about 1. */
  readonly weights: HostTensor;
  /** Least expected squared error for each output. */
  readonly lossFloor: number;
}

/** y = x W + noise with standard normal x. An example has `x` [D] and `y` [O] float32. */
export function linear(options: LinearOptions = {}): Linear {
  const { inputs = 32, outputs = 32, rank = 4, noise = 0.1 } = options;
  for (const [name, value] of Object.entries({ inputs, outputs, rank })) checkCount(`linear(): ${name}`, value);
  if (rank > Math.min(inputs, outputs)) throw new ArgumentError(`linear(): rank ${rank} of a ${inputs} × ${outputs} matrix`, { help: `use at most ${Math.min(inputs, outputs)}` });
  const planted = plantedRandom("linear", options.seed);
  const left = normals(planted, inputs * rank, 1 / Math.sqrt(inputs * rank));
  const right = normals(planted, rank * outputs, 1);
  const weights = new Float32Array(inputs * outputs);
  for (let i = 0; i < inputs; i++)
    for (let r = 0; r < rank; r++) for (let o = 0; o < outputs; o++) weights[i * outputs + o] += left[i * rank + r] * right[r * outputs + o];
  const set = generate({
    ...options,
    name: "linear",
    fields: { x: floats(inputs), y: floats(outputs) },
    draw(out, random) {
      const x = random.fillNormal(new Float32Array(inputs));
      const spread = random.fillNormal(new Float32Array(outputs));
      out.x.set(x);
      out.y.set(times(x, weights, outputs).map((value, o) => value + noise * spread[o]));
    },
  });
  return { ...set, weights: { dtype: "float32", shape: [inputs, outputs], data: weights }, lossFloor: noise ** 2 };
}

export interface TeacherOptions extends GeneratedOptions {
  /** D. Default 16. */
  readonly inputs?: number;
  /** Default 64. */
  readonly hidden?: number;
  /** Default 10. */
  readonly classes?: number;
  /** Share of labels replaced by a class drawn at random. Default 0. */
  readonly labelNoise?: number;
}

export interface Teacher extends Dataset<"x" | "label" | "clean"> {
  readonly classes: number;
  /** [D, hidden] and [hidden, classes] float32. */
  readonly weights: readonly [HostTensor, HostTensor];
}

/**
 * Labels of a planted network: `clean` = argmax(tanh(x W₁) W₂) with standard normal x [D] float32. `label` int32 [] is the same, but for the noise.
 * Classes are about, not exactly, equally frequent.
 */
export function teacher(options: TeacherOptions = {}): Teacher {
  const { inputs = 16, hidden = 64, classes = 10, labelNoise = 0 } = options;
  for (const [name, value] of Object.entries({ inputs, hidden, classes })) checkCount(`teacher(): ${name}`, value);
  const planted = plantedRandom("teacher", options.seed);
  const first = normals(planted, inputs * hidden, 1 / Math.sqrt(inputs));
  const second = normals(planted, hidden * classes, 1);
  const set = generate({
    ...options,
    name: "teacher",
    fields: { x: floats(inputs), label: ints(), clean: ints() },
    draw(out, random) {
      const x = random.fillNormal(new Float32Array(inputs));
      const scores = times(times(x, first, hidden).map(Math.tanh), second, classes);
      const clean = scores.reduce((best, score, c) => (score > scores[best] ? c : best), 0);
      out.x.set(x);
      out.clean[0] = clean;
      const noisy = random.uniform() < labelNoise;
      const other = random.int(classes);
      out.label[0] = noisy ? other : clean;
    },
  });
  const weights = [
    { dtype: "float32", shape: [inputs, hidden], data: first },
    { dtype: "float32", shape: [hidden, classes], data: second },
  ] as const;
  return { ...set, classes, weights };
}

const normals = (random: HostRandom, count: number, deviation: number): Float32Array => random.fillNormal(new Float32Array(count)).map((value) => value * deviation);

/** x W for a row vector and row-major weights with `columns` columns. */
function times(x: Float32Array, weights: Float32Array, columns: number): Float32Array {
  const out = new Float32Array(columns);
  for (let i = 0; i < x.length; i++) for (let c = 0; c < columns; c++) out[c] += x[i] * weights[i * columns + c];
  return out;
}
