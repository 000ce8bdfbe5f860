/** @file Colours and sizes of static pictures: dark ink on a light card of their own, so they read the same on white and on dark pages. */

/** The card. Pictures bring their own ground because `<img>` embedding (GitHub, nbviewer) knows nothing of the page's theme. */
export const CARD = "#fbfbfd";
export const CARD_EDGE = "#d5d8df";
/** Contrast with the card: ink 15:1, muted ink 6:1, grid lines meant to be faint. */
export const INK = "#1d2129";
export const MUTED_INK = "#586071";
export const AXIS = "#8b93a3";
export const GRID = "#e4e7ed";
export const ACCENT = "#0072b2";
export const GOOD = "#00795a";
export const BAD = "#b3261e";

export const CARD_WIDTH_PX = 720;
export const CARD_PADDING_PX = 16;

/**
 * Categorical colours, at least 2.9:1 against the card and all told apart without red or green cones.
 * Blue, vermilion and green after Okabe and Ito, "Color Universal Design" (2008); the others by search over the least distance in
 * normal, protan and deutan vision, since the yellow, orange and pink of that palette are too pale for lines on white.
 */
export const CATEGORICAL = ["#0072b2", "#d55e00", "#009e73", "#5b2a86", "#2f9bd8", "#7a3b00", "#c2185b", "#333333"] as const;

/** Dash patterns of the second and third round through the categorical colours. */
export const DASHES = [undefined, "6 3", "2 2.5"] as const;

export interface SeriesStyle {
  readonly colour: string;
  readonly dash: string | undefined;
}

/** Style of the series with this number: colours first, then dashes. */
export const seriesStyle = (index: number): SeriesStyle => ({
  colour: CATEGORICAL[index % CATEGORICAL.length],
  dash: DASHES[Math.floor(index / CATEGORICAL.length) % DASHES.length],
});

/** [red, green, blue], 0…255. */
export type Rgb = readonly [number, number, number];

export const rgbOfHex = (hex: string): Rgb => [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];

export const hexOfRgb = (rgb: Rgb): string => `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** Ten stops of viridis (Smith and van der Walt, 2015, CC0). */
const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"].map(rgbOfHex);
/** Eleven-class RdBu of ColorBrewer (Brewer, Apache-2.0), blue for negative, near white at zero. */
const BLUE_RED = ["#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f"].map(
  rgbOfHex,
);
/** Colour of values that are NaN or infinite: in neither map. */
export const NOT_FINITE: Rgb = [255, 0, 200];

export type ColourMap = "sequential" | "diverging";

/** Colour at `position` 0…1 (clamped) of a map, linear between its stops. */
export function mapColour(map: ColourMap, position: number): Rgb {
  const stops = map === "sequential" ? VIRIDIS : BLUE_RED;
  const at = Math.min(1, Math.max(0, position)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(at));
  const [from, to] = [stops[index], stops[index + 1]];
  const mix = (channel: 0 | 1 | 2): number => from[channel] + (to[channel] - from[channel]) * (at - index);
  return [mix(0), mix(1), mix(2)];
}

/** Relative luminance, WCAG 2.2. */
function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio 1…21, WCAG 2.2. */
export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
