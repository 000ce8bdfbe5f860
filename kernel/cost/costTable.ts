/** @file A cost report as text. */
import type { CostReport } from "./report";
import type { CostNode } from "./costTree";
import { bytesText, countText, flopsText, shareText } from "./units";

const MAX_LAYER_ROWS = 40;
const MAX_OP_ROWS = 8;

/** Totals, layers (the costliest opened first) and the costliest operations. */
export function costTable(report: CostReport): string {
  const { flops, bytesMoved, memory } = report;
  const held = `inputs ${bytesText(memory.inputBytes)}, results ${bytesText(memory.outputBytes)}, constants ${bytesText(memory.constantBytes)}`;
  const place = memory.peakAt === undefined ? [] : [memory.peakAt.layer, memory.peakAt.kernel].filter((part) => part !== "");
  const fullest = place.length === 0 ? "" : ` (fullest at ${place.join(" ")})`;
  return [
    `${flopsText(flops)}, ${bytesText(bytesMoved)} moved (${report.intensity.toFixed(1)} FLOP/B), ${report.calls} operations`,
    `peak memory ${bytesText(memory.peakBytes)}: ${held}, working memory ${bytesText(memory.arenaPeakBytes)}${fullest}`,
    `${countText(report.parameters)} parameters (${bytesText(report.parameterBytes)}), other state ${bytesText(report.stateBytes)}`,
    "",
    ...aligned([["layer", "FLOPs", "share", "moved", "parameters"], ...layerRows(report.root)]),
    "",
    ...aligned([["operation", "FLOPs", "share", "moved", "calls"], ...opRows(report)]),
  ].join("\n");
}

function layerRows(root: CostNode): string[][] {
  const opened = openedNodes(root);
  const rows: string[][] = [];
  const visit = (node: CostNode, depth: number): void => {
    const closed = node.children.length > 0 && !opened.has(node) ? ` (+${node.children.length})` : "";
    const name = `${"  ".repeat(depth)}${node.path === "" ? "all" : node.path}${closed}`;
    const parameters = node.parameters === 0 ? "" : countText(node.parameters);
    rows.push([name, flopsText(node.flops), shareText(node.flops, root.flops), bytesText(node.bytesMoved), parameters]);
    if (opened.has(node)) for (const child of node.children) visit(child, depth + 1);
  };
  visit(root, 0);
  return rows;
}

/** The nodes whose children have rows of their own: the costliest, as long as there are rows left. */
function openedNodes(root: CostNode): ReadonlySet<CostNode> {
  const opened = new Set<CostNode>();
  const waiting = [root];
  let rows = 1;
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    if (node.children.length === 0 || rows + node.children.length > MAX_LAYER_ROWS) continue;
    opened.add(node);
    rows += node.children.length;
    waiting.push(...node.children);
    waiting.sort((a, b) => b.flops - a.flops);
  }
  return opened;
}

const opRows = ({ byOp, flops }: CostReport): string[][] =>
  byOp
    .slice(0, MAX_OP_ROWS)
    .map((cost) => [cost.op, flopsText(cost.flops), shareText(cost.flops, flops), bytesText(cost.bytesMoved), `${cost.calls}`]);

/** Columns of equal width, the first to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column] + 2))).join("").trimEnd());
}
