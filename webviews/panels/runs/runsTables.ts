/** @file Tables of the runs panel: losses at equal budget, settings, environment. */
import { html, type Child } from "../../shared/dom";
import { secondsText, significant, withPrefix } from "../../shared/format";
import { legendMark } from "../../shared/legend";
import type { Theme } from "../../shared/renderer";
import type { Choices, Comparison } from "./comparison";
import type { DifferenceRow } from "./differences";
import { AXIS_LABELS, axisText, colourOf } from "./runsPlot";

/** Scrolls by itself where it is wider than the panel, by keyboard too. */
const scrolling = (label: string, table: HTMLTableElement): HTMLElement => html("div", { class: "runs-scroll", role: "region", tabindex: 0, "aria-label": label }, table);

const mark = (theme: Theme, index: number): Child => legendMark({ name: "", colour: colourOf(theme, index), mark: "line" });

export interface ResultsParts {
  readonly comparison: Comparison;
  readonly choices: Choices;
  readonly theme: Theme;
}

/** One row for each run, the best at the common budget first. */
export function resultsTable({ comparison, choices, theme }: ResultsParts): HTMLElement {
  const { budget } = comparison;
  const { metric, axis } = choices;
  const order = comparison.runs.map((compared, index) => ({ compared, index })).sort((a, b) => (a.compared.atBudget ?? Infinity) - (b.compared.atBudget ?? Infinity));
  const least = order[0]?.compared.atBudget;
  const at = budget === undefined ? "" : ` at ${axisText(axis, budget)}`;
  const head = ["run", `${metric}${at}`, "difference", "last", "lowest", AXIS_LABELS[axis], "time", "parameters", "status"];
  const rows = order.map(({ compared: { run, label, atBudget, last, best, spent }, index }) => {
    const difference = atBudget === undefined || least === undefined || atBudget === least ? "" : `+${significant(atBudget - least)}`;
    return html(
      "tr",
      {},
      html("th", { scope: "row" }, mark(theme, index), " ", label),
      [significant(atBudget, 4), difference, significant(last, 4), significant(best, 4), spent === undefined ? "–" : axisText(axis, spent), secondsText(run.seconds), run.parameters === null ? "–" : withPrefix(run.parameters), run.notFinite > 0 ? `${run.status}, ${run.notFinite} values not finite` : run.status].map((text, at, cells) => html("td", { class: at < cells.length - 1 ? "iso-number" : undefined }, text)),
    );
  });
  return scrolling(`${metric} of each run`, html("table", { class: "runs-table" }, html("caption", {}, `Runs at equal ${AXIS_LABELS[axis]}`), html("thead", {}, html("tr", {}, head.map((name, at) => html("th", { scope: "col", class: at > 0 && at < head.length - 1 ? "iso-number" : undefined }, name)))), html("tbody", {}, rows)));
}

export interface DifferencesParts {
  readonly title: string;
  readonly labels: readonly string[];
  readonly rows: readonly DifferenceRow[];
  /** Show rows that are the same everywhere, too. */
  readonly all: boolean;
  readonly empty: string;
}

/** Settings by run; what differs is marked by more than colour. */
export function differencesTable({ title, labels, rows, all, empty }: DifferencesParts): HTMLElement {
  const shown = all ? rows : rows.filter(({ differs }) => differs);
  if (shown.length === 0) return html("p", { class: "runs-note" }, rows.length === 0 ? empty : `${title}: no difference`);
  const same = rows.length - shown.length;
  return scrolling(
    title,
    html(
      "table",
      { class: "runs-table" },
      html("caption", {}, `${title}${same > 0 ? ` (${same} more are the same)` : ""}`),
      html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "setting"), labels.map((label) => html("th", { scope: "col" }, label)))),
      html(
        "tbody",
        {},
        shown.map(({ name, values, differs }) =>
          html("tr", { class: differs ? "runs-differs" : undefined }, html("th", { scope: "row" }, name, differs ? html("span", { class: "iso-hidden" }, " differs") : undefined), values.map((value) => html("td", {}, value ?? "–"))),
        ),
      ),
    ),
  );
}
