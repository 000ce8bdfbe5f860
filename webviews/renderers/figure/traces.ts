/** @file Marks of a figure as plotly draws them: traces, shapes and annotations. */
import type { Annotations, ColorBar, Data, Shape } from "plotly.js";
import type { BandMark, HeatmapMark, Mark, RuleMark } from "../../../kernel/display/schema";
import { gridValue, bytesOfBase64 } from "../../shared/base64";
import { BLUE_RED, VIRIDIS, withAlpha } from "../../shared/colour";
import { significant } from "../../shared/format";
import type { Walk } from "../../shared/plot";
import { plotDash, plotText } from "../../shared/plotStyle";
import type { Theme } from "../../shared/renderer";
import { themeColour } from "../../shared/seriesColour";
import type { Axis } from "./axes";
import { inkOver } from "./heatInk";

export interface Drawing {
  readonly x: Axis;
  readonly y: Axis;
  readonly theme: Theme;
  /** One label for all curves at an x, in place of one for each point. */
  readonly unified: boolean;
}

export interface Drawn {
  readonly data: Data[];
  readonly shapes: Partial<Shape>[];
  readonly annotations: Partial<Annotations>[];
  readonly walks: Walk[];
}

/** What is said of a point: name, label, coordinates. */
function sayPoint(mark: Extract<Mark, { type: "line" | "dot" | "bar" }>, index: number, { x, y }: Drawing): readonly string[] {
  const label = mark.type === "dot" ? mark.labels?.[index] : undefined;
  const xName = x.payload.scale === "category" || x.payload.label === "" ? "" : `${x.payload.label} `;
  return [...[mark.name, label ?? ""].filter((part) => part !== ""), `${xName}${x.say(mark.x[index])}: ${y.say(mark.y[index])}`];
}

function hoverTexts(mark: Extract<Mark, { type: "line" | "dot" | "bar" }>, drawing: Drawing): string[] {
  return mark.x.map((_, index) => {
    if (drawing.unified) return plotText(`${mark.name === "" ? "" : `${mark.name}: `}${drawing.y.say(mark.y[index])}`);
    return sayPoint(mark, index, drawing).map(plotText).join("<br>");
  });
}

/** Polygons, one for each run of points that have a place. */
function bandData(mark: BandMark, { x, y, theme }: Drawing): Data {
  const xs: (number | null)[] = [];
  const ys: (number | null)[] = [];
  let run: { readonly x: number; readonly low: number; readonly high: number }[] = [];
  const flush = (): void => {
    if (run.length > 1) {
      const back = [...run].reverse();
      xs.push(...run.map((point) => point.x), ...back.map((point) => point.x), null);
      ys.push(...run.map((point) => point.high), ...back.map((point) => point.low), null);
    }
    run = [];
  };
  mark.x.forEach((value, i) => {
    const [px, low, high] = [x.place(value), y.place(mark.low[i]), y.place(mark.high[i])];
    if (px === null || low === null || high === null) flush();
    else run.push({ x: px, low, high });
  });
  flush();
  return { type: "scatter", mode: "lines", x: xs, y: ys, fill: "toself", fillcolor: withAlpha(themeColour(mark.colour, theme), 0.18), line: { width: 0 }, hoverinfo: "skip" };
}

const COLOUR_BAR: Partial<ColorBar> = { thickness: 10, len: 1, outlinewidth: 0, xpad: 6, ypad: 0, nticks: 6, exponentformat: "power" };

const scaleOf = (stops: readonly string[]): [number, string][] => stops.map((stop, i) => [i / (stops.length - 1), stop]);

/** The map, and over it the cells that are not finite: barely seen, since figures leave out what has no value; the sentence above says how many. */
function heatData(mark: HeatmapMark, { x, y, theme }: Drawing): readonly Data[] {
  const [rows, columns] = mark.grid.shape;
  const xEdges = x.edges(mark.x[0], mark.x[1], columns);
  const yEdges = y.edges(mark.y[0], mark.y[1], rows);
  if (rows * columns === 0 || xEdges.length === 0 || yEdges.length === 0) return [];
  const bytes = bytesOfBase64(mark.grid.data);
  const value = (row: number, column: number): number => gridValue(mark.grid, bytes[row * columns + column]);
  const z = Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (__, column) => (Number.isNaN(value(row, column)) ? null : value(row, column))));
  const middle = ([from, to]: readonly [number, number], index: number, count: number): number => from + ((to - from) * (index + 0.5)) / count;
  const text = z.map((cells, row) =>
    cells.map((cell, column) => {
      const [px, py] = [middle(mark.x, column, columns), middle(mark.y, row, rows)];
      const spot = `${x.payload.label === "" ? "x" : x.payload.label} ${x.say(px)}, ${y.payload.label === "" ? "y" : y.payload.label} ${y.say(py)}`;
      return plotText(`${spot}: ${cell === null ? "not finite" : significant(cell, 4)}`);
    }),
  );
  const bad = withAlpha(theme.foreground, 0.08);
  const gaps: Data = { type: "heatmap", x: xEdges, y: yEdges, z: z.map((cells) => cells.map((cell) => (cell === null ? 1 : null))), zmin: 0, zmax: 1, colorscale: scaleOf([bad, bad]), showscale: false, hoverinfo: "skip" };
  const map: Data = {
    type: "heatmap",
    x: xEdges,
    y: yEdges,
    z,
    zmin: mark.grid.low,
    zmax: mark.grid.high,
    colorscale: scaleOf(mark.map === "sequential" ? VIRIDIS : BLUE_RED),
    customdata: text,
    hovertemplate: "%{customdata}<extra></extra>",
    hoverongaps: true,
    colorbar: {
      ...COLOUR_BAR,
      tickfont: { size: 10.5, color: theme.muted },
      title: { text: plotText(mark.valueLabel), side: "right", font: { size: 11, color: theme.foreground } },
    },
  };
  return bytes.includes(255) ? [map, gaps] : [map];
}

