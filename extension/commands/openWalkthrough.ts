/** @file "Open Walkthrough": open, run, change, compare. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { register } from "./register";

/** Of `contributes.walkthroughs` in package.json. */
const WALKTHROUGH = "start";

export const openWalkthrough = (services: Services): vscode.Disposable =>
  register(services, "openWalkthrough", () => services.vs.commands.executeCommand("workbench.action.openWalkthrough", `${services.context.extension.id}#${WALKTHROUGH}`, false));
