/** @file Ink for words that stand on a heat map: light on dark cells and dark on light ones, whatever the editor's theme. */
import type { HeatmapMark, Mark } from "../../../kernel/display/schema";
import { bytesOfBase64, gridValue } from "../../shared/base64";
import { byteColours, contrast, rgbOfHex } from "../../shared/colour";

const INKS = ["#1b1b1b", "#ffffff"] as const;
const [DARK, LIGHT] = INKS.map(rgbOfHex);

/** Finds the ink for a word at a point of a panel with these marks; undefined where it stands on no cell that has a value. */
export function inkOver(marks: readonly Mark[]): (x: number | null, y: number | null) => string | undefined {
  const maps = marks.filter((mark) => mark.type === "heatmap").map((mark) => ({ mark, bytes: bytesOfBase64(mark.grid.data), colours: byteColours(mark.map) }));
  return (x, y) => {
    if (x === null || y === null) return undefined;
    for (const { mark, bytes, colours } of maps) {
      const cell = cellAt(mark, x, y);
      if (cell === undefined || Number.isNaN(gridValue(mark.grid, bytes[cell]))) continue;
      const [r, g, b] = colours.subarray(bytes[cell] * 4);
      return contrast(LIGHT, [r, g, b]) > contrast(DARK, [r, g, b]) ? INKS[1] : INKS[0];
    }
    return undefined;
  };
}

/** The index of the cell that holds a point; undefined outside. */
function cellAt({ x: columnEdges, y: rowEdges, grid }: HeatmapMark, x: number, y: number): number | undefined {
  const [rows, columns] = grid.shape;
  const index = ([from, to]: readonly [number, number], at: number, count: number): number => Math.floor(((at - from) / (to - from)) * count);
  const [row, column] = [index(rowEdges, y, rows), index(columnEdges, x, columns)];
  return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : undefined;
}
