/** @file Bytes of all tensors and arrays of numbers in a value. */
import { asTensor } from "./asTensor";
import { childrenOf } from "./children";

/** Values looked at: beyond that the sum is left out, as it would take too long. */
const MAX_VALUES = 20_000;

/** The sum, each tensor once; undefined where there is none, or too much to look at. */
export function treeBytes(value: unknown): number | undefined {
  const seen = new Set<unknown>();
  const waiting = [value];
  let bytes = 0;
  let found = false;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== "object" || next === null || seen.has(next)) continue;
    seen.add(next);
    const tensor = asTensor(next);
    if (tensor !== undefined || ArrayBuffer.isView(next)) {
      bytes += tensor?.bytes ?? (ArrayBuffer.isView(next) ? next.byteLength : 0);
      found = true;
      continue;
    }
    if (seen.size > MAX_VALUES) return undefined;
    for (const { value: child } of childrenOf(next, MAX_VALUES)) if (typeof child === "object" && child !== null) waiting.push(child);
  }
  return found ? bytes : undefined;
}
