/** @file One graph on the page: modules that open and close, pan, zoom, keyboard. */
import { html, replace, svg } from "../../shared/dom";
import { flopsText, plural, withPrefix } from "../../shared/format";
import { svgText } from "../../shared/exportFile";
import type { Theme } from "../../shared/renderer";
import type { NamedGraph } from "../modelGraphMessages";
import type { Comparison, Likeness } from "./compare";
import { edgeLabels } from "./edgeLabels";
import { drawEdge, drawItem, sizeOf, type Source } from "./graphItems";
import { layoutOf, type Layout } from "./layout";
import { firstOpen, type Item, keyText, moduleId, type Modules, modulesOf, visibleOf } from "./modules";

export interface PaneOptions {
  readonly named: NamedGraph;
  readonly signal: AbortSignal;
  /** Keys of modules that were open before, if any. */
  readonly open: ReadonlySet<string> | undefined;
  readonly onSelect: (id: string | undefined) => void;
  readonly onOpen: (open: ReadonlySet<string>) => void;
  readonly announce: (text: string) => void;
}

const ZOOM_STEP = 1.25;
const MIN_ZOOM = 0.05;
const MAX_ZOOM = 4;
const MAX_FIT_ZOOM = 1.3;
const READABLE_ZOOM = 0.8;
/** More labels than this are noise. */
const SHAPES_UP_TO_EDGES = 80;

export class GraphPane {
  readonly element: HTMLElement;
  readonly source: Source;
  private readonly canvas = svg("svg", { class: "graph-canvas", role: "group", "aria-label": "Model graph" });
  private readonly world = svg("g", {});
  private open: Set<string>;
  private items: readonly Item[] = [];
  private layout: Layout = { boxes: new Map(), routes: [], width: 0, height: 0 };
  private view = { x: 0, y: 0, zoom: 1 };
  private selected: string | undefined;
  private comparison: { readonly likeness: ReadonlyMap<string, Likeness> } | undefined;

