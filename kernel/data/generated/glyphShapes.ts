/** @file The forms of digits and letters: strokes for digits, 5 × 7 bitmaps for both. Drawn for this project. */

/** Points of a stroke, in a box 0…1 wide and 0…1 high, y downwards. */
export type Stroke = readonly (readonly [x: number, y: number])[];

interface Arc {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  /** Degrees, 0 to the right, 90 down. */
  readonly from: number;
  readonly to: number;
}

/** Points of an elliptical arc, about every 30 degrees. */
function arc({ x, y, rx, ry, from, to }: Arc): Stroke {
  const steps = Math.ceil(Math.abs(to - from) / 30);
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / steps) * Math.PI) / 180;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)] as const;
  });
}

/** Strokes of the digits 0…9. */
export const DIGIT_STROKES: readonly (readonly Stroke[])[] = [
  [arc({ x: 0.5, y: 0.5, rx: 0.32, ry: 0.46, from: 0, to: 360 })],
  [[[0.32, 0.22], [0.54, 0.04], [0.54, 0.96]]],
  [[...arc({ x: 0.5, y: 0.28, rx: 0.3, ry: 0.24, from: 190, to: 385 }), [0.2, 0.95], [0.82, 0.95]]],
  [arc({ x: 0.46, y: 0.27, rx: 0.28, ry: 0.23, from: 200, to: 450 }), arc({ x: 0.46, y: 0.73, rx: 0.32, ry: 0.23, from: 270, to: 520 })],
  [[[0.62, 0.04], [0.16, 0.66], [0.86, 0.66]], [[0.64, 0.38], [0.64, 0.97]]],
  [[[0.78, 0.05], [0.28, 0.05], [0.24, 0.45]], arc({ x: 0.46, y: 0.67, rx: 0.33, ry: 0.28, from: 228, to: 510 })],
  [[[0.68, 0.04], [0.4, 0.22], [0.24, 0.48], [0.19, 0.7]], arc({ x: 0.5, y: 0.7, rx: 0.31, ry: 0.26, from: 180, to: 540 })],
  [[[0.18, 0.05], [0.82, 0.05], [0.42, 0.96]]],
  [arc({ x: 0.5, y: 0.27, rx: 0.26, ry: 0.22, from: 0, to: 360 }), arc({ x: 0.5, y: 0.73, rx: 0.31, ry: 0.24, from: 0, to: 360 })],
  [arc({ x: 0.49, y: 0.3, rx: 0.3, ry: 0.26, from: 0, to: 360 }), [[0.79, 0.3], [0.76, 0.6], [0.58, 0.96]]],
];

export const GLYPH_COLUMNS = 5;
export const GLYPH_ROWS = 7;

/** Rows from the top, the leftmost pixel in bit 4. */
const BITMAPS: Readonly<Record<string, readonly number[]>> = {
  "0": [14, 17, 19, 21, 25, 17, 14],
  "1": [4, 12, 4, 4, 4, 4, 14],
  "2": [14, 17, 1, 6, 8, 16, 31],
  "3": [14, 17, 1, 6, 1, 17, 14],
  "4": [2, 6, 10, 18, 31, 2, 2],
  "5": [31, 16, 30, 1, 1, 17, 14],
  "6": [6, 8, 16, 30, 17, 17, 14],
  "7": [31, 1, 2, 4, 8, 8, 8],
  "8": [14, 17, 17, 14, 17, 17, 14],
  "9": [14, 17, 17, 15, 1, 2, 12],
  A: [14, 17, 17, 31, 17, 17, 17],
  B: [30, 17, 17, 30, 17, 17, 30],
  C: [14, 17, 16, 16, 16, 17, 14],
  D: [28, 18, 17, 17, 17, 18, 28],
  E: [31, 16, 16, 30, 16, 16, 31],
  F: [31, 16, 16, 30, 16, 16, 16],
  G: [14, 17, 16, 23, 17, 17, 14],
  H: [17, 17, 17, 31, 17, 17, 17],
  I: [14, 4, 4, 4, 4, 4, 14],
  J: [7, 2, 2, 2, 2, 18, 12],
  K: [17, 18, 20, 24, 20, 18, 17],
  L: [16, 16, 16, 16, 16, 16, 31],
  M: [17, 27, 21, 21, 17, 17, 17],
  N: [17, 25, 21, 19, 17, 17, 17],
  O: [14, 17, 17, 17, 17, 17, 14],
  P: [30, 17, 17, 30, 16, 16, 16],
  Q: [14, 17, 17, 17, 21, 18, 13],
  R: [30, 17, 17, 30, 20, 18, 17],
  S: [15, 16, 16, 14, 1, 1, 30],
  T: [31, 4, 4, 4, 4, 4, 4],
  U: [17, 17, 17, 17, 17, 17, 14],
  V: [17, 17, 17, 17, 17, 10, 4],
  W: [17, 17, 17, 21, 21, 27, 17],
  X: [17, 17, 10, 4, 10, 17, 17],
  Y: [17, 17, 10, 4, 4, 4, 4],
  Z: [31, 1, 2, 4, 8, 16, 31],
};

/** The 5 × 7 bitmap of a digit or capital letter, row-major 0 or 1; undefined for other characters. */
export function glyphBitmap(character: string): readonly number[] | undefined {
  return BITMAPS[character]?.flatMap((row) => Array.from({ length: GLYPH_COLUMNS }, (_, column) => (row >> (GLYPH_COLUMNS - 1 - column)) & 1));
}
