/** @file A slice as text to paste elsewhere: aligned, CSV, or a TypeScript literal. */
import type { Slice } from "./slice";

export const COPY_FORMATS = ["text", "CSV", "TypeScript"] as const;
export type CopyFormat = (typeof COPY_FORMATS)[number];

/** The slice in a format: plain numbers that other programs read, exact or with the digits that the bytes hold; NaN, Infinity and -Infinity as JavaScript writes them. */
export function copyText({ rows, columns, numbers }: Slice, { rank, format }: { readonly rank: number; readonly format: CopyFormat }): string {
  const cells = Array.from({ length: rows }, (_, row) => Array.from(numbers.subarray(row * columns, (row + 1) * columns), String));
  if (format === "CSV") return cells.map((row) => `${row.join(",")}\n`).join("");
  if (format === "TypeScript") return rank < 2 ? `[${cells[0]?.join(", ") ?? ""}]` : `[\n${cells.map((row) => `  [${row.join(", ")}],\n`).join("")}]`;
  const widths = Array.from({ length: columns }, (_, column) => cells.reduce((width, row) => Math.max(width, row[column].length), 0));
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
