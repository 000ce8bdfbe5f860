/** @file The page of model graphs: one graph, or two side by side with what differs, a search, and the details of what is selected. */
import { pngOfSvg, textFile } from "../../shared/exportFile";
import { html, replace } from "../../shared/dom";
import { pushButton } from "../../shared/fields";
import { menuButton } from "../../shared/menu";
import { addStyles } from "../../shared/styles";
import type { NamedGraph, ToModelGraphPanel } from "../modelGraphMessages";
import type { PanelHost } from "../panelHost";
import { compare, type Comparison } from "./compare";
import { showDetails } from "./details";
import { GraphPane } from "./graphPane";
import { GRAPH_CSS } from "./graphStyle";
import { search, searchField } from "./search";

/** Open modules of each pane, by the name of its file. */
type Saved = ReadonlyMap<string, ReadonlySet<string>>;

export class GraphView {
  private panes: readonly GraphPane[] = [];
  private comparison: Comparison | undefined;
  private readonly details = html("aside", { class: "graph-details", "aria-label": "Details", tabindex: 0 });
  private shown = new AbortController();
  private active = 0;
  private readonly saved: Map<string, ReadonlySet<string>>;

  constructor(private readonly host: PanelHost) {
    addStyles("graph", GRAPH_CSS);
    this.saved = new Map(readSaved(host.loadState()));
    const colours = (): void => {
      const { series } = host.themes.theme;
      host.element.style.setProperty("--graph-changed", series[1]);
      host.element.style.setProperty("--graph-only", series[3]);
    };
    colours();
    host.themes.listen(colours, host.signal);
    this.say("Reading the model…");
  }

  receive(message: ToModelGraphPanel): void {
    if (message.type === "reading") this.say(`Reading ${message.name}…`);
    else if (message.type === "failed") this.fail(message.message);
    else this.show(message.graphs);
  }

  private clear(): void {
    this.shown.abort();
    this.shown = new AbortController();
    this.panes = [];
    this.comparison = undefined;
    this.host.element.removeAttribute("data-ready");
  }

  private say(text: string): void {
    this.clear();
    replace(this.host.element, html("div", { class: "graph-state", role: "status" }, text));
  }

  private fail(message: string): void {
    this.clear();
    replace(this.host.element, html("div", { class: "graph-state" }, html("div", { class: "iso-error", role: "alert" }, html("strong", {}, "The model cannot be shown"), html("p", {}, message))));
    this.host.element.setAttribute("data-ready", "true");
  }

  private show(graphs: readonly NamedGraph[]): void {
    this.clear();
    const signal = AbortSignal.any([this.host.signal, this.shown.signal]);
    const columns = html("div", { class: "graph-columns" });
    const panes = graphs.map(
      (named, index) =>
        new GraphPane({
          named,
          signal,
          open: this.saved.get(`${index} ${named.name}`),
          onSelect: (id) => this.select(index, id),
          onOpen: (open) => this.save(`${index} ${named.name}`, open),
          announce: this.host.announce,
        }),
    );
    this.panes = panes;
    this.active = 0;
    replace(columns, panes.map(({ element }) => element), this.details);
    replace(this.host.element, this.bar(signal), this.notes(graphs), columns);
    if (panes.length === 2) {
      const comparison = compare(panes[0].source, panes[1].source);
      this.comparison = comparison;
      panes.forEach((pane, index) => pane.compareWith(comparison, index === 0 ? 0 : 1));
    }
    for (const pane of panes) pane.fit();
    this.select(0, undefined);
    this.host.element.setAttribute("data-ready", "true");
  }

  private bar(signal: AbortSignal): HTMLElement {
    const all = (act: (pane: GraphPane) => void) => (): void => this.panes.forEach(act);
    return html(
      "div",
      { class: "iso-toolbar graph-bar" },
      searchField({ signal, find: (query) => this.find(query), choose: (id) => this.choose(id) }),
      html("span", { role: "group", "aria-label": "Zoom" }, pushButton({ text: "−", label: "Zoom out", press: all((pane) => pane.zoom(-1)) }), " ", pushButton({ text: "+", label: "Zoom in", press: all((pane) => pane.zoom(1)) }), " ", pushButton({ text: "Fit", label: "Fit all of it", press: all((pane) => pane.zoom(0)) })),
      pushButton({ text: "Close all", press: all((pane) => pane.setAll(false)) }),
      pushButton({ text: "Open all", press: all((pane) => pane.setAll(true)) }),
      menuButton({ label: "Export", description: "Export this model graph", signal, entries: () => [{ label: "SVG", act: () => this.export("svg") }, { label: "PNG", act: () => this.export("png") }] }),
    );
  }

  private notes(graphs: readonly NamedGraph[]): HTMLElement {
    const several = graphs.length > 1;
    const words = graphs.flatMap(({ name, graph }) => graph.notes.map((note) => (several ? `${name}: ${note}` : note)));
    const element = html("p", { class: "graph-notes" }, words.join(" "));
    if (several) {
      const [a, b] = graphs.map(({ graph }) => graph);
      queueMicrotask(() => {
        const counts = this.comparison?.counts;
        if (counts === undefined || a === undefined || b === undefined) return;
        element.prepend(html("strong", {}, `${counts.same} modules alike (=), ${counts.changed} differ (≠), ${counts.onlyFirst} only left and ${counts.onlySecond} only right (+). `));
      });
    }
    return element;
  }

  private find(query: string): ReturnType<typeof search> {
    const pane = this.panes[this.active];
    return pane === undefined ? [] : search(pane.source, query);
  }

  private choose(id: string): void {
    this.panes[this.active]?.reveal(id, { focus: true });
    this.select(this.active, id);
  }

  private select(index: number, id: string | undefined): void {
    const pane = this.panes[index];
    if (pane === undefined) return;
    this.active = index;
    const side = index === 0 ? 0 : 1;
    showDetails(this.details, { source: pane.source, id, like: id === undefined ? undefined : this.comparison?.likeness[side].get(id) });
    const partner = id === undefined ? undefined : this.comparison?.partner[side].get(id);
    const other = this.panes[1 - index];
    if (partner !== undefined) other?.reveal(partner, { focus: false });
    else other?.select(undefined, { tell: false });
  }

  private export(kind: "svg" | "png"): void {
    const pane = this.panes[this.active];
    if (pane === undefined) return;
    const text = pane.picture(this.host.themes.theme);
    if (kind === "svg") {
      this.host.save(textFile("model-graph.svg", { text, mime: "image/svg+xml" }));
      return;
    }
    const [width, height] = (/viewBox="0 0 (\d+) (\d+)"/.exec(text)?.slice(1) ?? ["1", "1"]).map(Number);
    pngOfSvg({ svg: text, width, height }).then(
      (bytes) => this.host.save({ name: "model-graph.png", mime: "image/png", bytes }),
      (error: unknown) => this.host.announce(error instanceof Error ? error.message : String(error)),
    );
  }

  private save(name: string, open: ReadonlySet<string>): void {
    this.saved.set(name, new Set(open));
    this.host.saveState(Object.fromEntries([...this.saved].map(([key, keys]) => [key, [...keys]])));
  }
}

function readSaved(state: unknown): Saved {
  if (typeof state !== "object" || state === null) return new Map();
  const entries = Object.entries(state).flatMap(([name, keys]: [string, unknown]): [string, ReadonlySet<string>][] => (Array.isArray(keys) ? [[name, new Set(keys.filter((key): key is string => typeof key === "string"))]] : []));
  return new Map(entries);
}
