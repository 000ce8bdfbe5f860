/** @file The Variables view: the names of the notebook with shape, dtype and bytes; what they hold below them. */
import type * as vscode from "vscode";
import { bytesText } from "../../../kernel/display/format";
import type { Variable } from "../../../kernel/protocol/jupyter";
import type { Services } from "../../services";
import type { CurrentKernel } from "../currentKernel";

export type VariableNode = { readonly kind: "variable"; readonly variable: Variable } | { readonly kind: "more"; readonly path: string; readonly left: number };

/** Children shown at first, and more at each wish. */
const PAGE = 200;
export const MORE_COMMAND = "isoflop.moreVariables";

/** Memory of the machine itself goes without saying. */
const AT_HOME: ReadonlySet<string> = new Set(["cpu", "host"]);

/** "float32 [16, 128] · 8 KiB", or what the value says in one line. */
export function describeVariable({ dtype, shape, bytes, summary, device }: Variable): string {
  const size = bytes === undefined ? [] : [bytesText(bytes)];
  const place = device === undefined || AT_HOME.has(device) ? [] : [device];
  if (dtype !== undefined && shape !== undefined) return [`${dtype} [${shape.join(", ")}]`, ...size, ...place].join(" · ");
  return [summary, ...size, ...place].filter((part) => part !== "").join(" · ");
}

export class VariablesTree implements vscode.TreeDataProvider<VariableNode> {
  readonly onDidChangeTreeData: vscode.Event<void>;
  private readonly changed: vscode.EventEmitter<void>;
  /** How many children each path shows. */
  private readonly limits = new Map<string, number>();
  /** The last answers, shown while a busy kernel does not answer. */
  private readonly known = new Map<string, VariableNode[]>();

  constructor(
    private readonly vs: Services["vs"],
    private readonly current: CurrentKernel,
  ) {
    this.changed = new vs.EventEmitter<void>();
    this.onDidChangeTreeData = this.changed.event;
  }

  refresh(): void {
    this.changed.fire();
  }

  /** Forgets what was known: another kernel, or a fresh one. */
  reset(): void {
    this.known.clear();
    this.limits.clear();
    this.changed.fire();
  }

  more(path: string): void {
    this.limits.set(path, (this.limits.get(path) ?? PAGE) + PAGE);
    this.changed.fire();
  }

  async getChildren(node?: VariableNode): Promise<VariableNode[]> {
    const kernel = this.current.kernel;
    if (kernel === undefined || node?.kind === "more") return [];
    const path = node?.variable.path ?? "";
    const limit = this.limits.get(path) ?? PAGE;
    const before = this.known.get(path) ?? [];
    try {
      const reply = await kernel.request("isoflop_variables_request", path === "" ? { limit } : { path, limit });
      if (reply.status !== "ok") return before;
      const left = reply.total - reply.variables.length;
      const nodes: VariableNode[] = reply.variables.map((variable) => ({ kind: "variable", variable }));
      if (left > 0) nodes.push({ kind: "more", path, left });
      if (this.current.kernel === kernel) this.known.set(path, nodes);
      return nodes;
    } catch {
      return []; // the kernel ended: its names are gone with it
    }
  }

  getTreeItem(node: VariableNode): vscode.TreeItem {
    const { vs } = this;
    if (node.kind === "more") {
      const item = new vs.TreeItem(`${node.left} more…`, vs.TreeItemCollapsibleState.None);
      item.id = `more ${node.path}`;
      item.command = { command: MORE_COMMAND, title: "Show More", arguments: [node.path] };
      return item;
    }
    const { name, path, type, children, dtype } = node.variable;
    const item = new vs.TreeItem(name, children > 0 ? vs.TreeItemCollapsibleState.Collapsed : vs.TreeItemCollapsibleState.None);
    item.id = path;
    item.description = describeVariable(node.variable);
    item.iconPath = new vs.ThemeIcon(iconOf(node.variable));
    item.contextValue = dtype === undefined ? "variable" : "variable tensor";
    item.tooltip = `${path}: ${type}\n${node.variable.summary}`;
    item.accessibilityInformation = { label: `${name}, ${type}, ${describeVariable(node.variable)}` };
    return item;
  }
}

const ICONS: Readonly<Record<string, string>> = { number: "symbol-number", bigint: "symbol-number", string: "symbol-string", boolean: "symbol-boolean", function: "symbol-method", Compiled: "zap", Array: "symbol-array" };

const iconOf = ({ dtype, type, children }: Variable): string => (dtype === undefined ? (ICONS[type] ?? (children > 0 ? "symbol-class" : "symbol-variable")) : "symbol-array");
