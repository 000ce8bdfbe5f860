/** @file `space`: the configurations of a sweep, as a full grid or as a random sample (Bergstra & Bengio 2012, JMLR 13). */
import { ArgumentError } from "../errors";
import { HostRandom } from "../random/hostRandom";

/** Draws a value; `u` is uniform in [0, 1). */
export interface Distribution<Value> {
  readonly draw: (u: number) => Value;
}

export type Axes = Readonly<Record<string, readonly unknown[]>>;
/** One value of every axis. */
export type GridConfig<A extends Axes> = { readonly [Name in keyof A]: A[Name][number] };

/**
 * All combinations: `grid({ width: [32, 64], lr: [1e-3, 3e-3] })` has four. The last axis changes fastest.
 * @throws {ArgumentError} for an axis without values.
 */
export function grid<const A extends Axes>(axes: A): readonly GridConfig<A>[] {
  const empty = Object.keys(axes).find((name) => axes[name].length === 0);
  if (empty !== undefined) throw new ArgumentError(`the axis ${empty} of a grid has no values`, { help: "give every axis at least one value" });
  const configs = Object.entries(axes).reduce<readonly Readonly<Record<string, unknown>>[]>((found, [name, values]) => found.flatMap((config) => values.map((value) => ({ ...config, [name]: value }))), [{}]);
  // SAFETY: every configuration has one value of each axis.
  return configs as readonly GridConfig<A>[];
}

export type Distributions = Readonly<Record<string, Distribution<unknown>>>;
export type SampledConfig<D extends Distributions> = { readonly [Name in keyof D]: D[Name] extends Distribution<infer Value> ? Value : never };

/**
 * `trials` independent draws: `sample({ lr: logUniform(1e-4, 1e-2), width: choice(32, 64) }, { trials: 20 })`.
 * Each axis has a stream of its own: more trials, or another axis, leave the values that were there as they were.
 * @throws {ArgumentError} unless there is at least one trial.
 */
export function sample<D extends Distributions>(axes: D, { trials, seed = 0 }: { readonly trials: number; readonly seed?: number }): readonly SampledConfig<D>[] {
  if (!Number.isInteger(trials) || trials < 1) throw new ArgumentError(`a sample of ${trials} trials`, { help: "give a whole number from 1" });
  const streams = Object.entries(axes).map(([name, distribution]) => ({ name, distribution, random: HostRandom.seeded(seed).split(name) }));
  const draw = (): Readonly<Record<string, unknown>> => Object.fromEntries(streams.map(({ name, distribution, random }) => [name, distribution.draw(random.uniform())]));
  // SAFETY: every configuration has one draw of each axis.
  return Array.from({ length: trials }, draw) as readonly SampledConfig<D>[];
}

/** Evenly over [low, high). @throws {ArgumentError} unless low < high. */
export function uniform(low: number, high: number): Distribution<number> {
  requireRange(low, high);
  return { draw: (u) => low + u * (high - low) };
}

/** Evenly over the logarithm of [low, high): for rates, sizes and other scales. @throws {ArgumentError} unless 0 < low < high. */
export function logUniform(low: number, high: number): Distribution<number> {
  requireRange(low, high);
  if (!(low > 0)) throw new ArgumentError(`logUniform from ${low}`, { help: "give a lower end above 0" });
  return { draw: (u) => low * (high / low) ** u };
}

/** Whole numbers from low to high, both included. @throws {ArgumentError} unless both are integers and low < high. */
export function integer(low: number, high: number): Distribution<number> {
  requireRange(low, high);
  if (!Number.isInteger(low) || !Number.isInteger(high)) throw new ArgumentError(`integers from ${low} to ${high}`, { help: "give whole numbers" });
  return { draw: (u) => low + Math.floor(u * (high - low + 1)) };
}

/** One of `values`, each as likely. @throws {ArgumentError} for none. */
export function choice<const Values extends readonly unknown[]>(...values: Values): Distribution<Values[number]> {
  if (values.length === 0) throw new ArgumentError("a choice of nothing", { help: "give at least one value" });
  return { draw: (u) => values[Math.floor(u * values.length)] };
}

function requireRange(low: number, high: number): void {
  if (!(low < high) || !Number.isFinite(low) || !Number.isFinite(high)) throw new ArgumentError(`a range from ${low} to ${high}`, { help: "give finite ends, the lower first" });
}