  constructor(private readonly options: PaneOptions) {
    const { named, signal } = options;
    const modules: Modules = modulesOf(named.graph);
    this.source = { graph: named.graph, modules };
    this.open = new Set(options.open ?? firstOpen(modules));
    const { graph } = named;
    const facts = [plural(modules.root.nodes, "node"), `${withPrefix(graph.parameters)} parameters`, graph.flops === null ? "" : flopsText(graph.flops)].filter((part) => part !== "").join(" · ");
    this.element = html("section", { class: "graph-pane", "aria-label": named.name }, html("h2", {}, named.name, " ", html("span", {}, facts)));
    this.canvas.append(svg("defs", {}, svg("marker", { id: "graph-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 1L7 4L0 7Z", fill: "var(--iso-muted)" }))), this.world);
    this.element.append(this.canvas);
    this.listen(signal);
    this.draw();
    const observer = new ResizeObserver(() => this.fit());
    observer.observe(this.canvas);
    signal.addEventListener("abort", () => observer.disconnect());
  }

  compareWith(comparison: Comparison, side: 0 | 1): void {
    this.comparison = { likeness: comparison.likeness[side] };
    this.draw();
  }

  /** Opens what is around an item, and shows it. */
  reveal(id: string, { focus }: { readonly focus: boolean }): void {
    const { modules } = this.source;
    let key = id.startsWith("m") ? modules.byKey.get(id.slice(1))?.parent : id.startsWith("n") ? modules.moduleOf[Number(id.slice(1))] : "";
    let changed = false;
    for (; key !== undefined && key !== ""; key = modules.byKey.get(key)?.parent)
      if (!this.open.has(key)) {
        this.open.add(key);
        changed = true;
      }
    if (changed) {
      this.options.onOpen(this.open);
      this.draw();
    }
    this.select(id, { tell: false });
    this.centre(id);
    if (focus) this.elementOf(id)?.focus({ preventScroll: true });
  }

  select(id: string | undefined, { tell }: { readonly tell: boolean }): void {
    this.selected = id;
    for (const element of this.world.querySelectorAll<SVGGElement>(".graph-item")) element.dataset["selected"] = String(element.dataset["id"] === id);
    for (const element of this.world.querySelectorAll<SVGGElement>("[data-from]")) element.querySelector<SVGElement>("path")?.setAttribute("data-near", String(element.dataset["from"] === id || element.dataset["to"] === id));
    if (tell) this.options.onSelect(id);
  }

  /** All modules open or closed. */
  setAll(open: boolean): void {
    this.open = new Set(open ? this.source.modules.byKey.keys() : [""]);
    this.options.onOpen(this.open);
    this.draw();
    this.fit();
  }

  zoom(direction: 1 | -1 | 0): void {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (direction === 0) this.fit();
    else this.zoomBy(ZOOM_STEP ** direction, { x: width / 2, y: height / 2 });
  }

  fit(): void {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (width === 0 || this.layout.width === 0) return;
    const zoom = Math.max(MIN_ZOOM, Math.min(MAX_FIT_ZOOM, width / this.layout.width, height / this.layout.height));
    // What does not fit readably begins at its top.
    const used = Math.max(zoom, Math.min(READABLE_ZOOM, width / this.layout.width));
    this.view = { zoom: used, x: (width - this.layout.width * used) / 2, y: Math.max(8, (height - this.layout.height * used) / 2) };
    this.place();
  }

  /** The whole graph as it is opened now, as SVG text. */
  picture(theme: Theme): string {
    const copy = svg("svg", { viewBox: `0 0 ${Math.ceil(this.layout.width)} ${Math.ceil(this.layout.height)}`, class: "graph-canvas" });
    copy.style.cssText = `position:absolute;left:-99999px;width:${Math.ceil(this.layout.width)}px;height:${Math.ceil(this.layout.height)}px`;
    copy.append(this.canvas.querySelector("defs")?.cloneNode(true) ?? "", ...[...this.world.children].map((child) => child.cloneNode(true)));
    for (const mark of copy.querySelectorAll("[data-selected], [data-near]")) ["data-selected", "data-near"].forEach((name) => mark.removeAttribute(name));
    this.element.append(copy);
    const text = svgText(copy, theme);
    copy.remove();
    return text.replaceAll("var(--iso-muted)", theme.muted);
  }

  private toggle(key: string): void {
    const opening = !this.open.has(key);
    const before = this.boxOnScreen(moduleId(key));
    if (opening) this.open.add(key);
    else this.open.delete(key);
    this.options.onOpen(this.open);
    this.draw();
    // What was clicked stays where it was.
    const after = this.boxOnScreen(moduleId(key));
    if (before !== undefined && after !== undefined) {
      this.view = { ...this.view, x: this.view.x + before.x - after.x, y: this.view.y + before.y - after.y };
      this.place();
    }
    this.select(moduleId(key), { tell: true });
    this.elementOf(moduleId(key))?.focus({ preventScroll: true });
    this.options.announce(`${keyText(key)} is ${opening ? "open" : "closed"}`);
  }

  private boxOnScreen(id: string): { readonly x: number; readonly y: number } | undefined {
    const box = this.layout.boxes.get(id);
    return box === undefined ? undefined : { x: this.view.x + (box.x + box.width / 2) * this.view.zoom, y: this.view.y + box.y * this.view.zoom };
  }

  private draw(): void {
    const visible = visibleOf(this.source.graph, this.source.modules, this.open);
    this.items = visible.items;
    this.layout = layoutOf(visible, (item) => sizeOf(this.source, item));
    const labels = this.layout.routes.length <= SHAPES_UP_TO_EDGES ? edgeLabels(this.source, this.layout, this.items) : undefined;
    const drawn = this.items.flatMap((item) => {
      const box = this.layout.boxes.get(item.id);
      return box === undefined ? [] : [{ item, element: drawItem({ source: this.source, item, box, like: this.comparison?.likeness.get(item.id) }) }];
    });
    const groups = drawn.filter(({ item }) => item.kind === "group").map(({ element }) => element);
    const others = drawn.filter(({ item }) => item.kind !== "group").map(({ element }) => element);
    replace(this.world, groups, this.layout.routes.map((route) => drawEdge(route, labels?.get(route))), others);
    const [first] = others;
    const current = this.selected === undefined ? undefined : this.elementOf(this.selected);
    (current ?? first)?.setAttribute("tabindex", "0");
    this.select(this.selected, { tell: false });
    this.place();
  }

  private elementOf(id: string): SVGGElement | undefined {
    return [...this.world.querySelectorAll<SVGGElement>(".graph-item")].find((element) => element.dataset["id"] === id);
  }

  private centre(id: string): void {
    const box = this.layout.boxes.get(id);
    const { width, height } = this.canvas.getBoundingClientRect();
    if (box === undefined) return;
    const zoom = Math.max(0.7, this.view.zoom);
    this.view = { zoom, x: width / 2 - (box.x + box.width / 2) * zoom, y: height / 2 - (box.y + Math.min(box.height, 200) / 2) * zoom };
    this.place();
  }

  private place(): void {
    const { x, y, zoom } = this.view;
    this.world.setAttribute("transform", `translate(${x} ${y}) scale(${zoom})`);
  }

  private zoomBy(factor: number, at: { readonly x: number; readonly y: number }): void {
    const zoom = Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, this.view.zoom * factor));
    const used = zoom / this.view.zoom;
    this.view = { zoom, x: at.x - (at.x - this.view.x) * used, y: at.y - (at.y - this.view.y) * used };
    this.place();
  }

  private listen(signal: AbortSignal): void {
    const { canvas } = this;
    const idOf = (target: EventTarget | null): string | undefined => (target instanceof Element ? target.closest<SVGGElement>(".graph-item")?.dataset["id"] : undefined);
    let drag: { readonly x: number; readonly y: number; readonly view: { x: number; y: number; zoom: number }; readonly id: string | undefined; moved: boolean } | undefined;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      drag = { x: event.clientX, y: event.clientY, view: this.view, id: idOf(event.target), moved: false };
    }, { signal });
    canvas.addEventListener("pointermove", (event) => {
      if (drag === undefined || (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 4)) return;
      if (!drag.moved) canvas.setPointerCapture(event.pointerId);
      drag.moved = true;
      this.view = { ...drag.view, x: drag.view.x + event.clientX - drag.x, y: drag.view.y + event.clientY - drag.y };
      this.place();
    }, { signal });
    canvas.addEventListener("pointerup", () => {
      const clicked = drag?.moved === false ? drag : undefined;
      drag = undefined;
      if (clicked === undefined) return;
      if (clicked.id === undefined) this.select(undefined, { tell: true });
      else this.activate(clicked.id);
    }, { signal });
    canvas.addEventListener("pointercancel", () => (drag = undefined), { signal });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      this.zoomBy(Math.exp(-event.deltaY / (event.ctrlKey ? 100 : 400)), { x: event.clientX - box.left, y: event.clientY - box.top });
    }, { signal, passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event, idOf(event.target)), { signal });
    canvas.addEventListener("focusin", (event) => {
      const id = idOf(event.target);
      if (id === undefined) return;
      for (const element of this.world.querySelectorAll(".graph-item[tabindex='0']")) element.setAttribute("tabindex", "-1");
      this.elementOf(id)?.setAttribute("tabindex", "0");
    }, { signal });
  }

  private activate(id: string): void {
    if (id.startsWith("m")) this.toggle(id.slice(1));
    else this.select(id, { tell: true });
  }

  private key(event: KeyboardEvent, id: string | undefined): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zooms: Readonly<Record<string, 1 | -1 | 0>> = { "+": 1, "=": 1, "-": -1, "0": 0 };
    if (Object.hasOwn(zooms, event.key)) this.zoom(zooms[event.key]);
    else if (id === undefined) return;
    else if (event.key === "Enter" || event.key === " ") this.activate(id);
    else if (event.key.startsWith("Arrow")) this.step(id, event.key);
    else return;
    event.preventDefault();
  }

  /** To the nearest item in that direction. */
  private step(id: string, key: string): void {
    const from = this.layout.boxes.get(id);
    if (from === undefined) return;
    const middle = ({ x, y, width, height }: typeof from): { x: number; y: number } => ({ x: x + width / 2, y: y + Math.min(20, height / 2) });
    const here = middle(from);
    const [dx, dy] = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key] ?? [0, 0];
    let best: { readonly id: string; readonly distance: number } | undefined;
    for (const [other, box] of this.layout.boxes) {
      if (other === id) continue;
      const at = middle(box);
      const [along, across] = [(at.x - here.x) * dx + (at.y - here.y) * dy, Math.abs((at.x - here.x) * dy) + Math.abs((at.y - here.y) * dx)];
      const distance = along + 2.5 * across;
      if (along > 2 && (best === undefined || distance < best.distance)) best = { id: other, distance };
    }
    if (best === undefined) return;
    this.select(best.id, { tell: true });
    this.elementOf(best.id)?.focus({ preventScroll: true });
    this.keepInSight(best.id);
  }

  private keepInSight(id: string): void {
    const at = this.boxOnScreen(id);
    const { width, height } = this.canvas.getBoundingClientRect();
    if (at !== undefined && (at.x < 40 || at.y < 10 || at.x > width - 40 || at.y > height - 40)) this.centre(id);
  }
}
