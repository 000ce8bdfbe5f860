/** @file "Delete Run": of the tree's selection, after a question. */
import { basename } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import type { RunStore } from "../views/runs/runStore";
import { nodesOf, runsOf } from "./chooseRuns";
import { register } from "./register";

const DELETE = "Delete";

export function deleteRun(services: Services, store: RunStore): vscode.Disposable {
  return register(services, "deleteRun", async (...args) => {
    const nodes = nodesOf(args);
    const damaged = nodes.flatMap((node) => (node.kind === "problem" ? [{ name: basename(node.problem.folder), ...node.problem }] : []));
    const runs = [...runsOf(nodes), ...damaged];
    if (runs.length === 0) return;
    const question = runs.length === 1 ? `Delete the run “${runs[0].name}”?` : `Delete ${runs.length} runs?`;
    const running = runsOf(nodes).filter(({ status }) => status === "running").length;
    const detail = `${running === 0 ? "" : `${running === 1 ? "One is" : `${running} are`} still running; what it logs from now on is lost. `}This cannot be undone.`;
    if ((await services.vs.window.showWarningMessage(question, { modal: true, detail }, DELETE)) !== DELETE) return;
    for (const run of runs) await store.delete(run);
  });
}
