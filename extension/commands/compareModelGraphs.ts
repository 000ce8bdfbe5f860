/** @file "Compare Model Graphs": two .onnx files side by side. */
import { basename } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import { showGraphs } from "../views/modelGraph/graphPage";
import { webviewFolder } from "../views/webviewPage";
import { register } from "./register";

const VIEW_TYPE = "isoflop.compareModelGraphs";
const FILTERS = { "ONNX models": ["onnx"] };

export function compareModelGraphs(services: Services): vscode.Disposable {
  return register(services, "compareModelGraphs", async (first, second) => {
    const { vs } = services;
    const files = first instanceof vs.Uri && second instanceof vs.Uri ? [first, second] : await pickTwo(services);
    if (files.length !== 2) return;
    const title = files.map(({ fsPath }) => basename(fsPath)).join(" ↔ ");
    const panel = vs.window.createWebviewPanel(VIEW_TYPE, title, vs.ViewColumn.Active, { enableScripts: true, localResourceRoots: [webviewFolder(services)] });
    showGraphs(services, panel, files);
  });
}

/** Both at once, or one after the other; [] when the user stops. */
async function pickTwo({ vs }: Pick<Services, "vs">): Promise<readonly vscode.Uri[]> {
  const ask = async (title: string): Promise<readonly vscode.Uri[]> => (await vs.window.showOpenDialog({ title, canSelectMany: true, filters: FILTERS, openLabel: "Compare" })) ?? [];
  const picked = await ask("First model, or both");
  if (picked.length === 0 || picked.length >= 2) return picked.slice(0, 2);
  const [second] = await ask(`Model to compare with ${basename(picked[0].fsPath)}`);
  return second === undefined ? [] : [picked[0], second];
}
