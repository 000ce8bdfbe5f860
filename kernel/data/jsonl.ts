/** @file JSON lines files: one JSON value a line. */
import { FormatError } from "../errors";
import { messageOf, readText } from "./files";
import { columnOf, Table } from "./table";

/** `parseJsonl` of a file (unpacked when it is a .gz). @throws {ArgumentError} when there is no such file. */
export const jsonl = (path: string): Table => parseJsonl(readText(path), path);

/** A table with a column for each name that any object has; where an object lacks it, the value is missing. Empty lines are left out.
 * @throws {FormatError} naming the line that is no JSON object. */
export function parseJsonl(text: string, where = "json lines"): Table {
  const objects = parseLines(text, where);
  const names = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  return new Table(objects.length, new Map(names.map((name) => [name, columnOf(objects.map((object) => object[name]))])), where);
}

function parseLines(text: string, where: string): Readonly<Record<string, unknown>>[] {
  const content = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return content.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    const place = `${where}, line ${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw new FormatError(`a line that is no JSON (${messageOf(cause)})`, { where: place, help: "give one JSON object a line; the file may be truncated", cause });
    }
    if (!isObject(value)) throw new FormatError(`a line that holds ${Array.isArray(value) ? "a list" : String(value)} instead of an object`, { where: place, help: "give one JSON object a line" });
    // A copy without a prototype: a key named __proto__ stays a key.
    return [Object.assign(Object.create(null), value)];
  });
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);
