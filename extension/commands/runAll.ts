/** @file "Run All Cells": of the notebook in front, or, from the walkthrough, of the one behind it. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { frontNotebook } from "./notebookCells";
import { register } from "./register";

export const runAll = (services: Services): vscode.Disposable =>
  register(services, "runAll", async () => {
    const { uri } = (await frontNotebook(services)).notebook;
    await services.vs.commands.executeCommand("notebook.execute", uri);
  });
