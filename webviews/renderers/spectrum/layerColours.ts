/** @file Colours of layers: distinct ones for few, a ramp by depth for many; and the legend of either. */
import { type Box, fitText, textWidth } from "../../shared/chart/plot";
import { hexOfRgb, mapColour, readable } from "../../shared/colour";
import { svg } from "../../shared/dom";
import type { Theme } from "../../shared/renderer";

/** More layers than there are distinct colours are told apart by depth. */
export const FEW_LAYERS = 8;

/** Colours by index. All stand out from the ground by 3:1. */
export function layerColours(theme: Theme, count: number): (index: number) => string {
  if (count <= FEW_LAYERS) return (index) => theme.series[index % theme.series.length] ?? theme.foreground;
  return (index) => readable(hexOfRgb(mapColour("sequential", 0.9 * (index / (count - 1)))), theme.background, 3);
}

const SWATCH_PX = 20;
const ENTRY_PX = 34;
const ROW_PX = 18;
const LONGEST_PX = 190;

const entryWidth = (name: string): number => ENTRY_PX + Math.min(LONGEST_PX, textWidth(name, 11.5) + 4);

/** Pixels that the legend needs at a width. */
export function legendHeight(names: readonly string[], width: number): number {
  if (names.length < 2) return 0;
  if (names.length > FEW_LAYERS) return ROW_PX + 8;
  let [rows, x] = [1, 0];
  for (const name of names) {
    if (x + entryWidth(name) > width && x > 0) [rows, x] = [rows + 1, 0];
    x += entryWidth(name);
  }
  return rows * ROW_PX + 8;
}

/** Names with their colours; of many layers the first and the last with the ramp between them. */
export function legend({ names, box, theme }: { readonly names: readonly string[]; readonly box: Box; readonly theme: Theme }): SVGGElement {
  const colour = layerColours(theme, names.length);
  const text = { fill: theme.foreground, "font-size": 11.5, "font-family": theme.font } as const;
  if (names.length > FEW_LAYERS) return ramp({ names, box, theme });
  let [x, y] = [box.x, box.y + 11];
  const entries = names.flatMap((name, index) => {
    if (x + entryWidth(name) > box.x + box.width && x > box.x) [x, y] = [box.x, y + ROW_PX];
    const made = [
      svg("line", { x1: x, x2: x + SWATCH_PX, y1: y - 4, y2: y - 4, stroke: colour(index), "stroke-width": 2.5 }),
      svg("text", { ...text, x: x + SWATCH_PX + 6, y }, fitText(name, LONGEST_PX, 11.5)),
    ];
    x += entryWidth(name);
    return made;
  });
  return svg("g", {}, ...entries);
}

const RAMP_PX = 160;

function ramp({ names, box, theme }: { readonly names: readonly string[]; readonly box: Box; readonly theme: Theme }): SVGGElement {
  const colour = layerColours(theme, names.length);
  const text = { fill: theme.foreground, "font-size": 11.5, "font-family": theme.font, y: box.y + 11 } as const;
  const first = fitText(names[0] ?? "", LONGEST_PX, 11.5);
  const start = box.x + textWidth(first, 11.5) + 12;
  const step = RAMP_PX / names.length;
  return svg(
    "g",
    {},
    svg("text", { ...text, x: box.x }, first),
    ...names.map((_, i) => svg("rect", { x: start + i * step, y: box.y + 3, width: step + 0.4, height: 9, fill: colour(i) })),
    svg("text", { ...text, x: start + RAMP_PX + 8 }, fitText(names.at(-1) ?? "", LONGEST_PX, 11.5)),
  );
}
