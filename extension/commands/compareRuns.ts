/** @file "Compare Runs": curves of runs over one another, at equal FLOPs. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import type { RunsPanel } from "../views/runs/runsPanel";
import type { RunNode } from "../views/runs/runsTree";
import type { RunStore } from "../views/runs/runStore";
import { nodesOf, pickRuns, runsOf } from "./chooseRuns";
import { register } from "./register";

export interface CompareRunsParts {
  readonly store: RunStore;
  readonly panel: RunsPanel;
  readonly selection: () => readonly RunNode[];
}

/** Of the runs that the tree passes or has selected; where that is fewer than two, the user picks. */
export function compareRuns(services: Services, { store, panel, selection }: CompareRunsParts): vscode.Disposable {
  return register(services, "compareRuns", async (...args) => {
    const given = runsOf(nodesOf(args));
    const marked = given.length > 1 ? given : runsOf(selection());
    const runs = marked.length > 1 ? marked : await pickRuns(services, store, { placeHolder: "Runs to compare", picked: given.length > 0 ? given : marked });
    if (runs !== undefined) panel.show(runs);
  });
}
