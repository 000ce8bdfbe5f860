/** @file Ticks at round numbers. */

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
