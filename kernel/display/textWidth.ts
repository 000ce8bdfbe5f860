/** @file Estimates how wide text will be, without a font: enough to keep labels apart. */

// Advance widths in units of the font size. They follow DejaVu Sans, the widest of the system fonts that viewers fall back to,
// so text set in a narrower font (Segoe UI, Roboto, Arial) leaves room instead of running over.
const NARROW = 0.32; // i j l I ' | . , : ; ! and the like
const SLIM = 0.42; // f t r ( ) [ ] / space
const WIDE = 0.87; // m M W w @ %
const DIGIT = 0.64;
const LOWER = 0.61;
const UPPER = 0.7;
const SUPERSCRIPT = 0.42;
const FULL = 1.02; // East Asian, emoji
const BOLD_FACTOR = 1.1;
const MONO = 0.61;

export interface TextStyle {
  /** Pixels. */
  readonly size: number;
  readonly weight?: "bold";
  readonly mono?: boolean;
}

function advance(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (/[iljI'|.,:;!`]/.test(character)) return NARROW;
  if (/[ftr()[\]/\\ \-"{}]/.test(character)) return SLIM;
  if (/[mMWw@%—]/.test(character)) return WIDE;
  if (/[0-9]/.test(character)) return DIGIT;
  if (/[⁰¹²³⁴-⁹⁻₀-₉]/.test(character)) return SUPERSCRIPT;
  if (/[+<>=~×÷±−∞≈≤≥→←]/.test(character)) return 0.84;
  if (code >= 0x1100 && (code < 0x1200 || code >= 0x2e80)) return FULL;
  return /\p{Lu}/u.test(character) ? UPPER : LOWER;
}

/** Width in pixels, a little more than most fonts need. */
export function textWidth(text: string, { size, weight, mono }: TextStyle): number {
  if (mono) return Array.from(text).length * MONO * size;
  let sum = 0;
  for (const character of text) sum += advance(character);
  return sum * size * (weight === "bold" ? BOLD_FACTOR : 1);
}

/** `text` cut to `width` pixels with an ellipsis: at its end, or in its middle (paths, where both ends tell). Line breaks become spaces. */
export function fitText(text: string, width: number, style: TextStyle & { readonly cut?: "end" | "middle" }): string {
  const line = text.length > 2000 ? text.slice(0, 2000) : text;
  const flat = line.replace(/\s+/g, " ");
  if (textWidth(flat, style) <= width) return flat;
  const all = Array.from(flat);
  const shortened = (kept: number): string => {
    const tail = style.cut === "middle" ? Math.ceil(kept / 2) : 0;
    return `${all.slice(0, kept - tail).join("")}…${tail === 0 ? "" : all.slice(all.length - tail).join("")}`;
  };
  let low = 0;
  let high = all.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (textWidth(shortened(middle), style) <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "…" : shortened(low);
}

/** Lines of at most `width` pixels, broken at spaces; at most `maxLines`, the last one cut with an ellipsis. */
export function wrapText(text: string, width: number, { maxLines, ...style }: TextStyle & { readonly maxLines: number }): string[] {
  const words = text
    .slice(0, 4000)
    .split(/\s+/)
    .filter((word) => word !== "");
  const lines: string[] = [];
  let line = "";
  for (const [index, word] of words.entries()) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (textWidth(longer, style) <= width) {
      line = longer;
      continue;
    }
    if (lines.length === maxLines - 1)
      return [...lines, fitText([line, ...words.slice(index)].filter((part) => part !== "").join(" "), width, style)];
    if (line !== "") lines.push(line);
    line = fitText(word, width, style);
  }
  return line === "" ? lines : [...lines, line];
}
