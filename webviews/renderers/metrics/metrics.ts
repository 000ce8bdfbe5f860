/** @file Live curves: one panel for each group, smoothing, log axis, and all values at the step under the pointer. */
import type { MetricSeries, MetricsPayload } from "../../../kernel/display/schema";
import { html } from "../../shared/dom";
import { pictureExports } from "../../shared/exportFile";
import { axisTitle, significant, withUnit } from "../../shared/format";
import { Legend, type LegendEntry } from "../../shared/legend";
import { composePicture, type Panel } from "../../shared/picture";
import { type HoveredPoint, Plot, type PlotSpec } from "../../shared/plot";
import { axisLayout, baseLayout, plotDash, plotText, rangeFor } from "../../shared/plotStyle";
import type { Host, Mounted, Renderer, Theme } from "../../shared/renderer";
import { seriesStyle } from "../../shared/seriesColour";
import { hiddenNames, savedField, savedNumber } from "../../shared/states";
import { BASE, finite, list, maybe, oneOf, record, sameLength, text } from "../../shared/validate";
import { smoothed } from "./smooth";

const MAX_POINTS = 20_000;
const series = record<MetricSeries>({ name: text(300), group: text(300), unit: text(200), step: list(finite, MAX_POINTS), value: list(maybe, MAX_POINTS) });
const check = record<MetricsPayload>({ ...BASE, series: list(series, 256), stepUnit: text(200), scale: oneOf("linear", "log") });

function parse(value: unknown): MetricsPayload {
  const payload = check(value, "");
  payload.series.forEach((one, index) => sameLength({ step: one.step, value: one.value }, `series[${index}]`));
  return payload;
}

const ONE_PANEL_PX = 300;
const PANEL_PX = 210;

interface Choices {
  /** Weight of the past, 0…0.99. */
  smoothing: number;
  /** undefined: as the payload says. */
  log: boolean | undefined;
}

const groupsOf = (payload: MetricsPayload): readonly string[] => [...new Set(payload.series.map(({ group }) => group))];

/** A panel: the curves of one group. */
interface GroupPanel {
  readonly group: string;
  readonly plot: Plot;
  readonly legend: Legend;
}

class MetricsView {
  private readonly choices: Choices;
  private panels: GroupPanel[] = [];
  private groups: readonly string[] = [];
  private readonly grid = html("div", { class: "iso-plots" });
  private readonly log = html("button", { type: "button", class: "iso-button" }, "Log scale");
  private readonly slider = html("input", { type: "range", min: 0, max: 0.99, step: 0.01, "aria-label": "Smoothing" });
  private readonly weight = html("output", { class: "iso-number" });
  private hidden: ReadonlySet<string>;

  constructor(
    private readonly host: Host,
    private payload: MetricsPayload,
  ) {
    const state = host.loadState();
    const log = savedField(state, "log");
    this.choices = { smoothing: savedNumber(state, "smoothing", { low: 0, high: 0.99, fallback: 0 }), log: typeof log === "boolean" ? log : undefined };
    this.hidden = hiddenNames(state);
    this.log.addEventListener("click", () => this.choose({ log: !this.isLog }), { signal: host.signal });
    this.slider.addEventListener("input", () => this.choose({ smoothing: Number(this.slider.value) }), { signal: host.signal });
    host.onThemeChange(() => this.showLegends());
    host.element.append(html("div", { class: "iso-toolbar" }, html("label", {}, "Smoothing", this.slider, this.weight), this.log), this.grid);
    this.showChoices();
  }

  async build(): Promise<void> {
    this.groups = groupsOf(this.payload);
    this.grid.replaceChildren();
    const { title } = this.payload;
    this.panels = await Promise.all(
      (this.groups.length === 0 ? [""] : this.groups).map(async (group): Promise<GroupPanel> => {
        const legend = new Legend({ signal: this.host.signal, hidden: this.hidden, onChange: (hidden) => this.hide(group, hidden) });
        const cell = html("div", {}, html("div", { class: "iso-plot-title" }, axisTitle({ label: group, unit: this.unitOf(group) })), legend.element);
        this.grid.append(cell);
        const plot = await Plot.create({
          host: this.host,
          parent: cell,
          label: group || title || "metrics",
          spec: (theme, revision) => this.spec(group, theme, revision),
          onHover: (points) => this.follow(group, points),
        });
        return { group, plot, legend };
      }),
    );
    this.showLegends();
  }

  update(payload: MetricsPayload): void {
    this.payload = payload;
    const groups = groupsOf(payload);
    if (groups.length !== this.groups.length || groups.some((group, i) => group !== this.groups[i])) {
      void this.build();
      return;
    }
    this.showLegends();
    this.showChoices();
    this.redraw();
  }

  async picture(): Promise<ReturnType<typeof composePicture>> {
    const box = this.grid.getBoundingClientRect();
    const panels = await Promise.all(
      this.panels.map(async ({ plot, group }): Promise<Panel> => {
        const own = plot.element.parentElement?.getBoundingClientRect() ?? box;
        return { ...(await plot.picture()), x: own.left - box.left, y: own.top - box.top, title: axisTitle({ label: group, unit: this.unitOf(group) }) };
      }),
    );
    const { theme } = this.host;
    const legend = new Map(this.groups.flatMap((group) => this.legendOf(group, theme)).map((entry) => [entry.name, entry]));
    return composePicture({ theme, title: this.payload.title, finding: this.payload.finding, legend: [...legend.values()], panels });
  }

  private get isLog(): boolean {
    return this.choices.log ?? this.payload.scale === "log";
  }

