/** @file Files made of what is shown: SVG of a drawing, PNG of a drawing or canvas, JSON of a payload. */
import { type ExportFile, type Theme } from "../renderer";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A name for files made of a title: letters, digits and dashes only. */
export const fileName = (title: string, fallback: string): string =>
  title
    .normalize("NFKD")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60) || fallback;

export const jsonFile = (name: string, value: unknown): ExportFile => ({ name: `${name}.json`, mime: "application/json", bytes: bytesOf(JSON.stringify(value, undefined, 1)) });

/** The drawing as a document of its own on the ground of the theme. What has the attribute data-chrome (focus marks, hit areas) is left out. */
export function svgText(drawing: SVGSVGElement, theme: Theme): string {
  // SAFETY: a clone has the class of what it was cloned from.
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const { width, height } = drawing.viewBox.baseVal;
  copy.querySelectorAll("[data-chrome]").forEach((element) => element.remove());
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", String(width));
  ground.setAttribute("height", String(height));
  ground.setAttribute("fill", theme.background);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

export const svgFile = (name: string, drawing: string): ExportFile => ({ name: `${name}.svg`, mime: "image/svg+xml", bytes: bytesOf(drawing) });

/** Pixels of a PNG for each pixel of the page. */
const PNG_DENSITY = 2;

/** An SVG document as PNG, twice as dense as on the page. */
export async function pngOfSvg(name: string, drawing: string): Promise<ExportFile> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth * PNG_DENSITY;
  canvas.height = image.naturalHeight * PNG_DENSITY;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return pngOfCanvas(name, canvas);
}

export async function pngOfCanvas(name: string, canvas: HTMLCanvasElement): Promise<ExportFile> {
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  return { name: `${name}.png`, mime: "image/png", bytes: new Uint8Array((await blob?.arrayBuffer()) ?? new ArrayBuffer(0)) };
}
