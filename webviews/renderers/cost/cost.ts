/** @file What a step costs, by layer: a tree that opens and closes, with bars for FLOPs, bytes and parameters. */
import type { CostNode, CostPayload, CostReport } from "../../../kernel/display/schema";
import { html, replace } from "../../shared/dom";
import { pictureOfElement } from "../../shared/elementPicture";
import { pictureExports } from "../../shared/exportFile";
import { bytesText, flopsText, percent, significant, withPrefix } from "../../shared/format";
import type { Host, Mounted, Renderer } from "../../shared/renderer";
import { savedField } from "../../shared/states";
import { addStyles } from "../../shared/styles";
import { BASE, type Check, finite, list, PayloadError, record, text } from "../../shared/validate";
import { CSS } from "./style";
import { firstOpen, rowsOf, shortName, type CostColumn, type CostRow, type Sort } from "./rows";

const MAX_DEPTH = 40;

const node =
  (depth: number): Check<CostNode> =>
  (value, path) => {
    if (depth > MAX_DEPTH) throw new PayloadError(`${path} is ${depth} levels deep; expected at most ${MAX_DEPTH}`);
    return record<CostNode>({ path: text(600), flops: finite, bytesMoved: finite, parameters: finite, children: list(node(depth + 1), 5000) })(value, path);
  };
const report = record<CostReport>({
  root: node(0),
  totals: record<CostReport["totals"]>({ flops: finite, bytesMoved: finite, peakBytes: finite, parameters: finite }),
});
const check = record<CostPayload>({ ...BASE, report });

interface Column {
  readonly name: CostColumn;
  readonly title: string;
  readonly say: (value: number) => string;
}
type Measure = Exclude<CostColumn, "path">;
const MEASURES: readonly (Column & { readonly name: Measure })[] = [
  { name: "flops", title: "FLOPs", say: flopsText },
  { name: "bytesMoved", title: "Bytes moved", say: bytesText },
  { name: "parameters", title: "Parameters", say: (count) => withPrefix(count) },
];
const COLUMNS: readonly { readonly name: CostColumn; readonly title: string }[] = [{ name: "path", title: "Layer" }, ...MEASURES];

class CostView {
  readonly element = html("div", { class: "iso-cost" });
  private readonly totals = html("dl", { class: "iso-cost-totals" });
  private readonly body = html("tbody", {});
  private readonly head = html("tr", {});
  private readonly table: HTMLTableElement;
  private readonly open: Set<string>;
  private sort: Sort = { column: "path", order: "ascending" };
  private rows: readonly CostRow[] = [];
  private active = "";

  constructor(
    private readonly host: Host,
    private payload: CostPayload,
  ) {
    const open = savedField(host.loadState(), "open");
    this.open = Array.isArray(open) ? new Set(open.filter((path): path is string => typeof path === "string")) : firstOpen(payload.report.root);
    this.table = html("table", { class: "iso-tree", role: "treegrid", "aria-label": "Cost by layer" }, html("thead", {}, this.head), this.body);
    this.table.addEventListener("keydown", (event) => this.onKey(event), { signal: host.signal });
    this.element.append(this.totals, html("div", { class: "iso-table-scroll" }, this.table));
    host.element.append(this.element);
    this.draw();
  }

  update(payload: CostPayload): void {
    this.payload = payload;
    this.draw();
  }

