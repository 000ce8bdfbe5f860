/** @file The rows of a cost tree: which are open, in which order, and where the keyboard leads. */
import type { CostNode } from "../../../kernel/display/schema";

export type CostColumn = "path" | "flops" | "bytesMoved" | "parameters";

export interface Sort {
  /** `path` is the order of the model. */
  readonly column: CostColumn;
  readonly order: "ascending" | "descending";
}

export interface CostRow {
  readonly node: CostNode;
  /** From 1: the whole step. */
  readonly level: number;
  readonly open: boolean;
  /** Row of the node above; -1 for the first. */
  readonly parent: number;
  /** Place among its brothers, from 1, and their number. */
  readonly place: number;
  readonly brothers: number;
}

/** Rows that are open at first: the costliest layers down to about this many rows. */
const FIRST_ROWS = 14;

/** Paths that are open at first: from the costliest node on, while the rows fit. */
export function firstOpen(root: CostNode): Set<string> {
  const open = new Set<string>();
  const candidates = [root];
  let count = 1;
  while (candidates.length > 0) {
    candidates.sort((a, b) => b.flops - a.flops);
    const next = candidates.shift();
    if (next === undefined || next.children.length === 0 || (count > 1 && count + next.children.length > FIRST_ROWS)) continue;
    open.add(next.path);
    count += next.children.length;
    candidates.push(...next.children);
  }
  return open;
}

function ordered(nodes: readonly CostNode[], { column, order }: Sort): readonly CostNode[] {
  if (column === "path") return order === "ascending" ? nodes : [...nodes].reverse();
  const sign = order === "ascending" ? 1 : -1;
  return [...nodes].sort((a, b) => sign * (a[column] - b[column]));
}

/** All rows that are to be seen. */
export function rowsOf(root: CostNode, open: ReadonlySet<string>, sort: Sort): readonly CostRow[] {
  const rows: CostRow[] = [];
  const visit = (node: CostNode, at: Omit<CostRow, "node" | "open">): void => {
    const isOpen = open.has(node.path) && node.children.length > 0;
    const parent = rows.push({ node, open: isOpen, ...at }) - 1;
    if (!isOpen) return;
    ordered(node.children, sort).forEach((child, i) => visit(child, { level: at.level + 1, parent, place: i + 1, brothers: node.children.length }));
  };
  visit(root, { level: 1, parent: -1, place: 1, brothers: 1 });
  return rows;
}

/** Last part of a path, as it stands under its parent: "up" of "blocks.0.mlp.up". */
export function shortName(node: CostNode, parent: CostNode | undefined): string {
  if (node.path === "") return "all layers";
  const prefix = parent === undefined || parent.path === "" ? "" : `${parent.path}.`;
  return prefix !== "" && node.path.startsWith(prefix) ? node.path.slice(prefix.length) : node.path;
}
