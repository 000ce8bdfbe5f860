/** @file "Refresh Runs": reads the folders again, where a file system does not tell of changes. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import type { RunStore } from "../views/runs/runStore";
import { register } from "./register";

export const refreshRuns = (services: Services, store: RunStore): vscode.Disposable => register(services, "refreshRuns", () => store.refresh());
