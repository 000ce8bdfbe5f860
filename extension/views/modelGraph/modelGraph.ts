/** @file Model graphs: the read-only editor of .onnx files, the graph of a variable, and two graphs side by side. */
import type * as vscode from "vscode";
import { compareModelGraphs } from "../../commands/compareModelGraphs";
import { exportOnnx } from "../../commands/exportOnnx";
import { importOnnx } from "../../commands/importOnnx";
import { openModelGraph } from "../../commands/openModelGraph";
import type { Module, Services } from "../../services";
import { showGraphs } from "./graphPage";

/** Of `contributes.customEditors` in package.json. */
export const MODEL_GRAPH_EDITOR = "isoflop.modelGraph";

/** Nothing of the file is kept: the page asks again when it needs it. */
class GraphEditors implements vscode.CustomReadonlyEditorProvider {
  constructor(private readonly services: Services) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    showGraphs(this.services, panel, [uri]);
  }
}

/** The editor and the commands around ONNX files. */
export const modelGraph: Module = (services) =>
  services.vs.Disposable.from(
    services.vs.window.registerCustomEditorProvider(MODEL_GRAPH_EDITOR, new GraphEditors(services), { supportsMultipleEditorsPerDocument: true }),
    openModelGraph(services),
    compareModelGraphs(services),
    exportOnnx(services),
    importOnnx(services),
  );
