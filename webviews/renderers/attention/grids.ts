/** @file Weights of heads, decoded when they are looked at: values, sums, small maps, differences. */
import { type AttentionModel, type HeadModel, isMasked } from "./model";

/** Values of one head [rows, columns]; NaN where not finite. */
export interface Weights {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

const NOT_FINITE_BYTE = 255;
const BYTE_LEVELS = 254;

/** The values of a head; undefined where its data is damaged. */
export function decode({ grid }: HeadModel, { rows, columns }: AttentionModel): Weights | undefined {
  if (grid === undefined) return undefined;
  let text: string;
  try {
    text = atob(grid.data);
  } catch {
    return undefined;
  }
  if (text.length !== rows * columns) return undefined;
  const levels = Float32Array.from({ length: 256 }, (_, byte) =>
    byte === NOT_FINITE_BYTE ? NaN : grid.low + (grid.high - grid.low) * (byte / BYTE_LEVELS),
  );
  const values = new Float32Array(text.length);
  for (let i = 0; i < values.length; i++) values[i] = levels[text.charCodeAt(i)];
  return { rows, columns, values };
}

/** Heads decoded last are kept: moving between a few heads decodes nothing. */
const MAX_DECODED = 12;

/** A reader of heads that keeps the last few. */
export function reader(model: AttentionModel): (index: number) => Weights | undefined {
  const kept = new Map<number, Weights | undefined>();
  return (index) => {
    const head = model.heads[index];
    if (head === undefined) return undefined;
    const found = kept.has(index) ? kept.get(index) : decode(head, model);
    kept.delete(index);
    kept.set(index, found);
    if (kept.size > MAX_DECODED) kept.delete(kept.keys().next().value ?? -1);
    return found;
  };
}

/** Upper quartile of the rows' largest weights: the first rows of a causal head, which have few keys to choose from, would dim all others. */
export function usualHighest({ rows, columns, values }: Weights): number {
  const highest = new Float32Array(rows);
  for (let row = 0; row < rows; row++)
    for (let i = row * columns; i < (row + 1) * columns; i++) if (values[i] > highest[row]) highest[row] = values[i];
  return highest.sort()[Math.min(rows - 1, Math.floor(rows * 0.75))] || 1;
}

/** Largest size of a value; 1 when there is none above 0. */
export function largestSize({ values }: Weights): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest || 1;
}

/** Sums of each row and of each column over the finite values. */
export function sums({ rows, columns, values }: Weights): { readonly row: Float32Array; readonly column: Float32Array } {
  const out = { row: new Float32Array(rows), column: new Float32Array(columns) };
  for (let i = 0, row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, i++) {
      const value = values[i];
      if (!(Math.abs(value) < Infinity)) continue;
      out.row[row] += value;
      out.column[column] += value;
    }
  return out;
}

export const row = ({ columns, values }: Weights, index: number): Float32Array => values.subarray(index * columns, (index + 1) * columns);
export const column = ({ rows, columns, values }: Weights, index: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, i) => values[i * columns + index]);

/** Indices of the largest finite values above `least`, largest first. */
export function top(values: ArrayLike<number>, number: number, least = 0): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] > least)) continue;
    let at = found.length;
    while (at > 0 && values[found[at - 1]] < values[i]) at--;
    if (at < number) found.splice(at, 0, i);
    if (found.length > number) found.pop();
  }
  return found;
}

/** a − b; undefined when their sizes differ. */
export function difference(a: Weights, b: Weights): Weights | undefined {
  if (a.rows !== b.rows || a.columns !== b.columns) return undefined;
  return { rows: a.rows, columns: a.columns, values: a.values.map((value, i) => value - b.values[i]) };
}

/** Mean over rows of half the summed sizes of a difference: 0 for equal heads, 1 where every query looks elsewhere. */
export function meanChange({ rows, values }: Weights): number {
  let sum = 0;
  for (const value of values) if (Math.abs(value) < Infinity) sum += Math.abs(value);
  return sum / (2 * rows);
}

/** Bytes of a small map: 0…254 from 0 to the usual highest value (or from −size to size), 255 not finite. Strongest value of each block, so that thin lines stay. */
export function thumbnail(
  weights: Weights,
  { side, signed }: { readonly side: number; readonly signed: boolean },
): { readonly width: number; readonly height: number; readonly bytes: Uint8Array } {
  const [height, width] = [Math.min(side, weights.rows), Math.min(side, weights.columns)];
  const pooled = new Float32Array(height * width);
  for (let i = 0, r = 0; r < weights.rows; r++) {
    const line = Math.floor((r * height) / weights.rows) * width;
    for (let c = 0; c < weights.columns; c++, i++) {
      const at = line + Math.floor((c * width) / weights.columns);
      const value = weights.values[i];
      if (Math.abs(value) > Math.abs(pooled[at]) || Number.isNaN(value)) pooled[at] = value;
    }
  }
  const small = { rows: height, columns: width, values: pooled };
  const high = signed ? largestSize(small) : usualHighest(small);
  const low = signed ? -high : 0;
  const bytes = Uint8Array.from(pooled, (value) =>
    Number.isNaN(value) ? NOT_FINITE_BYTE : Math.round(BYTE_LEVELS * Math.min(1, Math.max(0, (value - low) / (high - low)))),
  );
  return { width, height, bytes };
}

/** Colours of all cells as RGBA of an image; masked cells are clear. `colours` holds 256 RGBA entries. */
export function paint(
  weights: Weights,
  { model, colours, low, high }: { readonly model: AttentionModel; readonly colours: Uint32Array; readonly low: number; readonly high: number },
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(weights.values.length);
  const perLevel = BYTE_LEVELS / (high - low || 1);
  for (let i = 0, r = 0; r < weights.rows; r++)
    for (let c = 0; c < weights.columns; c++, i++) {
      const value = weights.values[i];
      if (value === 0 && isMasked(model, r, c)) continue;
      pixels[i] = colours[Number.isNaN(value) ? NOT_FINITE_BYTE : Math.max(0, Math.min(BYTE_LEVELS, Math.round((value - low) * perLevel)))];
    }
  return new Uint8ClampedArray(pixels.buffer);
}
