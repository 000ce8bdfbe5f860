/** @file A run's configuration as JSON: what JSON has no word for becomes text that a reader understands. */
import { ArgumentError } from "../errors";
import { Tensor } from "../graph/tensor";
import type { Json, RunConfig } from "./schema";

/** A configuration is read by people and compared line by line: more than this is data. */
const MAX_CONFIG_BYTES = 1_000_000;

/** A copy of `config` in JSON: functions by name, tensors as "Tensor float32 [2, 3]", NaN and infinite numbers and big integers as text, `undefined` left out.
 * @throws {ArgumentError} when it holds itself, or is larger than a megabyte. */
export function toConfig(config: object): RunConfig {
  const value = convert(config, []);
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > MAX_CONFIG_BYTES) throw new ArgumentError(`a configuration of ${bytes} bytes`, { where: "runs.start, config", help: `keep it under ${MAX_CONFIG_BYTES} bytes: write data to a file and name the file` });
  return typeof value === "object" && value !== null && !isList(value) ? value : { value };
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function convert(value: unknown, above: readonly object[]): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "function":
      return value.name === "" ? "function" : `function ${value.name}`;
    case "bigint":
    case "symbol":
      return String(value);
    case "undefined":
      return null;
    case "object":
      return value === null ? null : convertObject(value, above);
  }
}

function convertObject(value: object, above: readonly object[]): Json {
  if (value instanceof Tensor) return value.toString();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  if (above.includes(value)) throw new ArgumentError("the configuration holds itself", { where: "runs.start, config", help: "give plain values: numbers, texts, lists and objects of them" });
  const inside = [...above, value];
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, (item) => convert(item, inside));
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`;
  const entries: Iterable<readonly [unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  return Object.fromEntries([...entries].flatMap(([key, item]) => (item === undefined ? [] : [[String(key), convert(item, inside)]])));
}
