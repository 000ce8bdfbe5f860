/** @file Ink for words that stand on a heat map: light on dark cells and dark on light ones, whatever the editor's theme. */
import type { HeatmapMark, Mark, TextMark } from "../../../kernel/display/schema";
import { bytesOfBase64 } from "../../shared/base64";
import { contrast, mapColour, rgbOfHex } from "../../shared/colour";

const DARK = "#1b1b1b";
const LIGHT = "#ffffff";
const NOT_FINITE_BYTE = 255;
const HIGHEST_BYTE = 254;

/** Colours of the texts of `mark`: `colour`, but for those over a cell of a heat map. */
export function inksOf(mark: TextMark, { marks, colour }: { readonly marks: readonly Mark[]; readonly colour: string }): string[] {
  const maps = marks.filter((one) => one.type === "heatmap").map((one) => ({ map: one, bytes: bytesOfBase64(one.grid.data) }));
  return mark.text.map((_, i) => {
    const [x, y] = [mark.x[i], mark.y[i]];
    if (x === null || y === null) return colour;
    const byte = maps.map(({ map, bytes }) => byteAt(map, bytes, { x, y })).find((one) => one !== undefined);
    if (byte === undefined || byte.value === NOT_FINITE_BYTE) return colour;
    const cell = mapColour(byte.map.map, byte.value / HIGHEST_BYTE);
    return contrast(rgbOfHex(LIGHT), cell) > contrast(rgbOfHex(DARK), cell) ? LIGHT : DARK;
  });
}

/** The byte of the cell that holds a point; undefined outside. */
function byteAt(map: HeatmapMark, bytes: Uint8Array, { x, y }: { readonly x: number; readonly y: number }): { readonly map: HeatmapMark; readonly value: number } | undefined {
  const [rows, columns] = map.grid.shape;
  const index = ([from, to]: readonly [number, number], at: number, count: number): number => Math.floor(((at - from) / (to - from)) * count);
  const [row, column] = [index(map.y, y, rows), index(map.x, x, columns)];
  return row >= 0 && row < rows && column >= 0 && column < columns ? { map, value: bytes[row * columns + column] } : undefined;
}
