/** @file What the user has chosen in an attention view, how it is stored, and what keys do to it. */
import { type AttentionModel, columnOfRow, rowOfColumn } from "./model";
import { firstHead, type Highlight, HIGHLIGHTS } from "./order";
import { storedWindow, type Window, wholeOf } from "./window";
import type { Focus } from "./headMap";

export type Direction = "from" | "to";

export interface Chosen {
  readonly head: number;
  readonly highlight: Highlight;
  readonly sorted: boolean;
  /** "from": where a token looks; "to": who looks at it. */
  readonly direction: Direction;
  /** "" for nothing, "head:3", or "pin:1". */
  readonly compare: string;
  /** Key column of the locked token. */
  readonly locked: number | undefined;
  readonly window: Window;
}

export const NOTHING: Focus = { row: undefined, column: undefined };

/** The stored choice as far as it fits this model; else the head that stands out, nothing locked. */
export function chosenOf(model: AttentionModel, stored: unknown): Chosen {
  // SAFETY: each field is checked before use.
  const old = (typeof stored === "object" && stored !== null ? stored : {}) as Partial<Record<keyof Chosen, unknown>>;
  const index = (value: unknown, count: number): number | undefined =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value < count ? value : undefined;
  const compared = typeof old.compare === "string" ? /^head:(\d{1,4})$/.exec(old.compare) : null;
  return {
    head: index(old.head, model.heads.length) ?? firstHead(model),
    highlight: HIGHLIGHTS.find(({ value }) => value === old.highlight)?.value ?? "pattern",
    sorted: old.sorted === true,
    direction: old.direction === "to" ? "to" : "from",
    // Pins live only as long as the page.
    compare: compared !== null && Number(compared[1]) < model.heads.length ? compared[0] : "",
    locked: index(old.locked, model.columns),
    window: old.window === undefined ? wholeOf(model) : storedWindow(old.window, model),
  };
}

/** Row or column that a token stands for: its query row where it looks, its key column where it is looked at. */
export const focusOfToken = (model: AttentionModel, column: number, direction: Direction): Focus =>
  direction === "from" ? { row: rowOfColumn(model, column), column: undefined } : { row: undefined, column };

/** The token whose attention the text shows, given the locked one and the cell under the pointer. */
export function sourceOf(model: AttentionModel, { locked, direction }: Pick<Chosen, "locked" | "direction">, focus: Focus): number | undefined {
  if (locked !== undefined) return locked;
  if (direction === "to") return focus.column;
  return focus.row === undefined ? undefined : columnOfRow(model, focus.row);
}

/** The other token of the cell in question. */
export function targetOf(model: AttentionModel, direction: Direction, focus: Focus): number | undefined {
  if (direction === "from") return focus.column;
  return focus.row === undefined ? undefined : columnOfRow(model, focus.row);
}

/** Cells that Page Up and Page Down move by. */
const PAGE_CELLS = 10;

/** The cell to which a key leads from another; undefined for keys that do not move. Ctrl with arrows goes to the end. */
export function moved(
  model: AttentionModel,
  focus: Focus,
  event: Pick<KeyboardEvent, "key" | "ctrlKey">,
): { readonly row: number; readonly column: number } | undefined {
  const row = focus.row ?? 0;
  const column = focus.column ?? (focus.row === undefined ? 0 : columnOfRow(model, row));
  const far = event.ctrlKey ? 1e9 : 1;
  const by: readonly [number, number] | undefined = {
    ArrowUp: [-far, 0] as const,
    ArrowDown: [far, 0] as const,
    ArrowLeft: [0, -far] as const,
    ArrowRight: [0, far] as const,
    PageUp: [-PAGE_CELLS, 0] as const,
    PageDown: [PAGE_CELLS, 0] as const,
    Home: [0, -1e9] as const,
    End: [0, 1e9] as const,
  }[event.key];
  if (by === undefined) return undefined;
  const clamp = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
  return { row: clamp(row + by[0], model.rows), column: clamp(column + by[1], model.columns) };
}
