/** @file A slice as text to paste elsewhere: aligned, CSV, or a TypeScript literal. */
import { type Slice, stepOf, valueAt, type Values } from "./slice";

export const COPY_FORMATS = ["text", "CSV", "TypeScript"] as const;
export type CopyFormat = (typeof COPY_FORMATS)[number];

/** Plain numbers, so that other programs read them: no more digits than the bytes hold. */
function numbersOf(slice: Slice, values: Values): (number | undefined)[][] {
  const step = stepOf(values);
  const rounded = (byte: number): number | undefined => {
    if (byte === 255) return undefined;
    const value = valueAt(values, byte);
    if (step === 0 || value === 0) return value;
    const digits = Math.min(7, Math.max(1, Math.ceil(Math.log10(Math.abs(value) / step)) + 1));
    return Math.abs(value) < step / 2 ? 0 : Number(value.toPrecision(digits));
  };
  const known = Array.from({ length: 256 }, (_, byte) => rounded(byte));
  return Array.from({ length: slice.rows }, (_, row) => Array.from(slice.bytes.subarray(row * slice.columns, (row + 1) * slice.columns), (byte) => known[byte]));
}

/** The slice in a format; elements that are not finite are NaN. */
export function copyText(slice: Slice, { values, format }: { readonly values: Values; readonly format: CopyFormat }): string {
  const cells = numbersOf(slice, values).map((row) => row.map((value) => (value === undefined ? "NaN" : String(value))));
  if (format === "CSV") return cells.map((row) => `${row.join(",")}\n`).join("");
  if (format === "TypeScript") return values.rank < 2 ? `[${cells[0]?.join(", ") ?? ""}]` : `[\n${cells.map((row) => `  [${row.join(", ")}],\n`).join("")}]`;
  const widths = Array.from({ length: slice.columns }, (_, column) => cells.reduce((width, row) => Math.max(width, row[column].length), 0));
  return cells.map((row) => `${row.map((cell, column) => cell.padStart(widths[column])).join("  ")}\n`).join("");
}

/** Whether `text` is in the clipboard now. */
export async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
