/** @file Fits the law of a payload again to fewer points, with the code that the kernel fits with. */
import type { FittedParameter, ScalingPayload } from "../../../kernel/display/schema";
import { fitLaw, startGrid } from "../../../kernel/fit/law";
import { fitPowerLaw } from "../../../kernel/fit/powerLaw";
import { type Equation, equationOf } from "./equation";

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Bounds {
  readonly low: number;
  readonly high: number;
}
/** A fitted law. */
export interface Law {
  readonly parameters: readonly FittedParameter[];
  predict(x: number): number;
  /** NaN bounds where there is no interval. */
  band(x: number): Bounds;
}
/** @throws {ArgumentError} when the points do not determine the law. */
export type Fitter = (points: readonly Point[], intervals: "with intervals" | "without intervals") => Law;

type Values = Readonly<Record<string, number>>;

/** The part of the kernel's fits that is used here. */
interface KernelFit {
  readonly parameters: Values;
  readonly intervals: Readonly<Record<string, Bounds>>;
  predict(x: number): number;
  band(x: number): Bounds;
}

const lawOf = ({ parameters, intervals, predict, band }: KernelFit, names: readonly string[]): Law => ({
  parameters: names.map((name) => ({
    name,
    value: finite(parameters[name]),
    low: finite(intervals[name]?.low),
    high: finite(intervals[name]?.high),
  })),
  predict,
  band,
});

const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);

/** How the kernel may have fitted: laws with their usual options. The first that gives the payload's own parameters is taken. */
function candidates({ equation, parameters, level }: ScalingPayload): Fitter[] {
  const names = parameters.map(({ name }) => name);
  const bootstrap = (intervals: Parameters<Fitter>[1]): { readonly level: number } | "none" => (intervals === "with intervals" ? { level } : "none");
  const has = (...wanted: readonly string[]): boolean => wanted.length === names.length && wanted.every((name) => names.includes(name));
  const powers: Fitter[] = [];
  if (has("E", "A", "alpha")) powers.push((points, intervals) => lawOf(fitPowerLaw(points, { bootstrap: bootstrap(intervals) }), names));
  if (has("E", "A", "alpha") || has("A", "alpha"))
    for (const delta of [undefined, Infinity])
      powers.push((points, intervals) => lawOf(fitPowerLaw(points, { irreducible: "none", delta, bootstrap: bootstrap(intervals) }), names));
  const formula = equationOf(equation, names);
  if (formula === undefined) return powers;
  const general = (["log", "plain"] as const).flatMap((residuals) =>
    [undefined, Infinity].map(
      (delta): Fitter =>
        (points, intervals) =>
          lawOf(
            fitFormula({ formula, payload: { equation, parameters }, points, options: { residuals, delta, bootstrap: bootstrap(intervals) } }),
            names,
          ),
    ),
  );
  return [...powers, ...general];
}

interface Formula {
  readonly formula: Equation;
  readonly payload: Pick<ScalingPayload, "equation" | "parameters">;
  readonly points: readonly Point[];
  readonly options: {
    readonly residuals: "log" | "plain";
    readonly delta: number | undefined;
    readonly bootstrap: { readonly level: number } | "none";
  };
}

/** Parameters that start in combination: more would make thousands of starts. */
const MAX_PARAMETERS = 5;

function fitFormula({ formula, payload: { equation, parameters }, points, options }: Formula): KernelFit {
  const values = parameters.slice(0, MAX_PARAMETERS).map(({ name, value }) => [name, value ?? 1] as const);
  const domains = Object.fromEntries(values.map(([name, value]) => [name, value > 0 ? ("positive" as const) : ("real" as const)]));
  const starts = startGrid(Object.fromEntries(values.map(([name, value]) => [name, [value, value * 0.6, value * 1.6]])));
  return fitLaw<string, number>({ formula: equation, domains, predict: (p, x) => formula.evaluate(p, x) }, points, {
    ...options,
    starts,
    refined: 8,
  });
}

/** Points of the payload that can be fitted, with their indices. */
export const usablePoints = ({ points }: ScalingPayload): readonly (Point & { readonly index: number })[] =>
  points.x.flatMap((x, index) => {
    const y = points.y[index];
    return x !== null && y !== null && x > 0 && y > 0 ? [{ x, y, index }] : [];
  });

/** Largest relative difference of a parameter at which a fit counts as the payload's own: its numbers have 5 digits, and so have its points. */
const SAME = 5e-3;

/** The way to fit this payload's law again; undefined when none of those known gives the payload's own parameters. */
export function fitterOf(payload: ScalingPayload): Fitter | undefined {
  const points = usablePoints(payload);
  if (payload.parameters.length === 0) return undefined;
  return candidates(payload).find((fit) => {
    try {
      return fit(points, "without intervals").parameters.every(({ value }, i) => close(value, payload.parameters[i].value));
    } catch {
      return false;
    }
  });
}

const close = (a: number | null, b: number | null): boolean =>
  a !== null && b !== null && Math.abs(a - b) <= SAME * Math.max(Math.abs(a), Math.abs(b), 1e-12);

/** The payload's own law: by its formula where it can be read, else between the points of its curve only. */
export function ownLaw(payload: ScalingPayload): Law {
  const { parameters, curve, equation } = payload;
  const values = Object.fromEntries(parameters.map(({ name, value }) => [name, value ?? NaN]));
  const formula = equationOf(equation, Object.keys(values));
  const predict = (x: number): number => (formula === undefined ? between(curve?.x ?? [], curve?.y ?? [], x) : formula.evaluate(values, x));
  return {
    parameters,
    predict,
    band: (x) => ({ low: between(curve?.x ?? [], curve?.low ?? [], x), high: between(curve?.x ?? [], curve?.high ?? [], x) }),
  };
}

/** The value at x on a line through rising points, straight in logarithms; NaN outside of them. */
export function between(xs: readonly (number | null)[], ys: readonly (number | null)[], x: number): number {
  const after = xs.findIndex((value) => value !== null && value >= x * (1 - 1e-9));
  const [x1, y1] = [xs[after] ?? NaN, ys[after] ?? NaN];
  if (after < 0 || Math.abs(x1 / x - 1) < 1e-6) return y1;
  const [x0, y0] = [xs[after - 1] ?? NaN, ys[after - 1] ?? NaN];
  const share = Math.log(x / x0) / Math.log(x1 / x0);
  return y0 > 0 && y1 > 0 ? Math.exp(Math.log(y0) + share * Math.log(y1 / y0)) : y0 + share * (y1 - y0);
}
