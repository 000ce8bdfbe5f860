/** @file Controls of views: buttons, choices, sliders, and the rules that make them look like the editor's. */
import { type Theme } from "../renderer";
import { type Child, html } from "../dom";

/** Puts the theme's colours on an element as variables for the rules of a view. */
export function applyTheme(element: HTMLElement, theme: Theme): void {
  const values = { fg: theme.foreground, bg: theme.background, line: theme.line, muted: theme.muted, focus: theme.focus, error: theme.error, font: theme.font, mono: theme.monospace, accent: theme.series[0] ?? theme.foreground };
  for (const [name, value] of Object.entries(values)) element.style.setProperty(`--chart-${name}`, value);
  element.dataset.theme = theme.kind;
}

/** Rules for everything under `.chart-view`. */
export const CONTROL_RULES = `
.chart-view { color: var(--chart-fg); font: 13px/1.4 var(--chart-font); position: relative; }
.chart-bar { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; min-height: 28px; }
.chart-bar label { display: inline-flex; gap: 6px; align-items: center; color: var(--chart-muted); font-size: 12px; }
.chart-view button, .chart-view select { font: inherit; font-size: 12px; color: var(--chart-fg); background: var(--chart-bg); border: 1px solid var(--chart-line); border-radius: 4px; padding: 2px 8px; min-height: 24px; box-sizing: border-box; max-width: 220px; }
.chart-view button { cursor: pointer; }
.chart-view button:hover:not(:disabled), .chart-view select:hover { border-color: var(--chart-muted); }
.chart-view button[aria-pressed="true"] { border-color: var(--chart-focus); box-shadow: inset 0 0 0 1px var(--chart-focus); }
.chart-view button:disabled { color: var(--chart-muted); border-style: dashed; cursor: default; }
.chart-view :focus-visible { outline: 2px solid var(--chart-focus); outline-offset: 1px; }
.chart-view input[type="range"] { accent-color: var(--chart-accent); }
.chart-group { display: inline-flex; }
.chart-group button { border-radius: 0; margin-left: -1px; }
.chart-group button:first-child { border-radius: 4px 0 0 4px; margin-left: 0; }
.chart-group button:last-child { border-radius: 0 4px 4px 0; }
.chart-live { color: var(--chart-fg); font-size: 12px; line-height: 18px; min-height: 18px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.chart-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
`;

export interface Button {
  readonly text: string;
  /** Said by screen readers where the text is a sign. */
  readonly label?: string;
  readonly press: () => void;
}

export function button({ text, label, press }: Button): HTMLButtonElement {
  const element = html("button", { type: "button", "aria-label": label, title: label }, text);
  element.addEventListener("click", press);
  return element;
}

export interface Option {
  readonly value: string;
  readonly text: string;
}
export interface Choice {
  readonly label: string;
  readonly options: readonly Option[];
  readonly value: string;
  readonly choose: (value: string) => void;
}

/** A labelled list of choices. */
export function choice({ label, options, value, choose }: Choice): { readonly element: HTMLLabelElement; readonly select: HTMLSelectElement } {
  const select = html("select", {});
  setOptions(select, options, value);
  select.addEventListener("change", () => choose(select.value));
  return { element: html("label", {}, label, select), select };
}

/** Replaces the choices of a list where they changed. */
export function setOptions(select: HTMLSelectElement, options: readonly Option[], value: string): void {
  const same = select.options.length === options.length && options.every((option, i) => select.options[i].value === option.value && select.options[i].text === option.text);
  if (!same) select.replaceChildren(...options.map((option) => html("option", { value: option.value }, option.text)));
  select.value = value;
}

/** Buttons side by side of which one is pressed. */
export function buttonGroup({ label, options, value, choose }: Choice): { readonly element: HTMLElement; readonly set: (value: string) => void } {
  const buttons = options.map((option) => ({ option, element: button({ text: option.text, press: () => choose(option.value) }) }));
  const set = (chosen: string): void => buttons.forEach(({ option, element }) => element.setAttribute("aria-pressed", String(option.value === chosen)));
  set(value);
  return { element: html("div", { class: "chart-group", role: "group", "aria-label": label }, ...buttons.map((entry) => entry.element)), set };
}

export const bar = (...children: readonly Child[]): HTMLElement => html("div", { class: "chart-bar" }, ...children);

/** Runs `draw` once in the next frame, however often it was asked for; never after the signal. */
export function perFrame(draw: () => void, signal: AbortSignal): () => void {
  let frame = 0;
  signal.addEventListener("abort", () => cancelAnimationFrame(frame));
  return () => {
    if (frame !== 0 || signal.aborted) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
}
