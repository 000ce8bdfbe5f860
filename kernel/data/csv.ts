/** @file CSV files as tables (RFC 4180). */
import { FormatError } from "../errors";
import { readText } from "./files";
import { columnOf, Table, type Column } from "./table";

export interface CsvOptions {
  /** Default ",". */
  readonly delimiter?: string;
  /** Whether the first record names the columns. Default true; else they are "0", "1", … */
  readonly header?: boolean;
}

/** `parseCsv` of a file (unpacked when it is a .gz). @throws {ArgumentError} when there is no such file. */
export const csv = (path: string, options?: CsvOptions): Table => parseCsv(readText(path), options, path);

/**
 * A table of CSV text: fields apart by the delimiter, in quotes where they hold one, a line break or a doubled quote; lines end in LF or CRLF.
 * A column's type is what all of its fields can be: true/false, whole numbers (int32), numbers (float64, empty fields are NaN), else text.
 * Numbers with leading zeros are text, being codes. Empty lines are left out, unless there is only one column.
 * @throws {FormatError} naming the line, when a record has more or fewer fields than the first or quotes do not match.
 */
export function parseCsv(text: string, { delimiter = ",", header = true }: CsvOptions = {}, where = "csv text"): Table {
  const records = readRecords(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text, delimiter, where);
  const width = records[0]?.fields.length ?? 0;
  const kept = records.filter(({ fields }) => width === 1 || fields.length > 1 || fields[0] !== "");
  for (const { fields, line } of kept)
    if (fields.length !== width)
      throw new FormatError(`a record of ${fields.length} fields where the first has ${width}`, { where: `${where}, line ${line}`, help: "give every record the same number of fields; put fields that hold the delimiter in quotes" });
  const names = header ? (kept[0]?.fields ?? []) : Array.from({ length: width }, (_, i) => String(i));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new FormatError(`two columns named ${JSON.stringify(twice)}`, { where: `${where}, line 1`, help: "give columns different names, or read with header: false" });
  const rows = header ? kept.slice(1) : kept;
  return new Table(rows.length, new Map(names.map((name, c) => [name, infer(rows.map(({ fields }) => fields[c]))])), where);
}

interface CsvRecord {
  readonly fields: readonly string[];
  /** Line of the file on which it begins, from 1. */
  readonly line: number;
}

function readRecords(text: string, delimiter: string, where: string): CsvRecord[] {
  if (delimiter.length !== 1 || '"\r\n'.includes(delimiter)) throw new FormatError(`delimiter ${JSON.stringify(delimiter)}`, { where, help: "give one character that is no quote and no line break" });
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let line = 1;
  let start = 1;
  let at = 0;
  const broken = (what: string): FormatError => new FormatError(what, { where: `${where}, line ${line}`, help: "put the whole field in quotes, and double the quotes in it" });
  while (at < text.length) {
    let field: string;
    if (text[at] === '"') {
      const begun = line;
      const parts: string[] = [];
      for (at++; ; at++) {
        const quote = text.indexOf('"', at);
        if (quote < 0) {
          line = begun;
          throw broken("a quote that is never closed");
        }
        const part = text.slice(at, quote);
        line += countLines(part);
        parts.push(part);
        at = quote + 1;
        if (text[at] !== '"') break;
        parts.push('"');
      }
      field = parts.join("");
      if (at < text.length && text[at] !== delimiter && text[at] !== "\n" && !text.startsWith("\r\n", at)) throw broken(`${JSON.stringify(text[at])} after a closing quote`);
    } else {
      let end = at;
      while (end < text.length && text[end] !== delimiter && text[end] !== "\n") {
        if (text[end] === '"') throw broken("a quote inside a field that does not begin with one");
        end++;
      }
      field = text.slice(at, end > at && text[end] !== delimiter && text[end - 1] === "\r" ? end - 1 : end);
      at = end;
    }
    fields.push(field);
    if (text[at] === delimiter) {
      at++;
      // A delimiter at the very end is followed by one more, empty field.
      if (at < text.length) continue;
      fields.push("");
    }
    at += text[at] === "\r" ? 2 : 1;
    line++;
    records.push({ fields, line: start });
    fields = [];
    start = line;
  }
  return records;
}

const countLines = (text: string): number => {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
};

const NUMBER = /^[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL: ReadonlyMap<string, number> = new Map([["nan", NaN], ["inf", Infinity], ["+inf", Infinity], ["-inf", -Infinity], ["infinity", Infinity], ["-infinity", -Infinity]]);

function infer(fields: readonly string[]): Column {
  const filled = fields.filter((field) => field !== "");
  if (filled.length > 0 && filled.length === fields.length && fields.every((field) => /^(true|false)$/i.test(field))) return columnOf(fields.map((field) => field.toLowerCase() === "true"));
  if (filled.length > 0 && filled.every((field) => NUMBER.test(field) || SPECIAL.has(field.toLowerCase())))
    return columnOf(fields.map((field) => (field === "" ? null : (SPECIAL.get(field.toLowerCase()) ?? Number(field)))));
  return { kind: "text", values: fields };
}
