/** @file Statistics of the whole tensor and of what is shown, side by side. */
import type { TensorStats } from "../../../kernel/display/schema";
import { html } from "../../shared/dom";
import { percent, significant } from "../../shared/format";

export interface StatisticsOptions {
  readonly all: TensorStats;
  /** Elements of the whole tensor. */
  readonly size: number;
  readonly slice: TensorStats;
  readonly sliceSize: number;
  /** Whether the values shown are exact: else small ones cannot be told from 0, nor NaN from infinite ones. */
  readonly exact: boolean;
}

/** A table; counts of elements that are not finite stand out. */
export function statistics({ all, size, slice, sliceSize, exact }: StatisticsOptions): HTMLTableElement {
  const row = (name: string, [whole, part]: readonly [string, string], bad = false): HTMLElement =>
    html("tr", { class: bad ? "iso-tensor-bad" : undefined }, html("th", { scope: "row" }, bad ? `⚠ ${name}` : name), html("td", {}, whole), html("td", {}, part));
  const number = (value: number | null): string => (Number.isNaN(value) ? "–" : significant(value, 4));
  const share = (count: number, of: number): string => (count === 0 || of === 0 ? String(count) : `${count} (${percent(count / of)})`);
  const known = (count: number): string => (exact ? share(count, sliceSize) : "");
  const notFinite = slice.nanCount + slice.infiniteCount;
  return html(
    "table",
    { class: "iso-tensor-stats" },
    html("thead", {}, html("tr", {}, html("td", {}), html("th", { scope: "col" }, "all"), html("th", { scope: "col" }, "shown"))),
    html(
      "tbody",
      {},
      row("min", [number(all.min), number(slice.min)]),
      row("max", [number(all.max), number(slice.max)]),
      row("mean", [number(all.mean), number(slice.mean)]),
      row("std", [number(all.std), number(slice.std)]),
      row("zeros", [share(all.zeroCount, size), known(slice.zeroCount)]),
      all.nanCount + all.infiniteCount === 0
        ? row("NaN, infinite", ["0", String(notFinite)])
        : [
            row("NaN", [share(all.nanCount, size), known(slice.nanCount)], all.nanCount > 0),
            row("infinite", [share(all.infiniteCount, size), known(slice.infiniteCount)], all.infiniteCount > 0),
            exact ? undefined : row("not finite", ["", share(notFinite, sliceSize)], notFinite > 0),
          ],
    ),
  );
}
