/** @file What the user has chosen in a spectrum view, and how many small panels stand side by side. */
import type { ScaleKind } from "../../shared/chart/scale";

/** "all": side by side; "overlay": over each other; else the number of a layer. */
export type Show = "all" | "overlay" | number;
export interface State {
  readonly show: Show;
  readonly rankScale: ScaleKind;
  /** Index into the steps of all layers. */
  readonly at: number;
}

export const SPECTRA_HEIGHT_PX = 330;
const SMALL_WIDTH_PX = 190;
export const SMALL_HEIGHT_PX = 132;
/** Width of a small panel over its height. */
const SMALL_SHAPE = 1.6;

/** Columns of small panels that make them half as wide again as high, or as many as fit where there are many. */
export function smallColumns(count: number, width: number): number {
  const most = Math.max(1, Math.min(count, Math.floor(width / SMALL_WIDTH_PX)));
  const shape = (columns: number): number =>
    Math.abs(
      Math.log(
        width / columns / (Math.max(SPECTRA_HEIGHT_PX, Math.ceil(count / columns) * SMALL_HEIGHT_PX) / Math.ceil(count / columns)) / SMALL_SHAPE,
      ),
    );
  return Array.from({ length: most }, (_, i) => i + 1).reduce((best, columns) => (shape(columns) < shape(best) ? columns : best), most);
}

/** The stored choice as far as it fits; else all layers at the last step. */
export function readState(stored: unknown, { layers, steps }: { readonly layers: number; readonly steps: number }): State {
  // SAFETY: each field is checked before use.
  const old = (typeof stored === "object" && stored !== null ? stored : {}) as Partial<Record<keyof State, unknown>>;
  const whole = (value: unknown, count: number): number | undefined =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value < count ? value : undefined;
  return {
    show: layers === 1 ? 0 : (whole(old.show, layers) ?? (old.show === "overlay" ? "overlay" : "all")),
    rankScale: old.rankScale === "linear" ? "linear" : "log",
    at: whole(old.at, steps) ?? Math.max(0, steps - 1),
  };
}
