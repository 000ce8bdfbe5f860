/** @file What the last run of each cell cost, below the cell: FLOPs, their rate, joules. */
import type * as vscode from "vscode";
import type { CellCost } from "../../kernel/protocol/jupyter";
import { NOTEBOOK_TYPE } from "./notebookFormat";
import { cellKey } from "./cellKeys";

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];

export class CellCosts implements vscode.NotebookCellStatusBarItemProvider {
  readonly onDidChangeCellStatusBarItems: vscode.Event<void>;
  private readonly changed: vscode.EventEmitter<void>;
  private readonly costs = new WeakMap<vscode.NotebookDocument, Map<string, CellCost>>();

  constructor(private readonly vs: typeof vscode) {
    this.changed = new vs.EventEmitter<void>();
    this.onDidChangeCellStatusBarItems = this.changed.event;
  }

  register(): vscode.Disposable {
    return this.vs.Disposable.from(this.changed, this.vs.notebooks.registerNotebookCellStatusBarItemProvider(NOTEBOOK_TYPE, this));
  }

  /** `undefined`: not known, as while it runs. */
  set(notebook: vscode.NotebookDocument, key: string, cost: CellCost | undefined): void {
    const known = this.costs.get(notebook) ?? new Map<string, CellCost>();
    this.costs.set(notebook, known);
    const had = known.delete(key);
    if (cost !== undefined && costText(cost) !== "") known.set(key, cost);
    if (had || known.has(key)) this.changed.fire();
  }

  provideCellStatusBarItems(cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
    const cost = this.costs.get(cell.notebook)?.get(cellKey(cell));
    if (cost === undefined) return [];
    const item = new this.vs.NotebookCellStatusBarItem(costText(cost), this.vs.NotebookCellStatusBarAlignment.Left);
    item.tooltip = `${costText(cost)} in ${(cost.durationMs / 1000).toPrecision(3)} s. FLOPs are those of the compiled programs that the cell ran.`;
    item.command = "isoflop.showCellCost";
    return [item];
  }
}

/** "1.2 GFLOP · 3.4 GFLOP/s · 5.6 J"; empty where nothing was measured. */
export function costText({ durationMs, flops, joules }: CellCost): string {
  const computed = flops !== undefined && flops > 0;
  const rate = computed && durationMs > 0 ? [`${withPrefix((flops * 1000) / durationMs)}FLOP/s`] : [];
  return [...(computed ? [`${withPrefix(flops)}FLOP`] : []), ...rate, ...(joules === undefined ? [] : [`${withPrefix(joules)}J`])].join(" · ");
}

/** Three digits and a prefix: 1234 is "1.23 k". */
function withPrefix(value: number): string {
  if (!Number.isFinite(value) || value <= 0) return "0 ";
  const power = Math.min(PREFIXES.length - 1, Math.max(0, Math.floor(Math.log10(value) / 3)));
  const scaled = value / 1000 ** power;
  // 999.6 would be told as 1000.
  if (Number(scaled.toPrecision(3)) >= 1000 && power < PREFIXES.length - 1) return `${(scaled / 1000).toPrecision(3)} ${PREFIXES[power + 1]}`;
  return `${Number(scaled.toPrecision(3))} ${PREFIXES[power]}`;
}
