/** @file A scaling view: the law over its points, residuals, iso-FLOP curves; a point taken out fits the law again. */
import type { ScalingPayload } from "../../../kernel/display/schema";
import { button, CONTROL_RULES, perFrame, watchWidth } from "../../shared/chart/controls";
import type { Plot } from "../../shared/chart/plot";
import { html, svg } from "../../shared/dom";
import { flopsText, significant, withPrefix } from "../../shared/format";
import { movedIndex } from "../../shared/keyboard";
import type { Host } from "../../shared/renderer";
import { addStyles } from "../../shared/styles";
import { changesText, chip, equationElement, SCALING_RULES } from "./chips";
import { dataRange, lawPanel, pointKey, pointLabel, residualPanel } from "./lawPanels";
import { optimumPanel, profileKey, profilePanel } from "./profilePanels";
import { prediction } from "./prediction";
import { ownProfiles, type Profiles, runKey, runsOf } from "./profiles";
import { fitterOf, type Fitter, type Law, ownLaw, usablePoints } from "./refit";

const LAW_HEIGHT_PX = 340;
const PROFILE_HEIGHT_PX = 300;
const GAP_PX = 18;
const SIDE_BY_SIDE_PX = 600;
/** A pointer that moved less between press and release has clicked. */
const CLICK_PX = 5;
/** More points than this make resampling slower than a click may take: the new interval is left out. */
const MAX_INTERVAL_POINTS = 300;

export class ScalingView {
  private readonly removed = new Set<number>();
  private readonly removedRuns = new Set<string>();
  private readonly own: Law;
  private readonly fitter: Fitter | undefined;
  private law: Law;
  private profiles: Profiles;
  private problem = "";
  private width = 0;
  private active = "";
  private tabStop = "";
  private main: Plot | undefined;
  private pointer: { readonly x: number; readonly value: number } | undefined;
  private fits = 0;
  /** While elements are replaced the focus goes back to where it was: that is no choice of the user. */
  private replacing = false;
  private readonly picture = svg("svg", { class: "scaling-svg", role: "group", "aria-label": "Scaling law" });
  private readonly cursor = svg("g", { "data-chrome": true, "pointer-events": "none" });
  private readonly lawRow = html("div", { class: "scaling-law" });
  private readonly readout = html("div", { class: "iso-readout" });
  private readonly reset: HTMLButtonElement;
  private readonly redraw: () => void;

  constructor(
    private readonly host: Host,
    readonly payload: ScalingPayload,
    stored: unknown,
    private readonly signal: AbortSignal,
  ) {
    addStyles("controls", CONTROL_RULES);
    addStyles("scaling", SCALING_RULES);
    this.fitter = fitterOf(payload);
    this.own = ownLaw(payload);
    this.law = this.own;
    this.profiles = ownProfiles(payload);
    this.redraw = perFrame(() => this.draw(), signal);
    this.reset = button({ text: "Reset", label: "Reset: put all points back into the fit", press: () => this.restore() });
    const svgFrame = html("div", {}, this.picture);
    host.element.replaceChildren(this.lawRow, svgFrame, html("div", { class: "iso-toolbar" }, this.reset, this.readout));
    this.readout.style.flex = "1 1 0";
    this.readStored(stored);
    this.tabStop = this.keys()[0] ?? "";
    this.listen();
    watchWidth(host.element, {
      signal,
      act: (width) => {
        this.width = width;
        this.redraw();
      },
    });
    this.width = Math.floor(host.element.clientWidth) || 700;
    this.refit();
    this.draw();
  }

  get state(): unknown {
    return { removed: [...this.removed], removedRuns: [...this.removedRuns] };
  }
  get drawing(): { readonly svg: SVGSVGElement; readonly name: string } {
    this.cursor.replaceChildren();
    return { svg: this.picture, name: "scaling" };
  }

  themeChanged(): void {
    this.redraw();
  }

  private readStored(stored: unknown): void {
    if (typeof stored !== "object" || stored === null) return;
    // SAFETY: each entry is checked below.
    const { removed, removedRuns } = stored as { removed?: unknown; removedRuns?: unknown };
    const keys = new Set(this.keys());
    if (Array.isArray(removed)) for (const index of removed) if (typeof index === "number" && keys.has(pointKey(index))) this.removed.add(index);
    if (Array.isArray(removedRuns)) for (const key of removedRuns) if (typeof key === "string" && keys.has(`r${key}`)) this.removedRuns.add(key);
  }

  /** Keys of all points that can be taken out, in the order of Tab and arrows. */
  private keys(): string[] {
    const points = [...usablePoints(this.payload)].sort((a, b) => a.x - b.x).map(({ index }) => pointKey(index));
    return [...points, ...this.payload.isoFlop.flatMap((curve, c) => runsOf(curve).map(({ index }) => profileKey(c, index)))];
  }

  // ---- taking out and fitting

