/** @file Controls of views: buttons, choices, groups of buttons, and drawing once a frame. */
import { html } from "../dom";

export interface Button {
  readonly text: string;
  /** Said by screen readers and shown on hover, where the text is a sign. */
  readonly label?: string;
  readonly press: () => void;
}

export function button({ text, label, press }: Button): HTMLButtonElement {
  const element = html("button", { type: "button", class: "iso-button", "aria-label": label, title: label }, text);
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
  const same =
    select.options.length === options.length &&
    options.every((option, i) => select.options[i].value === option.value && select.options[i].text === option.text);
  if (!same) select.replaceChildren(...options.map((option) => html("option", { value: option.value }, option.text)));
  select.value = value;
}

/** Buttons side by side of which one is pressed. */
export function buttonGroup({ label, options, value, choose }: Choice): { readonly element: HTMLElement; readonly set: (value: string) => void } {
  const buttons = options.map((option) => ({ option, element: button({ text: option.text, press: () => choose(option.value) }) }));
  const set = (chosen: string): void =>
    buttons.forEach(({ option, element }) => element.setAttribute("aria-pressed", String(option.value === chosen)));
  set(value);
  return { element: html("div", { class: "iso-group", role: "group", "aria-label": label }, ...buttons.map((entry) => entry.element)), set };
}

/** Rules of groups of buttons and of the line that says what is under the pointer; for `addStyles`. */
export const CONTROL_RULES = `
.iso-group { display: inline-flex; }
.iso-group button { border-radius: 0; margin-left: -1px; }
.iso-group button:first-child { border-radius: 3px 0 0 3px; margin-left: 0; }
.iso-group button:last-child { border-radius: 0 3px 3px 0; }
.iso-readout { font-size: 12px; line-height: 20px; height: 20px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; font-variant-numeric: tabular-nums; }
`;

/** Asks for a drawing in the next frame, once however often it is asked; never after the signal. */
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

/** Calls back with the width of an element now and whenever it changes, until the signal. */
export function watchWidth(element: HTMLElement, { signal, act }: { readonly signal: AbortSignal; readonly act: (width: number) => void }): void {
  let last = -1;
  const observer = new ResizeObserver(() => {
    const width = Math.floor(element.clientWidth);
    if (width === last || width === 0) return;
    last = width;
    act(width);
  });
  observer.observe(element);
  signal.addEventListener("abort", () => observer.disconnect());
}
