/** @file How plots look: axes, grid, hover labels and text in the colours of the theme. */
import type { Dash, Layout, LayoutAxis } from "plotly.js";
import { rgbOfHex, luminance, withAlpha } from "./colour";
import type { Theme } from "./renderer";
import { logTicksOf } from "./ticks";

/** Text for plotly, which reads tags and entities in it: shown as it is. */
export const plotText = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("%{", "%\u200b{");

/** An SVG dash pattern, such as "5 3.5", as plotly wants it. */
export const plotDash = (pattern: string | undefined): Dash => {
  const lengths = (pattern ?? "").split(/[\s,]+/).filter((part) => /^[\d.]+$/.test(part));
  // SAFETY: plotly takes lists of lengths as well as the names in its type (its attribute "dash").
  return lengths.length === 0 ? "solid" : (lengths.map((part) => `${part}px`).join(",") as Dash);
};

const isDark = (theme: Theme): boolean => luminance(rgbOfHex(theme.background)) < 0.18;

/** Colour of grid lines: faint on the ground of the theme. */
export const gridColour = (theme: Theme): string => withAlpha(theme.foreground, isDark(theme) ? 0.12 : 0.1);

/** Everything of a layout but axes' meaning. `revision` is kept while the user's zoom should stay. */
export function baseLayout(theme: Theme, { height, revision }: { readonly height: number; readonly revision: number }): Partial<Layout> {
  return {
    height,
    autosize: false,
    margin: { l: 8, r: 14, t: 10, b: 8, pad: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: 11, color: theme.foreground },
    showlegend: false,
    dragmode: "zoom",
    hovermode: "closest",
    hoverlabel: {
      bgcolor: theme.background,
      bordercolor: withAlpha(theme.foreground, 0.35),
      font: { family: theme.font, size: 11.5, color: theme.foreground },
      align: "left",
      namelength: 40,
    },
    uirevision: String(revision),
    // Zooming by hand must not animate: readers who asked for less motion get none.
    transition: { duration: 0, easing: "linear" },
  };
}

export interface AxisStyle {
  readonly title?: string;
  readonly type: "linear" | "log" | "category";
  /** As plotly wants it: logarithms on a log axis. Left out: from the data. */
  readonly range?: readonly [number, number];
  readonly side: "x" | "y";
  /** Texts may have line ends. */
  readonly ticks?: { readonly values: readonly number[]; readonly texts: readonly string[] };
  readonly grid?: boolean;
}

/** Ends of an axis that hold all `values` with some room, as plotly wants them; undefined where none has a place. */
export function rangeFor(values: readonly (number | null)[], { log, pad = 0.05 }: { readonly log: boolean; readonly pad?: number }): readonly [number, number] | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null || (log && value <= 0)) continue;
    const place = log ? Math.log10(value) : value;
    low = Math.min(low, place);
    high = Math.max(high, place);
  }
  if (low > high) return undefined;
  const room = high > low ? (high - low) * pad : log ? 0.3 : Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}

/** A log axis with ticks for the range that is seen: plotly's own labels come in three sizes. Other axes as they are. */
export function withLogTicks(axis: Partial<LayoutAxis>, side: "x" | "y"): Partial<LayoutAxis> {
  const [from, to] = Array.isArray(axis.range) ? axis.range.map(Number) : [NaN, NaN];
  const ticks = axis.type === "log" ? logTicksOf([from, to], side === "x" ? 8 : 6) : [];
  return ticks.length === 0 ? axis : { ...axis, tickmode: "array", tickvals: ticks.map(({ value }) => value), ticktext: ticks.map(({ text }) => text) };
}

/** An axis: quiet lines, labels in the muted colour, title in the foreground. */
export function axisLayout(theme: Theme, { title = "", type, range, side, ticks, grid = true }: AxisStyle): Partial<LayoutAxis> {
  return {
    type: type === "category" ? "linear" : type,
    ...(range === undefined ? { autorange: true } : { range: [...range], autorange: false }),
    title: { text: plotText(title), standoff: side === "x" ? 8 : 6, font: { size: 11.5, color: theme.foreground } },
    automargin: true,
    showgrid: grid,
    gridcolor: gridColour(theme),
    gridwidth: 1,
    zeroline: false,
    showline: side === "x",
    linecolor: withAlpha(theme.foreground, 0.45),
    ticks: side === "x" ? "outside" : "",
    ticklen: 4,
    tickcolor: withAlpha(theme.foreground, 0.45),
    tickfont: { size: 10.5, color: theme.muted },
    exponentformat: "SI",
    minexponent: 4,
    separatethousands: false,
    nticks: side === "x" ? 8 : 7,
    ...(ticks === undefined ? {} : { tickmode: "array", tickvals: [...ticks.values], ticktext: ticks.texts.map((text) => plotText(text).replaceAll("\n", "<br>")) }),
    // The axis under the pointer zooms alone when dragged at its labels.
    fixedrange: false,
  };
}
