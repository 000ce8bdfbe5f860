/** @file The histogram of a tensor: counts linear or logarithmic, the pointed-at value marked. */
import type { TensorPayload } from "../../../kernel/display/schema";
import { html, replace, svg } from "../../shared/dom";
import { plural, significant, withPrefix } from "../../shared/format";

export interface HistogramOptions {
  readonly histogram: TensorPayload["histogram"];
  readonly log: boolean;
  /** Told when the pointer is on a bar; undefined when it leaves. */
  readonly onBar: (text: string | undefined) => void;
}

const WIDTH = 260;
const HEIGHT = 120;
const PLOT = { left: 36, top: 6, width: WIDTH - 42, height: HEIGHT - 28 };

export class Histogram {
  readonly element = html("div", { class: "iso-tensor-histogram" });
  private options: HistogramOptions | undefined;
  private marker: SVGLineElement | undefined;

  draw(options: HistogramOptions): void {
    this.options = options;
    const { counts, edges } = options.histogram;
    if (counts.length === 0) {
      replace(this.element, html("p", { class: "iso-tensor-muted" }, "no finite elements"));
      return;
    }
    const most = Math.max(...counts);
    this.marker = svg("line", { y1: PLOT.top, y2: PLOT.top + PLOT.height, class: "iso-tensor-marker", visibility: "hidden" });
    const drawing = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": histogramText(options.histogram) },
      axis(most, options.log),
      counts.map((count, i) => bar(options, { count, most, i })),
      svg("text", { x: PLOT.left, y: HEIGHT - 6 }, significant(edges[0], 3)),
      svg("text", { x: PLOT.left + PLOT.width, y: HEIGHT - 6, "text-anchor": "end" }, significant(edges[edges.length - 1], 3)),
      zeroTick(edges),
      this.marker,
    );
    replace(this.element, drawing);
  }

  /** Marks a value; undefined or NaN takes the mark away. */
  mark(value: number | undefined): void {
    const edges = this.options?.histogram.edges ?? [];
    if (this.marker === undefined || edges.length < 2) return;
    const position = value === undefined ? NaN : (value - edges[0]) / (edges[edges.length - 1] - edges[0]);
    this.marker.setAttribute("visibility", position >= 0 && position <= 1 ? "visible" : "hidden");
    if (!(position >= 0 && position <= 1)) return;
    const x = String(PLOT.left + position * PLOT.width);
    this.marker.setAttribute("x1", x);
    this.marker.setAttribute("x2", x);
  }
}

const heightOf = (count: number, most: number, log: boolean): number => (count === 0 ? 0 : log ? (Math.log10(count) + 0.3) / (Math.log10(most) + 0.3 || 1) : count / most) * PLOT.height;

function bar({ histogram: { edges, counts }, log, onBar }: HistogramOptions, { count, most, i }: { readonly count: number; readonly most: number; readonly i: number }): SVGElement {
  const width = PLOT.width / counts.length;
  const height = Math.max(count > 0 ? 1 : 0, heightOf(count, most, log));
  const x = PLOT.left + i * width;
  const rect = svg("rect", { x, y: PLOT.top + PLOT.height - height, width: Math.max(0.5, width - (width > 3 ? 1 : 0)), height, class: "iso-tensor-bar" });
  const hit = svg("rect", { x, y: PLOT.top, width, height: PLOT.height, fill: "transparent" });
  hit.addEventListener("pointerenter", () => onBar(`${plural(count, "element")} from ${significant(edges[i], 4)} to ${significant(edges[i + 1], 4)}`));
  hit.addEventListener("pointerleave", () => onBar(undefined));
  return svg("g", {}, rect, hit);
}

function axis(most: number, log: boolean): SVGElement {
  const base = PLOT.top + PLOT.height;
  const marks = log ? Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power).filter((_, i, all) => all.length <= 4 || i % 2 === 0) : [most];
  return svg(
    "g",
    {},
    svg("line", { x1: PLOT.left, x2: PLOT.left + PLOT.width, y1: base + 0.5, y2: base + 0.5, class: "iso-tensor-axis" }),
    marks.map((count) => svg("text", { x: PLOT.left - 4, y: base - heightOf(count, most, log) + 7, "text-anchor": "end" }, withPrefix(count))),
    log ? [] : svg("text", { x: PLOT.left - 4, y: base + 3, "text-anchor": "end" }, "0"),
  );
}

function zeroTick(edges: readonly number[]): SVGElement | undefined {
  const position = -edges[0] / (edges[edges.length - 1] - edges[0]);
  if (!(position > 0.15 && position < 0.85)) return undefined;
  return svg("text", { x: PLOT.left + position * PLOT.width, y: HEIGHT - 6, "text-anchor": "middle" }, "0");
}

function histogramText({ counts, edges }: TensorPayload["histogram"]): string {
  const top = counts.indexOf(Math.max(...counts));
  return `Histogram of ${counts.length} bins; the fullest has ${plural(counts[top], "element")} from ${significant(edges[top], 3)} to ${significant(edges[top + 1], 3)}`;
}
