/** @file What a user gives to draw a figure, and its payload: axes with domains, marks with colours, fewer points where there are too many. */
import { ArgumentError, ShapeError } from "../errors";
import { cutTo } from "./format";
import { curveIndices, evenIndices, pick, pool } from "./downsample";
import { domainOf, symlogConstant } from "./scale";
import type { AxisPayload, Mark, ScaleType } from "./schema";
import { MUTED_INK, seriesStyle, type ColourMap } from "./theme";
import { arrayOf, byteGrid, extentOf, jsonNumber, jsonNumbers, numbersOf, sameLength, type ArraySource, type NumberSource } from "./values";

export interface AxisOptions {
  readonly label?: string;
  /** As in "FLOP"; shown in brackets after the label. */
  readonly unit?: string;
  /** Default `linear`; `category` when bars are given by name. On a log axis values ≤ 0 are left out, and the finding says how many. */
  readonly scale?: Exclude<ScaleType, "category">;
  /** Default: from the data. May be given from large to small, which turns the axis around. */
  readonly domain?: readonly [number, number];
  /** Names of the positions 0, 1, 2, …, such as the rows of a heat map; they stand in place of numbers. */
  readonly names?: readonly string[];
}

interface MarkOptions {
  /** Series name: marks with one name share colour and legend entry. Unnamed marks have none. */
  readonly name?: string;
  /** "#rrggbb"; default: the next of the palette for each new name. */
  readonly colour?: string;
  /** Draws the mark in the panel of this name. */
  readonly facet?: string;
}

/** x defaults to 0, 1, 2, … everywhere. Values that are NaN or infinite leave gaps. */
export type MarkInput =
  | (MarkOptions & {
      readonly type: "line";
      readonly x?: NumberSource;
      readonly y: NumberSource;
      readonly dashed?: boolean;
      /** Pixels, default 1.8. */ readonly width?: number;
    })
  | (MarkOptions & {
      readonly type: "dot";
      readonly x?: NumberSource;
      readonly y: NumberSource;
      /** Pixels, default 3. */ readonly radius?: number;
      readonly labels?: readonly string[];
    })
  | (MarkOptions & {
      readonly type: "bar";
      /** Names make a category axis. */ readonly x?: NumberSource | readonly string[];
      readonly y: NumberSource;
    })
  | (MarkOptions & { readonly type: "band"; readonly x?: NumberSource; readonly low: NumberSource; readonly high: NumberSource })
  | (MarkOptions & { readonly type: "rule"; readonly x?: number; readonly y?: number; readonly label?: string })
  | (MarkOptions & {
      readonly type: "heatmap";
      /** [rows, columns]; what is not finite stays empty. */
      readonly values: ArraySource;
      /** Outer edges of the columns, default [−0.5, columns − 0.5]; rows alike, row 0 on top. */
      readonly x?: readonly [number, number];
      readonly y?: readonly [number, number];
      /** Default: `diverging` around 0 when there are values of both signs. */
      readonly map?: ColourMap;
      readonly valueLabel?: string;
    })
  | (MarkOptions & { readonly type: "text"; readonly x?: NumberSource; readonly y: NumberSource; readonly text: readonly string[] });

export interface FigureOptions {
  readonly title?: string;
  /** The sentence under the title and in the alt text. Default: told from the data. */
  readonly finding?: string;
  /** Small print under the plot. */
  readonly caption?: string;
  readonly x?: AxisOptions | string;
  readonly y?: AxisOptions | string;
  readonly marks: readonly MarkInput[];
  /** Height of the plot in pixels, default 320. */
  readonly height?: number;
}

/** Marks of a figure with everything filled in but the axes. */
export interface BuiltMarks {
  readonly marks: readonly Mark[];
  readonly cuts: readonly string[];
  readonly categories: readonly string[];
  readonly facets: readonly string[];
}

/** Points in one payload: about 16 bytes each as JSON, so a third of an output. */
const MAX_PAYLOAD_POINTS = 4000;
const MAX_HEATMAP_CELLS = 40_000;
const MAX_MARKS = 120;
const MAX_TEXT_CHARACTERS = 120;
const MAX_CATEGORIES = 400;
/** A heat map of so few rows or columns counts them one by one. */
const MAX_COUNTED = 12;

