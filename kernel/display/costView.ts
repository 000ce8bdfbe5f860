/** @file What a training step costs: FLOPs, bytes moved and parameters by layer path, peak memory of the whole. */
import { ArgumentError } from "../errors";
import { card, type BodyBox } from "./card";
import { Display, plainText } from "./displayable";
import { bytesText, flopsText, percent, significant, withPrefix } from "./format";
import type { CostNode, CostPayload, CostReport } from "./schema";
import { element, group, label, type SvgChild } from "./svg";
import { fitText, textWidth } from "./textWidth";
import { ACCENT, GRID, INK, MUTED_INK } from "./theme";

export interface CostViewOptions {
  readonly title?: string;
}

const MAX_NODES = 400;
const MAX_ROWS = 28;

function checkCosts(costs: Readonly<Record<string, unknown>>, where: string): void {
  for (const [name, value] of Object.entries(costs))
    if (typeof value === "number" && !(value >= 0 && Number.isFinite(value)))
      throw new ArgumentError(`${name} of ${where} is ${value}`, { help: "give costs as finite numbers of 0 or more" });
}

const checkNode = (node: CostNode): void => {
  checkCosts({ flops: node.flops, bytesMoved: node.bytesMoved, parameters: node.parameters }, node.path === "" ? "all layers" : node.path);
  node.children.forEach(checkNode);
};

/**
 * Costs of one graph execution as a tree by layer path, the costliest layers opened first.
 * @throws {ArgumentError} for costs that are negative or not finite.
 */
export function costView(report: CostReport, { title = "" }: CostViewOptions = {}): Display<"cost"> {
  checkCosts({ ...report.totals }, "the step");
  checkNode(report.root);
  const count = countNodes(report.root);
  const kept = count > MAX_NODES ? pruned(report.root, { least: cheapestKept(report.root), left: MAX_NODES }) : report.root;
  const payload: CostPayload = {
    version: 1,
    title: title.slice(0, 300),
    finding: findingOf(report),
    cuts: count > MAX_NODES ? [`${countNodes(kept)} of ${count} layer paths, the costliest`] : [],
    report: { root: kept, totals: { ...report.totals } },
  };
  return new Display({ view: "cost", payload, still: { "image/svg+xml": drawCost(payload) }, text: plainText(payload, tableLines(report)) });
}

const countNodes = (node: CostNode): number => node.children.reduce((sum, child) => sum + countNodes(child), 1);
const allFlops = (node: CostNode): number[] => [node.flops, ...node.children.flatMap(allFlops)];
/** FLOPs from which a node is among the MAX_NODES costliest. */
const cheapestKept = (root: CostNode): number => allFlops(root).sort((a, b) => b - a)[MAX_NODES - 1];

interface Pruning {
  readonly least: number;
  /** Nodes that may still be kept; counts down. */
  left: number;
}

function pruned(node: CostNode, pruning: Pruning): CostNode {
  const children = [...node.children].sort((a, b) => b.flops - a.flops).filter((child) => child.flops >= pruning.least && pruning.left-- > 0);
  return { ...node, children: children.map((child) => pruned(child, pruning)) };
}

/** Follows the largest child while it takes most of its parent. */
function hotSpot(node: CostNode): CostNode {
  const top = node.children.reduce<CostNode | undefined>((best, child) => (best === undefined || child.flops > best.flops ? child : best), undefined);
  return top !== undefined && top.flops > node.flops * 0.5 ? hotSpot(top) : (top ?? node);
}

function findingOf({ root, totals }: CostReport): string {
  const intensity = totals.flops / totals.bytesMoved;
  const spot = hotSpot(root);
  const where = spot.path === "" || !(totals.flops > 0) ? "" : `; ${spot.path} takes ${percent(spot.flops / totals.flops)} of the FLOPs`;
  const ratio = Number.isFinite(intensity) ? ` (${significant(intensity)} FLOP a byte)` : "";
  const parameters = totals.parameters > 0 ? `${withPrefix(totals.parameters)} parameters, ` : "";
  return `${parameters}${flopsText(totals.flops)}, ${bytesText(totals.bytesMoved)} moved${ratio}, peak memory ${bytesText(totals.peakBytes)}${where}.`;
}

interface Row {
  readonly node: CostNode;
  readonly depth: number;
  /** Children that have no rows of their own. */
  readonly closed: number;
}

