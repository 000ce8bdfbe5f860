/** @file What is said of the cell, row or column in question: for the line under the map and for screen readers. */
import { significant } from "../../shared/format";
import { column as columnOf, row as rowOf, top, type Weights } from "./grids";
import type { Focus } from "./headMap";
import { type AttentionModel, columnOfRow, isMasked, tokenName } from "./model";

const LISTED = 3;

/** One sentence; "" when nothing is in question. `signed` for differences. */
export function sayFocus(
  model: AttentionModel,
  { weights, focus, signed }: { readonly weights: Weights | undefined; readonly focus: Focus; readonly signed: boolean },
): string {
  const { row, column } = focus;
  if (weights === undefined || (row === undefined && column === undefined)) return "";
  const number = (value: number): string => `${signed && value > 0 ? "+" : ""}${significant(value, 3)}`;
  const verb = model.block === 1 ? "looks" : "look";
  if (row !== undefined && column !== undefined) {
    const value = rowOf(weights, row)[column];
    const query = tokenName(model, columnOfRow(model, row));
    if (isMasked(model, row, column)) return `${query} cannot look at ${tokenName(model, column)}: it comes later`;
    const place = signed ? "" : `, rank ${1 + rowOf(weights, row).reduce((count, other) => count + (other > value ? 1 : 0), 0)}`;
    return `${query} ${verb} at ${tokenName(model, column)}: ${number(value)}${place}`;
  }
  const values = row === undefined ? columnOf(weights, column ?? 0) : rowOf(weights, row);
  const sizes = signed ? values.map(Math.abs) : values;
  const best = top(sizes, LISTED).map((i) => `${tokenName(model, row === undefined ? columnOfRow(model, i) : i)} ${number(values[i])}`);
  const sum = values.reduce((total, value) => total + (Number.isFinite(value) ? value : 0), 0);
  const who =
    row === undefined ? `${tokenName(model, column ?? 0)} is looked at most by` : `${tokenName(model, columnOfRow(model, row))} ${verb} most at`;
  return best.length === 0 ? `${who} nothing` : `${who} ${best.join(", ")}; sum ${significant(sum, 3)}`;
}
