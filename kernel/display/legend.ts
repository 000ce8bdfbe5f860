/** @file Names of series: beside the ends of their lines where that is possible, else in rows above the plot. */
import type { Mark } from "./schema";
import { element, group, label, type SvgNode } from "./svg";
import { fitText, textWidth } from "./textWidth";
import { INK } from "./theme";
import type { Box } from "./mapImage";

export interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly dash?: string;
  readonly glyph: "line" | "dot" | "box" | "band";
  /** Value of the last finite point of its line, if it has one. */
  readonly last?: number;
}

const SIZE = 10.5;
const SWATCH_PX = 16;
const ROW_PX = 16;
const MAX_NAME_PX = 150;

const GLYPHS = { dot: "dot", rule: "line", bar: "box", band: "band" } as const;

/** One entry for each name, in order of appearance. A line tells more than a band of the same name. */
export function legendEntries(marks: readonly Mark[]): LegendEntry[] {
  const entries = new Map<string, LegendEntry>();
  for (const mark of marks) {
    if (mark.name === "" || mark.type === "heatmap" || mark.type === "text") continue;
    if (mark.type === "line")
      entries.set(mark.name, {
        name: mark.name,
        colour: mark.colour,
        dash: mark.dash,
        glyph: "line",
        last: mark.y.findLast((value) => value !== null) ?? undefined,
      });
    else if (!entries.has(mark.name))
      entries.set(mark.name, { name: mark.name, colour: mark.colour, glyph: GLYPHS[mark.type], ...(mark.type === "rule" ? { dash: "5 4" } : {}) });
  }
  return [...entries.values()];
}

function swatch({ colour, glyph, dash }: LegendEntry, x: number, y: number): SvgNode {
  if (glyph === "dot") return element("circle", { cx: x + 7, cy: y, r: 3.5, fill: colour });
  if (glyph !== "line")
    return element("rect", {
      x: x + 2,
      y: y - 4.5,
      width: 10,
      height: 9,
      rx: 1.5,
      fill: colour,
      "fill-opacity": glyph === "band" ? 0.25 : undefined,
    });
  return element("line", { x1: x, x2: x + 13, y1: y, y2: y, stroke: colour, "stroke-width": 2.2, "stroke-dasharray": dash });
}

const nameOf = (entry: LegendEntry): string => fitText(entry.name, MAX_NAME_PX, { size: SIZE, cut: "middle" });

export interface Legend {
  readonly height: number;
  readonly draw: (x: number, y: number) => SvgNode;
}

/** Rows of entries, at most `maxRows` (default 3); what does not fit is counted: "+ 5 more". */
export function legendRows(entries: readonly LegendEntry[], { width, maxRows = 3 }: { readonly width: number; readonly maxRows?: number }): Legend {
  const places: { readonly entry: LegendEntry; readonly x: number; readonly row: number }[] = [];
  let x = 0;
  let row = 0;
  let more = 0;
  for (const [index, entry] of entries.entries()) {
    const needed = SWATCH_PX + textWidth(nameOf(entry), { size: SIZE }) + 16;
    if (x > 0 && x + needed > width - (row === maxRows - 1 && index < entries.length - 1 ? 60 : 0)) {
      if (row === maxRows - 1) {
        more = entries.length - index;
        break;
      }
      row++;
      x = 0;
    }
    places.push({ entry, x, row });
    x += needed;
  }
  return {
    height: entries.length === 0 ? 0 : (row + 1) * ROW_PX + 4,
    draw: (left, top) =>
      group(
        {},
        places.map((place) => {
          const y = top + place.row * ROW_PX + 8;
          return [
            swatch(place.entry, left + place.x, y),
            label(nameOf(place.entry), { x: left + place.x + SWATCH_PX, y: y + 3.8, size: SIZE, fill: INK }),
          ];
        }),
        more === 0 ? undefined : label(`+ ${more} more`, { x: left + x, y: top + row * ROW_PX + 11.8, size: SIZE, fill: INK }),
      ),
  };
}

/** Room right of a plot for names beside line ends; undefined when the marks do not suit it. */
export function directLabelWidth(entries: readonly LegendEntry[]): number | undefined {
  if (entries.length < 2 || entries.length > 8 || !entries.every((entry) => entry.glyph === "line" && entry.last !== undefined)) return undefined;
  return Math.max(...entries.map((entry) => textWidth(nameOf(entry), { size: SIZE }))) + SWATCH_PX + 8;
}

/** Names at the heights of their lines' ends, pushed apart where they would touch. `at` maps a value to pixels. */
export function directLabels(entries: readonly LegendEntry[], { box, at }: { readonly box: Box; readonly at: (value: number) => number }): SvgNode {
  const gap = 14;
  const sorted = entries
    .map((entry) => ({ entry, y: Math.min(box.y + box.height, Math.max(box.y, at(entry.last ?? NaN) || box.y)) }))
    .sort((a, b) => a.y - b.y);
  const ys = sorted.map(({ y }) => y);
  for (let i = 1; i < ys.length; i++) ys[i] = Math.max(ys[i], ys[i - 1] + gap);
  // What was pushed over the lower edge goes back up.
  const over = Math.max(0, (ys.at(-1) ?? 0) - (box.y + box.height));
  if (over > 0) {
    ys[ys.length - 1] -= over;
    for (let i = ys.length - 2; i >= 0; i--) ys[i] = Math.min(ys[i], ys[i + 1] - gap);
  }
  return group(
    {},
    sorted.map(({ entry }, i) => [
      swatch(entry, box.x, ys[i]),
      label(nameOf(entry), { x: box.x + SWATCH_PX, y: ys[i] + 3.8, size: SIZE, fill: INK }),
    ]),
  );
}
