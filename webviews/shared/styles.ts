/** @file The style sheet of all views: everything by the custom properties that the frame sets from the theme. */
import type { Theme } from "./renderer";

const CSS = `
.iso { box-sizing: border-box; color: var(--iso-fg); font-family: var(--iso-font); font-size: 13px; line-height: 1.45; padding: 10px 2px 8px; position: relative; max-width: 100%; min-width: 0; }
.iso[data-theme=light-forced] { background: var(--iso-bg); padding: 10px 12px; border-radius: 4px; }
.iso *, .iso *::before, .iso *::after { box-sizing: border-box; }
.iso [hidden] { display: none !important; }
.iso-head { display: flex; gap: 12px; align-items: flex-start; margin-bottom: 8px; }
.iso-words { flex: 1 1 auto; min-width: 0; }
.iso-finding, .iso-cuts { text-wrap: pretty; }
.iso-title { font-size: 14px; font-weight: 600; overflow-wrap: anywhere; }
.iso-finding { color: var(--iso-muted); margin: 0; max-width: 110ch; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.iso-body { position: relative; min-width: 0; }
.iso-cuts { color: var(--iso-muted); font-size: 12px; margin: 6px 0 0; overflow-wrap: anywhere; }
.iso-error { border-left: 3px solid var(--iso-error); padding: 4px 12px; overflow-wrap: anywhere; }
.iso-error strong { color: var(--iso-error); font-weight: 600; }
.iso-error p { margin: 2px 0; white-space: pre-wrap; }
.iso-hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.iso button, .iso select, .iso input { font: inherit; font-size: 12px; color: inherit; }
.iso-button, .iso select { background: transparent; border: 1px solid var(--iso-edge); border-radius: 3px; padding: 2px 8px; cursor: pointer; line-height: 18px; }
.iso select option { color: var(--iso-fg); background: var(--iso-bg); }
.iso-button:hover { background: var(--iso-hover); }
.iso-button:disabled { opacity: .5; cursor: default; }
.iso-button[aria-pressed=true] { background: var(--iso-pressed); border-color: var(--iso-fg); }
.iso :focus-visible { outline: 1.5px solid var(--iso-focus); outline-offset: 1px; }
.iso-toolbar { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; margin: 0 0 6px; min-height: 24px; }
.iso-toolbar label { display: inline-flex; gap: 6px; align-items: center; color: var(--iso-muted); font-size: 12px; }
.iso input[type=range] { accent-color: var(--iso-accent); width: 96px; margin: 0; }
.iso-number { font-variant-numeric: tabular-nums; }
.iso-legend { display: flex; flex-wrap: wrap; gap: 2px 4px; min-width: 0; }
.iso-legend button { display: inline-flex; align-items: center; gap: 6px; border: 1px solid transparent; background: transparent; border-radius: 3px; padding: 1px 6px; cursor: pointer; max-width: 100%; }
.iso-legend button span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.iso-legend button:hover { background: var(--iso-hover); }
.iso-legend button[aria-pressed=false] { color: var(--iso-muted); text-decoration: line-through; }
.iso-legend button[aria-pressed=false] svg { opacity: .35; }
.iso-legend svg { flex: none; }
.iso-menu-anchor { position: relative; flex: none; }
.iso-menu { position: absolute; z-index: 20; right: 0; top: 100%; margin-top: 2px; min-width: 130px; padding: 4px; background: var(--iso-bg); border: 1px solid var(--iso-edge); border-radius: 4px; box-shadow: 0 2px 10px rgba(0,0,0,.25); }
.iso-menu button { display: block; width: 100%; text-align: left; background: transparent; border: 0; border-radius: 3px; padding: 3px 10px; cursor: pointer; }
.iso-menu button:hover, .iso-menu button:focus { background: var(--iso-pressed); }
.iso-plot { width: 100%; position: relative; }
.iso-plot-stage { width: 100%; min-width: 0; overflow: hidden; }
.iso .iso-plot-reset { position: absolute; right: 12px; top: 8px; z-index: 5; background: var(--iso-bg); }
.iso-plots > div { display: flex; flex-direction: column; }
.iso-plots > div > .iso-plot { margin-top: auto; }
.iso-plots { display: grid; gap: 4px 20px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
.iso-plot-title { font-weight: 600; font-size: 12px; overflow-wrap: anywhere; padding-left: 2px; }
.iso-plot .main-svg { background: transparent !important; }
.iso-table-scroll { overflow: auto; max-width: 100%; }
@media (prefers-reduced-motion: reduce) { .iso * { transition: none !important; animation: none !important; } }
`;

/** Puts a style sheet into the document, once for each name: the frame's own, and those of single views. */
export function addStyles(name: string, css: string): void {
  const id = `iso-styles-${name}`;
  if (document.getElementById(id) !== null) return;
  const element = document.createElement("style");
  element.id = id;
  element.textContent = css;
  document.head.append(element);
}

export const addFrameStyles = (): void => addStyles("frame", CSS);

/** Sets the custom properties that style sheets of views use: --iso-fg, -bg, -muted, -line, -edge, -grid, -focus, -error, -accent, -hover, -pressed, -good, -bad, -font, -mono. */
export function applyTheme(element: HTMLElement, theme: Theme): void {
  const contrasty = theme.kind === "high-contrast" || theme.kind === "high-contrast-light";
  const dark = theme.kind === "dark" || theme.kind === "high-contrast";
  const properties = {
    fg: theme.foreground,
    bg: theme.background,
    muted: theme.muted,
    line: theme.line,
    edge: contrasty ? theme.line : dark ? "rgba(255,255,255,.22)" : "rgba(0,0,0,.2)",
    grid: contrasty ? "rgba(128,128,128,.45)" : dark ? "rgba(255,255,255,.12)" : "rgba(0,0,0,.1)",
    focus: theme.focus,
    error: theme.error,
    accent: theme.series[0],
    hover: contrasty ? "transparent" : dark ? "rgba(255,255,255,.07)" : "rgba(0,0,0,.05)",
    pressed: contrasty ? "transparent" : dark ? "rgba(255,255,255,.14)" : "rgba(0,0,0,.09)",
    good: dark ? theme.series[2] : "#00795a",
    bad: theme.error,
    font: theme.font,
    mono: theme.monospace,
  };
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(`--iso-${name}`, value);
  element.style.colorScheme = dark ? "dark" : "light";
}
