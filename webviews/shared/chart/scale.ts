/** @file Linear and logarithmic axes: values to pixels and back, and ticks that people would choose. */
import { powerOfTen, significant, withPrefix } from "../format";

export type ScaleKind = "linear" | "log";
export type Range = readonly [number, number];

export interface Tick {
  readonly value: number;
  /** Pixels. */
  readonly at: number;
  /** "" for a minor tick. */
  readonly text: string;
}

export interface Scale {
  readonly kind: ScaleKind;
  readonly domain: Range;
  readonly range: Range;
  /** Pixels; NaN for values without a place: not finite, or not above 0 on a log axis. */
  at(value: number): number;
  /** The value at a pixel, also beyond the range. */
  invert(pixel: number): number;
  readonly ticks: readonly Tick[];
}

/** Values beyond this are treated as infinite: differences of larger float64 overflow. */
const LARGEST = 1e300;

/** Smallest and largest value that can be shown, with `pad` as a share of the span added at both ends; [0, 1] (log: [1, 10]) without any. */
export function domainOf(values: Iterable<number | null>, { kind, pad = 0 }: { readonly kind: ScaleKind; readonly pad?: number }): Range {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null || !(Math.abs(value) <= LARGEST) || (kind === "log" && value <= 0)) continue;
    const place = kind === "log" ? Math.log10(value) : value;
    low = Math.min(low, place);
    high = Math.max(high, place);
  }
  if (low > high) return kind === "log" ? [1, 10] : [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const least = kind === "log" ? 1e-6 : Math.max(1e-300, size * 1e-9);
  const room = high - low < least ? (kind === "log" ? 0.15 : size * 0.1 || 1) : (high - low) * pad;
  return kind === "log" ? [10 ** Math.max(-300, low - room), 10 ** Math.min(300, high + room)] : [low - room, high + room];
}

/** A scale with about `count` labelled ticks. */
export function scaleOf({
  kind,
  domain,
  range,
  count = 5,
}: {
  readonly kind: ScaleKind;
  readonly domain: Range;
  readonly range: Range;
  readonly count?: number;
}): Scale {
  const place = kind === "log" ? Math.log : (value: number): number => value;
  const [first, last] = [place(domain[0]), place(domain[1])];
  const perUnit = (range[1] - range[0]) / (last - first || 1);
  const at = (value: number): number =>
    Number.isFinite(value) && (kind === "linear" || value > 0) ? range[0] + (place(value) - first) * perUnit : NaN;
  const invert = (pixel: number): number => {
    const value = first + (pixel - range[0]) / perUnit;
    return kind === "log" ? Math.exp(value) : value;
  };
  const ticks = (kind === "log" ? logTicks(domain, count) : linearTicks(domain, count)).map((tick) => ({ ...tick, at: at(tick.value) }));
  return { kind, domain, range, at, invert, ticks };
}

interface Mark {
  readonly value: number;
  readonly text: string;
}

/** Steps of 1, 2 or 5 times a power of ten. */
export function linearTicks([low, high]: Range, count: number): Mark[] {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span)) return [];
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
  const first = Math.ceil(low / step - 1e-9);
  const number = Math.min(50, Math.floor(high / step + 1e-9) - first + 1);
  const largest = Math.max(Math.abs(low), Math.abs(high));
  // A span near the spacing of float64 at this size makes multiples of the step that round to beyond the ends.
  return Array.from({ length: Math.max(0, number) }, (_, i) => (first + i) * step)
    .filter((value) => value >= low - span * 1e-7 && value <= high + span * 1e-7)
    .map((value) => ({ value, text: linearText(value, step, largest) }));
}

function linearText(value: number, step: number, largest: number): string {
  if (Math.abs(value) < step * 1e-6) return "0";
  const digits = Math.min(12, Math.max(2, Math.ceil(Math.log10(largest / step)) + 1));
  if (largest >= 1e4 && largest < 1e21) return withPrefix(value, "", Math.max(3, digits));
  if (largest >= 1e21 || step < 1e-4) return significant(value, digits);
  return value.toFixed(Math.max(0, Math.min(12, Math.ceil(-Math.log10(step) - 1e-9)))).replace("-", "−");
}

/** Whole powers of ten labelled, or 1-2-5 where few decades are shown; the other multiples are minor ticks. */
export function logTicks([low, high]: Range, count: number): Mark[] {
  const decades = Math.log10(high / low);
  if (!(decades > 0) || !(low > 0) || !Number.isFinite(decades)) return [];
  const powers = low < 0.9e-3 || high > 1.1e15;
  if (decades < 0.5)
    return linearTicks([low, high], count)
      .filter(({ value }) => value > 0)
      .map(({ value, text }) => ({ value, text: powers ? logText(value, true) : text }));
  const labelled = decades < 1.3 ? [1, 2, 3, 5] : decades < 2.5 && decades * 3 <= count + 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / Math.max(2, count)));
  const minor = decades <= 8 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1];
  const out: Mark[] = [];
  for (let exponent = Math.floor(Math.log10(low)); exponent <= Math.ceil(Math.log10(high)); exponent++)
    for (const mantissa of minor) {
      const value = mantissa * 10 ** exponent;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      out.push({ value, text: labelled.includes(mantissa) && exponent % every === 0 ? logText(value, powers) : "" });
    }
  return out;
}

function logText(value: number, powers: boolean): string {
  if (!powers) return value < 1e3 ? String(Number(value.toPrecision(3))) : withPrefix(value);
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const mantissa = Number((value / 10 ** exponent).toPrecision(3));
  return mantissa === 1 ? powerOfTen(exponent) : `${mantissa}×${powerOfTen(exponent)}`;
}