function rule(mark: RuleMark, { x, y, theme }: Drawing): Pick<Drawn, "shapes" | "annotations"> {
  const vertical = mark.axis === "x";
  const axis = vertical ? x : y;
  const at = axis.place(mark.at);
  if (at === null) return { shapes: [], annotations: [] };
  const colour = themeColour(mark.colour, theme);
  // Annotations on a log axis stand at the logarithm; shapes at the value.
  const spot = axis.payload.scale === "log" ? Math.log10(at) : at;
  const line: Partial<Shape> = vertical ? { xref: "x", yref: "paper", x0: at, x1: at, y0: 0, y1: 1 } : { xref: "paper", yref: "y", x0: 0, x1: 1, y0: at, y1: at };
  const place: Partial<Annotations> = vertical
    ? { xref: "x", yref: "paper", x: spot, y: 1, xanchor: "left", yanchor: "top" }
    : { xref: "paper", yref: "y", x: 0, y: spot, xanchor: "left", yanchor: "bottom" };
  return {
    shapes: [{ type: "line", ...line, line: { color: colour, width: 1.2, dash: plotDash("5 4") }, layer: "above" }],
    annotations: mark.label === "" ? [] : [{ ...place, text: plotText(mark.label), showarrow: false, font: { size: 11, color: colour }, bgcolor: withAlpha(theme.background, 0.7), borderpad: 1 }],
  };
}

/** A line with a gap has no point to be seen when its neighbours are missing: those get a dot. */
const lonely = (ys: readonly (number | null)[]): boolean => ys.some((value, i) => value !== null && (ys[i - 1] ?? null) === null && (ys[i + 1] ?? null) === null);

type TextSide = "top left" | "top center" | "top right";

/** Text near an edge of the plot stands on the side where there is room. */
function textSide(value: number | null, { place, payload }: Axis): TextSide {
  const [low, high, at] = [place(payload.domain[0]), place(payload.domain[1]), place(value)];
  if (low === null || high === null || at === null) return "top center";
  const share = payload.scale === "log" ? Math.log(at / low) / Math.log(high / low) : (at - low) / (high - low);
  return share > 0.85 ? "top left" : share < 0.15 ? "top right" : "top center";
}

/** All marks of a panel, in order. */
export function drawMarks(marks: readonly Mark[], drawing: Drawing): Drawn {
  const { x, y, theme } = drawing;
  const out: Drawn = { data: [], shapes: [], annotations: [], walks: [] };
  let bars = false;
  let inkAt: ReturnType<typeof inkOver> | undefined;
  for (const mark of marks) {
    const colour = themeColour(mark.colour, theme);
    switch (mark.type) {
      case "line":
      case "dot":
      case "bar": {
        const points = { x: mark.x.map(x.place), y: mark.y.map(y.place), name: plotText(mark.name), hovertext: hoverTexts(mark, drawing), hoverinfo: "text" as const };
        out.walks.push({ trace: out.data.length, count: mark.x.length, say: (index) => sayPoint(mark, index, drawing).join(", ") });
        if (mark.type === "line") {
          const mode = lonely(points.y) ? "lines+markers" : "lines";
          out.data.push({ ...points, type: "scatter", mode, line: { color: colour, width: mark.width, dash: plotDash(mark.dash) }, marker: { size: 4, color: colour }, connectgaps: false });
        } else if (mark.type === "dot")
          out.data.push({ ...points, type: "scatter", mode: "markers", marker: { color: colour, size: mark.radius * 2, line: { width: mark.x.length > 300 ? 0 : 1, color: theme.background } } });
        else {
          bars = true;
          out.data.push({ ...points, type: "bar", width: mark.width, marker: { color: colour, line: { width: 0 } } });
        }
        break;
      }
      case "band":
        out.data.push(bandData(mark, drawing));
        break;
      case "rule": {
        const { shapes, annotations } = rule(mark, drawing);
        out.shapes.push(...shapes);
        out.annotations.push(...annotations);
        break;
      }
      case "heatmap":
        out.data.push(...heatData(mark, drawing));
        break;
      case "text": {
        const ink = (inkAt ??= inkOver(marks));
        out.data.push({
          type: "scatter",
          mode: "text",
          x: mark.x.map(x.place),
          y: mark.y.map(y.place),
          text: mark.text.map(plotText),
          // SAFETY: plotly takes a side for each point; its types know only one for all.
          textposition: mark.x.map((value) => textSide(value, x)) as unknown as TextSide,
          cliponaxis: false,
          // SAFETY: plotly takes a colour for each point; its types know only one for all.
          textfont: { color: mark.x.map((value, i) => ink(value, mark.y[i]) ?? colour) as unknown as string, size: 11 },
          hoverinfo: "skip",
        });
        break;
      }
    }
  }
  // Zero is what bars stand on: say where it is.
  if (bars && y.payload.scale !== "log") out.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, yref: "y", y0: 0, y1: 0, line: { color: withAlpha(theme.foreground, 0.45), width: 1 } });
  return out;
}
