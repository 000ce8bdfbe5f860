/** @file A spectrum view: layers side by side, one layer, or layers over each other; a scrubber over training. */
import type { SpectrumPayload } from "../../../kernel/display/schema";
import { button, buttonGroup, choice, CONTROL_RULES, perFrame, watchWidth } from "../../shared/chart/controls";
import { type Box, nearest } from "../../shared/chart/plot";
import { domainOf } from "../../shared/chart/scale";
import { html, svg } from "../../shared/dom";
import { significant } from "../../shared/format";
import type { Host } from "../../shared/renderer";
import { addStyles } from "../../shared/styles";
import { layerColours, legend, legendHeight } from "./layerColours";
import { measurePanel, type MeasurePanel, spectrumPanel, type SpectrumPanel, type SpectrumStyle } from "./panels";
import { SMALL_HEIGHT_PX, smallColumns, SPECTRA_HEIGHT_PX, readState, type State } from "./state";
import { allSteps, changedMost, MEASURES, shortNames, spectrumAt, visibleValues } from "./series";

const RULES = `
.spectrum-svg { display: block; touch-action: pan-y; }
.spectrum-time { display: flex; gap: 8px; align-items: center; flex: 1 1 260px; }
.iso input.spectrum-scrubber { flex: 1 1 90px; min-width: 60px; width: auto; max-width: 420px; }
.spectrum-step { min-width: 84px; font-variant-numeric: tabular-nums; }
.spectrum-svg [data-layer] { cursor: pointer; }
`;
const MEASURES_HEIGHT_PX = 170;
const GAP_PX = 14;
/** What axis titles take: as in shared/chart/plot. */
const Y_TITLE_PX = 18;
const X_TITLE_PX = 16;
/** A step is shown this long while playing. */
const PLAY_MS = 250;
/** Rows of small panels; their number decides the height, which then stays. */
const MAX_SMALL_ROWS = 5;

export class SpectrumView {
  state: State;
  private readonly steps: readonly number[];
  private readonly names: readonly string[];
  private spectra: readonly SpectrumPanel[] = [];
  private measures: readonly MeasurePanel[] = [];
  private width = 0;
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly picture = svg("svg", { class: "spectrum-svg", role: "img" });
  private readonly cursor = svg("g", { "pointer-events": "none" });
  private readonly readout = html("div", { class: "iso-readout" });
  private readonly scrubber: HTMLInputElement;
  private readonly play: HTMLButtonElement;
  private readonly stepText = html("span", { class: "spectrum-step" });
  private readonly shown: ReturnType<typeof choice>;
  private readonly scaleGroup: ReturnType<typeof buttonGroup>;
  private readonly redraw: () => void;
  private readonly move: () => void;

