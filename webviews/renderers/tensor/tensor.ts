/** @file Tensors: any two axes as a heat map, sliders for the others, values under the cursor, histogram, statistics, copying. */
import type { TensorPayload } from "../../../kernel/display/schema";
import { html, replace } from "../../shared/dom";
import { pngOfCanvas } from "../../shared/canvas";
import { hexOfRgb } from "../../shared/colour";
import { svgText, textFile } from "../../shared/exportFile";
import { pushButton, selectField, sliderField } from "../../shared/fields";
import { significant } from "../../shared/format";
import type { ExportFile, Host, Mounted, Renderer } from "../../shared/renderer";
import { addStyles } from "../../shared/styles";
import { colourScale, type ColourScale, MAPS, SPANS } from "./colourScale";
import { COPY_FORMATS, copyText, toClipboard, type CopyFormat } from "./copyText";
import { HeatMap } from "./heatMap";
import { Histogram } from "./histogram";
import { parseTensor } from "./parse";
import { TENSOR_CSS } from "./rules";
import { readSettings, type Settings } from "./settings";
import { fitted, placeText, type Selection, selectionText, type Slice, sliceOf, statsOf } from "./slice";
import { statistics } from "./statistics";
import { cellText, valueText, type Values, valuesOf } from "./values";
import type { Cell } from "./viewport";

const MAP_NAMES = { automatic: "automatic", sequential: "viridis", diverging: "blue–red", grey: "grey" } as const;

/** A vector needs less height than a matrix, and a scalar no scale of colours. */
const lowClass = (shape: readonly number[]): string => {
  const rows = shape.length < 2 ? 1 : shape.slice(0, -1).reduce((product, axis) => product * axis, 1);
  return rows > 1 ? "" : (shape.at(-1) ?? 1) > 1 ? " iso-tensor-low" : " iso-tensor-low iso-tensor-one";
};

class TensorView {
  private values: Values;
  private slice: Slice;
  private colours: ColourScale;
  private settings: Settings;
  private readonly map: HeatMap;
  private readonly histogram = new Histogram();
  private readonly facts = html("p", { class: "iso-tensor-facts" });
  private readonly axes = html("div", { class: "iso-toolbar iso-tensor-axes", role: "group", "aria-label": "Axes" });
  private readonly readout = html("div", { class: "iso-tensor-readout" });
  private readonly key = html("div", { class: "iso-tensor-key" });
  private readonly numbers = html("div", {});
  private readonly barText = html("p", { class: "iso-tensor-muted" });
  private readonly room = html("div", { class: "iso-tensor-room" });

  constructor(
    private readonly host: Host,
    private payload: TensorPayload,
  ) {
    addStyles("tensor", TENSOR_CSS);
    this.values = valuesOf(payload);
    this.settings = readSettings(host.loadState());
    this.map = new HeatMap({ size: () => this.size(), theme: () => host.theme, onCell: (cell, moved) => this.point(cell, moved), signal: host.signal });
    this.slice = sliceOf(this.values, this.selection);
    this.colours = this.makeColours();
    this.build();
    host.onThemeChange(() => this.map.drawSoon());
    const observer = new ResizeObserver(() => this.map.resize());
    observer.observe(this.room);
    host.signal.addEventListener("abort", () => observer.disconnect());
    this.showAll();
  }

  update(payload: TensorPayload): void {
    const sameShape = payload.values.shape.join() === this.payload.values.shape.join() && payload.shape.length === this.payload.shape.length;
    this.payload = payload;
    this.values = valuesOf(payload);
    this.showAll(sameShape);
  }

  readonly exports: Mounted<"tensor">["exports"] = [
    { label: "PNG", make: async (): Promise<ExportFile> => ({ name: "tensor.png", mime: "image/png", bytes: await pngOfCanvas(this.map.picture()) }) },
    { label: "SVG (histogram)", make: () => this.histogramFile() },
    { label: "CSV", make: () => Promise.resolve(textFile("tensor.csv", { text: copyText(this.slice, { rank: this.values.rank, format: "CSV" }), mime: "text/csv" })) },
  ];

  private get selection(): Selection {
    return fitted(this.settings.selection, this.values);
  }

  private size(): { readonly width: number; readonly height: number } {
    return { width: this.room.clientWidth, height: this.room.clientHeight };
  }

