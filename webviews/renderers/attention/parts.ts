/** @file The elements of an attention view and how they are laid out at a width. */
import { button, buttonGroup, choice } from "../../shared/chart/controls";
import { html } from "../../shared/dom";
import type { Chosen, Direction } from "./state";
import { type Highlight, HIGHLIGHTS } from "./order";

export interface PartActions {
  readonly change: (change: Partial<Chosen>) => void;
  readonly pin: () => void;
  readonly zoom: (factor: number) => void;
}

/** Builds the controls and the frame of the panels. */
export function parts(
  { overview, map, tokens }: { readonly overview: HTMLElement; readonly map: HTMLElement; readonly tokens: HTMLElement },
  chosen: Chosen,
  { change, pin, zoom }: PartActions,
) {
  const highlight = choice({
    label: "Highlight",
    options: HIGHLIGHTS,
    value: chosen.highlight,
    choose: (value) => change({ highlight: HIGHLIGHTS.find((entry) => entry.value === value)?.value ?? ("pattern" satisfies Highlight) }),
  });
  const sort = button({ text: "Strongest first", press: () => change({ sorted: sort.getAttribute("aria-pressed") !== "true" }) });
  const direction = buttonGroup({
    label: "Direction",
    options: [
      { value: "from", text: "looks at →" },
      { value: "to", text: "← seen by" },
    ],
    value: chosen.direction,
    choose: (value) => change({ direction: value === "to" ? "to" : ("from" satisfies Direction) }),
  });
  const compare = choice({ label: "Compare with", options: [], value: "", choose: (value) => change({ compare: value }) });
  const pinButton = button({ text: "Pin", label: "Pin this view, to compare another attention view of the page with it", press: pin });
  const zoomOut = button({ text: "−", label: "Zoom out", press: () => zoom(1 / 1.6) });
  const zoomAll = button({ text: "Fit", label: "Fit: show the whole map", press: () => zoom(0) });
  const zoomIn = button({ text: "+", label: "Zoom in (also Ctrl and wheel; drag to move)", press: () => zoom(1.6) });
  const gridTitle = html("span");
  const mapTitle = html("span");
  const legend = html("div", { class: "attention-legend" });
  const readout = html("div", { class: "iso-readout" });
  const ramp = html("div", { class: "attention-legend" });
  const ranked = html("div", { class: "attention-ranked", "aria-hidden": "true" });
  const panels = {
    overview: html("section", { "aria-label": "All heads" }, html("h4", {}, gridTitle), overview, legend),
    map: html(
      "section",
      { "aria-label": "One head" },
      html("h4", {}, mapTitle),
      map,
      html("div", { class: "attention-below" }, ramp, html("div", { class: "iso-group", role: "group", "aria-label": "Zoom" }, zoomOut, zoomAll, zoomIn)),
    ),
    tokens: html("section", { "aria-label": "Text" }, html("h4", {}, html("span", {}, "Tokens"), direction.element), tokens, ranked),
  };
  const body = html("div", { class: "attention" }, panels.overview, panels.map, panels.tokens);
  const toolbar = html("div", { class: "iso-toolbar" }, highlight.element, sort, compare.element, pinButton);
  return { toolbar, body, panels, readout, ranked, legend, ramp, gridTitle, mapTitle, highlight, sort, direction, compare, pinButton, zoomAll };
}

export type Parts = ReturnType<typeof parts>;

/** Sizes of the drawings, in pixels. */
export interface Sizes {
  readonly overview: { readonly width: number; readonly height: number };
  readonly map: { readonly width: number; readonly height: number };
  /** At most: a short text takes less. */
  readonly tokensHeight: number;
  /** Whether there is room for the list of the strongest tokens. */
  readonly ranked: boolean;
}

const WIDE_PX = 1060;
const NARROW_PX = 560;
const GAP_PX = 20;
const PANEL_HEIGHT_PX = 380;
const RANKED_PX = 190;

/** Three panels side by side where there is room; else the text below; on narrow pages all below each other. Heights depend on the width alone. */
export function arrange({ body, panels }: Parts, width: number, single: boolean): Sizes {
  panels.overview.hidden = single;
  const height = PANEL_HEIGHT_PX;
  const columns = single ? (width >= NARROW_PX ? [0.58, 0.42] : [1]) : width >= WIDE_PX ? [0.3, 0.38, 0.32] : width >= NARROW_PX ? [0.45, 0.55] : [1];
  const room = width - GAP_PX * (columns.length - 1);
  const widths = columns.map((share) => Math.floor(room * share));
  body.style.gridTemplateColumns = widths.map((value) => `${value}px`).join(" ");
  const below = single ? columns.length === 1 : columns.length < 3;
  panels.tokens.style.gridColumn = below && columns.length > 1 ? "1 / -1" : "auto";
  const [first, second = first] = widths;
  return {
    overview: { width: first, height: columns.length === 1 ? Math.min(height, first) : height },
    map: { width: single ? first : second, height: Math.min(height, columns.length === 1 ? first : second) },
    tokensHeight: below ? 132 : height + 24 - RANKED_PX,
    ranked: !below,
  };
}
