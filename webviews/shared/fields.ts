/** @file Fields of toolbars: buttons, choices and sliders with a label, in the style of the frame. */
import { type Child, html } from "./dom";

export interface ButtonOptions {
  readonly text: string;
  /** Said by screen readers and shown on hover, where the text is a sign or short. */
  readonly label?: string;
  readonly press: () => void;
}

export function pushButton({ text, label, press }: ButtonOptions): HTMLButtonElement {
  const element = html("button", { type: "button", class: "iso-button", "aria-label": label, title: label }, text);
  element.addEventListener("click", press);
  return element;
}

export interface SelectOptions<T extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly value: T;
  readonly choose: (value: T) => void;
}

export interface Field<T> {
  readonly element: HTMLLabelElement;
  /** Shows a value without calling back. */
  readonly set: (value: T) => void;
}

/** A labelled list of choices. */
export function selectField<T extends string>({ label, options, value, choose }: SelectOptions<T>): Field<T> {
  const select = html("select", {}, options.map((option) => html("option", { value: option.value }, option.text)));
  select.value = value;
  select.addEventListener("change", () => {
    const chosen = options.find((option) => option.value === select.value);
    if (chosen !== undefined) choose(chosen.value);
  });
  return { element: html("label", {}, label, select), set: (next) => (select.value = next) };
}

export interface SliderOptions {
  readonly label: Child;
  readonly min?: number;
  readonly max: number;
  readonly step?: number;
  readonly value: number;
  /** What stands behind the slider and is said by screen readers. */
  readonly text: (value: number) => string;
  readonly move: (value: number) => void;
}

/** A labelled slider with its value as text. */
export function sliderField({ label, min = 0, max, step = 1, value, text, move }: SliderOptions): Field<number> {
  const input = html("input", { type: "range", min, max, step });
  const shown = html("span", { class: "iso-number" });
  const set = (next: number): void => {
    input.value = String(next);
    shown.textContent = text(next);
    input.setAttribute("aria-valuetext", text(next));
  };
  set(value);
  input.addEventListener("input", () => {
    set(Number(input.value));
    move(Number(input.value));
  });
  return { element: html("label", {}, label, input, shown), set };
}