  constructor(
    private readonly host: Host,
    readonly payload: SpectrumPayload,
    stored: unknown,
    signal: AbortSignal,
  ) {
    addStyles("controls", CONTROL_RULES);
    addStyles("spectrum", RULES);
    const { layers } = payload;
    this.steps = allSteps(layers);
    this.names = shortNames(layers.map(({ name }) => name));
    this.state = readState(stored, { layers: layers.length, steps: this.steps.length });
    this.redraw = perFrame(() => this.draw(), signal);
    this.move = perFrame(() => this.moved(), signal);
    const options = [
      { value: "all", text: "all layers" },
      ...(layers.length > 1 ? [{ value: "overlay", text: "compare layers" }] : []),
      ...layers.map(({ name }, i) => ({ value: String(i), text: name })),
    ];
    this.shown = choice({
      label: "Show",
      options: layers.length === 1 ? options.slice(1) : options,
      value: String(this.state.show),
      choose: (value) => this.change({ show: value === "all" || value === "overlay" ? value : Number(value) }),
    });
    this.shown.select.style.maxWidth = "260px";
    this.scaleGroup = buttonGroup({
      label: "Axis of ranks",
      options: [
        { value: "log", text: "log–log" },
        { value: "linear", text: "log–linear" },
      ],
      value: this.state.rankScale,
      choose: (value) => this.change({ rankScale: value === "linear" ? "linear" : "log" }),
    });
    const last = Math.max(0, this.steps.length - 1);
    this.scrubber = html("input", {
      type: "range",
      class: "spectrum-scrubber",
      min: 0,
      max: last,
      step: 1,
      value: this.state.at,
      "aria-label": "Training step",
    });
    this.scrubber.addEventListener("input", () => {
      this.stop();
      this.goTo(Number(this.scrubber.value));
    });
    this.play = button({ text: "▶", label: "Play the training", press: () => (this.timer === undefined ? this.start() : this.stop()) });
    const time = this.steps.length > 1 ? [html("div", { class: "spectrum-time" }, this.play, this.scrubber, this.stepText)] : [];
    host.element.replaceChildren(
      html("div", { class: "iso-toolbar" }, this.shown.element, this.scaleGroup.element, ...time),
      html("div", {}, this.picture),
      this.readout,
    );
    signal.addEventListener("abort", () => this.stop());
    this.picture.addEventListener("pointermove", (event) => this.hover(event), { signal });
    this.picture.addEventListener("pointerleave", () => this.say(""), { signal });
    this.picture.addEventListener("click", (event) => this.click(event), { signal });
    watchWidth(host.element, {
      signal,
      act: (width) => {
        this.width = width;
        this.redraw();
      },
    });
    this.width = Math.floor(host.element.clientWidth) || 700;
    this.draw();
  }

  get drawing(): SVGSVGElement {
    this.cursor.replaceChildren();
    return this.picture;
  }

  themeChanged(): void {
    this.redraw();
  }

  private get step(): number {
    return this.steps[this.state.at] ?? 0;
  }

  private change(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    this.host.saveState(this.state);
    this.redraw();
  }

  // ---- time

  private goTo(at: number): void {
    this.state = { ...this.state, at };
    this.host.saveState(this.state);
    this.move();
  }

  private start(): void {
    if (this.state.at >= this.steps.length - 1) this.goTo(0);
    this.timer = setInterval(() => {
      if (this.state.at >= this.steps.length - 1) this.stop();
      else this.goTo(this.state.at + 1);
    }, PLAY_MS);
    this.showPlaying();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.showPlaying();
  }

  private showPlaying(): void {
    const playing = this.timer !== undefined;
    this.play.textContent = playing ? "⏸" : "▶";
    this.play.setAttribute("aria-label", playing ? "Pause" : "Play the training");
  }

  /** Another step: only curves and marks move. */
  private moved(): void {
    this.scrubber.value = String(this.state.at);
    this.stepText.textContent = `step ${significant(this.step, 6)}`;
    this.scrubber.setAttribute("aria-valuetext", `step ${significant(this.step, 6)}`);
    this.spectra.forEach(({ show }) => show(this.step));
    this.measures.forEach(({ show }) => show(this.step));
    this.say("");
  }

  // ---- pointer

