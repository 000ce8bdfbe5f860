/** @file The theme of the editor as a view sees it, from the CSS variables and the classes that VS Code puts on the page; tells of a switch at once. */
import { hexOfCss, readable, VIRIDIS } from "./colour";
import type { Theme } from "./renderer";

type Kind = Theme["kind"];

/**
 * Categorical colours in the order of the static twins. Those on dark grounds are the same hues lightened: each at least 4.5:1 against
 * VS Code's default background and told apart without red or green cones.
 */
const SERIES: Readonly<Record<Kind, readonly string[]>> = {
  light: ["#0072b2", "#d55e00", "#008a66", "#5b2a86", "#2181bd", "#7a3b00", "#c2185b", "#333333"],
  dark: ["#4aa3e0", "#f28e46", "#34c79b", "#b695ee", "#8fd0fb", "#cfa37a", "#f27fae", "#c9ced8"],
  "high-contrast": ["#5cc4ff", "#ffa057", "#4fe3b4", "#d2b4ff", "#a8ddff", "#e8be94", "#ff9cc6", "#ffffff"],
  "high-contrast-light": ["#005a8f", "#a84300", "#00694e", "#4a1f73", "#0f5f9e", "#5c2c00", "#96104f", "#1a1a1a"],
};

interface Fallback {
  readonly foreground: string;
  readonly background: string;
  readonly line: string;
  readonly muted: string;
  readonly focus: string;
  readonly error: string;
}

/** VS Code's own default themes, for pages that set no variables. */
const FALLBACKS: Readonly<Record<Kind, Fallback>> = {
  light: { foreground: "#3b3b3b", background: "#ffffff", line: "#d4d7dd", muted: "#5f6672", focus: "#005fb8", error: "#b3261e" },
  dark: { foreground: "#cccccc", background: "#1f1f1f", line: "#3c3f44", muted: "#9da3ad", focus: "#3c9ce8", error: "#f88070" },
  "high-contrast": { foreground: "#ffffff", background: "#000000", line: "#6fc3df", muted: "#dcdcdc", focus: "#f38518", error: "#ff9a8f" },
  "high-contrast-light": { foreground: "#292929", background: "#ffffff", line: "#0f4a85", muted: "#3a3a3a", focus: "#006bbd", error: "#a31212" },
};

/** The kind by the classes of the body. High contrast light carries the class of high contrast too, so it is asked for first. */
export function kindOf(body: HTMLElement): Kind {
  const kind = body.dataset["vscodeThemeKind"] ?? "";
  const is = (name: string): boolean => kind === name || body.classList.contains(name);
  if (is("vscode-high-contrast-light")) return "high-contrast-light";
  if (is("vscode-high-contrast")) return "high-contrast";
  return is("vscode-dark") ? "dark" : "light";
}

const SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, monospace";

const variable = (style: CSSStyleDeclaration, name: string): string => style.getPropertyValue(`--vscode-${name}`);

/** The present theme. `light` gives the light one whatever the editor has (setting `isoflop.views.theme`). */
export function readTheme(forced: "editor" | "light" = "editor"): Theme {
  const style = getComputedStyle(document.documentElement);
  const fonts = { font: variable(style, "font-family") || SANS, monospace: variable(style, "editor-font-family") || MONO };
  if (forced === "light") return { kind: "light", ...FALLBACKS.light, ...fonts, series: SERIES.light, ramp: VIRIDIS };
  const kind = kindOf(document.body);
  const own = FALLBACKS[kind];
  const background = hexOfCss(
    variable(style, "notebook-outputContainerBackgroundColor") || variable(style, "notebook-editorBackground") || variable(style, "editor-background"),
    { fallback: own.background, ground: hexOfCss(variable(style, "editor-background"), { fallback: own.background }) },
  );
  const colour = (name: string, fallback: string): string => hexOfCss(variable(style, name), { fallback, ground: background });
  const contrasty = kind === "high-contrast" || kind === "high-contrast-light";
  return {
    kind,
    foreground: colour("foreground", colour("editor-foreground", own.foreground)),
    background,
    line: contrasty ? colour("contrastBorder", own.line) : own.line,
    // Some themes keep to less contrast than text needs (WCAG 2.2: 4.5:1 for text, 3:1 for a focus ring).
    muted: readable(contrasty ? own.muted : colour("descriptionForeground", own.muted), background, 4.5),
    focus: readable(colour("focusBorder", own.focus), background, 3),
    error: readable(colour("errorForeground", own.error), background, 4.5),
    ...fonts,
    series: SERIES[kind],
    ramp: VIRIDIS,
  };
}

/** Calls back with the theme whenever the page's changes, until aborted. */
export function watchTheme(listen: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(listen);
  // VS Code swaps classes and data attributes of the body, and the variables in the style of the root.
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-kind", "data-vscode-theme-id"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style", "class"] });
  signal.addEventListener("abort", () => observer.disconnect());
}

const sameTheme = (a: Theme, b: Theme): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The theme of a page with all its views: one watcher for all of them. */
export class ThemeSource {
  private forced: "editor" | "light" = "editor";
  private present: Theme;
  private readonly listeners = new Set<(theme: Theme) => void>();

  constructor(signal: AbortSignal) {
    this.present = readTheme();
    watchTheme(() => this.refresh(), signal);
  }

  get theme(): Theme {
    return this.present;
  }

  /** Light always, or as the editor. */
  force(which: "editor" | "light"): void {
    this.forced = which;
    this.refresh();
  }

  listen(listener: (theme: Theme) => void, signal: AbortSignal): void {
    this.listeners.add(listener);
    signal.addEventListener("abort", () => this.listeners.delete(listener));
  }

  private refresh(): void {
    const next = readTheme(this.forced);
    if (sameTheme(next, this.present)) return;
    this.present = next;
    for (const listener of this.listeners) listener(next);
  }
}
