/** @file "Open Variable in View": tensors with their slices, anything else as it shows itself. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import type { ViewPanels } from "../views/viewPanels";
import { requireKernel } from "./notebookCells";
import { register } from "./register";
import { pathOf, pickVariable } from "./variableOf";

export function viewVariable(services: Services, panels: ViewPanels): vscode.Disposable {
  return register(services, "viewVariable", async (given) => {
    const kernel = requireKernel(services);
    const path = pathOf(given) ?? (await pickVariable(services, kernel, { placeHolder: "Variable to look at", fits: () => true, help: "run a cell that declares one" }));
    if (path !== undefined) await panels.show(kernel, { path, view: "value" });
  });
}
