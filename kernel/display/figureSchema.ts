/** @file What payloads are made of, and the payload of figures. Part of ./schema, which has the rules. */

/** null where the number is NaN or infinite. */
export type MaybeNumber = number | null;
export type Numbers = readonly MaybeNumber[];

export interface PayloadBase {
  readonly version: 1;
  /** "" when the user gave none. */
  readonly title: string;
  readonly finding: string;
  readonly cuts: readonly string[];
}

/** Numbers as one byte each: value = low + (high − low)·byte/254; byte 255 is NaN or infinite. */
export interface ByteGrid {
  /** Outermost axis first, row-major. */
  readonly shape: readonly number[];
  readonly low: number;
  readonly high: number;
  /** base64 of the bytes. */
  readonly data: string;
}

export type ScaleType = "linear" | "log" | "symlog" | "category";

export interface AxisPayload {
  readonly label: string;
  /** As in "FLOP", "nats/token", "s"; "" for plain numbers. Shown after the label. */
  readonly unit: string;
  readonly scale: ScaleType;
  /** Smallest and largest value shown; for categories [0, count − 1], or the other way around. */
  readonly domain: readonly [number, number];
  /** Of a symlog axis: values smaller than this are spread evenly, larger ones by their logarithm. */
  readonly constant?: number;
  /** Names of a category axis; its coordinates are their indices. */
  readonly categories?: readonly string[];
}

interface MarkBase {
  /** Series name: marks of one name share a colour and one legend entry. "" has no entry. */
  readonly name: string;
  /** CSS hex colour. */
  readonly colour: string;
  /** Panel of a faceted figure; "" when there is one panel. */
  readonly facet: string;
}
export interface LineMark extends MarkBase {
  readonly type: "line";
  readonly x: Numbers;
  /** null breaks the line. */
  readonly y: Numbers;
  /** SVG dash pattern. */
  readonly dash?: string;
  /** Pixels. */
  readonly width: number;
}
export interface DotMark extends MarkBase {
  readonly type: "dot";
  readonly x: Numbers;
  readonly y: Numbers;
  /** Pixels. */
  readonly radius: number;
  /** Shown on hover, one for each dot. */
  readonly labels?: readonly string[];
}
export interface BarMark extends MarkBase {
  readonly type: "bar";
  /** Middle of each bar; on a category axis its index. */
  readonly x: Numbers;
  readonly y: Numbers;
  /** In units of x. */
  readonly width: number;
}
/** Area between low and high. */
export interface BandMark extends MarkBase {
  readonly type: "band";
  readonly x: Numbers;
  readonly low: Numbers;
  readonly high: Numbers;
}
/** A line across the whole panel: at x (vertical) or at y (horizontal). */
export interface RuleMark extends MarkBase {
  readonly type: "rule";
  readonly axis: "x" | "y";
  /** null: not drawn. */
  readonly at: MaybeNumber;
  readonly label: string;
}
export interface HeatmapMark extends MarkBase {
  readonly type: "heatmap";
  /** [rows, columns]; row 0 is at y[0]. */
  readonly grid: ByteGrid;
  /** Outer edges of the columns and of the rows, in axis units. */
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly map: "sequential" | "diverging";
  /** What the colour means, with unit. */
  readonly valueLabel: string;
}
export interface TextMark extends MarkBase {
  readonly type: "text";
  readonly x: Numbers;
  readonly y: Numbers;
  readonly text: readonly string[];
}
export type Mark = LineMark | DotMark | BarMark | BandMark | RuleMark | HeatmapMark | TextMark;

export interface FigurePayload extends PayloadBase {
  readonly x: AxisPayload;
  readonly y: AxisPayload;
  /** Drawn in this order. */
  readonly marks: readonly Mark[];
  /** Panel names in order; [] when there is one panel. All panels share both axes. */
  readonly facets: readonly string[];
  readonly caption: string;
}
