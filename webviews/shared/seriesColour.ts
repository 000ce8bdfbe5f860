/** @file Colours of payloads, which are made for the light card of static twins, in the colours of the theme. */
import { readable } from "./colour";
import type { Theme } from "./renderer";

/** Categorical colours of the static twins, in the order of `Theme.series`. */
const CARD_SERIES = ["#0072b2", "#d55e00", "#009e73", "#5b2a86", "#2f9bd8", "#7a3b00", "#c2185b", "#333333"];
/** Ink of captions and of axis lines on the card. */
const CARD_MUTED = ["#586071", "#8b93a3"];

/** The theme's colour for a colour of the static twin; colours that a user chose keep their hue and get enough contrast. */
export function themeColour(colour: string, theme: Theme): string {
  const hex = colour.toLowerCase();
  const index = CARD_SERIES.indexOf(hex);
  if (index >= 0) return theme.series[index];
  if (CARD_MUTED.includes(hex)) return theme.muted;
  return /^#[0-9a-f]{6}$/.test(hex) ? readable(hex, theme.background) : theme.foreground;
}

/** Dash patterns of the second and third round through the colours, as in the static twins. */
const DASHES = [undefined, "6 3", "2 2.5"];

/** Colour and dash pattern (SVG) of the series with this number. */
export const seriesStyle = (index: number, theme: Theme): { readonly colour: string; readonly dash: string | undefined } => ({
  colour: theme.series[index % theme.series.length],
  dash: DASHES[Math.floor(index / theme.series.length) % DASHES.length],
});
