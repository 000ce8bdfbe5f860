/** @file What a law predicts under the pointer: a line, a mark, words beside it, and whether it is extrapolated. */
import type { ScalingPayload } from "../../../kernel/display/schema";
import type { Box, Plot } from "../../shared/chart/plot";
import { svg } from "../../shared/dom";
import { significant, withPrefix } from "../../shared/format";
import type { Theme } from "../../shared/renderer";
import type { Law } from "./refit";

export interface Asked {
  readonly payload: ScalingPayload;
  readonly law: Law;
  readonly theme: Theme;
  readonly plot: Plot;
  /** Pixel of the picture, and the x there. */
  readonly x: number;
  readonly value: number;
  /** Smallest and largest x of the points in the fit. */
  readonly data: readonly [number, number];
  /** Whether words stand beside the mark. */
  readonly tagged: boolean;
}

/** Below the word "extrapolated". */
const TAG_TOP_PX = 24;

/** Marks for the picture and one sentence; undefined where the law says nothing. */
export function prediction({
  payload,
  law,
  theme,
  plot,
  x,
  value,
  data: [from, to],
  tagged,
}: Asked): { readonly marks: readonly Node[]; readonly words: string } | undefined {
  const predicted = law.predict(value);
  if (!(predicted > 0) || !Number.isFinite(predicted)) return undefined;
  const { area } = plot;
  const { low, high } = law.band(value);
  const factor = value > to ? value / to : value < from ? from / value : 1;
  const beyond = factor > 1 + 1e-6 ? `extrapolated ${significant(factor, 2)}× beyond the data` : "";
  const interval = Number.isFinite(low + high) ? ` (${significant(low, 4)} to ${significant(high, 4)})` : "";
  const y = area.y + plot.y.at(predicted);
  const lines = [`${significant(predicted, 4)}${interval}`, `at ${withPrefix(value)}`, ...(beyond === "" ? [] : [beyond])];
  return {
    marks: [
      svg("line", { x1: x, x2: x, y1: area.y, y2: area.y + area.height, stroke: theme.muted, "stroke-width": 1 }),
      svg("circle", { cx: x, cy: y, r: 4, fill: theme.background, stroke: theme.foreground, "stroke-width": 2 }),
      ...(tagged ? [tag({ lines, x, y, area, theme })] : []),
    ],
    words: `${payload.y.label} ${significant(predicted, 4)}${interval} at ${payload.x.label} ${withPrefix(value)}${beyond === "" ? "" : `, ${beyond}`}`,
  };
}

/** Lines of text on a ground, beside a point, inside of the plot. */
function tag({
  lines,
  x,
  y,
  area,
  theme,
}: {
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly area: Box;
  readonly theme: Theme;
}): SVGGElement {
  const width = 16 + Math.max(...lines.map((line) => line.length)) * 6.4;
  const height = 10 + lines.length * 15;
  const flipped = x + 12 + width > area.x + area.width;
  const left = flipped ? x - 12 - width : x + 12;
  // Laws fall: the upper right is free. A curve that still comes near pushes the words down.
  const near = y < area.y + TAG_TOP_PX + height + 10 && !flipped;
  const top = near ? Math.min(area.y + area.height - height - 4, y + 14) : area.y + TAG_TOP_PX;
  return svg(
    "g",
    {},
    svg("rect", { x: left, y: top, width, height, rx: 4, fill: theme.background, stroke: theme.muted, "stroke-width": 1, opacity: 0.95 }),
    ...lines.map((line, i) =>
      svg(
        "text",
        {
          x: left + 8,
          y: top + 17 + i * 15,
          "font-size": 11.5,
          "font-family": theme.font,
          "font-weight": i === 0 ? 600 : 400,
          "font-style": i === 2 ? "italic" : "normal",
          fill: i === 0 ? theme.foreground : theme.muted,
        },
        line,
      ),
    ),
  );
}
