/** @file One plot on the page: drawn by plotly.js (loaded when the first is made), as wide as its place, with keyboard, theme switch and picture. */
import type { Data, Layout, PlotlyHTMLElement } from "plotly.js";
import { html } from "./dom";
import type { SvgPicture } from "./exportFile";
import { withLogTicks } from "./plotStyle";
import type * as PlotlyModule from "./plotly";
import type { Host, Theme } from "./renderer";

/** A series that the arrow keys walk along. */
export interface Walk {
  /** Index of its trace. */
  readonly trace: number;
  readonly count: number;
  /** What is said of one point: "train, step 100: 1.38 nats". */
  readonly say: (index: number) => string;
}

export interface PlotSpec {
  readonly data: readonly Data[];
  readonly layout: Partial<Layout>;
  /** CSS pixels; fixed, so that outputs do not jump. */
  readonly height: number;
  readonly walks?: readonly Walk[];
}

export interface PlotOptions {
  readonly host: Host;
  /** Where it is drawn. */
  readonly parent: HTMLElement;
  /** Name for screen readers. */
  readonly label: string;
  /** Makes what is drawn, in the colours of a theme; `revision` goes into `baseLayout`: the same one keeps the user's zoom. */
  readonly spec: (theme: Theme, revision: number) => PlotSpec;
  /** The pointer or the keyboard is on these points; [] when it left. */
  readonly onHover?: (points: readonly HoveredPoint[]) => void;
  /** A click on a point. */
  readonly onClick?: (point: HoveredPoint) => void;
}

export interface HoveredPoint {
  readonly curveNumber: number;
  readonly pointNumber: number;
}

const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, showTips: false, doubleClick: false, editable: false, staticPlot: false } as const;

type Library = typeof PlotlyModule;
let library: Promise<Library> | undefined;
const loadLibrary = (): Promise<Library> => (library ??= import("./plotly"));

