/** @file The content of an execute_request as a client sent it, checked. */
import { isRecord } from "../protocol/envelope";
import type { ExecuteContent } from "./executionQueue";

/** The content with parts of the wrong type left out; undefined without code. */
export function executeContent(content: Readonly<Record<string, unknown>>): ExecuteContent | undefined {
  const { code } = content;
  if (typeof code !== "string") return undefined;
  const flag = (name: string): boolean | undefined => (typeof content[name] === "boolean" ? content[name] : undefined);
  const text = (name: string): string | undefined => (typeof content[name] === "string" ? content[name] : undefined);
  const expressions = isRecord(content.user_expressions) ? Object.fromEntries(Object.entries(content.user_expressions).map(([name, value]) => [name, String(value)])) : undefined;
  return {
    code,
    silent: flag("silent"),
    store_history: flag("store_history"),
    allow_stdin: flag("allow_stdin"),
    stop_on_error: flag("stop_on_error"),
    user_expressions: expressions,
    isoflop_cell: text("isoflop_cell"),
    isoflop_cell_id: text("isoflop_cell_id"),
  };
}
