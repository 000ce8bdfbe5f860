/** @file Builds SVG markup that is always well-formed: text escaped, numbers rounded, shapes that have no finite place left out. */

/** Finished markup. Only this file makes it, so what is in it is escaped. */
export interface SvgNode {
  readonly markup: string;
}

export type SvgChild = SvgNode | readonly SvgChild[] | undefined;
export type SvgAttributes = Readonly<Record<string, string | number | undefined>>;

export const NOTHING: SvgNode = { markup: "" };

/** `value` with at most two decimals, which is a fortieth of a pixel at usual sizes; no exponent, no "-0". */
export function round2(value: number): string {
  const rounded = Math.round(value * 100) / 100;
  return Object.is(rounded, -0) ? "0" : String(rounded);
}

/** Characters that XML 1.0 allows, the five special ones as entities; control characters and lone surrogates become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function markupOf(child: SvgChild): string {
  if (child === undefined) return "";
  return "markup" in child ? child.markup : child.map(markupOf).join("");
}

/** Coordinates beyond this are drawn by no viewer, and overflow the 32-bit floats inside some. */
const MAX_COORDINATE = 1e6;

/** `<name …>children</name>`. An attribute that is undefined is left out; a number that is not finite or is absurdly large leaves the whole element out. */
export function element(name: string, attributes: SvgAttributes, ...children: readonly SvgChild[]): SvgNode {
  let head = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (typeof value === "number" && !(Math.abs(value) < MAX_COORDINATE)) return NOTHING;
    head += ` ${key}="${typeof value === "number" ? round2(value) : escapeXml(value)}"`;
  }
  const inner = children.map(markupOf).join("");
  return { markup: inner === "" ? `${head}/>` : `${head}>${inner}</${name}>` };
}

/** Character data. */
export const characters = (text: string): SvgNode => ({ markup: escapeXml(text) });

export const group = (attributes: SvgAttributes, ...children: readonly SvgChild[]): SvgNode => element("g", attributes, ...children);

export interface TextAttributes {
  readonly x: number;
  readonly y: number;
  /** Pixels, default 11. */
  readonly size?: number;
  readonly fill?: string;
  readonly anchor?: "start" | "middle" | "end";
  readonly weight?: "bold";
  /** Degrees clockwise about (x, y). */
  readonly rotate?: number;
  /** For codes and tensor names. */
  readonly mono?: boolean;
}

export const MONO_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** One line of text; (x, y) is the end of its base line that `anchor` names. */
export function label(text: string, { x, y, size = 11, fill, anchor, weight, rotate, mono }: TextAttributes): SvgNode {
  return element(
    "text",
    {
      x,
      y,
      "font-size": size,
      fill,
      "text-anchor": anchor === "start" ? undefined : anchor,
      "font-weight": weight === "bold" ? 600 : undefined,
      transform: rotate === undefined ? undefined : `rotate(${round2(rotate)} ${round2(x)} ${round2(y)})`,
      "font-family": mono ? MONO_FONT : undefined,
    },
    characters(text),
  );
}

/** Path data through points; a point that is not finite lifts the pen, a point alone between two gaps becomes a dot. */
export function polyline(xs: ArrayLike<number>, ys: ArrayLike<number>): string {
  let path = "";
  let drawing = false;
  for (let i = 0; i < xs.length; i++) {
    const fits = Math.abs(xs[i]) < MAX_COORDINATE && Math.abs(ys[i]) < MAX_COORDINATE;
    if (fits) {
      const next = i + 1 < xs.length && Math.abs(xs[i + 1]) < MAX_COORDINATE && Math.abs(ys[i + 1]) < MAX_COORDINATE;
      path += `${drawing ? "L" : "M"}${round1(xs[i])} ${round1(ys[i])}${!drawing && !next ? "h.01" : ""}`;
    }
    drawing = fits;
  }
  return path;
}

/** One decimal: long paths are most of a picture's bytes. */
export const round1 = (value: number): string => {
  const rounded = Math.round(value * 10) / 10;
  return Object.is(rounded, -0) ? "0" : String(rounded);
};

export interface SvgDocument {
  readonly width: number;
  readonly height: number;
  /** Spoken by screen readers: what it is, and what it shows. */
  readonly title: string;
  readonly description: string;
}

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

/** A whole SVG file, with alt text, that needs nothing outside of itself. */
export function svgDocument({ width, height, title, description }: SvgDocument, ...children: readonly SvgChild[]): string {
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${round2(width)} ${round2(height)}`,
      role: "img",
      "aria-label": title === "" ? description : `${title}: ${description}`,
      "font-family": FONT,
      "font-size": 11,
      style: "max-width:100%;height:auto",
    },
    element("title", {}, characters(title === "" ? description : title)),
    element("desc", {}, characters(description)),
    ...children,
  ).markup;
}
