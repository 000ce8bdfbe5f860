/** @file The Runs view: runs by group, the newest first, with state, last loss, FLOPs and time. */
import type * as vscode from "vscode";
import { flopsText, secondsText, significant } from "../../../kernel/display/format";
import type { RunProblem } from "../../../kernel/runs/readRuns";
import type { RunStatus, RunSummary } from "../../../kernel/runs/schema";
import type { Services } from "../../services";
import type { RunStore } from "./runStore";

export type RunNode =
  | { readonly kind: "group"; readonly group: string; readonly runs: readonly RunSummary[] }
  | { readonly kind: "run"; readonly run: RunSummary }
  | { readonly kind: "problem"; readonly problem: RunProblem };

interface Look {
  readonly icon: string;
  readonly colour?: string;
}
const LOOKS: Readonly<Record<RunStatus, Look>> = {
  running: { icon: "loading~spin" },
  finished: { icon: "pass", colour: "testing.iconPassed" },
  failed: { icon: "error", colour: "testing.iconFailed" },
  stopped: { icon: "debug-stop" },
  died: { icon: "warning", colour: "list.warningForeground" },
};

/** "loss 2.31 · 1.2 TFLOP · 3 min"; what is not known is left out. */
export function describeRun({ last, seconds }: Pick<RunSummary, "last" | "seconds">): string {
  const loss = last?.values.loss;
  return [loss === undefined ? undefined : `loss ${significant(loss)}`, last?.flops === undefined ? undefined : flopsText(last.flops), secondsText(seconds)].filter((part) => part !== undefined).join(" · ");
}

export class RunsTree implements vscode.TreeDataProvider<RunNode> {
  readonly onDidChangeTreeData: vscode.Event<void>;

  constructor(
    private readonly vs: Services["vs"],
    private readonly store: RunStore,
  ) {
    this.onDidChangeTreeData = store.onDidChange;
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (node !== undefined) return node.kind === "group" ? node.runs.map((run) => ({ kind: "run", run })) : [];
    const { runs, problems } = await this.store.list();
    const groups = new Map<string, RunSummary[]>();
    for (const run of runs) groups.set(run.group, [...(groups.get(run.group) ?? []), run]);
    // Groups stand where their newest run stands; runs without one stand for themselves.
    const nodes = [...groups].flatMap(([group, members]): RunNode[] => (group === "" ? members.map((run) => ({ kind: "run", run })) : [{ kind: "group", group, runs: members }]));
    const startOf = (one: RunNode): number => Date.parse(one.kind === "group" ? one.runs[0].started : one.kind === "run" ? one.run.started : "");
    return [...nodes.sort((a, b) => startOf(b) - startOf(a)), ...problems.map((problem): RunNode => ({ kind: "problem", problem }))];
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    switch (node.kind) {
      case "group":
        return this.groupItem(node.group, node.runs);
      case "run":
        return this.runItem(node.run);
      case "problem":
        return this.problemItem(node.problem);
    }
  }

  private groupItem(group: string, runs: readonly RunSummary[]): vscode.TreeItem {
    const { vs } = this;
    const item = new vs.TreeItem(group, vs.TreeItemCollapsibleState.Expanded);
    item.id = `group ${group}`;
    item.description = `${runs.length} ${runs.length === 1 ? "run" : "runs"}`;
    item.iconPath = new vs.ThemeIcon("folder");
    item.contextValue = "group";
    return item;
  }

  private runItem(run: RunSummary): vscode.TreeItem {
    const { vs } = this;
    const { icon, colour } = LOOKS[run.status];
    const item = new vs.TreeItem(run.name, vs.TreeItemCollapsibleState.None);
    item.id = run.folder;
    item.description = describeRun(run);
    item.iconPath = new vs.ThemeIcon(icon, colour === undefined ? undefined : new vs.ThemeColor(colour));
    item.contextValue = `run ${run.status}`;
    item.tooltip = tooltip(run);
    item.accessibilityInformation = { label: `${run.name}, ${run.status}, ${describeRun(run)}` };
    return item;
  }

  private problemItem({ id, folder, message }: RunProblem): vscode.TreeItem {
    const { vs } = this;
    const item = new vs.TreeItem(id, vs.TreeItemCollapsibleState.None);
    item.id = `problem ${folder}`;
    item.description = "cannot be read";
    item.tooltip = message;
    item.iconPath = new vs.ThemeIcon("warning", new vs.ThemeColor("list.warningForeground"));
    item.accessibilityInformation = { label: `${id} cannot be read` };
    item.contextValue = "problem";
    return item;
  }
}

/** Plain text: names and settings come from files. */
function tooltip({ name, status, error, started, last, environment, folder, config, cost }: RunSummary): string {
  const { git, executor, machine } = environment;
  const settings = Object.entries(config).slice(0, 12);
  const lines = [
    name,
    `${status}${error === undefined ? "" : `: ${error}`}`,
    `started ${new Date(started).toLocaleString()}`,
    last && `step ${last.step}: ${Object.entries(last.values).map(([metric, value]) => `${metric} ${significant(value)}`).join(", ")}`,
    cost && `${flopsText(cost.flops)} a step, as predicted`,
    settings.length === 0 ? undefined : settings.map(([key, value]) => `${key} ${JSON.stringify(value)}`.slice(0, 80)).join(", "),
    git && `commit ${git.commit.slice(0, 10)}${git.dirty ? ", with changes" : ""}`,
    executor ?? machine,
    folder,
  ];
  return lines.filter((line) => line !== undefined && line !== "").join("\n");
}
