/** @file Schedules: learning rates (or any number) as functions of the step, inside the graph, so that nothing is traced again. */
import { ArgumentError } from "../errors";
import { add, cast, clip, cos, exp, greaterEqual, less, mul, scalar, sqrt, sub, where } from "../graph/ops/elementwise";
import { broadcastTo, reshape } from "../graph/ops/movement";
import type { Tensor } from "../graph/tensor";

/** The value for a count of steps done (0 at the first update). Elementwise: given steps [N], it returns the curve [N]. */
export type Schedule = (step: Tensor) => Tensor;
/** A number, a schedule, or a scalar tensor (an argument of the compiled step). */
export type Rate = number | Schedule | Tensor;

/** The rate at `step`: a number stays one, a tensor becomes a scalar. */
export function rateAt(rate: Rate, step: Tensor): number | Tensor {
  if (typeof rate === "number") return rate;
  return reshape(typeof rate === "function" ? rate(step) : rate, []);
}

const time = (step: Tensor): Tensor => cast(step, "float32");

function requireSteps(name: string, steps: Readonly<Record<string, number>>): void {
  for (const [what, value] of Object.entries(steps)) {
    if (Number.isFinite(value) && value >= 0) continue;
    throw new ArgumentError(`${name}: ${what} is ${value}`, { help: `${what} is a count of steps, 0 or more` });
  }
}

/** Always `value`. */
export const constant = (value: number): Schedule => (step) => broadcastTo(scalar(value), step.shape);

export interface LinearScheduleOptions {
  readonly from: number;
  readonly to: number;
  /** Reached after so many steps, and kept. */
  readonly steps: number;
}

/** A straight line. */
export function linear({ from, to, steps }: LinearScheduleOptions): Schedule {
  requireSteps("linear", { steps });
  return (step) => add(mul(clip(mul(time(step), 1 / Math.max(steps, 1)), 0, 1), to - from), from);
}

/** Grows in a line to `peak`: peak / steps at the first update, peak at update number `steps` and after. */
export function warmup({ peak, steps }: { readonly peak: number; readonly steps: number }): Schedule {
  requireSteps("warmup", { steps });
  return (step) => clip(mul(add(time(step), 1), peak / Math.max(steps, 1)), Math.min(peak, 0), Math.max(peak, 0));
}

/** The share of warm-up in all steps where none is given. */
const WARMUP_SHARE = 0.05;
/** Hägele et al. 2024 find 10 to 20% enough. */
const DECAY_SHARE = 0.2;
const defaultWarmup = (steps: number): number => Math.ceil(WARMUP_SHARE * steps);

export interface WarmupCosineOptions {
  readonly peak: number;
  /** Steps of linear growth. Default 5% of `steps`. */
  readonly warmup?: number;
  /** All steps together, warm-up included. */
  readonly steps: number;
  /** Value at the end, kept afterwards. Default a tenth of the peak (Hoffmann et al. 2022, §3). */
  readonly floor?: number;
}

/** Linear growth, then half a cosine down to the floor (Loshchilov & Hutter 2017, without restarts). */
export function warmupCosine({ peak, steps, warmup: grown = defaultWarmup(steps), floor = peak / 10 }: WarmupCosineOptions): Schedule {
  requireSteps("warmupCosine", { steps, warmup: grown });
  if (grown > steps) throw new ArgumentError(`warmupCosine: warm-up of ${grown} in ${steps} steps`, { help: "warm-up is part of the steps" });
  const rise = warmup({ peak, steps: grown });
  return (step) => {
    const progress = progressOf(step, grown, steps);
    const fall = add(mul(add(cos(mul(progress, Math.PI)), 1), (peak - floor) / 2), floor);
    return where(less(time(step), grown), rise(step), fall);
  };
}

/** How far `step` is on its way from `start` to `end`: 0…1, 1 from the end on. */
const progressOf = (step: Tensor, start: number, end: number): Tensor =>
  end > start ? clip(mul(sub(time(step), start), 1 / (end - start)), 0, 1) : cast(greaterEqual(time(step), end), "float32");

export interface WsdOptions {
  readonly peak: number;
  /** Steps of linear growth. Default 5% of `steps`. */
  readonly warmup?: number;
  /** Steps of the decay at the end. Default 20% of `steps`. */
  readonly decay?: number;
  /** All steps together. */
  readonly steps: number;
  /** Value at the end, kept afterwards. Default 0. */
  readonly floor?: number;
  /** Form of the decay: a line, or 1 − √progress (Hägele et al. 2024), which falls faster at first. Default "linear". */
  readonly shape?: "linear" | "sqrt";
}

/** Warm-up, stable, decay (Hu et al. 2024, MiniCPM): the middle is constant, so that a run may be prolonged before it decays. */
export function wsd({ peak, steps, warmup: grown = defaultWarmup(steps), decay = Math.ceil(DECAY_SHARE * steps), floor = 0, shape }: WsdOptions): Schedule {
  requireSteps("wsd", { steps, warmup: grown, decay });
  if (grown + decay > steps)
    throw new ArgumentError(`wsd: warm-up of ${grown} and decay of ${decay} in ${steps} steps`, { help: "together they must fit into the steps" });
  const rise = warmup({ peak, steps: grown });
  return (step) => {
    const progress = progressOf(step, steps - decay, steps);
    const fallen = shape === "sqrt" ? sqrt(progress) : progress;
    return where(less(time(step), grown), rise(step), add(mul(fallen, floor - peak), peak));
  };
}

export interface ExponentialOptions {
  readonly from: number;
  /** Factor for every `every` steps. */
  readonly rate: number;
  /** Default 1. */
  readonly every?: number;
}

/** from · rate^(step / every). */
export function exponential({ from, rate, every = 1 }: ExponentialOptions): Schedule {
  if (!(rate > 0) || !(every > 0))
    throw new ArgumentError(`exponential: rate ${rate} every ${every} steps`, { help: "both are above 0; a rate below 1 decays" });
  return (step) => mul(exp(mul(time(step), Math.log(rate) / every)), from);
}

/**
 * Pieces in order, each from its first step until the next one's: numbers, or schedules that count from the start of their piece.
 * The first piece also holds before its start.
 */
export function piecewise(pieces: readonly (readonly [from: number, value: number | Schedule])[]): Schedule {
  const starts = pieces.map(([from]) => from);
  if (pieces.length === 0 || starts.some((from, i) => i > 0 && !(from > starts[i - 1])))
    throw new ArgumentError(`piecewise: pieces from ${starts.join(", ") || "nowhere"}`, { help: "give one piece or more, in ascending order of their first steps" });
  return (step) => {
    const values = pieces.map(([from, value]) => (typeof value === "number" ? constant(value)(step) : value(sub(time(step), from))));
    return values.reduce((before, value, i) => where(less(time(step), starts[i]), before, value));
  };
}
