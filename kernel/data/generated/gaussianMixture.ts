/** @file A mixture of Gaussians with its exact density. */
import { ArgumentError, ShapeError } from "../../errors";
import { toNumbers, type HostTensor } from "../../graph/dtype";
import { showShape } from "../../graph/shape";
import type { Dataset } from "../dataset";
import { checkCount, floats, generate, ints, plantedRandom, type GeneratedOptions } from "./generate";

export interface GaussianMixtureOptions extends GeneratedOptions {
  /** Number of components: K. Default 8. */
  readonly components?: number;
  /** D. Default 2. */
  readonly dimension?: number;
  /** Means are drawn with this deviation in each coordinate. Default 2. */
  readonly spread?: number;
  /** Deviation of each component, in all directions. Default 0.3. */
  readonly deviation?: number;
  /** The means, instead of drawn ones. */
  readonly means?: readonly (readonly number[])[];
  /** Default equal. */
  readonly weights?: readonly number[];
}

export interface GaussianMixture extends Dataset<"x" | "label"> {
  readonly means: readonly (readonly number[])[];
  readonly deviation: number;
  /** Their sum is 1. */
  readonly weights: readonly number[];
  /** Natural log of the density at each of [B, D] points. */
  logDensity(points: HostTensor): Float64Array;
  /** Its gradient, [B, D] float32: what a score model learns. */
  score(points: HostTensor): HostTensor;
}

/** Round Gaussians at means planted by the seed. An example has `x` [D] float32 and `label` int32 []: its component. */
export function gaussianMixture(options: GaussianMixtureOptions = {}): GaussianMixture {
  const { spread = 2, deviation = 0.3 } = options;
  const planted = plantedRandom("gaussianMixture", options.seed);
  const count = options.means?.length ?? options.components ?? 8;
  const dimension = options.means?.[0]?.length ?? options.dimension ?? 2;
  checkCount("gaussianMixture(): components", count);
  checkCount("gaussianMixture(): dimension", dimension);
  const means = options.means ?? Array.from({ length: count }, () => Array.from({ length: dimension }, () => spread * planted.normal()));
  const raw = options.weights ?? means.map(() => 1);
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  if (!(deviation > 0) || raw.length !== count || !raw.every((weight) => weight >= 0) || !(total > 0) || means.some((mean) => mean.length !== dimension))
    throw new ArgumentError(`gaussianMixture(): deviation ${deviation}, ${raw.length} weights, ${count} means of ${means.map((mean) => mean.length).join(", ")} numbers`, {
      help: "give a positive deviation, means of one length, and one weight ≥ 0 for each",
    });
  const weights = raw.map((weight) => weight / total);
  let sum = 0;
  const cumulative = weights.map((weight) => (sum += weight));

  const set = generate({
    ...options,
    name: "gaussianMixture",
    fields: { x: floats(dimension), label: ints() },
    draw(out, random) {
      const label = random.categorical(cumulative);
      out.label[0] = label;
      for (let d = 0; d < dimension; d++) out.x[d] = means[label][d] + deviation * random.normal();
    },
  });
  return {
    ...set,
    means,
    deviation,
    weights,
    logDensity: (points) => Float64Array.from(pointsOf(points), (point) => density(point).logDensity),
    score(points) {
      const all = pointsOf(points);
      const data = Float32Array.from(all.flatMap((point) => {
        const { shares } = density(point);
        return point.map((value, d) => shares.reduce((gradient, share, k) => gradient + (share * (means[k][d] - value)) / deviation ** 2, 0));
      }));
      return { dtype: "float32", shape: points.shape, data };
    },
  };

  function pointsOf(points: HostTensor): number[][] {
    if (points.shape.length !== 2 || points.shape[1] !== dimension)
      throw new ShapeError(`gaussianMixture: points of shape ${showShape(points.shape)}`, { help: `give [B, ${dimension}]` });
    const values = toNumbers(points);
    return Array.from({ length: points.shape[0] }, (_, i) => [...values.subarray(i * dimension, (i + 1) * dimension)]);
  }

  /** Log density, and each component's share of it. */
  function density(point: readonly number[]): { readonly logDensity: number; readonly shares: readonly number[] } {
    const logs = means.map((mean, k) => Math.log(weights[k]) - mean.reduce((squares, value, d) => squares + (point[d] - value) ** 2, 0) / (2 * deviation ** 2));
    const highest = Math.max(...logs);
    const scaled = logs.map((value) => Math.exp(value - highest));
    const whole = scaled.reduce((a, b) => a + b, 0);
    return { logDensity: highest + Math.log(whole) - (dimension / 2) * Math.log(2 * Math.PI * deviation ** 2), shares: scaled.map((value) => value / whole) };
  }
}
