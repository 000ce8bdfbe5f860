/** @file Tables from arrays of records: HTML where that is shown, aligned text elsewhere. */
import { Display, plainText } from "./displayable";
import { cutTo, plural, significant } from "./format";
import { escapeHtml } from "./html";
import type { TablePayload } from "./schema";

export type TableRecord = Readonly<Record<string, unknown>>;

export interface TableOptions {
  readonly title?: string;
  /** Which columns, in which order; default: all, in order of appearance. */
  readonly columns?: readonly string[];
  /** The sentence above the table; default: its size. */
  readonly finding?: string;
}

const MAX_ROWS = 200;
const MAX_COLUMNS = 40;
const MAX_CELL_CHARACTERS = 240;
/** A column of the text is no wider. */
const MAX_TEXT_CHARACTERS = 80;
/** Characters of all cells: they stand in the payload, the HTML and the text. */
const MAX_CHARACTERS = 24_000;

type Cell = string | number | boolean | null;

/** Whether a value is an array of plain records, at least one, that share their keys for the most part. */
export function isRecordList(value: unknown): value is readonly TableRecord[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  try {
    // Array.from also visits the holes of sparse arrays.
    if (!Array.from(value).every(isPlainRecord)) return false;
    const keys = new Set(Object.keys(value[0]));
    return keys.size > 0 && keys.size <= MAX_COLUMNS && value.every((row) => Object.keys(row).some((key) => keys.has(key)));
  } catch {
    // A proxy may refuse to be looked at; then it is no table.
    return false;
  }
}

function isPlainRecord(value: unknown): value is TableRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A table of records; a missing or undefined cell is empty. Over budget the last rows are left out. */
export function tableView(records: readonly TableRecord[], { title = "", columns, finding }: TableOptions = {}): Display<"table"> {
  const names = columns ?? [...new Set(records.slice(0, MAX_ROWS).flatMap((record) => Object.keys(record)))];
  const shownNames = names.slice(0, MAX_COLUMNS);
  const cuts = shownNames.length < names.length ? [`${shownNames.length} of ${names.length} columns`] : [];
  const rows: Cell[][] = [];
  let characters = 0;
  for (const record of records.slice(0, MAX_ROWS)) {
    const row = shownNames.map((name) => cellOf(record, name));
    characters += row.reduce((sum: number, cell) => sum + String(cell ?? "").length + 8, 0);
    if (characters > MAX_CHARACTERS && rows.length > 0) break;
    rows.push(row);
  }
  if (rows.length < records.length) cuts.push(`the first ${rows.length} of ${records.length} rows`);
  const kinds = shownNames.map((_, column) =>
    rows.some((row) => isNumeric(row[column])) && rows.every((row) => row[column] === null || isNumeric(row[column])) ? "number" : "text",
  );
  const payload: TablePayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: (finding ?? `${plural(records.length, "row")} × ${plural(names.length, "column")}.`).slice(0, 1000),
    cuts,
    columns: shownNames.map((name, i) => ({ name: name.slice(0, MAX_TEXT_CHARACTERS), kind: kinds[i] })),
    rows,
    rowCount: records.length,
  };
  return new Display({ view: "table", payload, still: { "text/html": tableHtml(payload) }, text: plainText(payload, textLines(payload)) });
}

/** NaN and infinite numbers stand as text in the payload, for JSON has none. */
const isNumeric = (cell: Cell): boolean => typeof cell === "number" || cell === "NaN" || cell === "Infinity" || cell === "-Infinity";

/** A getter that throws must not take the table with it. */
function cellOf(record: TableRecord, name: string): Cell {
  let value: unknown;
  try {
    value = record[name];
  } catch (error) {
    value = `‹${error instanceof Error ? error.message : String(error)}›`;
  }
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean") return value;
  const text =
    typeof value === "string"
      ? value
      : typeof value === "bigint" || typeof value === "symbol" || typeof value === "function"
        ? String(value)
        : describe(value);
  return cutTo(text, MAX_CELL_CHARACTERS);
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return "‹circular›";
  }
}

const shown = (cell: Cell): string =>
  cell === null
    ? ""
    : typeof cell === "number"
      ? Number.isInteger(cell) && Math.abs(cell) < 1e7
        ? String(cell).replace("-", "−")
        : significant(cell, 5)
      : String(cell);

/** A plain semantic table: themes of the viewer apply. */
export function tableHtml({ title, finding, cuts, columns, rows }: TablePayload): string {
  const align = (column: number): string => (columns[column].kind === "number" ? ' style="text-align:right"' : ' style="text-align:left"');
  const head = columns.map(({ name }, i) => `<th scope="col"${align(i)}>${escapeHtml(name)}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${align(i)}>${escapeHtml(shown(cell))}</td>`).join("")}</tr>`).join("\n");
  const words = [title, [finding, ...cuts].join(" ")]
    .filter((line) => line !== "")
    .map(escapeHtml)
    .join("<br>");
  return `<table>\n<caption>${words}</caption>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>`;
}

function textLines({ columns, rows }: TablePayload): string[] {
  const lines = [columns.map(({ name }) => name), ...rows.slice(0, 60).map((row) => row.map((cell) => cutTo(shown(cell).replace(/\s+/g, " "), MAX_TEXT_CHARACTERS)))];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => Array.from(line[column]).length)));
  const pad = (text: string, column: number): string => {
    const space = " ".repeat(widths[column] - Array.from(text).length);
    return columns[column].kind === "number" ? space + text : text + space;
  };
  const out = lines.map((line) => line.map(pad).join("  ").trimEnd());
  out.splice(1, 0, widths.map((width) => "─".repeat(width)).join("  "));
  return rows.length > 60 ? [...out, `… ${rows.length - 60} more rows`] : out;
}
