/** @file The tokens as text: the one in question, how much each other one takes part, and arcs to the strongest. */
import { html, svg } from "../../shared/dom";
import { withAlpha } from "../../shared/colour";
import type { Theme } from "../../shared/renderer";
import { significant } from "../../shared/format";
import { top } from "./grids";
import { type AttentionModel, tokenName } from "./model";

export interface TokensState {
  readonly model: AttentionModel;
  readonly theme: Theme;
  /** Column of the token whose attention is shown. */
  readonly source: number;
  /** The other token in question. */
  readonly target: number | undefined;
  readonly locked: boolean;
  /** Weight of each column with the source: 0…1, or a difference; undefined where there are none. */
  readonly weights: Float32Array | undefined;
}
export interface TokensActions {
  readonly hover: (column: number | undefined) => void;
  readonly press: (column: number) => void;
  readonly key: (event: KeyboardEvent) => void;
}
export interface Tokens {
  readonly element: HTMLElement;
  draw(state: TokensState): void;
}

const ARCS = 6;
const LEAST_ARC = 0.04;

export function tokens({ hover, press, key }: TokensActions, signal: AbortSignal): Tokens {
  const list = html("div", { role: "listbox", tabindex: 0, "aria-label": "Tokens", class: "attention-tokens" });
  const arcs = svg("svg", { class: "attention-arcs", "aria-hidden": "true" });
  const text = html("div", { class: "attention-text", role: "presentation" }, arcs);
  list.append(text);
  let model: AttentionModel | undefined;
  let spans: HTMLElement[] = [];
  let styles: string[] = [];
  let described = -1;
  let places: (readonly [number, number])[] | undefined;
  const observer = new ResizeObserver(() => (places = undefined));
  observer.observe(text);
  signal.addEventListener("abort", () => observer.disconnect());

  const columnOf = (event: Event): number => (event.target instanceof HTMLElement ? spans.indexOf(event.target) : -1);
  list.addEventListener("pointerover", (event) => (columnOf(event) < 0 ? undefined : hover(columnOf(event))), { signal });
  list.addEventListener("pointerleave", () => hover(undefined), { signal });
  list.addEventListener("click", (event) => (columnOf(event) < 0 ? undefined : press(columnOf(event))), { signal });
  list.addEventListener("keydown", key, { signal });

  function build(next: AttentionModel): void {
    model = next;
    const gaps = next.spaced.some((spaced, column) => column > 0 && !spaced);
    const prefix = `${Math.random().toString(36).slice(2)}-`;
    spans = next.labels.map((label, column) => {
      const span = html(
        "span",
        { role: "option", id: `attention-token-${prefix}${column}`, "aria-selected": "false", "aria-label": tokenName(next, column) },
        label,
      );
      if (!gaps || next.spaced[column]) span.style.marginLeft = "6px";
      return span;
    });
    styles = spans.map(() => "");
    described = -1;
    places = undefined;
    const hasWords = gaps && next.spaced.some((spaced, column) => column > 0 && spaced);
    text.replaceChildren(arcs, ...(hasWords ? wordsOf(spans, next.spaced) : spans));
  }

  return {
    element: list,
    draw(state) {
      const { theme, source, target, weights, locked } = state;
      if (model !== state.model) build(state.model);
      const accent = theme.series[0] ?? theme.foreground;
      const other = theme.series[1] ?? theme.foreground;
      const largest = weights?.reduce((most, weight) => Math.max(most, Math.abs(weight) || 0), 0) ?? 0;
      const strongest = theme.kind.startsWith("high-contrast") ? 0.45 : 0.4;
      spans.forEach((span, column) => {
        const weight = weights?.[column] ?? 0;
        // In steps of 1/20: few tokens change their look when the pointer moves by one.
        const share = largest > 0 && Number.isFinite(weight) ? Math.round((20 * Math.abs(weight)) / largest) / 20 : 0;
        const colour = weight < 0 ? other : accent;
        const frame =
          column === source
            ? locked
              ? `0 0 0 2px ${theme.focus}`
              : `0 0 0 1px ${theme.foreground}`
            : column === target
              ? `0 0 0 1px ${theme.muted}`
              : "none";
        const style = `${share < 0.02 ? "transparent" : withAlpha(colour, Number((share * strongest).toFixed(2)))}|${share < 0.02 ? "transparent" : withAlpha(colour, Number(Math.sqrt(share).toFixed(2)))}|${frame}`;
        if (style === styles[column]) return;
        styles[column] = style;
        const [ground, line, shadow] = style.split("|");
        span.style.background = ground;
        span.style.borderBottomColor = line;
        span.style.boxShadow = shadow;
      });
      const active = target ?? source;
      if (active !== described) {
        spans[described]?.setAttribute("aria-selected", "false");
        described = active;
      }
      list.setAttribute("aria-activedescendant", spans[active]?.id ?? "");
      spans[active]?.setAttribute("aria-selected", "true");
      drawArcs(state);
    },
  };

  /** From the token in question over the lines to those it has most to do with. */
  function drawArcs({ source, weights, theme, target }: TokensState): void {
    arcs.replaceChildren();
    if (weights === undefined || spans[source] === undefined) return;
    if (places === undefined) {
      // Colours and frames move nothing: places are measured once, until the text is laid out anew.
      places = spans.map((span) => [span.offsetLeft + span.offsetWidth / 2, span.offsetTop + 1]);
      arcs.setAttribute("width", String(text.offsetWidth));
      arcs.setAttribute("height", String(text.offsetHeight));
    }
    const [x, y] = places[source];
    const sizes = weights.map((weight) => Math.abs(weight));
    const chosen = new Set([...top(sizes, ARCS, LEAST_ARC), ...(target === undefined ? [] : [target])]);
    const most = Math.max(...sizes.filter(Number.isFinite), 1e-9);
    for (const column of chosen) {
      if (column === source) continue;
      const [tx, ty] = places[column];
      const lift = Math.min(y, ty) - Math.min(26, 8 + Math.hypot(tx - x, ty - y) * 0.1);
      const share = sizes[column] / most || 0;
      arcs.append(
        svg("path", {
          d: `M${x} ${y}C${x} ${lift} ${tx} ${lift} ${tx} ${ty}`,
          fill: "none",
          stroke: weights[column] < 0 ? (theme.series[1] ?? theme.foreground) : (theme.series[0] ?? theme.foreground),
          "stroke-width": (0.8 + 2.4 * share).toFixed(2),
          opacity: (0.35 + 0.6 * share).toFixed(2),
          "stroke-linecap": "round",
        }),
      );
    }
  }
}