  private histogramFile(): Promise<ExportFile> {
    const drawing = this.histogram.element.querySelector("svg");
    if (drawing === null) throw new Error("there is no finite element, so no histogram");
    return Promise.resolve(textFile("histogram.svg", { text: svgText(drawing, this.host.theme), mime: "image/svg+xml" }));
  }

  private makeColours(): ColourScale {
    const { map, span } = this.settings;
    return colourScale(this.values, { map, span, stats: statsOf(this.slice) });
  }

  private change(change: Partial<Settings>, { keep = true }: { readonly keep?: boolean } = {}): void {
    this.settings = { ...this.settings, ...change };
    this.host.saveState(this.settings);
    this.show(keep);
  }

  private build(): void {
    const { settings } = this;
    const format = selectField<CopyFormat>({ label: "Copy as", options: COPY_FORMATS.map((value) => ({ value, text: value })), value: settings.format, choose: (value) => this.change({ format: value }) });
    const colours = selectField({ label: "Colours", options: MAPS.map((value) => ({ value, text: MAP_NAMES[value] })), value: settings.map, choose: (map) => this.change({ map }) });
    const span = selectField({ label: "Range of", options: SPANS.map((value) => ({ value, text: value })), value: settings.span, choose: (value) => this.change({ span: value }) });
    const tools = html(
      "div",
      { class: "iso-toolbar" },
      colours.element,
      span.element,
      html("span", { role: "group", "aria-label": "Zoom" }, pushButton({ text: "−", label: "Zoom out", press: () => this.map.zoom(-1) }), " ", pushButton({ text: "+", label: "Zoom in", press: () => this.map.zoom(1) }), " ", pushButton({ text: "Fit", label: "Fit all of it", press: () => this.map.zoom(0) })),
      format.element,
      pushButton({ text: "Copy", label: "Copy what is shown", press: () => void this.copy() }),
    );
    const log = html("button", { type: "button", class: "iso-button", "aria-pressed": String(settings.log) }, "log counts");
    log.addEventListener("click", () => {
      log.setAttribute("aria-pressed", String(!this.settings.log));
      this.change({ log: !this.settings.log });
    });
    this.room.append(this.map.canvas);
    const left = html("div", { class: "iso-tensor-left" }, this.readout, html("div", { class: "iso-tensor-stage" }, this.room, this.key));
    const right = html("div", { class: "iso-tensor-right" }, this.numbers, this.histogram.element, html("div", { class: "iso-toolbar" }, log, this.barText));
    this.host.element.append(html("div", { class: `iso-tensor-view${lowClass(this.values.whole)}` }, this.facts, tools, this.axes, html("div", { class: "iso-tensor-grid" }, left, right)));
  }

  /** Everything anew: another payload. */
  private showAll(keep = false): void {
    const { exact, step } = this.values;
    const known = exact ? "exact values" : step > 0 ? `values to ±${significant(step / 2, 2)}` : "values to 6 digits";
    const cut = this.values.shape.some((size, axis) => size < this.values.whole[axis]);
    const part = cut ? [`shown: the first [${this.values.shape.slice(this.values.shape.length - this.values.rank).join(", ")}] of [${this.payload.shape.join(", ")}]`] : [];
    this.facts.textContent = [`${this.payload.dtype} [${this.payload.shape.join(", ")}]`, known, ...part].join(" · ");
    this.buildAxes();
    this.show(keep);
  }

  private buildAxes(): void {
    const { shape, whole, rank } = this.values;
    const offset = shape.length - rank;
    if (rank < 3) {
      replace(this.axes);
      return;
    }
    const { rows, columns, index } = this.selection;
    const options = shape.map((size, axis) => ({ value: String(axis), text: `axis ${axis - offset} (${size === whole[axis] ? size : `${size} of ${whole[axis]}`})` }));
    const axisField = (label: string, which: "rows" | "columns", value: number): HTMLElement =>
      selectField({ label, options, value: String(value), choose: (chosen) => this.chooseAxis(which, Number(chosen)) }).element;
    const others = shape.map((_, axis) => axis).filter((axis) => axis !== rows && axis !== columns);
    replace(
      this.axes,
      axisField("Rows", "rows", rows),
      axisField("Columns", "columns", columns),
      others.map(
        (axis) =>
          sliderField({
            label: `axis ${axis - offset}`,
            max: Math.max(0, shape[axis] - 1),
            value: index[axis],
            text: (value) => `${value} of 0…${shape[axis] - 1}`,
            move: (value) => this.chooseIndex(axis, value),
          }).element,
      ),
    );
  }

