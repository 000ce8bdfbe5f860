/** @file Colours by number: maps, mixing, contrast. The maps are those of the static twins. */

/** [red, green, blue], 0…255. */
export type Rgb = readonly [number, number, number];

export const rgbOfHex = (hex: string): Rgb => [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];

export const hexOfRgb = (rgb: Rgb): string => `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

/** "rgba(…)" of a hex colour. */
export const withAlpha = (hex: string, alpha: number): string => `rgba(${rgbOfHex(hex).join(", ")}, ${alpha})`;

/** The colour `share` of the way from one to the other. */
export const mix = (from: Rgb, to: Rgb, share: number): Rgb => [
  from[0] + (to[0] - from[0]) * share,
  from[1] + (to[1] - from[1]) * share,
  from[2] + (to[2] - from[2]) * share,
];

/** Relative luminance, WCAG 2.2. */
export function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio 1…21, WCAG 2.2. */
export function contrast(a: Rgb, b: Rgb): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** `hex`, moved towards white or black until it stands out from `background` by `ratio` (WCAG asks 3 of graphics, 4.5 of text). */
export function readable(hex: string, background: string, ratio = 3): string {
  const ground = rgbOfHex(background);
  const target: Rgb = luminance(ground) < 0.18 ? [255, 255, 255] : [0, 0, 0];
  const colour = rgbOfHex(hex);
  for (let share = 0; share < 1; share += 0.1) {
    const tried = mix(colour, target, share);
    if (contrast(tried, ground) >= ratio) return hexOfRgb(tried);
  }
  return hexOfRgb(target);
}

/** Any CSS colour as "#rrggbb"; half-transparent ones as they look on `ground`. `fallback` for what is no colour. */
export function hexOfCss(css: string, { fallback, ground }: { readonly fallback: string; readonly ground?: string }): string {
  const value = css.trim();
  if (/^#[0-9a-f]{6}$/i.test(value)) return value.toLowerCase();
  if (/^#[0-9a-f]{3}$/i.test(value)) return `#${[...value.slice(1)].map((digit) => digit + digit).join("")}`.toLowerCase();
  const parts = /^#[0-9a-f]{8}$/i.test(value)
    ? [...rgbOfHex(value), parseInt(value.slice(7), 16) / 255]
    : (/^rgba?\(([^)]*)\)$/i
        .exec(value)?.[1]
        .split(/[\s,/]+/)
        .map((part) => (part.endsWith("%") ? Number(part.slice(0, -1)) / 100 : Number(part))) ?? []);
  if (parts.length < 3 || !parts.every(Number.isFinite)) return fallback;
  const [red, green, blue, alpha = 1] = parts;
  return hexOfRgb(mix(rgbOfHex(ground ?? fallback), [red, green, blue], alpha));
}

/** Ten stops of viridis (Smith and van der Walt, 2015, CC0). */
export const VIRIDIS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b", "#fde725"] as const;
/** Eleven-class RdBu of ColorBrewer (Brewer, Apache-2.0), blue for negative, near white at zero. */
export const BLUE_RED = ["#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7", "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f"] as const;
/** Colour of values that are NaN or infinite: in neither map. */
export const NOT_FINITE: Rgb = [255, 0, 200];

export type ColourMap = "sequential" | "diverging";
const STOPS = { sequential: VIRIDIS.map(rgbOfHex), diverging: BLUE_RED.map(rgbOfHex) } as const;

/** Colour at `position` 0…1 (clamped) of a map, linear between its stops. */
export function mapColour(map: ColourMap, position: number): Rgb {
  const stops = STOPS[map];
  const at = Math.min(1, Math.max(0, position)) * (stops.length - 1);
  const index = Math.min(stops.length - 2, Math.floor(at));
  return mix(stops[index], stops[index + 1], at - index);
}

/** RGBA of the 256 bytes of a ByteGrid through a map: 255 ("not finite") has the colour of NOT_FINITE. */
export function byteColours(map: ColourMap): Uint8ClampedArray {
  const out = new Uint8ClampedArray(256 * 4);
  for (let byte = 0; byte < 256; byte++) out.set([...(byte === 255 ? NOT_FINITE : mapColour(map, byte / 254)), 255], byte * 4);
  return out;
}
