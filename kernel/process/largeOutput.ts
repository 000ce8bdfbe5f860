/** @file Outputs above the limit, in short: what is too large goes to a side file, and a line of text says where. */
import type { DisplayContent, ErrorContent, MimeBundle } from "../protocol/messages";
import type { SideFiles } from "./sideFiles";

const EXTENSIONS: Readonly<Record<string, string>> = {
  "text/plain": "txt",
  "text/html": "html",
  "text/markdown": "md",
  "image/svg+xml": "svg",
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
};
const BASE64: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif"]);
const MEGA = 1e6;
const MAX_ERROR_CHARACTERS = 20_000;
const MAX_ERROR_LINES = 400;

export const megabytes = (bytes: number): string => `${(bytes / MEGA).toFixed(bytes < 10 * MEGA ? 1 : 0)} MB`;

export interface LargeOutput {
  readonly content: DisplayContent;
  readonly cell: string;
  readonly limitBytes: number;
  readonly files: SideFiles;
}

/** The output within the limit. The largest parts go first; `text/plain` says where they are. */
export function withinLimit({ content, cell, limitBytes, files }: LargeOutput): DisplayContent {
  const sizes = new Map(Object.entries(content.data).map(([mime, value]) => [mime, sizeOf(value)]));
  const notes: string[] = [];
  const data: Record<string, unknown> = { ...content.data };
  for (const [mime, size] of [...sizes].sort((a, b) => b[1] - a[1])) {
    if (total(sizes) <= limitBytes) break;
    notes.push(moved({ mime, value: data[mime], size, cell, files }));
    delete data[mime];
    sizes.delete(mime);
  }
  if (notes.length === 0) return content;
  const text = typeof data["text/plain"] === "string" ? [data["text/plain"]] : [];
  return { ...content, data: { ...data, "text/plain": [...text, ...notes].join("\n") } satisfies MimeBundle };
}

const sizeOf = (value: unknown): number => (typeof value === "string" ? value.length : (JSON.stringify(value)?.length ?? 0));
const total = (sizes: ReadonlyMap<string, number>): number => [...sizes.values()].reduce((sum, size) => sum + size, 0);

interface Moved {
  readonly mime: string;
  readonly value: unknown;
  readonly size: number;
  readonly cell: string;
  readonly files: SideFiles;
}

function moved({ mime, value, size, cell, files }: Moved): string {
  const file = files.create(`cell-${cell}.${EXTENSIONS[mime] ?? "json"}`);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const written = file?.write(BASE64.has(mime) ? Buffer.from(text, "base64") : text) === true;
  file?.close();
  return written ? `(${mime}: ${megabytes(size)}, in ${file?.path})` : `(${mime}: ${megabytes(size)}, left out; no file could be written for it)`;
}

/** An error whose message is a data dump, cut to what one can read. */
export function shortError({ ename, evalue, traceback }: ErrorContent): ErrorContent {
  const cut = (text: string): string => (text.length > MAX_ERROR_CHARACTERS ? `${text.slice(0, MAX_ERROR_CHARACTERS)} … (${text.length - MAX_ERROR_CHARACTERS} more characters)` : text);
  const left = traceback.length - MAX_ERROR_LINES;
  return { ename: cut(ename), evalue: cut(evalue), traceback: [...traceback.slice(0, MAX_ERROR_LINES).map(cut), ...(left > 0 ? [`… ${left} more lines`] : [])] };
}