export class Plot {
  /** Holds the plot; `display: none` on it hides it. */
  readonly element: HTMLElement;
  private readonly stage = html("div", { class: "iso-plot-stage", "aria-hidden": "true" });
  private readonly reset = html("button", { type: "button", class: "iso-button iso-plot-reset", hidden: true }, "Reset zoom");
  private graph: PlotlyHTMLElement | undefined;
  private spec: PlotSpec;
  private revision = 0;
  private walk = 0;
  private at = -1;
  private drawing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: PlotOptions,
    private readonly plotly: Library,
  ) {
    this.spec = options.spec(options.host.theme, this.revision);
    this.element = html(
      "div",
      { class: "iso-plot", role: "group", tabindex: 0, "aria-roledescription": "plot", "aria-label": `${options.label}. Arrow keys read the points.` },
      this.stage,
      this.reset,
    );
    options.parent.append(this.element);
  }

  /** The plot, drawn. */
  static async create(options: PlotOptions): Promise<Plot> {
    const plot = new Plot(options, await loadLibrary());
    await plot.start();
    return plot;
  }

  /** Draws anew from the spec; keeps zoom, and the element. Calls while it draws are joined. */
  draw(): Promise<void> {
    this.drawing = this.drawing.then(async () => {
      if (this.options.host.signal.aborted || this.graph === undefined) return;
      this.spec = this.options.spec(this.options.host.theme, this.revision);
      await this.plotly.react(this.stage, [...this.spec.data], this.layout(), CONFIG);
    });
    return this.drawing;
  }

  /** The plot as it is seen, as SVG with a ground of its own. */
  async picture(): Promise<SvgPicture> {
    const width = this.stage.clientWidth;
    const { height } = this.spec;
    const uri = await this.plotly.toImage({ data: [...this.spec.data], layout: { ...tickedLayout(this.seenLayout(), this.seenLayout()), width } }, { format: "svg", width, height });
    return { svg: decodeURIComponent(uri.slice(uri.indexOf(",") + 1)), width, height };
  }

  /** Shows the hover labels of these points, as if the pointer were there; [] takes them away. */
  hover(points: readonly HoveredPoint[]): void {
    if (this.graph === undefined) return;
    if (points.length === 0) this.plotly.hovering.unhover(this.stage);
    else this.plotly.hovering.hover(this.stage, points);
  }

  private async start(): Promise<void> {
    const { host } = this.options;
    this.graph = await this.plotly.newPlot(this.stage, [...this.spec.data], this.layout(), CONFIG);
    this.graph.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => /axis\d*\.range/.test(key))) return;
      this.reset.hidden = false;
      if (hasLogAxis(this.spec.layout)) void this.draw();
    });
    this.graph.on("plotly_doubleclick", () => this.resetZoom());
    this.graph.on("plotly_hover", ({ points }) => this.options.onHover?.(points));
    this.graph.on("plotly_unhover", () => this.options.onHover?.([]));
    this.graph.on("plotly_click", ({ points }) => {
      if (points.length > 0) this.options.onClick?.(points[0]);
    });
    this.reset.addEventListener("click", () => this.resetZoom(), { signal: host.signal });
    this.element.addEventListener("keydown", (event) => this.onKey(event), { signal: host.signal });
    this.element.addEventListener("blur", () => this.hover([]), { signal: host.signal });
    host.onThemeChange(() => void this.draw());
    this.followWidth();
    host.signal.addEventListener("abort", () => this.plotly.purge(this.stage));
  }

  private layout(): Partial<Layout> {
    const seen = this.reset.hidden ? this.spec.layout : this.seenLayout();
    return { ...tickedLayout(this.spec.layout, seen), width: Math.max(160, this.stage.clientWidth), height: this.spec.height };
  }

  /** The layout with the ranges that the user has zoomed to. */
  private seenLayout(): Partial<Layout> {
    return this.graph === undefined ? this.spec.layout : { ...this.spec.layout, ...rangesOf(this.graph.layout, this.spec.layout) };
  }

  private resetZoom(): void {
    this.revision++;
    this.reset.hidden = true;
    void this.draw();
    this.element.focus();
  }

  private followWidth(): void {
    let width = this.stage.clientWidth;
    let frame = 0;
    const observer = new ResizeObserver(() => {
      if (this.stage.clientWidth === width || this.stage.clientWidth === 0) return;
      width = this.stage.clientWidth;
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => void this.draw());
    });
    observer.observe(this.stage);
    this.options.host.signal.addEventListener("abort", () => {
      observer.disconnect();
      cancelAnimationFrame(frame);
    });
  }

  /** Left and right walk along a series, up and down change it, Escape leaves the points, 0 resets the zoom. */
  private onKey(event: KeyboardEvent): void {
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
    const walks = (this.spec.walks ?? []).filter(({ count }) => count > 0);
    const walk = walks[Math.min(this.walk, walks.length - 1)];
    if (event.key === "0") this.resetZoom();
    else if (event.key === "Escape" && this.at >= 0) this.leave();
    else if (walk === undefined) return;
    else if (event.key === "ArrowRight") this.at = Math.min(walk.count - 1, this.at + 1);
    else if (event.key === "ArrowLeft") this.at = Math.max(0, this.at - 1);
    else if (event.key === "Home") this.at = 0;
    else if (event.key === "End") this.at = walk.count - 1;
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") this.walk = (Math.min(this.walk, walks.length - 1) + (event.key === "ArrowDown" ? 1 : walks.length - 1)) % walks.length;
    else return;
    event.preventDefault();
    event.stopPropagation();
    const now = walks[this.walk];
    if (now === undefined || this.at < 0) return;
    this.at = Math.min(this.at, now.count - 1);
    this.hover([{ curveNumber: now.trace, pointNumber: this.at }]);
    this.options.host.announce(now.say(this.at));
  }

  private leave(): void {
    this.at = -1;
    this.hover([]);
  }
}

const isAxis = (name: string): boolean => /^[xy]axis\d*$/.test(name);
const isLogAxis = (axis: unknown): axis is object => typeof axis === "object" && axis !== null && "type" in axis && axis.type === "log";
const hasLogAxis = (layout: Partial<Layout>): boolean => Object.entries(layout).some(([name, axis]) => isAxis(name) && isLogAxis(axis));

/** `layout` with ticks on its log axes that suit the ranges of `seen`. The ranges stay its own: plotly keeps the user's by itself. */
function tickedLayout(layout: Partial<Layout>, seen: Partial<Layout>): Partial<Layout> {
  const ranges = new Map<string, unknown>(Object.entries(seen));
  const entries = Object.entries(layout).flatMap(([name, axis]): [string, unknown][] => {
    const other = ranges.get(name);
    if (!isAxis(name) || !isLogAxis(axis) || typeof other !== "object" || other === null) return [];
    const { tickvals, ticktext, tickmode } = withLogTicks(other, name.startsWith("x") ? "x" : "y");
    return [[name, { ...axis, tickvals, ticktext, tickmode }]];
  });
  return { ...layout, ...Object.fromEntries(entries) };
}

/** Of each axis in `layout`, the range seen in `now`. */
function rangesOf(now: Partial<Layout>, layout: Partial<Layout>): Partial<Layout> {
  const seen = new Map<string, unknown>(Object.entries(now));
  const entries = Object.entries(layout).flatMap(([name, axis]): [string, unknown][] => {
    const other = seen.get(name);
    if (!isAxis(name) || typeof axis !== "object" || typeof other !== "object" || other === null || !("range" in other)) return [];
    return [[name, { ...axis, range: other.range, autorange: false }]];
  });
  return Object.fromEntries(entries);
}