  private toggle(key: string): void {
    if (key.startsWith("p")) flip(this.removed, Number(key.slice(1)));
    else flip(this.removedRuns, key.slice(1));
    this.changed();
  }

  private restore(): void {
    this.removed.clear();
    this.removedRuns.clear();
    this.changed();
  }

  private changed(): void {
    this.host.saveState(this.state);
    this.refit();
    this.host.announce(
      this.problem !== ""
        ? this.problem
        : this.removed.size + this.removedRuns.size === 0
          ? "All points are in the fit"
          : this.removed.size > 0
            ? changesText(this.law, this.own)
            : "Profiles fitted again",
    );
    this.redraw();
  }

  /** The law at once; its interval, which takes hundreds of fits, right after. */
  private refit(): void {
    const turn = ++this.fits;
    this.problem = "";
    this.law = this.own;
    const points = usablePoints(this.payload).filter(({ index }) => !this.removed.has(index));
    const wantsInterval = points.length <= MAX_INTERVAL_POINTS && this.payload.parameters.some(({ low }) => low !== null);
    if (this.removed.size > 0) {
      if (this.fitter === undefined)
        this.problem = "This law cannot be fitted here: its points are only marked. Fit it again in a cell without them.";
      else this.attempt(() => (this.law = this.fitter?.(points, "without intervals") ?? this.own));
    }
    if (this.fitter !== undefined && wantsInterval && this.problem === "")
      setTimeout(() => {
        if (turn !== this.fits || this.signal.aborted) return;
        this.attempt(() => {
          const fitted = this.fitter?.(points, "with intervals");
          // All points in: the numbers are those of the payload; the fit only carries the interval beyond its curve.
          if (fitted !== undefined) this.law = this.removed.size > 0 ? fitted : { ...fitted, parameters: this.own.parameters };
        });
        this.host.element.dataset["fitted"] = String(turn);
        this.redraw();
      });
    void this.refitProfiles(turn);
  }

  private async refitProfiles(turn: number): Promise<void> {
    this.profiles = ownProfiles(this.payload);
    if (this.removedRuns.size === 0) return;
    const { fitProfiles } = await import("./fitProfiles");
    if (turn !== this.fits || this.signal.aborted) return;
    this.attempt(() => (this.profiles = fitProfiles(this.payload.isoFlop, this.removedRuns)));
    this.redraw();
  }

  private attempt(fit: () => void): void {
    try {
      fit();
    } catch (error) {
      this.problem = error instanceof Error ? error.message.replace(/\n\s*/g, " ") : String(error);
    }
  }

  // ---- pointer and keys

  private listen(): void {
    const { signal } = this;
    const keyOf = (event: Event): string =>
      event.target instanceof Element ? (event.target.closest("[data-key]")?.getAttribute("data-key") ?? "") : "";
    // A redraw between press and release takes the pressed element away, and with it the click: release is what counts. Clicks without a pointer are those of screen readers.
    let pressed = { key: "", x: 0, y: 0 };
    this.picture.addEventListener("pointerdown", (event) => (pressed = { key: event.button === 0 ? keyOf(event) : "", x: event.clientX, y: event.clientY }), { signal });
    this.picture.addEventListener("pointerup", (event) => (pressed.key === "" || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > CLICK_PX ? undefined : this.toggle(pressed.key)), { signal });
    this.picture.addEventListener("click", (event) => (event.detail > 0 || keyOf(event) === "" ? undefined : this.toggle(keyOf(event))), { signal });
    this.picture.addEventListener("focusin", (event) => (this.replacing ? undefined : this.point(keyOf(event))), { signal });
    this.picture.addEventListener("pointermove", (event) => this.move(event, keyOf(event)), { signal });
    this.picture.addEventListener(
      "pointerleave",
      () => {
        this.pointer = undefined;
        this.point("");
      },
      { signal },
    );
    this.picture.addEventListener("keydown", (event) => this.key(event, keyOf(event)), { signal });
  }

  private point(key: string): void {
    if (key !== "") this.tabStop = key;
    if (key === this.active) return;
    this.active = key;
    this.redraw();
  }

  private move(event: PointerEvent, key: string): void {
    const box = this.picture.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const area = this.main?.area;
    const inside = area !== undefined && x >= area.x && x <= area.x + area.width && y >= area.y && y <= area.y + area.height;
    this.pointer = inside && this.main !== undefined ? { x, value: this.main.x.invert(x - area.x) } : undefined;
    if (key === "" && this.active !== "") this.point("");
    else if (key !== "" && key !== this.active) {
      this.active = key;
      this.redraw();
    } else this.drawCursor();
  }

