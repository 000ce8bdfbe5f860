/** @file Which runs a command means: those given by a tree, those selected in it, or those the user picks. */
import type { RunSummary } from "../../kernel/runs/schema";
import type { Services } from "../services";
import { describeRun, type RunNode } from "../views/runs/runsTree";
import type { RunStore } from "../views/runs/runStore";
import { UserError } from "./userError";

const isNode = (value: unknown): value is RunNode => typeof value === "object" && value !== null && "kind" in value && (value.kind === "run" || value.kind === "group" || value.kind === "problem");

/** What a button of the tree passes: the item under it, and all selected ones where it is one of them. */
export function nodesOf(args: readonly unknown[]): RunNode[] {
  const [one, all] = args;
  return Array.isArray(all) && all.length > 0 ? all.filter(isNode) : isNode(one) ? [one] : [];
}

/** The runs among tree nodes, those of groups included, each once. */
export function runsOf(nodes: readonly RunNode[]): RunSummary[] {
  const runs = nodes.flatMap((node) => (node.kind === "run" ? [node.run] : node.kind === "group" ? node.runs : []));
  return runs.filter((run, index) => runs.findIndex(({ folder }) => folder === run.folder) === index);
}

export interface PickOptions {
  readonly placeHolder: string;
  readonly picked: readonly RunSummary[];
}

/** Those the user picks; undefined when they pick none. @throws {UserError} when there are no runs. */
export async function pickRuns({ vs }: Pick<Services, "vs">, store: RunStore, { placeHolder, picked }: PickOptions): Promise<readonly RunSummary[] | undefined> {
  const { runs } = await store.list();
  if (runs.length === 0) throw new UserError("there are no runs yet", 'in a cell: const run = runs.start({ name: "first" }), then run.log({ loss })');
  const items = runs.map((run) => ({ label: run.name, description: describeRun(run), detail: [run.group, run.status, new Date(run.started).toLocaleString()].filter((part) => part !== "").join(" · "), picked: picked.some(({ folder }) => folder === run.folder), run }));
  const chosen = await vs.window.showQuickPick(items, { canPickMany: true, placeHolder, matchOnDescription: true, matchOnDetail: true });
  return chosen === undefined || chosen.length === 0 ? undefined : chosen.map(({ run }) => run);
}
