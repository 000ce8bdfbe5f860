/** @file Axes of a figure for plotly: where values stand, ticks of the kinds that plotly has not, and values as text. */
import type { LayoutAxis } from "plotly.js";
import type { AxisPayload } from "../../../kernel/display/schema";
import { axisTitle, powerOfTen, significant, withUnit } from "../../shared/format";
import { axisLayout } from "../../shared/plotStyle";
import type { Theme } from "../../shared/renderer";

export interface Axis {
  readonly payload: AxisPayload;
  /** In plotly's coordinates; null where the value has no place. */
  readonly place: (value: number | null) => number | null;
  /** `count + 1` edges between two values, at equal distances on the screen, in plotly's coordinates. */
  readonly edges: (from: number, to: number, count: number) => number[];
  readonly layout: (theme: Theme, side: "x" | "y") => Partial<LayoutAxis>;
  /** The value with its unit, or the name of the category. */
  readonly say: (value: number | null) => string;
}

/** Even on both sides of zero up to `constant`, by its logarithm beyond. */
const symlog = (value: number, constant: number): number => Math.sign(value) * Math.log1p(Math.abs(value) / constant);

/** Zero, and powers of ten on both sides, at most about eight. */
function symlogTicks([low, high]: readonly [number, number], constant: number): { readonly values: number[]; readonly texts: string[] } {
  const first = Math.ceil(Math.log10(constant) - 1e-9);
  const last = Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high), constant)) + 1e-9);
  const sides = low < 0 && high > 0 ? 2 : 1;
  const every = Math.max(1, Math.ceil((sides * (last - first + 1)) / 8));
  const found = [0];
  for (let exponent = last; exponent >= first; exponent -= every) found.push(10 ** exponent, -(10 ** exponent));
  const values = found.filter((value) => value >= Math.min(low, high) && value <= Math.max(low, high)).sort((a, b) => a - b);
  const text = (value: number): string => (value === 0 ? "0" : `${value < 0 ? "−" : ""}${powerOfTen(Math.round(Math.log10(Math.abs(value))))}`);
  return { values: values.map((value) => symlog(value, constant)), texts: values.map(text) };
}

/** Characters of a line of a category name on the axis; hover shows all of it. */
const MAX_LINE = 16;
const cutTo = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** A category name in one line or two, broken between words where they are most alike in length. */
export function nameLines(name: string): string {
  if (name.length <= MAX_LINE) return name;
  const breaks = [...name.matchAll(/ /g)].map(({ index }) => index);
  const longer = (at: number): number => Math.max(at, name.length - at - 1);
  const best = breaks.reduce<number | undefined>((least, at) => (least === undefined || longer(at) < longer(least) ? at : least), undefined);
  return best === undefined ? cutTo(name, MAX_LINE + 6) : `${cutTo(name.slice(0, best), MAX_LINE)}\n${cutTo(name.slice(best + 1), MAX_LINE)}`;
}

const even = (from: number, to: number, count: number): number[] => Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);

export function figureAxis(payload: AxisPayload): Axis {
  const { scale, domain, constant = 1, categories = [], unit } = payload;
  const title = axisTitle(payload);
  const say = (value: number | null): string => withUnit(value, unit, 5);
  switch (scale) {
    case "log":
      return {
        payload,
        place: (value) => (value === null || value <= 0 ? null : value),
        edges: (from, to, count) => (from > 0 && to > 0 ? even(Math.log10(from), Math.log10(to), count).map((exponent) => 10 ** exponent) : []),
        layout: (theme, side) => axisLayout(theme, { title, type: "log", range: [Math.log10(domain[0]), Math.log10(domain[1])], side }),
        say,
      };
    case "symlog": {
      const place = (value: number): number => symlog(value, constant);
      return {
        payload,
        place: (value) => (value === null ? null : place(value)),
        edges: (from, to, count) => even(place(from), place(to), count),
        layout: (theme, side) => axisLayout(theme, { title, type: "linear", range: [place(domain[0]), place(domain[1])], side, ticks: symlogTicks(domain, constant) }),
        say,
      };
    }
    case "category": {
      const [low, high] = [-0.5, Math.max(0.5, categories.length - 0.5)];
      const ticks = { values: categories.map((_, index) => index), texts: categories.map(nameLines) };
      return {
        payload,
        place: (value) => value,
        edges: even,
        layout: (theme, side) => axisLayout(theme, { title, type: "category", range: domain[0] > domain[1] ? [high, low] : [low, high], side, ticks, grid: false }),
        say: (value) => categories[Math.round(value ?? NaN)] ?? significant(value),
      };
    }
    case "linear":
      return { payload, place: (value) => value, edges: even, layout: (theme, side) => axisLayout(theme, { title, type: "linear", range: domain, side }), say };
  }
}
