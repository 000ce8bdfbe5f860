/** @file The law in words: equation, and each parameter with its interval and how it changed. */
import type { FittedParameter, ScalingPayload } from "../../../kernel/display/schema";
import { html } from "../../shared/dom";
import { percent, significant } from "../../shared/format";
import type { Law } from "./refit";

export const SCALING_RULES = `
.scaling-law { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-bottom: 8px; min-height: 62px; }
.scaling-equation { font-size: 17px; font-family: var(--iso-font); align-self: center; margin-right: 10px; }
.scaling-equation sup { font-size: 12px; line-height: 0; }
.scaling-chip { border: 1px solid var(--iso-line); border-radius: 5px; padding: 4px 10px; min-width: 118px; font-variant-numeric: tabular-nums; line-height: 17px; }
.scaling-chip b { font-size: 14px; font-weight: 600; }
.scaling-chip div { color: var(--iso-muted); font-size: 11.5px; }
.scaling-chip[data-changed] { border-color: var(--iso-fg); }
.scaling-chip[data-changed] div:last-child { color: var(--iso-fg); }
.scaling-svg { display: block; user-select: none; -webkit-user-select: none; }
.scaling-dot { cursor: pointer; }
.iso .scaling-dot:focus { outline: none; }
.iso .scaling-dot:focus-visible > circle:first-child { stroke: var(--iso-focus); stroke-width: 2.5px; }
`;

const GREEK: Readonly<Record<string, string>> = { alpha: "α", beta: "β", gamma: "γ", delta: "δ", epsilon: "ε", lambda: "λ" };
export const nameOf = (name: string): string => GREEK[name] ?? name;

/** The formula with powers raised: "E + A·x" and "−α" above the line. */
export function equationElement(equation: string, { x, y }: Pick<ScalingPayload, "x" | "y">): HTMLElement {
  const plain = equation
    .replace(/\*\*/g, "^")
    .replace(/\b(alpha|beta|gamma|delta|epsilon|lambda)\b/g, (name) => nameOf(name))
    .replace(/\*/g, "·")
    .replace(/-/g, "−");
  const parts = plain.split(/\^(\([^()]*\)|−?[\p{L}\p{N}_.]+)/u);
  return html(
    "div",
    { class: "scaling-equation", title: `x: ${x.label}, y: ${y.label}` },
    plain.includes("=") ? "" : "y = ",
    ...parts.map((part, i) => (i % 2 === 0 ? part : html("sup", {}, part.replace(/^\(|\)$/g, "")))),
  );
}

/** One parameter; `before` where points are taken out. */
export function chip({ name, value, low, high }: FittedParameter, before: FittedParameter | undefined): HTMLElement {
  const interval = low === null || high === null ? "no interval" : `${significant(low, 3)} to ${significant(high, 3)}`;
  const change = before?.value === undefined || before.value === null || value === null ? undefined : value / before.value - 1;
  const moved =
    change === undefined || before === undefined
      ? ""
      : `was ${significant(before.value, 4)}, ${Math.abs(change) < 5e-4 ? "unchanged" : `${change > 0 ? "+" : "−"}${percent(Math.abs(change))}`}`;
  return html(
    "div",
    { class: "scaling-chip", "data-changed": change === undefined ? undefined : "true", "data-parameter": name },
    html("b", {}, `${nameOf(name)} = ${significant(value, 4)}`),
    html("div", {}, interval),
    moved === "" ? undefined : html("div", {}, moved),
  );
}

/** "α 0.32 → 0.34, E 1.70 → 1.72": for screen readers. */
export const changesText = (law: Law, before: Law): string =>
  law.parameters.map(({ name, value }, i) => `${name} ${significant(before.parameters[i]?.value, 4)} to ${significant(value, 4)}`).join(", ");