  private key(event: KeyboardEvent, key: string): void {
    if (key === "" || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = this.keys();
    const next = movedIndex(event.key, { at: keys.indexOf(key), count: keys.length, columns: 1 });
    if (next !== undefined) this.picture.querySelector<SVGGElement>(`[data-key="${keys[next]}"]`)?.focus();
    else if (["Enter", " ", "Delete", "Backspace"].includes(event.key)) this.toggle(key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ---- drawing

  private draw(): void {
    const { payload, host, law, removed, active, tabStop, width } = this;
    const { theme } = host;
    const changed = removed.size > 0 && this.problem === "";
    const focused = this.picture.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    const wide = width >= SIDE_BY_SIDE_PX;
    const profile = payload.isoFlop.length > 0;
    const hasLaw = payload.parameters.length > 0 || payload.curve !== null;
    const lawState = { payload, theme, law, original: changed ? this.own : undefined, removed, active, tabStop };
    const share = wide && hasLaw ? Math.floor((width - GAP_PX) * 0.63) : width;
    let y = 0;
    this.main = lawPanel(lawState, { x: 0, y, width: share, height: LAW_HEIGHT_PX });
    const panels = [this.main];
    if (!wide) y += LAW_HEIGHT_PX + GAP_PX;
    const sideHeight = wide ? LAW_HEIGHT_PX : 200;
    if (hasLaw)
      panels.push(
        residualPanel(
          lawState,
          wide ? { x: share + GAP_PX, y: 0, width: width - share - GAP_PX, height: sideHeight } : { x: 0, y, width, height: sideHeight },
        ),
      );
    y += hasLaw || wide ? sideHeight : 0;
    if (profile) {
      y += GAP_PX;
      const state = { payload, theme, profiles: this.profiles, removed: this.removedRuns, active, tabStop };
      const part = wide ? Math.floor((width - GAP_PX) * 0.6) : width;
      panels.push(profilePanel(state, { x: 0, y, width: part, height: PROFILE_HEIGHT_PX }));
      if (!wide) y += PROFILE_HEIGHT_PX + GAP_PX;
      panels.push(
        optimumPanel(
          state,
          wide ? { x: part + GAP_PX, y, width: width - part - GAP_PX, height: PROFILE_HEIGHT_PX } : { x: 0, y, width, height: PROFILE_HEIGHT_PX },
        ),
      );
      y += PROFILE_HEIGHT_PX;
    }
    for (const [name, value] of Object.entries({ width, height: y, viewBox: `0 0 ${width} ${y}` })) this.picture.setAttribute(name, String(value));
    this.picture.replaceChildren(...panels.map(({ root }) => root), this.cursor);
    this.replacing = true;
    if (focused !== null && focused !== undefined) this.picture.querySelector<SVGGElement>(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
    this.replacing = false;
    this.drawLaw(changed);
    this.drawCursor();
    this.reset.disabled = removed.size + this.removedRuns.size === 0;
  }

  private drawLaw(changed: boolean): void {
    const { payload, law, own } = this;
    this.lawRow.hidden = payload.parameters.length === 0;
    this.lawRow.replaceChildren(
      ...(payload.equation === "" ? [] : [equationElement(payload.equation, payload)]),
      ...law.parameters.map((parameter, i) => chip(parameter, changed ? own.parameters[i] : undefined)),
    );
  }

  /** What the law predicts under the pointer, and the words below the picture. */
  private drawCursor(): void {
    const { main, pointer, host, law, payload, active } = this;
    const { theme } = host;
    const shown =
      main === undefined || pointer === undefined || active.startsWith("r")
        ? undefined
        : prediction({
            payload,
            law,
            theme,
            plot: main,
            x: pointer.x,
            value: pointer.value,
            data: dataRange(payload, this.removed),
            tagged: active === "",
          });
    this.cursor.replaceChildren(...(shown?.marks ?? []));
    const words = active !== "" ? this.labelOf(active) : (shown?.words ?? "");
    const out = this.removed.size + this.removedRuns.size;
    const hint =
      out === 0
        ? "Click a point, or press Delete on it, to take it out of the fit."
        : `${out === 1 ? "1 point is" : `${out} points are`} not in the fit.`;
    this.readout.textContent = this.problem !== "" ? this.problem : words === "" ? hint : words;
    this.readout.title = this.problem;
    this.readout.style.color = this.problem !== "" ? theme.error : words === "" ? theme.muted : theme.foreground;
  }

  private labelOf(key: string): string {
    const { payload, law, removed } = this;
    if (key.startsWith("p")) return pointLabel({ payload, law, index: Number(key.slice(1)), removed });
    const [curve, index] = key.slice(1).split(":").map(Number);
    const run = payload.isoFlop[curve];
    return run === undefined
      ? ""
      : `${flopsText(run.flops)}: size ${withPrefix(run.size[index] ?? NaN)}, loss ${significant(run.loss[index], 4)}${this.removedRuns.has(runKey(curve, index)) ? ", not in the fit" : ""}`;
  }
}

function flip<T>(set: Set<T>, value: T): void {
  if (!set.delete(value)) set.add(value);
}
