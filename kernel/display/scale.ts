/** @file Axis scales: values to pixels, ticks with labels, and domains that suit the data. */
import { scaleLinear, scaleLog, scaleSymlog } from "d3-scale";
import { powerOfTen, significant, withPrefix } from "./format";
import type { AxisPayload, ScaleType } from "./schema";
import { extentOf } from "./values";

export interface Tick {
  readonly value: number;
  /** Pixels. */
  readonly at: number;
  /** "" for a minor tick. */
  readonly text: string;
}

export interface Scale {
  readonly axis: AxisPayload;
  /** Pixels; NaN where the value has no place (not finite, or ≤ 0 on a log axis). */
  readonly at: (value: number) => number;
  readonly ticks: readonly Tick[];
}

/** Values beyond this are treated as infinite when plotted: differences of larger float64 overflow. */
const MAX_PLOTTED = 1e300;

export interface DomainOptions {
  readonly scale: ScaleType;
  /** Include zero (bars). Default false. */
  readonly zero?: boolean;
  /** Room at both ends as a share of the span (of the logarithm on log axes). Default 0. */
  readonly pad?: number;
}

/** Smallest and largest value to show; [0, 1] (log: [1, 10]) when no value has a place. A single value gets room around it. */
export function domainOf(values: ArrayLike<number>, { scale, zero = false, pad = 0 }: DomainOptions): readonly [number, number] {
  const log = scale === "log";
  const extent = extentOf(values, (value) => Math.abs(value) <= MAX_PLOTTED && (!log || value > 0));
  if (extent === undefined) return log ? [1, 10] : [0, 1];
  if (log) {
    const [low, high] = extent.map(Math.log10);
    const room = high - low < 1e-9 ? 0.3 : (high - low) * pad;
    return [10 ** Math.max(-300, low - room), 10 ** Math.min(300, high + room)];
  }
  const [low, high] = zero ? [Math.min(0, extent[0]), Math.max(0, extent[1])] : extent;
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (!(high - low > Math.max(1e-300, size * 1e-12))) return size < 1e-290 ? [low - 1, high + 1] : [low - size * 0.1, high + size * 0.1];
  const room = (high - low) * pad;
  // A pad below zero for data that starts at zero would show values that do not exist.
  return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room];
}

/** Constant of a symlog axis: the smallest size among the largest four decades of the data. */
export function symlogConstant(values: ArrayLike<number>): number {
  const sizes = Array.from(values, Math.abs).filter((size) => size > 0 && size <= MAX_PLOTTED);
  const extent = extentOf(sizes);
  return extent === undefined ? 1 : Math.max(extent[0], extent[1] * 1e-4);
}

/** Decimals that tell ticks `step` apart. */
const decimalsOf = (step: number): number => Math.max(0, Math.min(12, Math.ceil(-Math.log10(step) - 1e-9)));

function linearLabel(value: number, step: number, largest: number): string {
  if (Math.abs(value) < step * 1e-6) return "0";
  if (largest >= 1e4 && largest < 1e21) return withPrefix(value, "", Math.min(12, Math.max(3, Math.ceil(Math.log10(largest / step)) + 1)));
  if (largest >= 1e21 || step < 1e-4) return significant(value, Math.min(12, Math.max(2, Math.ceil(Math.log10(largest / step)) + 1)));
  return value.toFixed(decimalsOf(step)).replace("-", "−");
}

function linearTicks(domain: readonly [number, number], count: number): { readonly value: number; readonly text: string }[] {
  const values = scaleLinear().domain(domain).ticks(count);
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : Math.abs(domain[1] - domain[0]);
  const largest = Math.max(...values.map(Math.abs), 0);
  return values.map((value) => ({ value, text: linearLabel(value, step, largest) }));
}

/** "0.01", "300", "20k", "2×10¹⁵": powers when any tick is outside of 10⁻³…10⁵. */
const logLabel = (value: number, powers: boolean): string => {
  if (!powers) return value < 1e4 ? String(Number(value.toPrecision(3))) : withPrefix(value);
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const mantissa = Number((value / 10 ** exponent).toPrecision(3));
  return mantissa === 1 ? powerOfTen(exponent) : `${mantissa}×${powerOfTen(exponent)}`;
};

function logTicks(domain: readonly [number, number], count: number): { readonly value: number; readonly text: string }[] {
  const low = Math.min(...domain);
  const high = Math.max(...domain);
  const decades = Math.log10(high / low);
  const powers = low < 0.9e-3 || high > 1.1e5;
  if (decades < 0.5)
    return scaleLinear()
      .domain([low, high])
      .ticks(count)
      .filter((value) => value > 0)
      .map((value) => ({ value, text: logLabel(value, powers) }));
  const labelled = decades < 1.3 ? [1, 2, 3, 5] : decades < 2.5 && decades * 3 <= count ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / Math.max(2, count)));
  const minor = decades <= 8 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1];
  const out: { value: number; text: string }[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++)
    for (const mantissa of minor) {
      const value = mantissa * 10 ** exponent;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      out.push({ value, text: labelled.includes(mantissa) && exponent % every === 0 ? logLabel(value, powers) : "" });
    }
  return out;
}

function symlogTicks([low, high]: readonly [number, number], constant: number, count: number): { readonly value: number; readonly text: string }[] {
  const first = Math.ceil(Math.log10(constant) - 1e-9);
  const last = Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high), constant)) + 1e-9);
  const sides = low < 0 && high > 0 ? 2 : 1;
  const every = Math.max(1, Math.ceil((sides * (last - first + 1)) / Math.max(2, count)));
  const values = [0];
  for (let exponent = last; exponent >= first; exponent -= every) values.push(10 ** exponent, -(10 ** exponent));
  return values
    .filter((value) => value >= low && value <= high)
    .map((value) => ({ value, text: linearLabel(value, Math.abs(value), Math.abs(value)) }));
}

export interface ScaleRange {
  /** Pixel of the first and of the last value of the domain. */
  readonly range: readonly [number, number];
  /** Ticks wished for. */
  readonly count: number;
}

/** The scale of an axis over a range of pixels. */
export function scaleOf(axis: AxisPayload, { range, count }: ScaleRange): Scale {
  const domain = [...axis.domain];
  if (axis.scale === "category") {
    const names = axis.categories ?? [];
    const [from, to] = domain[0] > domain[1] ? [range[1], range[0]] : range;
    const at = (value: number): number => from + ((value + 0.5) / Math.max(1, names.length)) * (to - from);
    return { axis, at, ticks: names.map((text, value) => ({ value, text, at: at(value) })) };
  }
  const d3 =
    axis.scale === "log"
      ? scaleLog(domain, range)
      : axis.scale === "symlog"
        ? scaleSymlog(domain, range).constant(axis.constant ?? 1)
        : scaleLinear(domain, range);
  const at = (value: number): number => (Number.isFinite(value) && (axis.scale !== "log" || value > 0) ? Number(d3(value)) : NaN);
  const found =
    axis.scale === "log"
      ? logTicks(axis.domain, count)
      : axis.scale === "symlog"
        ? symlogTicks(axis.domain, axis.constant ?? 1, count)
        : linearTicks(axis.domain, count);
  return { axis, at, ticks: found.map((tick) => ({ ...tick, at: at(tick.value) })) };
}

/** "loss (nats)", "loss", or "". */
export const axisTitle = ({ label, unit }: { readonly label: string; readonly unit: string }): string =>
  label === "" ? unit : unit === "" || unit === label ? label : `${label} (${unit})`;
