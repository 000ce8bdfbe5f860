/** @file Tables: a plain semantic table with a sticky header that sorts, and its text for a spreadsheet. */
import type { TablePayload } from "../../kernel/display/schema";
import { html, replace } from "../shared/dom";
import { textFile } from "../shared/exportFile";
import { significant } from "../shared/format";
import type { Host, Mounted, Renderer } from "../shared/renderer";
import { addStyles } from "../shared/styles";
import { BASE, list, oneOf, PayloadError, record, text, whole } from "../shared/validate";

type Cell = TablePayload["rows"][number][number];
type Column = TablePayload["columns"][number];

const CSS = `
.iso-table-view { border-collapse: separate; border-spacing: 0; font-size: 12.5px; font-variant-numeric: tabular-nums; }
.iso-table-view th { position: sticky; top: 0; background: var(--iso-bg); border-bottom: 1px solid var(--iso-edge); padding: 0; text-align: left; font-weight: 600; white-space: nowrap; }
.iso-table-view th button { display: inline-flex; gap: 4px; width: 100%; border: 0; background: transparent; padding: 4px 10px; cursor: pointer; font-weight: 600; align-items: center; border-radius: 2px; }
.iso-table-view th button:hover { background: var(--iso-hover); }
.iso-table-view th.iso-number button { justify-content: flex-end; }
.iso-table-view th svg { width: 8px; height: 8px; flex: none; opacity: .85; }
.iso-table-view td { padding: 3px 10px; border-bottom: 1px solid var(--iso-line); max-width: 640px; overflow-wrap: break-word; text-align: left; vertical-align: top; }
.iso-table-view td.iso-number { text-align: right; white-space: nowrap; }
.iso-table-view tbody tr:hover td { background: var(--iso-hover); }
.iso-table-view tbody tr:last-child td { border-bottom: 0; }
.iso-table-frame { max-height: 420px; overflow: auto; border: 1px solid var(--iso-edge); border-radius: 4px; width: fit-content; max-width: 100%; }
`;

const cell = (value: unknown, path: string): Cell => {
  if (value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) return value;
  return text(2000)(value, path);
};

const check = record<TablePayload>({
  ...BASE,
  columns: list(record<Column>({ name: text(200), kind: oneOf("number", "text") }), 200),
  rows: list(list(cell, 200), 5000),
  rowCount: whole(0, Number.MAX_SAFE_INTEGER),
});

function parse(value: unknown): TablePayload {
  const payload = check(value, "");
  const odd = payload.rows.findIndex((row) => row.length !== payload.columns.length);
  if (odd >= 0) throw new PayloadError(`rows[${odd}] has ${payload.rows[odd].length} cells; expected ${payload.columns.length}, one for each column`);
  return payload;
}

/** As the static twin shows cells. */
const shown = (value: Cell): string => {
  if (value === null) return "";
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? String(value).replace("-", "−") : significant(value, 5);
};

interface Sort {
  readonly column: number;
  readonly order: "ascending" | "descending";
}

function readSort(state: unknown): Sort | undefined {
  if (typeof state !== "object" || state === null || !("column" in state) || !("order" in state)) return undefined;
  const { column, order } = state;
  return typeof column === "number" && (order === "ascending" || order === "descending") ? { column, order } : undefined;
}

/** NaN and infinite numbers stand as text in number columns. */
const numberOf = (value: Cell): number => (typeof value === "number" ? value : typeof value === "string" ? Number(value) : NaN);

/** Rows in the order asked for; empty cells and NaN always last. */
function sorted({ columns, rows }: TablePayload, sort: Sort | undefined): TablePayload["rows"] {
  const column = sort === undefined ? undefined : columns[sort.column];
  if (sort === undefined || column === undefined) return rows;
  const sign = sort.order === "ascending" ? 1 : -1;
  const missing = (value: Cell): boolean => value === null || (column.kind === "number" && Number.isNaN(numberOf(value)));
  return [...rows].sort((a, b) => {
    const [x, y] = [a[sort.column], b[sort.column]];
    if (missing(x) || missing(y)) return Number(missing(x)) - Number(missing(y));
    return sign * (column.kind === "number" ? numberOf(x) - numberOf(y) : String(x).localeCompare(String(y), undefined, { numeric: true }));
  });
}

const quoted = (value: string): string => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** Comma-separated, as RFC 4180; numbers with all their digits. Text that a spreadsheet would take for a formula gets an apostrophe. */
function csvOf({ columns }: TablePayload, rows: TablePayload["rows"]): string {
  const safe = (value: Cell): string => (typeof value === "string" && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value ?? ""));
  return [columns.map(({ name }) => name), ...rows.map((row) => row.map(safe))].map((row) => row.map(quoted).join(",")).join("\r\n");
}

async function copy(words: string): Promise<void> {
  await navigator.clipboard.writeText(words);
}

export const table: Renderer<"table"> = {
  view: "table",
  parse,
  mount(host: Host, first: TablePayload): Promise<Mounted<"table">> {
    addStyles("table", CSS);
    let payload = first;
    let sort = readSort(host.loadState());
    const element = html("table", { class: "iso-table-view" });
    const scroll = html("div", { class: "iso-table-frame", tabindex: 0, role: "region" }, element);
    const csv = (): string => csvOf(payload, sorted(payload, sort));
    const button = html("button", { type: "button", class: "iso-button" }, "Copy as CSV");
    button.addEventListener(
      "click",
      () =>
        void copy(csv()).then(
          () => host.announce(`${payload.rows.length} rows copied`),
          () => host.announce("The clipboard refused; export as CSV instead"),
        ),
      { signal: host.signal },
    );
    const size = html("span", { class: "iso-number" });

    const sortBy = (column: number): void => {
      sort = { column, order: sort?.column === column && sort.order === "ascending" ? "descending" : "ascending" };
      host.saveState(sort);
      const focused = column;
      draw();
      element.querySelectorAll<HTMLElement>("th button")[focused]?.focus();
      host.announce(`Sorted by ${payload.columns[column].name}, ${sort.order}`);
    };
    const head = (column: Column, index: number): HTMLElement => {
      const order = sort?.column === index ? sort.order : undefined;
      const label = html("button", { type: "button" }, column.name, order === undefined ? undefined : html("span", { "aria-hidden": "true" }, order === "ascending" ? "↑" : "↓"));
      label.addEventListener("click", () => sortBy(index));
      return html("th", { scope: "col", class: column.kind === "number" ? "iso-number" : undefined, "aria-sort": order ?? "none" }, label);
    };
    const draw = (): void => {
      const { columns, title, rows, rowCount } = payload;
      scroll.setAttribute("aria-label", title === "" ? "table" : title);
      size.textContent = rows.length < rowCount ? `${rows.length} of ${rowCount} rows` : "";
      const body = sorted(payload, sort).map((row) =>
        html("tr", {}, row.map((value, i) => html("td", { class: columns[i].kind === "number" ? "iso-number" : undefined }, shown(value)))),
      );
      replace(element, html("thead", {}, html("tr", {}, columns.map(head))), html("tbody", {}, body));
    };
    draw();
    host.element.append(html("div", { class: "iso-toolbar" }, button, size), scroll);
    return Promise.resolve({
      update(next) {
        payload = next;
        draw();
      },
      exports: [{ label: "CSV", make: () => Promise.resolve(textFile("table.csv", { text: csv(), mime: "text/csv" })) }],
    });
  },
};
