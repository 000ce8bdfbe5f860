/** @file Files that views offer: pictures from SVG, data as JSON, and a page of HTML that stands alone. */
import { base64OfBytes } from "./base64";
import { pngOfCanvas } from "./canvas";
import type { ExportFile, Theme } from "./renderer";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A title as the stem of a file name: letters, digits, dashes; at most 60 characters. */
export const fileStem = (title: string, fallback: string): string =>
  title
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60) || fallback;

export const jsonFile = (name: string, value: unknown): ExportFile => ({ name: `${name}.json`, mime: "application/json", bytes: bytesOf(`${JSON.stringify(value, undefined, 1)}\n`) });

export const textFile = (name: string, { text, mime }: { readonly text: string; readonly mime: string }): ExportFile => ({ name, mime, bytes: bytesOf(text) });

/** SVG text of an element in the page, with its size and a ground of the theme's colour, so that it reads alone. */
export function svgText(element: SVGSVGElement, theme: Theme): string {
  const box = element.getBoundingClientRect();
  const [width, height] = [Math.ceil(box.width), Math.ceil(box.height)];
  const copy = element.cloneNode(true) as SVGSVGElement; // SAFETY: a clone is of the type of its original.
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  copy.setAttribute("font-family", theme.font);
  // Classes have no sheet outside of the page: what it gives is written out.
  const originals = [element, ...element.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((target, index) => inlineStyle(originals[index], target));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const [x, y, w, h] = (copy.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  for (const [name, value] of Object.entries({ x, y, width: w, height: h, fill: theme.background })) ground.setAttribute(name, String(value));
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

const STYLE_NAMES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity", "font-size", "font-weight", "text-anchor", "font-family"];

function inlineStyle(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  for (const name of STYLE_NAMES) {
    const value = style.getPropertyValue(name);
    if (value !== "") to.setAttribute(name, value);
  }
  to.removeAttribute("class");
  to.removeAttribute("style");
}

export interface SvgPicture {
  readonly svg: string;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/** PNG bytes of an SVG at twice its size. @throws {Error} when the browser cannot draw it. */
export async function pngOfSvg({ svg, width, height }: SvgPicture): Promise<Uint8Array> {
  const image = new Image();
  const loaded = new Promise<void>((resolve, reject) => {
    image.onload = () => resolve();
    image.onerror = () => reject(new Error("the picture could not be drawn from its SVG"));
  });
  image.src = `data:image/svg+xml;base64,${base64OfBytes(bytesOf(svg))}`;
  await loaded;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * 2);
  canvas.height = Math.round(height * 2);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return pngOfCanvas(canvas);
}

/** The entries PNG and SVG of an export menu, from a picture made when asked for. */
export const pictureExports = (name: string, make: () => SvgPicture | Promise<SvgPicture>): readonly { readonly label: string; readonly make: () => Promise<ExportFile> }[] => [
  { label: "PNG", make: async () => ({ name: `${name}.png`, mime: "image/png", bytes: await pngOfSvg(await make()) }) },
  { label: "SVG", make: async () => ({ name: `${name}.svg`, mime: "image/svg+xml", bytes: bytesOf((await make()).svg) }) },
];

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export interface PageParts {
  readonly title: string;
  readonly finding: string;
  readonly cuts: readonly string[];
  /** A picture of the view, if it has one. */
  readonly picture: ExportFile | undefined;
  readonly payload: unknown;
  readonly theme: Theme;
}

/** One HTML file with no scripts and no outside references: title, finding, picture, and the data to unfold. */
export function htmlFile(name: string, { title, finding, cuts, picture, payload, theme }: PageParts): ExportFile {
  const image = picture === undefined ? "" : `<img alt="${escapeHtml(finding)}" src="data:${picture.mime};base64,${base64OfBytes(picture.bytes)}">`;
  const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>${escapeHtml(title || finding)}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:32px auto;padding:0 16px;color:${theme.foreground};background:${theme.background}}img{max-width:100%}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px}</style>
</head><body><h1>${escapeHtml(title || "IsoFLOP")}</h1><p>${escapeHtml(finding)}</p>${image}<p>${escapeHtml(cuts.join(" · "))}</p>
<details><summary>Data</summary><pre>${escapeHtml(JSON.stringify(payload, undefined, 1))}</pre></details></body></html>
`;
  return { name: `${name}.html`, mime: "text/html", bytes: bytesOf(page) };
}
