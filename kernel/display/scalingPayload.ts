/** @file What a user gives to see a scaling law, and its payload: points, curve with interval, iso-FLOP profiles, optimum, residuals. */
import { ArgumentError } from "../errors";
import { evenIndices, pick } from "./downsample";
import { percent, plural, significant } from "./format";
import { powerLaw } from "./powerLaw";
import type { FittedParameter, IsoFlopCurve, Numbers, QuantityPayload, ScalingCurve, ScalingPayload } from "./schema";
import { extentOf, jsonNumber, jsonNumbers, numbersOf, sameLength, type NumberSource } from "./values";

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** A fitted law of one input; the fits of `fit.powerLaw` and `fit.law` are. Intervals that are NaN are not shown. */
export interface ScalingFit {
  /** The formula. */
  readonly law: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly intervals?: Readonly<Record<string, Bounds & { readonly level?: number }>>;
  predict(x: number): number;
  band?(x: number): Bounds;
}

/** Iso-FLOP profiles; the result of `fit.isoflop` is. */
export interface ScalingProfiles {
  readonly profiles: readonly {
    readonly flops: number;
    /** At the minimum. */
    readonly params: number;
    readonly loss: number;
    readonly runs: readonly { readonly params: number; readonly loss: number }[];
    predict(params: number): number;
  }[];
  /** Best size against FLOPs. */
  readonly params?: { readonly exponent: number; readonly exponentInterval?: Bounds; predict(flops: number): number };
}

export interface ScalingOptions {
  readonly title?: string;
  /** Default "parameters". */
  readonly x?: { readonly label: string; readonly unit?: string };
  /** Default "loss" in nats. */
  readonly y?: { readonly label: string; readonly unit?: string };
  /** Measured; both above 0. `series` groups points by colour. */
  readonly points: { readonly x: NumberSource; readonly y: NumberSource; readonly series?: readonly string[] };
  /** Default: y = A·x^−α by least squares of logarithms, without interval. */
  readonly fit?: ScalingFit;
  /** x to which the curve is continued; the finding says what it predicts there. */
  readonly until?: number;
  readonly profiles?: ScalingProfiles;
}

const CURVE_POINTS = 80;
const MAX_POINTS = 1500;
const MAX_PROFILES = 12;

/** @throws {ArgumentError} when x and y differ in length or no point has both above 0. */
export function scalingPayload(options: ScalingOptions): ScalingPayload {
  const { title = "", points, until, profiles } = options;
  const x = quantity(options.x ?? { label: "parameters" });
  const y = quantity(options.y ?? { label: "loss", unit: "nats" });
  const [xs, ys] = [numbersOf(points.x), numbersOf(points.y)];
  const count = sameLength({ x: xs, y: ys, series: points.series }, "scaling points");
  const usable = Array.from(xs).flatMap((value, i) => (value > 0 && ys[i] > 0 && Number.isFinite(value + ys[i]) ? [i] : []));
  if (usable.length === 0)
    throw new ArgumentError(`${plural(count, "scaling point")}, none with x and y above 0`, {
      help: "give measured points; both axes are logarithmic",
    });
  if (until !== undefined && !(until > 0 && Number.isFinite(until)))
    throw new ArgumentError(`a curve until x = ${until}`, { help: "give a finite x above 0" });
  const kept = pick(usable, evenIndices(usable.length, MAX_POINTS));
  const cuts = kept.length < usable.length ? [`${kept.length} of ${usable.length} points shown`] : [];
  if (usable.length < count) cuts.push(`${plural(count - usable.length, "point")} not above 0 left out`);
  const fit = options.fit ?? simpleFit(pick(xs, usable), pick(ys, usable));
  const level = fit === undefined ? 0.95 : (Object.values(fit.intervals ?? {})[0]?.level ?? 0.95);
  const extent = extentOf(until === undefined ? pick(xs, usable) : [...pick(xs, usable), until]) ?? [1, 1];
  const curve = fit === undefined ? null : curveOf(fit, extent);
  const predicted = kept.map((i) => fit?.predict(xs[i]) ?? NaN);
  const isoFlop = (profiles?.profiles ?? []).slice(0, MAX_PROFILES).map(isoFlopOf);
  if (profiles !== undefined && profiles.profiles.length > isoFlop.length)
    cuts.push(`${isoFlop.length} of ${profiles.profiles.length} iso-FLOP curves`);
  const rounded = {
    x: kept.map((i) => jsonNumber(xs[i], 7)),
    y: kept.map((i) => jsonNumber(ys[i])),
    series: kept.map((i) => (points.series?.[i] ?? "").slice(0, 60)),
  };
  const payload = {
    version: 1,
    title: title.slice(0, 300),
    cuts,
    x,
    y,
    points: rounded,
    curve,
    residuals: fit === undefined ? [] : kept.map((i, at) => jsonNumber((ys[i] - predicted[at]) / predicted[at], 4)),
    equation: (fit?.law ?? "").slice(0, 200),
    parameters: fit === undefined ? [] : parametersOf(fit),
    level,
    isoFlop,
    optimum: profiles?.params === undefined ? null : optimumOf(profiles.params, isoFlop),
  } as const;
  return { ...payload, finding: findingOf(payload, { fit, until, usable: usable.length, optimum: profiles?.params }).slice(0, 1000) };
}

const quantity = ({ label, unit = "" }: { readonly label: string; readonly unit?: string }): QuantityPayload => ({
  label: label.slice(0, 80),
  unit: unit.slice(0, 40),
});