  private unitOf(group: string): string {
    return this.of(group)[0]?.unit ?? "";
  }

  private of(group: string): readonly MetricSeries[] {
    return this.payload.series.filter((one) => one.group === group);
  }

  private choose(changed: Partial<Choices>): void {
    Object.assign(this.choices, changed);
    this.save();
    this.showChoices();
    this.redraw();
  }

  private hide(group: string, hidden: ReadonlySet<string>): void {
    const names = new Set(this.of(group).map(({ name }) => name));
    this.hidden = new Set([...[...this.hidden].filter((name) => !names.has(name)), ...hidden]);
    this.save();
    this.redraw();
  }

  private save(): void {
    this.host.saveState({ ...this.choices, hidden: [...this.hidden] });
  }

  private showChoices(): void {
    const { smoothing } = this.choices;
    this.slider.value = String(smoothing);
    this.weight.textContent = smoothing === 0 ? "off" : smoothing.toFixed(2);
    this.log.setAttribute("aria-pressed", String(this.isLog));
  }

  private legendOf(group: string, theme: Theme): readonly LegendEntry[] {
    return this.of(group).map(({ name }, i) => ({ name, mark: "line", ...seriesStyle(i, theme) }));
  }

  private showLegends(): void {
    for (const { group, legend } of this.panels) legend.show(this.legendOf(group, this.host.theme));
  }

  private redraw(): void {
    for (const { plot } of this.panels) void plot.draw();
  }

  /** The other panels show the same step. */
  private follow(group: string, points: readonly HoveredPoint[]): void {
    const from = points[0];
    const step = from === undefined ? undefined : this.shown(group)[Math.floor(from.curveNumber)]?.step[from.pointNumber];
    for (const panel of this.panels) {
      if (panel.group === group) continue;
      const spots = step === undefined ? [] : this.shown(panel.group).map(({ step: steps }, curveNumber) => ({ curveNumber, pointNumber: nearest(steps, step) }));
      panel.plot.hover(spots.filter(({ pointNumber }) => pointNumber >= 0));
    }
  }

  private shown(group: string): readonly MetricSeries[] {
    return this.of(group).filter(({ name }) => !this.hidden.has(name));
  }

  private spec(group: string, theme: Theme, revision: number): PlotSpec {
    const all = this.of(group);
    const { smoothing } = this.choices;
    const curves = this.shown(group).map((one) => ({ one, style: seriesStyle(all.indexOf(one), theme), value: smoothing === 0 ? one.value : smoothed(one.value, smoothing) }));
    const height = this.groups.length > 1 ? PANEL_PX : ONE_PANEL_PX;
    const log = this.isLog;
    const placed = (values: MetricSeries["value"]): (number | null)[] => values.map((value) => (value === null || (log && value <= 0) ? null : value));
    const say = (one: MetricSeries, value: number | null): string => `${one.name}: ${value === null ? "not finite" : withUnit(value, one.unit, 5)}`;
    const lines = curves.map(({ one, style, value }) => ({
      type: "scatter" as const,
      mode: one.step.length < 2 || isSparse(one) ? ("lines+markers" as const) : ("lines" as const),
      x: [...one.step],
      y: placed(value),
      line: { color: style.colour, width: 1.7, dash: plotDash(style.dash) },
      marker: { size: 5, color: style.colour },
      hoverinfo: "text" as const,
      hovertext: value.map((shown) => plotText(say(one, shown))),
    }));
    const raw = smoothing === 0 ? [] : curves.map(({ one, style }) => ({ type: "scatter" as const, mode: "lines" as const, x: [...one.step], y: placed(one.value), opacity: 0.28, line: { color: style.colour, width: 1 }, hoverinfo: "skip" as const }));
    const empty = { text: all.length > 0 && curves.length === 0 ? "all curves are hidden" : "no values yet", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5, font: { color: theme.muted, size: 13 } } as const;
    return {
      data: [...lines, ...raw],
      height,
      walks: curves.map(({ one, value }, trace) => ({ trace, count: one.step.length, say: (index) => `${this.payload.stepUnit} ${significant(one.step[index], 7)}, ${say(one, value[index])}` })),
      layout: {
        ...baseLayout(theme, { height, revision }),
        hovermode: "x unified",
        xaxis: { ...axisLayout(theme, { title: this.payload.stepUnit, type: "linear", side: "x", range: rangeFor(curves.flatMap(({ one }) => one.step), { log: false, pad: 0.01 }) }), hoverformat: "~s" },
        yaxis: axisLayout(theme, { type: log ? "log" : "linear", side: "y", range: rangeFor(curves.flatMap(({ one }) => one.value), { log }) }),
        annotations: curves.some(({ one }) => one.value.some((value) => value !== null)) ? [] : [empty],
      },
    };
  }
}

/** Few points, as of a validation loss: each is shown as a dot too. */
const isSparse = ({ step }: MetricSeries): boolean => step.length <= 30;

/** Index of the entry nearest to `value` in a rising list; -1 in an empty one. */
function nearest(steps: readonly number[], value: number): number {
  let [low, high] = [0, steps.length - 1];
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (steps[middle] < value) low = middle;
    else high = middle;
  }
  return Math.abs(steps[low] - value) <= Math.abs(steps[high] - value) ? low : high;
}

export const metrics: Renderer<"metrics"> = {
  view: "metrics",
  parse,
  async mount(host: Host, payload: MetricsPayload): Promise<Mounted<"metrics">> {
    const view = new MetricsView(host, payload);
    await view.build();
    return { update: (next) => view.update(next), exports: pictureExports("metrics", () => view.picture()) };
  },
};
