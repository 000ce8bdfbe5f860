/** @file Colours of bytes: a map stretched over the whole tensor or over the slice. */
import type { TensorStats } from "../../../kernel/display/schema";
import { gridValue } from "../../shared/base64";
import { mapColour, NOT_FINITE, type Rgb } from "../../shared/colour";
import type { Values } from "./values";

export const MAPS = ["automatic", "sequential", "diverging", "grey"] as const;
export type MapName = (typeof MAPS)[number];
export const SPANS = ["tensor", "slice"] as const;
export type Span = (typeof SPANS)[number];

export interface ColourScale {
  readonly low: number;
  readonly high: number;
  /** RGBA of each byte. */
  readonly table: Uint8ClampedArray;
  /** At 0…1 of the range. */
  readonly at: (position: number) => Rgb;
}

/** Diverging maps are symmetric around 0, so that white is 0. */
export function colourScale({ grid }: Pick<Values, "grid">, { map, span, stats }: { readonly map: MapName; readonly span: Span; readonly stats: TensorStats }): ColourScale {
  const [from, to] = span === "slice" && stats.min !== null && stats.max !== null ? [stats.min, stats.max] : [grid.low, grid.high];
  const chosen = map === "automatic" ? (grid.low < 0 && grid.high > 0 ? "diverging" : "sequential") : map;
  const bound = Math.max(Math.abs(from), Math.abs(to));
  const [low, high] = chosen === "diverging" ? [-bound, bound] : [from, to];
  const at = (position: number): Rgb => {
    if (chosen !== "grey") return mapColour(chosen, position);
    const level = 20 + 225 * Math.min(1, Math.max(0, position));
    return [level, level, level];
  };
  const table = new Uint8ClampedArray(256 * 4);
  for (let byte = 0; byte < 256; byte++) {
    const position = high > low ? (gridValue(grid, byte) - low) / (high - low) : 0.5;
    table.set([...(byte === 255 ? NOT_FINITE : at(position)), 255], byte * 4);
  }
  return { low, high, table, at };
}