  /** The two axes change places where one takes that of the other. */
  private chooseAxis(which: "rows" | "columns", axis: number): void {
    const { rows, columns, index } = this.selection;
    const other = which === "rows" ? columns : rows;
    const mine = which === "rows" ? rows : columns;
    const next = axis === other ? mine : other;
    this.change({ selection: { rows: which === "rows" ? axis : next, columns: which === "rows" ? next : axis, index } }, { keep: false });
    this.buildAxes();
    this.axes.querySelectorAll("select")[which === "rows" ? 0 : 1]?.focus();
  }

  private chooseIndex(axis: number, value: number): void {
    const { rows, columns, index } = this.selection;
    this.change({ selection: { rows, columns, index: index.map((at, i) => (i === axis ? value : at)) } });
  }

  private show(keep: boolean): void {
    const { selection, values, payload } = this;
    const slice = sliceOf(values, selection);
    this.slice = slice;
    this.colours = this.makeColours();
    const offset = values.shape.length - values.rank;
    const name = (axis: number): string => (axis < offset ? "" : String(axis - offset));
    this.map.show({ slice, colours: this.colours, text: (at, characters) => cellText(values, slice.numbers[at], characters), axes: { rows: name(selection.rows), columns: name(selection.columns) } }, { keep });
    const size = payload.shape.reduce((product, axis) => product * axis, 1);
    replace(this.numbers, statistics({ all: payload.stats, size, slice: statsOf(slice), sliceSize: slice.numbers.length, exact: values.exact }));
    this.histogram.draw({ histogram: payload.histogram, log: this.settings.log, onBar: (text) => (this.barText.textContent = text ?? "") });
    this.drawKey();
    this.point(this.map.selected, false);
  }

  private drawKey(): void {
    const canvas = html("canvas", { width: 1, height: 128, role: "img", "aria-label": `Colours from ${significant(this.colours.low, 3)} to ${significant(this.colours.high, 3)}` });
    const context = canvas.getContext("2d");
    for (let y = 0; context !== null && y < 128; y++) {
      context.fillStyle = hexOfRgb(this.colours.at(1 - y / 127));
      context.fillRect(0, y, 1, 1);
    }
    const { low, high } = this.colours;
    replace(this.key, canvas, [high, (low + high) / 2, low].map((value) => html("span", {}, significant(value, 3))));
  }

  private point(cell: Cell | undefined, moved: boolean): void {
    const { values, selection, slice } = this;
    if (cell === undefined || cell.row >= slice.rows || cell.column >= slice.columns) {
      this.readout.textContent = slice.numbers.length === 1 ? `${placeText(values, selection, { row: 0, column: 0 })} = ${this.valueOf(0)}` : `${selectionText(values, selection)}   point at a cell, or use the arrow keys`;
      this.histogram.mark(undefined);
      return;
    }
    const at = cell.row * slice.columns + cell.column;
    const text = `${placeText(values, selection, cell)} = ${this.valueOf(at)}`;
    this.readout.textContent = text;
    this.histogram.mark(slice.numbers[at]);
    if (moved) this.host.announce(text);
  }

  private valueOf(at: number): string {
    const value = this.slice.numbers[at];
    const { step } = this.values;
    return `${valueText(this.values, value)}${step === 0 || Number.isNaN(value) ? "" : ` ± ${significant(step / 2, 1)}`}`;
  }

  private async copy(): Promise<void> {
    const { format } = this.settings;
    const done = await toClipboard(copyText(this.slice, { rank: this.values.rank, format }));
    const what = `${this.slice.rows} × ${this.slice.columns} values`;
    const message = done ? `${what} copied as ${format}` : "The clipboard refused; export as CSV instead";
    this.readout.textContent = message;
    this.host.announce(message);
  }
}

export const tensor: Renderer<"tensor"> = {
  view: "tensor",
  parse: parseTensor,
  mount: (host, payload) => Promise.resolve(new TensorView(host, payload)),
};
