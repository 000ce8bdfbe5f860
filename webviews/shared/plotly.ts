/** @file The part of plotly.js that views use: scatter (in its core), bar and heatmap. Import it lazily: it is the largest chunk. */
import * as Plotly from "plotly.js/lib/core";
import * as bar from "plotly.js/lib/bar";
import * as heatmap from "plotly.js/lib/heatmap";

Plotly.register([bar, heatmap]);

interface HoverPoint {
  readonly curveNumber: number;
  readonly pointNumber: number;
}

/** Not in the library's types. */
interface Hovering {
  hover(root: HTMLElement, points: readonly HoverPoint[]): void;
  unhover(root: HTMLElement): void;
}

export const { newPlot, react, relayout, purge, toImage } = Plotly;
// SAFETY: the core exports `Fx` with these two functions (plotly.js 3.7, src/core.js); its types leave it out.
export const hovering = (Plotly as unknown as { readonly Fx: Hovering }).Fx;
