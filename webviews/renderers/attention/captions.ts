/** @file The words of an attention view: titles, legends, the state of its controls, and the line that says what is in question. */
import { setOptions } from "../../shared/chart/controls";
import { html } from "../../shared/dom";
import { significant } from "../../shared/format";
import type { Theme } from "../../shared/renderer";
import { stops } from "./colours";
import { compareOptions, type Shown } from "./compare";
import { meanChange } from "./grids";
import { type AttentionModel, headName } from "./model";
import { PATTERN_WORDS, patternOf, PATTERNS, patternThreshold } from "./order";
import { patternColour } from "./overview";
import type { Parts } from "./parts";
import type { Chosen } from "./state";
import { isWhole } from "./window";

interface Captioned {
  readonly model: AttentionModel;
  readonly chosen: Chosen;
  readonly theme: Theme;
}
interface Readout extends Captioned {
  /** Why nothing can be compared; "" when all is well. */
  readonly problem: string;
  /** What is in question; "" for nothing. */
  readonly spoken: string;
}

/** The line below the map. */
export function drawReadout(readout: HTMLElement, { model, chosen, theme, problem, spoken }: Readout): void {
  const hint = `Point at ${model.hasTokens ? "a token or a cell" : "a cell"}; click locks it, Escape unlocks.`;
  setText(readout, problem !== "" ? problem : spoken === "" ? hint : `${chosen.locked === undefined ? "" : "locked · "}${spoken}`);
  readout.style.color = problem !== "" ? theme.error : spoken === "" ? theme.muted : theme.foreground;
}

interface Captions extends Captioned {
  readonly shown: Shown;
  readonly low: number;
  readonly high: number;
  readonly pinned: boolean;
}

/** Titles, legends and controls. */
export function drawCaptions(parts: Parts, { model, chosen, theme, shown, low, high, pinned }: Captions): void {
  const title = mapTitle(model, chosen, shown);
  setText(parts.mapTitle, title);
  parts.mapTitle.title = title;
  setText(parts.gridTitle, `${model.layers} ${model.layers === 1 ? "layer" : "layers"} × ${model.headsPerLayer} heads`);
  parts.highlight.select.value = chosen.highlight;
  parts.sort.setAttribute("aria-pressed", String(chosen.sorted));
  parts.direction.set(chosen.direction);
  setOptions(parts.compare.select, compareOptions(model, chosen.compare), chosen.compare);
  parts.pinButton.setAttribute("aria-pressed", String(pinned));
  parts.zoomAll.disabled = isWhole(chosen.window, model);
  const ramp = html("b");
  ramp.style.background = `linear-gradient(to right, ${stops(theme, shown.signed).join(", ")})`;
  const ends = shown.signed
    ? [`more in ${shown.name} ${significant(low, 2)}`, `+${significant(high, 2)} more here`]
    : ["0", `≥ ${significant(high, 2)}`];
  parts.ramp.replaceChildren(html("span", { class: "attention-ramp" }, ends[0], ramp, ends[1]), html("span", {}, "bars: sums of rows and columns"));
  parts.legend.replaceChildren(
    ...(chosen.highlight === "pattern"
      ? PATTERNS.map((pattern) => legendEntry(patternColour(theme, pattern), PATTERN_WORDS[pattern]))
      : [html("span", {}, "bar: share of attention, 0 to 1; strong heads stand out")]),
  );
}

/** "Layer 2, head 1 · induction 0.88", or what it is compared with and how much they differ. */
function mapTitle(model: AttentionModel, chosen: Chosen, shown: Shown): string {
  const head = model.heads[chosen.head];
  if (head === undefined) return "No head";
  const name = headName(head);
  const title = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
  if (shown.signed && shown.weights !== undefined) return `${title} minus ${shown.name} · mean change ${significant(meanChange(shown.weights), 2)}`;
  const found = patternOf(head, patternThreshold(model));
  return found === undefined ? title : `${title} · ${PATTERN_WORDS[found.pattern]} ${significant(found.share, 2)}`;
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function legendEntry(colour: string, text: string): HTMLElement {
  const swatch = html("i");
  swatch.style.borderColor = colour;
  return html("span", {}, swatch, text);
}
