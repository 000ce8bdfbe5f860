/** @file The runs panel: toolbar, plot, legend and tables, kept together while runs go on. */
import { html, replace } from "../../shared/dom";
import { fileStem, pictureExports, textFile } from "../../shared/exportFile";
import { pushButton, selectField, sliderField, type Field } from "../../shared/fields";
import { Legend } from "../../shared/legend";
import { menuButton } from "../../shared/menu";
import { Plot } from "../../shared/plot";
import { addStyles } from "../../shared/styles";
import { AXES, type Axis } from "../../../kernel/runs/schema";
import type { PanelHost } from "../panelHost";
import type { PanelRun } from "../runsMessages";
import { axesOf, compare, metricsOf, type Choices, type Comparison } from "./comparison";
import { configRows, environmentRows } from "./differences";
import { AXIS_LABELS, axisText, colourOf, runsPlot } from "./runsPlot";
import { differencesTable, resultsTable } from "./runsTables";
import { RUNS_STYLE } from "./runsStyle";

const MAX_SMOOTHING = 0.99;
const START: Choices = { metric: "loss", axis: "flops", smoothing: 0, logX: false, logY: false, equal: true };

export class RunsView {
  private runs: readonly PanelRun[] = [];
  private choices: Choices;
  private hidden: ReadonlySet<string> = new Set();
  private all = false;
  private comparison: Comparison = { runs: [], budget: undefined };
  private plot: Promise<Plot> | undefined;
  private readonly finding = html("p", { class: "iso-finding" });
  private readonly toolbar = html("div", { class: "iso-toolbar", role: "toolbar", "aria-label": "Plot" });
  private readonly stage = html("div", {});
  private readonly results = html("div", {});
  private readonly differences = html("div", {});
  private readonly legend: Legend;
  private shownFields = "";

  constructor(private readonly host: PanelHost) {
    addStyles("runs", RUNS_STYLE);
    this.choices = readChoices(host.loadState());
    this.legend = new Legend({ signal: host.signal, hidden: this.hidden, onChange: (hidden) => this.hide(hidden) });
    const menu = menuButton({ label: "Export", description: "Export this comparison", entries: () => this.exportEntries(), signal: host.signal });
    replace(host.element, html("div", { class: "iso-head" }, html("div", { class: "iso-words" }, html("h1", { class: "iso-title" }, "Compare runs"), this.finding), menu), this.toolbar, this.legend.element, this.stage, this.results, this.differences);
    host.themes.listen(() => void this.show(), host.signal);
  }

  /** Shows these runs; choices, zoom and hidden curves stay. Resolves when they are drawn. */
  async update(runs: readonly PanelRun[]): Promise<void> {
    this.runs = runs;
    const metrics = metricsOf(runs);
    if (!metrics.includes(this.choices.metric)) this.choices = { ...this.choices, metric: metrics[0] ?? "loss" };
    const axes = axesOf(runs, this.choices.metric);
    if (!axes.includes(this.choices.axis)) this.choices = { ...this.choices, axis: "step" };
    this.showFields(metrics, axes);
    await this.show();
    this.host.element.setAttribute("data-ready", "true");
  }

  private choose(part: Partial<Choices>): void {
    this.choices = { ...this.choices, ...part };
    this.host.saveState(this.choices);
    // Another metric may lack an axis.
    if (part.metric !== undefined) void this.update(this.runs);
    else void this.show();
  }

  private hide(hidden: ReadonlySet<string>): void {
    this.hidden = new Set(hidden);
    void this.show();
  }

  /** Made anew only when metrics or axes change, so that focus stays while a run goes on. */
  private showFields(metrics: readonly string[], axes: readonly Axis[]): void {
    const key = JSON.stringify([metrics, axes]);
    if (key === this.shownFields) return;
    this.shownFields = key;
    const { metric, axis, smoothing, logX, logY, equal } = this.choices;
    const metricField = selectField({ label: "Metric", options: metrics.map((name) => ({ value: name, text: name })), value: metric, choose: (value) => this.choose({ metric: value }) });
    const axisField: Field<Axis> = selectField({ label: "Against", options: axes.map((name) => ({ value: name, text: AXIS_LABELS[name] })), value: axis, choose: (value) => this.choose({ axis: value }) });
    const smooth = sliderField({ label: "Smoothing", max: MAX_SMOOTHING, step: 0.01, value: smoothing, text: (value) => (value === 0 ? "none" : value.toFixed(2)), move: (value) => this.choose({ smoothing: value }) });
    const toggles = [
      toggle("Log x", logX, (on) => this.choose({ logX: on })),
      toggle("Log y", logY, (on) => this.choose({ logY: on })),
      toggle("Cut at equal budget", equal, (on) => this.choose({ equal: on })),
    ];
    replace(this.toolbar, metricField.element, axisField.element, smooth.element, ...toggles);
  }