  private hover(event: PointerEvent): void {
    const box = this.picture.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const within = ({ area }: { readonly area: Box }): boolean => x >= area.x && x <= area.x + area.width && y >= area.y && y <= area.y + area.height;
    const { theme } = this.host;
    this.cursor.replaceChildren();
    const panel = this.spectra.find(({ plot }) => within(plot));
    if (panel !== undefined) {
      const { plot, layers } = panel;
      const rank = plot.x.invert(x - plot.area.x);
      const said = layers.map(({ layer, index }) => {
        const at = spectrumAt(layer, this.step);
        const i = nearest(plot.x, layer.ranks, rank);
        const value = layer.singularValues[at]?.[i] ?? null;
        const [cx, cy] = [plot.x.at(layer.ranks[i] ?? NaN), plot.y.at(value ?? NaN)];
        if (Number.isFinite(cx) && Number.isFinite(cy))
          this.cursor.append(
            svg("circle", { cx: plot.area.x + cx, cy: plot.area.y + cy, r: 4, fill: theme.background, stroke: theme.foreground, "stroke-width": 2 }),
          );
        return {
          rank: layer.ranks[i],
          text: `${layers.length > 1 ? `${this.names[index]} ` : ""}σ ${significant(value, 4)}`,
          layer: this.names[index],
        };
      });
      const [first] = said;
      if (first !== undefined)
        this.say(
          `${layers.length === 1 ? `${first.layer}, ` : ""}rank ${first.rank}: ${said
            .slice(0, 6)
            .map(({ text }) => text)
            .join(", ")}`,
        );
      return;
    }
    const measure = this.measures.find(({ plot }) => within(plot));
    if (measure === undefined) return this.say("");
    const at = nearest(measure.plot.x, this.steps, measure.plot.x.invert(x - measure.plot.area.x));
    const step = this.steps[at] ?? 0;
    const values = this.visible().map(({ layer, index }) => `${this.names[index]} ${significant(layer[measure.key][spectrumAt(layer, step)], 4)}`);
    this.say(`step ${significant(step, 6)}: ${values.slice(0, 6).join(", ")}${values.length > 6 ? ", …" : ""}`);
  }

  /** A click on a small panel opens its layer; one on a measure goes to its step. */
  private click(event: MouseEvent): void {
    const box = this.picture.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const within = ({ area }: { readonly area: Box }): boolean =>
      x >= area.x && x <= area.x + area.width && y >= area.y - 24 && y <= area.y + area.height;
    const measure = this.measures.find(({ plot }) => within(plot));
    if (measure !== undefined && this.steps.length > 1)
      this.goTo(Math.max(0, nearest(measure.plot.x, this.steps, measure.plot.x.invert(x - measure.plot.area.x))));
    const panel = this.spectra.find(({ plot }) => within(plot));
    if (panel !== undefined && this.state.show === "all" && this.payload.layers.length > 1) this.change({ show: panel.layers[0].index });
    else if (panel !== undefined && typeof this.state.show === "number" && this.payload.layers.length > 1) this.change({ show: "all" });
  }

  /** The readout; without words it says what stands for what at the present step. */
  private say(words: string): void {
    if (words === "") this.cursor.replaceChildren();
    const { show } = this.state;
    const layer = typeof show === "number" ? this.payload.layers[show] : undefined;
    const at = layer === undefined ? -1 : spectrumAt(layer, this.step);
    const summary =
      layer === undefined
        ? show === "all" && this.payload.layers.length > 1
          ? `${this.spectra.length < this.payload.layers.length ? `The ${this.spectra.length} of ${this.payload.layers.length} layers that changed most. ` : ""}${this.steps.length > 1 ? "Grey: first step (dotted) and last (dashed). " : ""}Click a layer to see it alone.`
          : "Point at a curve to read its values."
        : `Effective rank ${significant(layer.effectiveRank[at])} of ${layer.fullRank}, stable rank ${significant(layer.stableRank[at])}, tail exponent ${significant(layer.tailExponent[at])} (dotted line)${this.steps.length > 1 ? "; grey: first and last step" : ""}`;
    this.readout.textContent = words === "" ? summary : words;
    this.readout.style.color = words === "" ? this.host.theme.muted : this.host.theme.foreground;
  }

  // ---- drawing

  private visible(): readonly { readonly layer: SpectrumPayload["layers"][number]; readonly index: number }[] {
    const all = this.payload.layers.map((layer, index) => ({ layer, index }));
    return typeof this.state.show === "number" ? all.filter(({ index }) => index === this.state.show) : all;
  }