  private draw(): void {
    const { root, totals } = this.payload.report;
    const intensity = totals.bytesMoved > 0 ? `${significant(totals.flops / totals.bytesMoved)} FLOP/byte` : "–";
    const tiles = [
      ["FLOPs", flopsText(totals.flops)],
      ["Bytes moved", bytesText(totals.bytesMoved)],
      ["Intensity", intensity],
      ["Peak memory", bytesText(totals.peakBytes)],
      ["Parameters", withPrefix(totals.parameters)],
    ];
    replace(
      this.totals,
      tiles.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))),
    );
    replace(
      this.head,
      COLUMNS.map(({ name, title }) => this.header(name, title)),
    );
    this.rows = rowsOf(root, this.open, this.sort);
    if (!this.rows.some((row) => row.node.path === this.active)) this.active = root.path;
    replace(
      this.body,
      this.rows.map((row) => this.row(row)),
    );
  }

  private header(column: CostColumn, title: string): HTMLElement {
    const order = this.sort.column === column ? this.sort.order : undefined;
    const sign = order === undefined || (column === "path" && order === "ascending") ? "" : order === "ascending" ? " ↑" : " ↓";
    const button = html("button", { type: "button" }, title, html("span", { "aria-hidden": "true" }, sign));
    button.addEventListener("click", () => {
      const first = column === "path" ? "ascending" : "descending";
      this.sort = { column, order: order === first ? (first === "ascending" ? "descending" : "ascending") : first };
      this.draw();
      this.head.querySelectorAll<HTMLElement>("button")[COLUMNS.findIndex(({ name }) => name === column)]?.focus();
      this.host.announce(`Layers by ${title}, ${this.sort.order}`);
    });
    return html("th", { scope: "col", role: "columnheader", "aria-sort": order ?? "none", class: column === "path" ? undefined : "iso-number" }, button);
  }

  private row(row: CostRow): HTMLElement {
    const { node: layer, level, open, place, brothers } = row;
    const leaf = layer.children.length === 0;
    const name = shortName(layer, this.rows[row.parent]?.node);
    const twisty = html("span", { class: "iso-twisty", "aria-hidden": "true" }, leaf ? "" : open ? "▾" : "▸");
    const label = html("td", { role: "gridcell", title: layer.path === "" ? undefined : layer.path }, html("span", { class: "iso-layer" }, twisty, name));
    const indent = label.firstElementChild;
    if (indent instanceof HTMLElement) indent.style.paddingLeft = `${(level - 1) * 14}px`;
    const element = html(
      "tr",
      {
        role: "row",
        tabindex: layer.path === this.active ? 0 : -1,
        "aria-level": level,
        "aria-posinset": place,
        "aria-setsize": brothers,
        "aria-expanded": leaf ? undefined : String(open),
        class: leaf ? undefined : "iso-branch",
      },
      label,
      MEASURES.map((measure) => this.cell(layer, measure)),
    );
    element.addEventListener("click", () => this.toggle(layer));
    return element;
  }

  private cell(layer: CostNode, { name, say }: (typeof MEASURES)[number]): HTMLElement {
    const whole = this.payload.report.root[name];
    const share = whole > 0 ? Math.min(1, Math.max(0, layer[name] / whole)) : 0;
    const bar = html("span", { class: "iso-bar", "aria-hidden": "true" }, html("span", {}));
    const fill = bar.firstElementChild;
    if (fill instanceof HTMLElement) fill.style.width = `${(share * 100).toFixed(2)}%`;
    return html(
      "td",
      { role: "gridcell", class: "iso-number" },
      html("span", { class: "iso-amount" }, html("span", {}, layer[name] === 0 ? "–" : say(layer[name])), html("small", {}, layer[name] === 0 ? "" : percent(share))),
      bar,
    );
  }

  private toggle(layer: CostNode, open = !this.open.has(layer.path)): void {
    this.active = layer.path;
    if (layer.children.length > 0) {
      if (open) this.open.add(layer.path);
      else this.open.delete(layer.path);
      this.host.saveState({ open: [...this.open] });
    }
    this.draw();
    this.focus(this.rows.findIndex((row) => row.node.path === layer.path));
  }

  private focus(index: number): void {
    const row = this.rows[index];
    if (row === undefined) return;
    this.active = row.node.path;
    const elements = [...this.body.children].filter((child): child is HTMLElement => child instanceof HTMLElement);
    elements.forEach((element, i) => (element.tabIndex = i === index ? 0 : -1));
    elements[index]?.focus();
  }

  /** As the treegrid of the ARIA practices: right opens or goes in, left closes or goes out. */
  private onKey(event: KeyboardEvent): void {
    const index = [...this.body.children].findIndex((child) => child === event.target);
    const row = this.rows[index];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const branch = row.node.children.length > 0;
    if (event.key === "ArrowDown") this.focus(Math.min(this.rows.length - 1, index + 1));
    else if (event.key === "ArrowUp") this.focus(Math.max(0, index - 1));
    else if (event.key === "Home") this.focus(0);
    else if (event.key === "End") this.focus(this.rows.length - 1);
    else if (event.key === "ArrowRight" && branch && !row.open) this.toggle(row.node, true);
    else if (event.key === "ArrowRight" && row.open) this.focus(index + 1);
    else if (event.key === "ArrowLeft" && row.open) this.toggle(row.node, false);
    else if (event.key === "ArrowLeft") this.focus(row.parent);
    else if ((event.key === "Enter" || event.key === " ") && branch) this.toggle(row.node);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

export const cost: Renderer<"cost"> = {
  view: "cost",
  parse: (value) => check(value, ""),
  mount(host: Host, payload: CostPayload): Promise<Mounted<"cost">> {
    addStyles("cost", CSS);
    const view = new CostView(host, payload);
    return Promise.resolve({ update: (next) => view.update(next), exports: pictureExports("cost", () => pictureOfElement(view.element, host.theme)) });
  },
};
