/** @file Result files: reading and writing them. */
import { readFileSync } from "node:fs";
import { FormatError } from "../errors";
import { formatJson, parseJson } from "./json";
import { RESULT_VERSION, type ExperimentRecord } from "./schema";

/** Digits kept: more than any loss means, and files stay small and their changes readable. */
const DIGITS = 6;

/** The file's text. */
export const formatResult = (record: ExperimentRecord): string => {
  const rounded: unknown = JSON.parse(JSON.stringify(record, (_, value: unknown) => (typeof value !== "number" ? value : Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : String(value))));
  // One line for each point of a curve.
  return formatJson(rounded).replace(/\{\n\s+"steps": [^{}]*(\{[^{}]*\})?[^{}]*\}/g, (part) => part.replace(/\s*\n\s*/g, " "));
};

/** The result in a file. @throws {FormatError} when it is none, or of another version. */
export function readResult(path: string): ExperimentRecord {
  const damaged = (what: string): FormatError => new FormatError(what, { where: path, help: "run `isoflop claims` for it again" });
  let value: unknown;
  try {
    value = parseJson(readFileSync(path, "utf8"));
  } catch (error) {
    throw damaged(`the result cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== "object" || value === null || !("version" in value) || value.version !== RESULT_VERSION) throw damaged(`the file is no result of version ${RESULT_VERSION}`);
  for (const field of ["slug", "verdict", "checks", "arms", "metrics", "measured", "figure"]) if (!(field in value)) throw damaged(`the result has no ${field}`);
  // SAFETY: a file of this version that has the fields above was written by `formatResult`.
  return value as ExperimentRecord;
}
