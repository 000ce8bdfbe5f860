/** @file Ticks at round numbers, and on logarithmic axes at powers of ten and between. */
import { powerOfTen, withPrefix } from "./format";

export type Range = readonly [number, number];

export interface RoundTick {
  readonly value: number;
  readonly text: string;
}

/** About `count` round numbers inside `range`, with the decimals that tell them apart. [] for an empty range. */
export function ticksOf([from, to]: Range, count: number): readonly RoundTick[] {
  const [low, high] = from < to ? [from, to] : [to, from];
  const raw = (high - low) / Math.max(1, count);
  if (!(raw > 0) || !Number.isFinite(raw)) return [];
  const power = 10 ** Math.floor(Math.log10(raw));
  const share = raw / power;
  // Between the geometric means of 1, 2, 5 and 10, as d3 does.
  const step = power * (share >= Math.sqrt(50) ? 10 : share >= Math.sqrt(10) ? 5 : share >= Math.sqrt(2) ? 2 : 1);
  const decimals = Math.max(0, Math.min(12, Math.ceil(-Math.log10(step) - 1e-9)));
  const out: RoundTick[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && out.length < 1000; i++) {
    const value = i * step;
    out.push({ value, text: value.toFixed(decimals).replace("-", "−") });
  }
  return out;
}

/** "0.01", "300", "20k"; "2×10¹⁵" when any tick is outside of 10⁻³…10⁵. As the static twins write them. */
function logText(value: number, powers: boolean): string {
  if (!powers) return value < 1e4 ? String(Number(value.toPrecision(3))) : withPrefix(value);
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const mantissa = Number((value / 10 ** exponent).toPrecision(3));
  return mantissa === 1 ? powerOfTen(exponent) : `${mantissa}×${powerOfTen(exponent)}`;
}

/** Ticks of a logarithmic axis whose ends are given as powers of ten; those between have no text. About `count` have one. */
export function logTicksOf([from, to]: Range, count: number): readonly RoundTick[] {
  const [low, high] = from < to ? [from, to] : [to, from];
  const decades = high - low;
  if (!(decades > 0) || !(decades < 700)) return [];
  const powers = low < -3.05 || high > 5.05;
  if (decades < 0.5) return ticksOf([10 ** low, 10 ** high], count).filter(({ value }) => value > 0);
  const labelled = decades < 1.3 ? [1, 2, 3, 5] : decades < 2.5 && decades * 3 <= count ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / Math.max(2, count)));
  const out: RoundTick[] = [];
  for (let exponent = Math.floor(low); exponent <= Math.ceil(high); exponent++)
    for (const mantissa of decades <= 8 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1]) {
      const at = exponent + Math.log10(mantissa);
      if (at < low - 1e-9 || at > high + 1e-9) continue;
      const value = mantissa * 10 ** exponent;
      out.push({ value, text: labelled.includes(mantissa) && exponent % every === 0 ? logText(value, powers) : "" });
    }
  return out;
}
