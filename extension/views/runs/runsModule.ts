/** @file Runs: their tree, their panel and their commands, over one store. */
import { compareRuns } from "../../commands/compareRuns";
import { deleteRun } from "../../commands/deleteRun";
import { fitScalingLaw } from "../../commands/fitScalingLaw";
import { refreshRuns } from "../../commands/refreshRuns";
import type { Module } from "../../services";
import { RunsPanel } from "./runsPanel";
import { RunStore } from "./runStore";
import { RunsTree } from "./runsTree";

export const runsModule: Module = (services) => {
  const { vs } = services;
  const store = new RunStore(services);
  const panel = new RunsPanel(services, store);
  const view = vs.window.createTreeView("isoflop.runs", { treeDataProvider: new RunsTree(vs, store), canSelectMany: true, showCollapseAll: true });
  return vs.Disposable.from(
    store,
    panel,
    view,
    compareRuns(services, { store, panel, selection: () => view.selection }),
    deleteRun(services, store),
    refreshRuns(services, store),
    fitScalingLaw(services, store),
  );
};