/** Tokens of a word are not parted at the end of a line, unless the word is longer than this. */
const WORD_TOKENS = 16;

/** The tokens by words: a word goes on until a token brings a space. */
function wordsOf(spans: readonly HTMLElement[], spaced: readonly boolean[]): HTMLElement[] {
  const words: HTMLElement[] = [];
  spans.forEach((span, column) => {
    const last = words.at(-1);
    if (last === undefined || spaced[column] || last.childElementCount >= WORD_TOKENS) words.push(html("span", { class: "attention-word", role: "presentation" }, span));
    else last.append(span);
  });
  return words;
}

const RANKED = 7;

interface RankedState extends Pick<TokensState, "model" | "theme" | "weights"> {
  /** Of which token these are. */
  readonly title: string;
}

/** The tokens with the largest weights as bars, largest first. */
export function drawRanked(element: HTMLElement, { model, theme, weights, title }: RankedState): void {
  if (weights === undefined) return element.replaceChildren();
  const sizes = weights.map(Math.abs);
  const most = Math.max(1e-9, ...sizes.filter(Number.isFinite));
  element.replaceChildren(
    html("em", {}, title),
    ...top(sizes, RANKED).flatMap((column) => {
      const bar = html("b");
      bar.style.width = `${(100 * sizes[column]) / most}%`;
      bar.style.background = (weights[column] < 0 ? theme.series[1] : theme.series[0]) ?? theme.foreground;
      return [
        html("span", { title: tokenName(model, column) }, model.labels[column]),
        bar,
        html("i", {}, significant(weights[column], 2)),
      ];
    }),
  );
}