const range = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => i);
const short = (text: string): string => cutTo(text, MAX_TEXT_CHARACTERS);

/** Marks as payloads. @throws {ArgumentError} when lists differ in length or a rule has not one of x and y. */
export function buildMarks(inputs: readonly MarkInput[]): BuiltMarks {
  const cuts: string[] = [];
  const shown = inputs.slice(0, MAX_MARKS);
  if (inputs.length > shown.length) cuts.push(`${inputs.length - shown.length} of ${inputs.length} marks left out`);
  const limit = Math.max(
    16,
    Math.floor(MAX_PAYLOAD_POINTS / Math.max(1, shown.filter((mark) => mark.type !== "rule" && mark.type !== "heatmap").length)),
  );
  const names = [
    ...new Set(shown.flatMap(({ name = "", colour, type }) => (name === "" || colour !== undefined || type === "heatmap" ? [] : [name]))),
  ];
  const categories = [...new Set(shown.flatMap((mark) => (mark.type === "bar" && isNames(mark.x) ? mark.x.map(short) : [])))];
  if (categories.length > MAX_CATEGORIES) {
    cuts.push(`${categories.length - MAX_CATEGORIES} of ${categories.length} bars left out`);
    categories.length = MAX_CATEGORIES;
  }
  const bars = [...new Set(shown.flatMap((mark) => (mark.type === "bar" ? [`${mark.name ?? ""}`] : [])))];
  // Of all bars together: series at different places of one axis have bars of one width.
  const slot = categories.length > 0 ? 0.82 : spacing(Float64Array.from(shown.flatMap((mark) => (mark.type === "bar" ? barPlaces(mark) : []))));
  const marks = shown.map((mark, index) => buildMark(mark, { names, limit, categories, bars, slot, cuts, where: `marks[${index}] (${mark.type})` }));
  return { marks, cuts, categories, facets: [...new Set(marks.map((mark) => mark.facet))].filter((facet) => facet !== "") };
}

const isNames = (x: NumberSource | readonly string[] | undefined): x is readonly string[] => Array.isArray(x) && typeof x[0] === "string";

interface Building {
  readonly names: readonly string[];
  readonly limit: number;
  readonly categories: readonly string[];
  readonly bars: readonly string[];
  /** Room for the bars of one place, in units of the axis. */
  readonly slot: number;
  readonly cuts: string[];
  readonly where: string;
}

