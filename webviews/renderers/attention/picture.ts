/** @file The attention view as one SVG: the grid of heads and the map, with their title. */
import type { SvgPicture } from "../../shared/exportFile";
import { svg } from "../../shared/dom";
import type { Theme } from "../../shared/renderer";

const GAP_PX = 24;
const TITLE_PX = 24;

interface Pictures {
  readonly overview: HTMLCanvasElement;
  readonly map: HTMLCanvasElement;
  readonly single: boolean;
  readonly name: string;
}

/** Maps are pixels by nature: the canvases stand in it as PNG, the words as text. */
export function pictureOf({ overview, map, single, name }: Pictures, theme: Theme): SvgPicture {
  const ratio = window.devicePixelRatio || 1;
  const shown = single ? [map] : [overview, map];
  const sizes = shown.map((canvas) => ({ width: canvas.width / ratio, height: canvas.height / ratio }));
  const width = sizes.reduce((sum, size) => sum + size.width, GAP_PX * (shown.length + 1));
  const height = Math.max(...sizes.map((size) => size.height)) + TITLE_PX + 2 * GAP_PX;
  let x = GAP_PX;
  const images = shown.map((canvas, i) => {
    const image = svg("image", { href: canvas.toDataURL("image/png"), x, y: GAP_PX + TITLE_PX, ...sizes[i] });
    x += sizes[i].width + GAP_PX;
    return image;
  });
  const drawing = svg(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": theme.font },
    svg("rect", { width, height, fill: theme.background }),
    svg("text", { x: width - GAP_PX - (sizes.at(-1)?.width ?? 0), y: GAP_PX + 8, fill: theme.foreground, "font-size": 13, "font-weight": 600 }, name),
    ...images,
  );
  return { svg: new XMLSerializer().serializeToString(drawing), width, height };
}
