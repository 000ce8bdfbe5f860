/** @file Results as JSON: numbers that are not finite are texts in the file and numbers again when read. */

const NOT_FINITE: ReadonlyMap<unknown, number> = new Map([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/** Indented, with a line feed at the end. */
export const formatJson = (value: unknown): string => `${JSON.stringify(value, (_, item: unknown) => (typeof item === "number" && !Number.isFinite(item) ? String(item) : item), 1)}\n`;

/** @throws {SyntaxError} when the text is no JSON. */
export const parseJson = (text: string): unknown => JSON.parse(text, (_, item: unknown) => NOT_FINITE.get(item) ?? item);