function buildMark(mark: MarkInput, building: Building): Mark {
  const { names, limit, cuts, where } = building;
  const name = short(mark.name ?? "");
  const style = seriesStyle(Math.max(0, names.indexOf(mark.name ?? "")));
  if (mark.colour !== undefined && !/^#[0-9a-f]{6}$/i.test(mark.colour))
    throw new ArgumentError(`${where}: colour ${JSON.stringify(mark.colour)}`, { help: 'write colours as "#rrggbb"' });
  const base = { name, colour: mark.colour ?? style.colour, facet: short(mark.facet ?? "") };
  const thin = (what: string, total: number, kept: number): void => {
    if (kept < total) cuts.push(`${name === "" ? what : `${what} “${name}”`}: ${kept} of ${total} points kept`);
  };
  switch (mark.type) {
    case "line": {
      const y = numbersOf(mark.y);
      const x = mark.x === undefined ? range(y.length) : numbersOf(mark.x);
      sameLength({ x, y }, where);
      const kept = curveIndices(y, limit);
      thin("line", y.length, kept.length);
      return {
        ...base,
        type: "line",
        x: jsonNumbers(pick(x, kept), 7),
        y: jsonNumbers(pick(y, kept)),
        dash: mark.dashed ? "5 3.5" : style.dash,
        width: mark.width ?? 1.8,
      };
    }
    case "dot": {
      const y = numbersOf(mark.y);
      const x = mark.x === undefined ? range(y.length) : numbersOf(mark.x);
      sameLength({ x, y, labels: mark.labels }, where);
      const kept = evenIndices(y.length, limit);
      thin("dots", y.length, kept.length);
      return {
        ...base,
        type: "dot",
        x: jsonNumbers(pick(x, kept), 7),
        y: jsonNumbers(pick(y, kept)),
        radius: mark.radius ?? 3,
        ...(mark.labels === undefined ? {} : { labels: pick(mark.labels, kept).map(short) }),
      };
    }
    case "bar":
      return buildBars(mark, { ...building, base });
    case "band": {
      const [low, high] = [numbersOf(mark.low), numbersOf(mark.high)];
      const x = mark.x === undefined ? range(low.length) : numbersOf(mark.x);
      sameLength({ x, low, high }, where);
      const kept = evenIndices(x.length, limit);
      thin("band", x.length, kept.length);
      return { ...base, type: "band", x: jsonNumbers(pick(x, kept), 7), low: jsonNumbers(pick(low, kept)), high: jsonNumbers(pick(high, kept)) };
    }
    case "rule": {
      if ((mark.x === undefined) === (mark.y === undefined))
        throw new ArgumentError(`${where}: a rule with ${mark.x === undefined ? "neither x nor y" : "both x and y"}`, {
          help: "give x for a vertical rule, or y for a horizontal one",
        });
      return {
        ...base,
        colour: mark.colour ?? (name === "" ? MUTED_INK : style.colour),
        type: "rule",
        axis: mark.x === undefined ? "y" : "x",
        at: jsonNumber(mark.x ?? mark.y ?? NaN, 7),
        label: short(mark.label ?? ""),
      };
    }
    case "heatmap":
      return buildHeatmap(mark, { ...building, base });
    case "text": {
      const y = numbersOf(mark.y);
      const x = mark.x === undefined ? range(y.length) : numbersOf(mark.x);
      sameLength({ x, y, text: mark.text }, where);
      const kept = evenIndices(y.length, Math.min(limit, 500));
      thin("text", y.length, kept.length);
      return {
        ...base,
        colour: mark.colour ?? (name === "" ? MUTED_INK : style.colour),
        type: "text",
        x: jsonNumbers(pick(x, kept), 7),
        y: jsonNumbers(pick(y, kept)),
        text: pick(mark.text, kept).map(short),
      };
    }
  }
}

type WithBase = Building & { readonly base: { readonly name: string; readonly colour: string; readonly facet: string } };

/** Bars of several names stand side by side. */
function buildBars(mark: MarkInput & { type: "bar" }, { base, categories, bars, slot, limit, where }: WithBase): Mark {
  const y = numbersOf(mark.y);
  sameLength({ x: mark.x === undefined || "dtype" in mark.x ? undefined : mark.x, y }, where);
  const width = slot / Math.max(1, bars.length);
  const shift = (bars.indexOf(mark.name ?? "") - (bars.length - 1) / 2) * width;
  const places = isNames(mark.x)
    ? mark.x.map((category) => categories.indexOf(short(category)))
    : barPlaces(mark);
  const shown = places.flatMap((place, i) => (place < 0 && categories.length > 0 ? [] : [i]));
  const kept = shown.slice(0, Math.max(limit, MAX_CATEGORIES));
  return {
    ...base,
    type: "bar",
    x: jsonNumbers(
      kept.map((i) => places[i] + shift),
      7,
    ),
    y: jsonNumbers(pick(y, kept)),
    width,
  };
}

/** Where bars without names stand. */
const barPlaces = ({ x, y }: MarkInput & { type: "bar" }): readonly number[] => Array.from(x === undefined || isNames(x) ? range(numbersOf(y).length) : numbersOf(x));

/** Smallest distance between neighbours; 1 for a single bar. */
function spacing(x: Float64Array): number {
  const sorted = x.filter(Number.isFinite).sort();
  let least = Infinity;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] > sorted[i - 1]) least = Math.min(least, sorted[i] - sorted[i - 1]);
  return Number.isFinite(least) ? least : 1;
}

