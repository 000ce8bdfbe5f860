/** @file Figures: lines, dots, bars, bands, rules, heat maps and text, in one panel or several. */
import type { FigurePayload, Mark } from "../../../kernel/display/schema";
import { html } from "../../shared/dom";
import { pictureExports } from "../../shared/exportFile";
import { Legend, type LegendEntry } from "../../shared/legend";
import { composePicture, type Panel } from "../../shared/picture";
import { Plot, type PlotSpec } from "../../shared/plot";
import { baseLayout } from "../../shared/plotStyle";
import type { Host, Mounted, Renderer, Theme } from "../../shared/renderer";
import { themeColour } from "../../shared/seriesColour";
import { hiddenNames } from "../../shared/states";
import { figureAxis } from "./axes";
import { parseFigure } from "./parse";
import { drawMarks } from "./traces";

const PANEL_HEIGHT_PX = 330;
const FACET_HEIGHT_PX = 220;

/** One entry for each name, by its first mark that has a colour of its own. */
function legendOf(marks: readonly Mark[], theme: Theme): readonly LegendEntry[] {
  const entries = new Map<string, LegendEntry>();
  for (const mark of marks) {
    const { name, type } = mark;
    if (name === "" || type === "heatmap" || type === "text") continue;
    const before = entries.get(name);
    if (before !== undefined && (before.mark !== "area" || type === "band")) continue;
    const shape = type === "line" || type === "rule" ? "line" : type === "dot" ? "dot" : "area";
    entries.set(name, { name, colour: themeColour(mark.colour, theme), mark: shape, dash: type === "line" ? mark.dash : type === "rule" ? "5 4" : undefined });
  }
  return [...entries.values()];
}

const ofCurves = (marks: readonly Mark[]): boolean => marks.some((mark) => mark.type === "line") && marks.every((mark) => mark.type === "line" || mark.type === "band" || mark.type === "rule");

class FigureView {
  private hidden: ReadonlySet<string>;
  private plots: Plot[] = [];
  private facets: readonly string[] = [];
  private readonly panels = html("div", { class: "iso-plots" });
  private readonly caption = html("p", { class: "iso-cuts" });
  private readonly legend: Legend;

  constructor(
    private readonly host: Host,
    private payload: FigurePayload,
  ) {
    this.hidden = hiddenNames(host.loadState());
    this.legend = new Legend({
      signal: host.signal,
      hidden: this.hidden,
      onChange: (hidden) => {
        this.hidden = hidden;
        host.saveState({ hidden: [...hidden] });
        this.redraw();
      },
    });
    host.onThemeChange(() => this.describe());
    host.element.append(this.legend.element, this.panels, this.caption);
  }

  async build(): Promise<void> {
    this.describe();
    this.facets = this.payload.facets;
    this.panels.replaceChildren();
    this.plots = await Promise.all(
      (this.facets.length === 0 ? [""] : this.facets).map((facet) => {
        const cell = html("div", {}, facet === "" ? undefined : html("div", { class: "iso-plot-title" }, facet));
        this.panels.append(cell);
        const { title, finding } = this.payload;
        return Plot.create({ host: this.host, parent: cell, label: facet || title || finding || "figure", spec: (theme, revision) => this.spec(facet, theme, revision) });
      }),
    );
  }

  update(payload: FigurePayload): void {
    const same = payload.facets.length === this.facets.length && payload.facets.every((facet, i) => facet === this.facets[i]);
    this.payload = payload;
    if (same) {
      this.describe();
      this.redraw();
    } else void this.build();
  }

  async picture(): Promise<ReturnType<typeof composePicture>> {
    const box = this.panels.getBoundingClientRect();
    const panels = await Promise.all(
      this.plots.map(async (plot, i): Promise<Panel> => {
        const own = plot.element.getBoundingClientRect();
        return { ...(await plot.picture()), x: own.left - box.left, y: own.top - box.top - (this.facets.length > 0 ? 18 : 0), title: this.facets[i] };
      }),
    );
    const { title, finding } = this.payload;
    const { theme } = this.host;
    return composePicture({ theme, title, finding, legend: legendOf(this.payload.marks, theme).filter(({ name }) => !this.hidden.has(name)), panels });
  }

  private describe(): void {
    this.legend.show(legendOf(this.payload.marks, this.host.theme));
    this.caption.textContent = this.payload.caption;
    this.caption.hidden = this.payload.caption === "";
  }

  private redraw(): void {
    for (const plot of this.plots) void plot.draw();
  }

  private spec(facet: string, theme: Theme, revision: number): PlotSpec {
    const { x, y, marks } = this.payload;
    // Marks without a facet, such as reference rules, stand in every panel.
    const own = marks.filter((mark) => (mark.facet === facet || mark.facet === "") && !this.hidden.has(mark.name));
    const unified = ofCurves(own);
    const axes = { x: figureAxis(x), y: figureAxis(y) };
    const { data, shapes, annotations, walks } = drawMarks(own, { ...axes, theme, unified });
    const height = this.payload.facets.length === 0 ? PANEL_HEIGHT_PX : FACET_HEIGHT_PX;
    const empty = { text: marks.length === 0 ? "no data" : "all series are hidden", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5, font: { color: theme.muted, size: 13 } } as const;
    return {
      data,
      height,
      walks,
      layout: {
        ...baseLayout(theme, { height, revision }),
        hovermode: unified ? "x unified" : "closest",
        barmode: "overlay",
        xaxis: axes.x.layout(theme, "x"),
        yaxis: axes.y.layout(theme, "y"),
        shapes,
        annotations: own.length === 0 ? [empty] : annotations,
      },
    };
  }
}

export const figure: Renderer<"figure"> = {
  view: "figure",
  parse: parseFigure,
  async mount(host: Host, payload: FigurePayload): Promise<Mounted<"figure">> {
    const view = new FigureView(host, payload);
    await view.build();
    return { update: (next) => view.update(next), exports: pictureExports("figure", () => view.picture()) };
  },
};