/** The line through the logarithms, or undefined for fewer than two different x. */
function simpleFit(x: readonly number[], y: readonly number[]): ScalingFit | undefined {
  const law = powerLaw(x, y);
  if (law === undefined) return undefined;
  return { law: "A*x^-alpha", parameters: { A: law.factor, alpha: -law.exponent }, predict: (at) => law.factor * at ** law.exponent };
}

function curveOf(fit: ScalingFit, [low, high]: readonly [number, number]): ScalingCurve {
  const ratio = high > low ? Math.log(high / low) : 0;
  const x = Array.from({ length: CURVE_POINTS }, (_, i) => low * Math.exp((ratio * i) / (CURVE_POINTS - 1)));
  const bands = x.map((at) => fit.band?.(at) ?? { low: NaN, high: NaN });
  const known = bands.some((band) => Number.isFinite(band.low + band.high));
  return {
    x: jsonNumbers(x, 7),
    y: jsonNumbers(x.map((at) => fit.predict(at))),
    low: known ? jsonNumbers(bands.map((band) => band.low)) : [],
    high: known ? jsonNumbers(bands.map((band) => band.high)) : [],
  };
}

/** Those that the formula names: a fit without a floor has E = 0, which says nothing. */
const parametersOf = ({ law, parameters, intervals = {} }: ScalingFit): FittedParameter[] =>
  Object.entries(parameters)
    .filter(([name, value]) => value !== 0 || law.split(/[^\p{L}\p{N}_]+/u).includes(name))
    .slice(0, 12)
    .map(([name, value]) => ({
      name: name.slice(0, 40),
      value: jsonNumber(value),
      low: jsonNumber(intervals[name]?.low ?? NaN),
      high: jsonNumber(intervals[name]?.high ?? NaN),
    }));

function isoFlopOf(profile: ScalingProfiles["profiles"][number]): IsoFlopCurve {
  const runs = profile.runs
    .filter((run) => run.params > 0 && Number.isFinite(run.params + run.loss))
    .slice(0, 100)
    .sort((a, b) => a.params - b.params);
  const inside = Number.isFinite(profile.params + profile.loss) && profile.params > 0;
  const [low, high] = extentOf([...runs.map((run) => run.params), ...(inside ? [profile.params] : [])]) ?? [1, 1];
  const size = Array.from({ length: 40 }, (_, i) => low * (high / low) ** (i / 39));
  return {
    flops: jsonNumber(profile.flops, 6) ?? 0,
    size: jsonNumbers(
      runs.map((run) => run.params),
      7,
    ),
    loss: jsonNumbers(runs.map((run) => run.loss)),
    fitSize: jsonNumbers(size, 7),
    fitLoss: jsonNumbers(size.map((at) => profile.predict(at))),
    optimum: inside ? { size: profile.params, loss: profile.loss } : null,
  };
}

function optimumOf(law: NonNullable<ScalingProfiles["params"]>, curves: readonly IsoFlopCurve[]): ScalingPayload["optimum"] {
  const [low, high] = extentOf(
    curves.map((curve) => curve.flops),
    (value) => value > 0,
  ) ?? [1, 10];
  const flops = Array.from({ length: 30 }, (_, i) => low * (high / low) ** (i / 29));
  return { flops: jsonNumbers(flops, 6), size: jsonNumbers(flops.map((at) => law.predict(at))), exponent: jsonNumber(law.exponent) };
}

const boundsText = (bounds: { readonly low: number | null; readonly high: number | null } | undefined): string =>
  bounds === undefined || bounds.low === null || bounds.high === null || !Number.isFinite(bounds.low + bounds.high)
    ? ""
    : `${significant(bounds.low)}–${significant(bounds.high)}`;

interface FindingParts {
  readonly fit: ScalingFit | undefined;
  readonly until: number | undefined;
  readonly usable: number;
  readonly optimum: ScalingProfiles["params"];
}

function findingOf(payload: Omit<ScalingPayload, "finding">, { fit, until, usable, optimum }: FindingParts): string {
  const { x, y, parameters, residuals, level } = payload;
  if (fit === undefined) return `${plural(usable, "point")} of ${y.label} at one ${x.label}: no law can be fitted.`;
  const alpha = parameters.find(({ name }) => name === "alpha") ?? parameters.at(-1);
  const floor = parameters.find(({ name, value }) => name === "E" && value !== null && value > 0);
  const interval = boundsText(alpha);
  const noun = percent(level);
  const exponent = alpha?.value ?? NaN;
  const range = interval === "" ? "" : ` (${noun} interval ${interval})`;
  const law =
    alpha?.name === "alpha"
      ? `${y.label} ${exponent >= 0 ? "falls" : "rises"} as ${x.label}^${exponent >= 0 ? "−" : ""}${significant(Math.abs(exponent))}${range}${floor === undefined ? "" : ` towards ${significant(floor.value ?? NaN)}`}`
      : `${payload.equation} fitted to ${plural(usable, "point")}`;
  const worst = residuals.reduce((most: number, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  const parts = [law, `the ${usable} points lie within ${percent(Math.max(worst, 0.001))} of the curve`];
  if (until !== undefined) {
    const bounds = boundsText(fit.band?.(until));
    parts.push(`it predicts ${y.label} ${significant(fit.predict(until))}${bounds === "" ? "" : ` (${bounds})`} at ${x.label} ${significant(until)}`);
  }
  if (optimum !== undefined) {
    const bounds = boundsText(optimum.exponentInterval);
    parts.push(`the compute-optimal size grows as FLOPs^${significant(optimum.exponent)}${bounds === "" ? "" : ` (${bounds})`}`);
  }
  return `${parts.join("; ")}.`;
}

/** Values of a list that are numbers. */
export const known = (values: Numbers): number[] => values.flatMap((value) => (value === null ? [] : [value]));
