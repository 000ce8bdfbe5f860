/** @file What of a spectrum is shown at a step: the nearest spectrum of each layer, names without what they share, measures over steps. */
import type { SpectrumLayer } from "../../../kernel/display/schema";

export const MEASURES = [
  { key: "effectiveRank", text: "Effective rank" },
  { key: "stableRank", text: "Stable rank" },
  { key: "tailExponent", text: "Tail exponent" },
] as const;
export type MeasureKey = (typeof MEASURES)[number]["key"];

/** All steps of all layers, rising, each once. */
export const allSteps = (layers: readonly SpectrumLayer[]): number[] => [...new Set(layers.flatMap(({ steps }) => steps))].sort((a, b) => a - b);

/** Index of the last spectrum taken at this step or before it; 0 when there is none; −1 without spectra. */
export function spectrumAt({ steps }: SpectrumLayer, step: number): number {
  if (steps.length === 0) return -1;
  let at = 0;
  steps.forEach((value, i) => {
    if (value <= step) at = i;
  });
  return at;
}

/** Names without the start and the end that all of them share, cut at dots: "blocks.0.mlp.up.weight" → "0.mlp.up"; a number alone keeps what it counts: "blocks.0". */
export function shortNames(names: readonly string[]): readonly string[] {
  if (names.length < 2) return names;
  const parts = names.map((name) => name.split("."));
  const least = Math.min(...parts.map((part) => part.length));
  const same = (at: (part: readonly string[], i: number) => string, i: number): boolean => parts.every((part) => at(part, i) === at(parts[0], i));
  let start = 0;
  while (start < least - 1 && same((part, i) => part[i], start)) start++;
  let end = 0;
  while (end < least - 1 - start && same((part, i) => part[part.length - 1 - i], end)) end++;
  const kept = (from: number): string[] => parts.map((part) => part.slice(from, part.length - end).join("."));
  while (start > 0 && kept(start).some((name) => !/\p{L}/u.test(name))) start--;
  return kept(start);
}

/** Values at rounding level would squeeze all others into the top of a logarithmic axis. */
const ROUNDING = 1e-7;

/** All singular values worth an axis: above 0 and above rounding of the largest. */
export function visibleValues(layers: readonly SpectrumLayer[]): number[] {
  const values = layers.flatMap(({ singularValues }) =>
    singularValues.flatMap((spectrum) => spectrum.flatMap((value) => (value !== null && value > 0 ? [value] : []))),
  );
  const most = values.reduce((high, value) => Math.max(high, value), 0);
  return values.filter((value) => value > most * ROUNDING);
}

/** The straight line of a tail exponent through the middle of a spectrum: ends of [rank, value], or undefined where there is none. */
export function tailLine(
  { ranks, singularValues, tailExponent, fullRank }: SpectrumLayer,
  at: number,
): { readonly x: readonly [number, number]; readonly y: readonly [number, number] } | undefined {
  const alpha = tailExponent[at];
  if (alpha === null || alpha === undefined) return undefined;
  const [low, high] = [Math.max(1, Math.floor(fullRank * 0.1)) + 1, Math.ceil(fullRank * 0.9)];
  const inside = ranks.flatMap((rank, i) => {
    const value = singularValues[at]?.[i] ?? 0;
    return rank >= low && rank <= high && value !== null && value > 0 ? [Math.log(value) + alpha * Math.log(rank)] : [];
  });
  if (inside.length < 3 || !(high > low)) return undefined;
  const level = inside.reduce((sum, value) => sum + value, 0) / inside.length;
  const y = (rank: number): number => Math.exp(level - alpha * Math.log(rank));
  return { x: [low, high], y: [y(low), y(high)] };
}

/** Indices of the layers whose effective rank changed most over training, at most `count`; the first ones where nothing changed. */
export function changedMost(layers: readonly SpectrumLayer[], count: number): ReadonlySet<number> {
  const change = ({ effectiveRank }: SpectrumLayer): number => Math.abs(Math.log((effectiveRank.at(-1) ?? NaN) / (effectiveRank[0] ?? NaN))) || 0;
  const order = layers.map((layer, index) => ({ index, size: change(layer) })).sort((a, b) => b.size - a.size || a.index - b.index);
  return new Set(order.slice(0, count).map(({ index }) => index));
}
