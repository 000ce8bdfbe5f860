/** @file Measured points as marks that can be pointed at, focused and taken out of the fit. */
import { svg } from "../../shared/dom";
import type { Theme } from "../../shared/renderer";

export interface Dot {
  /** The same in every drawing of this point: focus stays on it. */
  readonly key: string;
  /** Pixels. */
  readonly x: number;
  readonly y: number;
  readonly colour: string;
  readonly removed: boolean;
  /** Said of it. */
  readonly label: string;
  readonly shape: "circle" | "diamond";
  readonly active: boolean;
}

const RADIUS_PX = 5;

/** A focusable mark: filled when it is in the fit, hollow with a cross when it is not. */
export function dot(
  { key, x, y, colour, removed, label, active }: Dot,
  { theme, tabStop }: { readonly theme: Theme; readonly tabStop: boolean },
): SVGGElement {
  const size = RADIUS_PX + (active ? 1.5 : 0);
  const arm = size * 0.45;
  return svg(
    "g",
    {
      role: "button",
      tabindex: tabStop ? 0 : -1,
      "aria-pressed": String(!removed),
      "aria-label": label,
      "data-key": key,
      class: "scaling-dot",
      transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})`,
    },
    svg("circle", { r: 11, fill: "transparent", "data-chrome": true }),
    svg("circle", {
      r: size,
      fill: removed ? theme.background : colour,
      stroke: active ? theme.foreground : removed ? theme.muted : theme.background,
      "stroke-width": active ? 2 : removed ? 1.5 : 1.2,
    }),
    removed
      ? svg("path", { d: `M${-arm} ${-arm}L${arm} ${arm}M${-arm} ${arm}L${arm} ${-arm}`, stroke: theme.muted, "stroke-width": 1.5, fill: "none" })
      : undefined,
  );
}

/** The optimum of a curve. */
export const diamond = ({
  x,
  y,
  colour,
  theme,
}: {
  readonly x: number;
  readonly y: number;
  readonly colour: string;
  readonly theme: Theme;
}): SVGPathElement =>
  svg("path", {
    d: `M${x - 6.5} ${y}L${x} ${y - 6.5}L${x + 6.5} ${y}L${x} ${y + 6.5}Z`,
    fill: theme.background,
    stroke: colour,
    "stroke-width": 2.2,
  });
