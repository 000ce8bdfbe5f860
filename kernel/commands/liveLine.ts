/** @file A line of a terminal that is written over again and again. */
import { cutTo } from "../display/format";

/** Of a terminal that does not tell its width. */
const DEFAULT_COLUMNS = 80;

export const clearLine = (): void => void process.stderr.write("\r\u001b[K");

/** Writes the first line of `text`, cut to the terminal's width, over the present line. */
export function writeOver(text: string): void {
  clearLine();
  process.stderr.write(cutTo(text.split("\n", 1)[0], (process.stderr.columns || DEFAULT_COLUMNS) - 1));
}
