/** @file Fits any law y = f(parameters, x) the way scaling laws are fitted: Huber loss, L-BFGS from several starts, bootstrap. */
import { ArgumentError } from "../errors";
import { checkEnough, finishFit, type Fit, type FitOptions, mapRecord, type Parameters, positiveLogs } from "./fit";
import { SCALING_LAW_DELTA } from "./huber";
import { type Curve, huberLossAt, robustFit } from "./robustFit";

/** Where a parameter may lie: above zero (searched by its logarithm), anywhere, or strictly between two bounds. */
export type Domain = "positive" | "real" | readonly [low: number, high: number];

/** A law with named parameters of one input `X`, which may be a record of several numbers. */
export interface Law<P extends string, X> {
  /** The formula, for results and errors. */
  readonly formula: string;
  readonly domains: Readonly<Record<P, Domain>>;
  readonly predict: (parameters: Parameters<P>, x: X) => number;
}

export interface LawPoint<X> {
  readonly x: X;
  readonly y: number;
}

export interface LawOptions<P extends string> extends FitOptions {
  /** Parameters to start from; `startGrid` makes them from lists. */
  readonly starts: readonly Parameters<P>[];
  /** How many of the starts, those with the lowest loss, are refined. Default 24. */
  readonly refined?: number;
  /** Which residuals count. "log" needs positive values. Default "log". */
  readonly residuals?: "log" | "plain";
}

/** The law through the points; the best of the refined starts.
 * @throws {ArgumentError} for fewer points than parameters and one more, values without logarithm, or starts outside of the domains. */
export function fitLaw<P extends string, X>(
  law: Law<P, X>,
  points: readonly LawPoint<X>[],
  { starts, refined = 24, residuals = "log", delta = residuals === "log" ? SCALING_LAW_DELTA : Infinity, bootstrap = {} }: LawOptions<P>,
): Fit<P, X> {
  // SAFETY: domains is a Record<P, Domain>, so its keys are the parameter names.
  const names = Object.keys(law.domains) as P[];
  const values = points.map((point) => point.y);
  const what = `fitLaw ${law.formula}`;
  checkEnough(what, { points: points.length, least: names.length + 1, inputs: {} });
  const targets = residuals === "log" ? positiveLogs(what, values) : finite(what, values);
  // SAFETY: every name of P is given a value.
  const toParameters = (theta: Float64Array): Parameters<P> =>
    Object.fromEntries(names.map((name, j) => [name, outward(law.domains[name], theta[j])])) as Record<P, number>;
  const curve = numericCurve({
    dims: names.length,
    points: points.length,
    values: (theta, out) => {
      const parameters = toParameters(theta);
      points.forEach(({ x }, i) => {
        const value = law.predict(parameters, x);
        out[i] = residuals === "log" ? Math.log(value) : value;
      });
    },
  });
  const candidates = starts
    .map((start) => Float64Array.from(names, (name) => inward({ what, name, domain: law.domains[name], value: start[name] })))
    .map((theta) => ({ theta, loss: huberLossAt({ curve, targets, delta }, theta) }))
    .filter(({ loss }) => Number.isFinite(loss))
    .sort((a, b) => a.loss - b.loss);
  const fit = robustFit({ curve, targets, delta, starts: candidates.slice(0, refined).map(({ theta }) => theta) });
  return finishFit({ law: law.formula, curve, targets, delta, fit, bootstrap, toParameters, predict: law.predict });
}

/** Every combination of the listed values. */
export function startGrid<P extends string>(lists: Readonly<Record<P, readonly number[]>>): Parameters<P>[] {
  // SAFETY: the keys of a Record<P, …> are P; the combinations below name each of them.
  const names = Object.keys(lists) as P[];
  const blank = mapRecord(lists, () => NaN);
  return names.reduce<Parameters<P>[]>((grid, name) => grid.flatMap((start) => lists[name].map((value) => ({ ...start, [name]: value }))), [blank]);
}

/** A curve whose derivatives are central differences of its values. */
export function numericCurve({
  dims,
  points,
  values,
}: {
  readonly dims: number;
  readonly points: number;
  readonly values: (theta: Float64Array, out: Float64Array) => void;
}): Curve {
  const above = new Float64Array(points);
  const below = new Float64Array(points);
  return {
    dims,
    points,
    evaluate: (theta, out, jacobian) => {
      values(theta, out);
      if (jacobian === undefined) return;
      const at = Float64Array.from(theta);
      for (let j = 0; j < dims; j++) {
        const h = Math.cbrt(Number.EPSILON) * Math.max(1, Math.abs(theta[j]));
        at[j] = theta[j] + h;
        const width = at[j];
        values(at, above);
        at[j] = theta[j] - h;
        values(at, below);
        for (let i = 0; i < points; i++) jacobian[i * dims + j] = (above[i] - below[i]) / (width - at[j]);
        at[j] = theta[j];
      }
    },
  };
}

function outward(domain: Domain, free: number): number {
  if (domain === "real") return free;
  if (domain === "positive") return Math.exp(free);
  const [low, high] = domain;
  return low + (high - low) / (1 + Math.exp(-free));
}

function inward({
  what,
  name,
  domain,
  value,
}: {
  readonly what: string;
  readonly name: string;
  readonly domain: Domain;
  readonly value: number;
}): number {
  const free = domain === "real" ? value : domain === "positive" ? Math.log(value) : Math.log((value - domain[0]) / (domain[1] - value));
  if (!Number.isFinite(free))
    throw new ArgumentError(
      `${what}: start ${name} = ${value} is outside its domain ${typeof domain === "string" ? domain : `(${domain.join(", ")})`}`,
      {
        help: "start strictly inside of the domain",
      },
    );
  return free;
}

function finite(what: string, values: readonly number[]): Float64Array {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new ArgumentError(`${what}: point ${bad} has y = ${values[bad]}`, { help: "leave out points that are not finite" });
  return Float64Array.from(values);
}