  private draw(): void {
    const { state, payload, host, width } = this;
    const { layers } = payload;
    const style: SpectrumStyle = { theme: host.theme, rankScale: state.rankScale, step: this.step, colour: layerColours(host.theme, layers.length) };
    const columns = smallColumns(layers.length, width);
    const rows = Math.min(MAX_SMALL_ROWS, Math.ceil(layers.length / columns));
    // As high as the small panels need, whichever way of looking is chosen: the page below never jumps.
    const height = layers.length > 1 ? Math.max(SPECTRA_HEIGHT_PX, rows * SMALL_HEIGHT_PX) : SPECTRA_HEIGHT_PX;
    const hasTime = this.steps.length > 1;
    const many = layers.length > 1;
    const keyHeight = legendHeight(this.names, width - 8);
    const legendAt = height + 4;
    const measuresAt = legendAt + keyHeight;
    const total = measuresAt + (hasTime ? MEASURES_HEIGHT_PX : 0);
    this.spectra = this.drawSpectra(style, { height, columns, rows });
    const share = (width - 2 * GAP_PX) / MEASURES.length;
    this.measures = hasTime
      ? MEASURES.map(({ key, text }, i) =>
          measurePanel(
            {
              box: { x: i * (share + GAP_PX), y: measuresAt, width: share, height: MEASURES_HEIGHT_PX },
              title: text,
              key,
              layers: layers.map((layer, index) => ({ layer, index })),
              bold: typeof state.show === "number" && many ? state.show : undefined,
            },
            style,
          ),
        )
      : [];
    for (const [name, value] of Object.entries({ width, height: total, viewBox: `0 0 ${width} ${total}` }))
      this.picture.setAttribute(name, String(value));
    this.picture.setAttribute(
      "aria-label",
      `Singular values of ${layers.length === 1 ? "one layer" : `${layers.length} layers`}${hasTime ? " and their ranks and tail exponents over training" : ""}`,
    );
    const key = many
      ? [legend({ names: this.names, box: { x: 4, y: legendAt + 2, width: width - 8, height: keyHeight }, theme: host.theme })]
      : [];
    this.picture.replaceChildren(...this.spectra.map(({ plot }) => plot.root), ...key, ...this.measures.map(({ plot }) => plot.root), this.cursor);
    this.shown.select.value = String(state.show);
    this.scaleGroup.set(state.rankScale);
    this.moved();
  }

  private drawSpectra(
    style: SpectrumStyle,
    { height, columns, rows }: { readonly height: number; readonly columns: number; readonly rows: number },
  ): SpectrumPanel[] {
    const { width, payload, state } = this;
    const layers = this.visible();
    const box = { x: 0, y: 0, width, height };
    if (layers.length === 0) return [];
    if (state.show !== "all" || layers.length === 1)
      return [spectrumPanel({ box, layers, title: layers.length === 1 ? layers[0].layer.name : undefined, titled: { x: true, y: true } }, style)];
    const values = domainOf(visibleValues(payload.layers), { kind: "log", pad: 0.05 });
    // Only outer panels have axis titles: the room for them comes on top, so that all plots are alike.
    const part = { width: (width - Y_TITLE_PX - (columns - 1) * GAP_PX) / columns, height: (height - X_TITLE_PX) / rows };
    const chosen = changedMost(payload.layers, rows * columns);
    const shown = layers.filter(({ index }) => chosen.has(index));
    return shown.map((entry, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const titled = { x: i + columns >= shown.length, y: column === 0 };
      const box = {
        x: column * (part.width + GAP_PX) + (titled.y ? 0 : Y_TITLE_PX),
        y: row * part.height,
        width: part.width + (titled.y ? Y_TITLE_PX : 0),
        height: part.height - 6 + (titled.x ? X_TITLE_PX : 0),
      };
      const panel = spectrumPanel({ box, layers: [entry], title: this.names[entry.index], titled, small: true, values }, style);
      panel.plot.root.setAttribute("data-layer", String(entry.index));
      return panel;
    });
  }
}