/** Rows of the tree, opened from the costliest node on until there are `limit`. */
function rowsOf(root: CostNode, limit: number): Row[] {
  const open = new Set<CostNode>();
  const candidates = [root];
  let count = 1;
  while (candidates.length > 0) {
    candidates.sort((a, b) => b.flops - a.flops);
    const next = candidates.shift();
    if (next === undefined || next.children.length === 0) continue;
    if (count + next.children.length > limit) continue;
    open.add(next);
    count += next.children.length;
    candidates.push(...next.children);
  }
  const rows: Row[] = [];
  const visit = (node: CostNode, depth: number): void => {
    const opened = open.has(node);
    rows.push({ node, depth, closed: opened ? 0 : node.children.length });
    if (opened) for (const child of node.children) visit(child, depth + 1);
  };
  visit(root, 0);
  return rows;
}

const nameOf = ({ node, closed }: Row): string => `${node.path === "" ? "all layers" : node.path}${closed === 0 ? "" : ` (+${closed})`}`;

function tableLines({ root, totals }: CostReport): string[] {
  const rows = rowsOf(root, MAX_ROWS);
  const cells = rows.map((row) => [
    `${"  ".repeat(row.depth)}${nameOf(row)}`,
    flopsText(row.node.flops),
    percent(row.node.flops / totals.flops),
    bytesText(row.node.bytesMoved),
    withPrefix(row.node.parameters),
  ]);
  const all = [["layer", "FLOPs", "share", "bytes moved", "parameters"], ...cells];
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)));
  return all.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column] + 2)))
      .join("")
      .trimEnd(),
  );
}

const ROW_PX = 19;

/** The static twin. */
export function drawCost(payload: CostPayload): string {
  const rows = rowsOf(payload.report.root, MAX_ROWS);
  return card({ title: payload.title, finding: payload.finding, caption: payload.cuts.join(" · "), height: (rows.length + 1) * ROW_PX + 6 }, (box) =>
    drawRows(payload.report, rows, box),
  );
}

function drawRows({ totals }: CostReport, rows: readonly Row[], box: BodyBox): SvgChild {
  const right = box.x + box.width;
  const columns = { parameters: right, bytes: right - 92, flops: right - 188 };
  const bar = { x: box.x + 248, width: columns.flops - 92 - box.x - 248 };
  const head = (text: string, x: number): SvgChild => label(text, { x, y: box.y + 12, size: 10, fill: MUTED_INK, anchor: "end" });
  return group(
    {},
    label("layer", { x: box.x, y: box.y + 12, size: 10, fill: MUTED_INK }),
    label("share of FLOPs", { x: bar.x, y: box.y + 12, size: 10, fill: MUTED_INK }),
    [head("FLOPs", columns.flops), head("bytes moved", columns.bytes), head("parameters", columns.parameters)],
    rows.map((row, i) => {
      const y = box.y + (i + 1) * ROW_PX + 14;
      const share = totals.flops > 0 ? Math.min(1, Math.max(0, row.node.flops / totals.flops)) : 0;
      const indent = Math.min(6, row.depth) * 10;
      const size = 10.5;
      const value = (text: string, x: number): SvgChild => label(text, { x, y, size, fill: INK, anchor: "end" });
      const shareText = percent(share);
      return [
        element("line", { x1: box.x, x2: right, y1: y - 14, y2: y - 14, stroke: GRID }),
        label(fitText(nameOf(row), 238 - indent, { size, mono: true, cut: "middle" }), { x: box.x + indent, y, size, fill: INK, mono: true }),
        element("rect", {
          x: bar.x,
          y: y - 9.5,
          width: Math.max(0.5, bar.width * share),
          height: 11,
          rx: 1.5,
          fill: row.depth === 0 ? MUTED_INK : ACCENT,
        }),
        label(shareText, spotOf(shareText, { x: bar.x + bar.width * share, edge: bar.x + bar.width, y })),
        [
          value(flopsText(row.node.flops), columns.flops),
          value(bytesText(row.node.bytesMoved), columns.bytes),
          value(withPrefix(row.node.parameters), columns.parameters),
        ],
      ];
    }),
  );
}

/** Beside the bar, or inside its end where it is too long. */
function spotOf(text: string, { x, edge, y }: { readonly x: number; readonly edge: number; readonly y: number }): Parameters<typeof label>[1] {
  const inside = x + textWidth(text, { size: 9.5 }) + 4 > edge;
  return inside
    ? { x: x - 4, y: y - 0.5, size: 9.5, fill: "#ffffff", anchor: "end", weight: "bold" }
    : { x: x + 4, y: y - 0.5, size: 9.5, fill: MUTED_INK };
}
