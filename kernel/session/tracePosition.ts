/** @file Positions in generated code back to the code they came from, through source maps. */
import { SourceMap, type SourceMapPayload } from "node:module";
import type { Position } from "./cellSyntaxError";

/** The position in the source that a position in the result came from, or undefined for text that was added. */
export type Tracer = (position: Position) => Position | undefined;

/** A tracer over a version-3 source map, given as JSON. */
export function traceMap(json: string): Tracer {
  let map: SourceMap | undefined;
  return ({ line, column }) => {
    // Read on first use: most cells raise no error.
    // SAFETY: the text comes from the compiler or from magic-string, both of which write version-3 maps.
    map ??= new SourceMap(JSON.parse(json) as SourceMapPayload);
    const entry = map.findEntry(line - 1, column - 1);
    return "originalLine" in entry ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 } : undefined;
  };
}

/** `first`, then `second`: `second` goes from the final text to the middle one, `first` from there to the source. */
export const chainTracers = (second: Tracer, first: Tracer): Tracer => (position) => {
  const middle = second(position);
  return middle === undefined ? undefined : first(middle);
};