  private async show(): Promise<void> {
    const { theme } = this.host.themes;
    this.comparison = compare(this.runs, this.choices);
    this.finding.textContent = findingOf(this.comparison, this.choices);
    const empty = this.comparison.runs.every(({ curve }) => curve.x.length === 0);
    this.toolbar.hidden = metricsOf(this.runs).length === 0;
    this.stage.hidden = empty;
    this.legend.show(this.comparison.runs.map(({ label }, index) => ({ name: label, colour: colourOf(theme, index), mark: "line" })));
    replace(this.results, empty ? undefined : resultsTable({ comparison: this.comparison, choices: this.choices, theme }));
    this.showDifferences();
    if (empty) return;
    const drawn = this.plot;
    this.plot ??= Plot.create({
      host: {
        element: this.stage,
        theme,
        onThemeChange: () => undefined, // show() draws again
        signal: this.host.signal,
        trusted: true,
        loadState: () => undefined,
        saveState: () => undefined,
        save: (file) => this.host.save(file),
        announce: this.host.announce,
      },
      parent: this.stage,
      label: "Curves of the runs",
      spec: (_, revision) => runsPlot({ comparison: this.comparison, choices: this.choices, hidden: this.hidden, theme: this.host.themes.theme, revision }),
    });
    const plot = await this.plot;
    if (drawn !== undefined) await plot.draw();
  }

  private showDifferences(): void {
    const labels = this.comparison.runs.map(({ label }) => label);
    const { all } = this;
    const button = pushButton({
      text: all ? "Only differences" : "Show all settings",
      press: () => {
        this.all = !all;
        this.showDifferences();
        this.differences.querySelector("button")?.focus();
      },
    });
    replace(
      this.differences,
      this.runs.length === 0 ? undefined : html("div", { class: "iso-toolbar" }, html("h2", { class: "runs-heading" }, "Settings and environment"), button),
      this.runs.length === 0 ? undefined : differencesTable({ title: "Settings", labels, rows: configRows(this.runs), all, empty: "These runs were started without settings." }),
      this.runs.length === 0 ? undefined : differencesTable({ title: "Environment", labels, rows: environmentRows(this.runs), all, empty: "Nothing is known of the environment." }),
    );
  }

  private exportEntries(): { label: string; act: () => void }[] {
    const stem = fileStem(this.choices.metric, "runs");
    const pictures = this.plot === undefined ? [] : pictureExports(stem, async () => (await this.plot!).picture());
    const csv = (): void => this.host.save(textFile(`${stem}.csv`, { text: csvOf(this.comparison, this.choices), mime: "text/csv" }));
    return [
      ...pictures.map(({ label, make }) => ({ label, act: () => void make().then((file) => this.host.save(file), (error: unknown) => this.host.announce(`The export failed: ${String(error)}`)) })),
      { label: "CSV", act: csv },
    ];
  }
}

function toggle(text: string, on: boolean, change: (on: boolean) => void): HTMLElement {
  const box = html("input", { type: "checkbox" });
  box.checked = on;
  box.addEventListener("change", () => change(box.checked));
  return html("label", {}, box, text);
}

/** The sentence at the top: which is best where all have spent the same. */
export function findingOf({ runs, budget }: Comparison, { metric, axis }: Choices): string {
  if (runs.length === 0) return "The runs are gone.";
  const known = runs.flatMap(({ label, atBudget }) => (atBudget === undefined ? [] : [{ label, atBudget }])).sort((a, b) => a.atBudget - b.atBudget);
  if (budget === undefined || known.length === 0) return `None of these runs has logged ${metric} yet.`;
  const [best, second] = known;
  const at = `At equal ${AXIS_LABELS[axis]} (${axisText(axis, budget)})`;
  if (second === undefined) return `${best.label}: ${metric} ${best.atBudget.toPrecision(4)} at ${axisText(axis, budget)}.`;
  if (second.atBudget === best.atBudget) return `${at} ${best.label} and ${second.label} have the same ${metric}, ${best.atBudget.toPrecision(4)}.`;
  return `${at} ${best.label} has the lowest ${metric}, ${best.atBudget.toPrecision(4)}; next is ${second.label} with ${second.atBudget.toPrecision(4)}.`;
}

const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The points as drawn: run, place on the axis, value. */
function csvOf({ runs }: Comparison, { metric, axis }: Choices): string {
  const lines = runs.flatMap(({ label, run, raw }) => raw.x.map((x, i) => [quoted(label), run.id, x, raw.y[i]].join(",")));
  return `run,id,${axis},${quoted(metric)}\n${lines.join("\n")}\n`;
}

/** Choices kept by the editor; what is not as it should be is as at the start. */
function readChoices(state: unknown): Choices {
  if (typeof state !== "object" || state === null) return START;
  const kept = new Map<string, unknown>(Object.entries(state));
  const flag = (name: "logX" | "logY" | "equal"): boolean => (typeof kept.get(name) === "boolean" ? kept.get(name) === true : START[name]);
  const metric = kept.get("metric");
  const smoothing = kept.get("smoothing");
  return {
    metric: typeof metric === "string" ? metric : START.metric,
    axis: AXES.find((one) => one === kept.get("axis")) ?? START.axis,
    smoothing: typeof smoothing === "number" && smoothing >= 0 && smoothing <= MAX_SMOOTHING ? smoothing : START.smoothing,
    logX: flag("logX"),
    logY: flag("logY"),
    equal: flag("equal"),
  };
}