function buildHeatmap(mark: MarkInput & { type: "heatmap" }, { base, cuts, where }: WithBase): Mark {
  const full = arrayOf(mark.values, where);
  if (full.shape.length !== 2 || full.data.length === 0)
    throw new ShapeError(`${where}: values of shape [${full.shape.join(", ")}]`, { help: "give [rows, columns], at least one of each" });
  const [rows, columns] = full.shape;
  const factor = Math.ceil(Math.sqrt((rows * columns) / MAX_HEATMAP_CELLS));
  const pooling = { rows: Math.min(rows, factor), columns: Math.min(columns, factor), across: "mean" } as const;
  const array = factor <= 1 ? full : pool(full, pooling);
  if (factor > 1) cuts.push(`heat map: means of ${pooling.rows} × ${pooling.columns} cells, ${rows} × ${columns} in all`);
  const extent = extentOf(array.data) ?? [0, 0];
  const map = mark.map ?? (extent[0] < 0 && extent[1] > 0 ? "diverging" : "sequential");
  const size = Math.max(Math.abs(extent[0]), Math.abs(extent[1]));
  return {
    ...base,
    type: "heatmap",
    grid: byteGrid(array, map === "diverging" ? [-size, size] : extent),
    x: mark.x ?? [-0.5, columns - 0.5],
    y: mark.y ?? [-0.5, rows - 0.5],
    map,
    valueLabel: short(mark.valueLabel ?? ""),
  };
}

/** The axis of a figure: its domain holds every mark's values. */
export function buildAxis(
  options: AxisOptions | string | undefined,
  marks: readonly Mark[],
  { side, categories }: { readonly side: "x" | "y"; readonly categories: readonly string[] },
): AxisPayload {
  const { label = "", unit = "", scale = "linear", domain, names } = typeof options === "string" ? { label: options } : (options ?? {});
  if (domain !== undefined && (!domain.every(Number.isFinite) || domain[0] === domain[1] || (scale === "log" && Math.min(...domain) <= 0)))
    throw new ArgumentError(`${side} axis: domain [${domain.join(", ")}] on a ${scale} scale`, {
      help: "give two different finite numbers, above 0 on a log scale",
    });
  // Heat maps have row 0 on top, as matrices are written.
  const matrix = side === "y" && marks.some((mark) => mark.type === "heatmap") && marks.every((mark) => mark.type === "heatmap" || mark.type === "text");
  const named = side === "x" && categories.length > 0 ? categories : (names?.slice(0, MAX_CATEGORIES).map(short) ?? (domain === undefined ? countedAlong(marks, side) : []));
  if (named.length > 0 && scale === "linear") {
    const ends: readonly [number, number] = [0, named.length - 1];
    const turned = domain === undefined ? matrix : domain[0] > domain[1];
    return { label: short(label), unit: short(unit), scale: "category", domain: turned ? [ends[1], ends[0]] : ends, categories: named };
  }
  const values = marks.flatMap((mark) => valuesAlong(mark, side)).flatMap((value) => (value === null ? [] : [value]));
  const bars = side === "y" && marks.some((mark) => mark.type === "bar") && scale !== "log";
  const heat = marks.find((mark) => mark.type === "heatmap");
  const pad = side === "y" ? 0.05 : marks.some((mark) => mark.type === "dot") ? 0.03 : 0;
  const found = domainOf(values, { scale, zero: bars, pad: heat === undefined ? pad : 0 });
  const own: readonly [number, number] = matrix ? [found[1], found[0]] : found;
  return {
    label: short(label),
    unit: short(unit),
    scale,
    domain: domain ?? own,
    ...(scale === "symlog" ? { constant: symlogConstant(values) } : {}),
  };
}

/** "0", "1", … for the few rows or columns of heat maps that stand at their indices; none otherwise. */
function countedAlong(marks: readonly Mark[], side: "x" | "y"): readonly string[] {
  const counts = marks.filter((mark) => mark.type !== "text").map((mark) => {
    if (mark.type !== "heatmap") return 0;
    const count = mark.grid.shape[side === "y" ? 0 : 1];
    return mark[side][0] === -0.5 && mark[side][1] === count - 0.5 ? count : 0;
  });
  const [count = 0] = counts;
  return count <= MAX_COUNTED && counts.every((other) => other === count) ? Array.from({ length: count }, (_, i) => `${i}`) : [];
}

function valuesAlong(mark: Mark, side: "x" | "y"): readonly (number | null)[] {
  switch (mark.type) {
    case "band":
      return side === "x" ? mark.x : [...mark.low, ...mark.high];
    case "rule":
      return mark.axis === side ? [mark.at] : [];
    case "bar":
      return side === "y" ? mark.y : mark.x.flatMap((x) => (x === null ? [] : [x - mark.width / 2, x + mark.width / 2]));
    default:
      return mark[side];
  }
}
