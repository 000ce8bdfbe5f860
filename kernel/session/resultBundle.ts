/** @file The value of a cell's last expression as a MIME bundle. */
import { inspect } from "node:util";
import { DISPLAY, type MimeBundle } from "../display/displayable";

const MAX_TEXT_CHARACTERS = 20_000;

/** The bundle that the value itself gives by its display method, else its text as Node would print it. */
export async function resultBundle(value: unknown): Promise<MimeBundle> {
  if (typeof value === "object" && value !== null && DISPLAY in value && typeof value[DISPLAY] === "function") {
    const bundle: unknown = await value[DISPLAY]();
    if (typeof bundle === "object" && bundle !== null) return Object.fromEntries(Object.entries(bundle));
  }
  const text = typeof value === "string" ? inspect(value, { maxStringLength: MAX_TEXT_CHARACTERS }) : inspect(value, { depth: 3, maxArrayLength: 20, maxStringLength: MAX_TEXT_CHARACTERS });
  return { "text/plain": text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS)}… (${text.length - MAX_TEXT_CHARACTERS} more characters)` : text };
}
