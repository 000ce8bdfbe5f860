/** @file Start and end of the extension: its modules, in the order in which they need each other. */
import * as vscode from "vscode";
import { commandsModule } from "./commands/commandsModule";
import { Config } from "./config";
import { controllerModule } from "./controller/controller";
import { offerServer } from "./jupyter/offerServer";
import { reasonOf } from "./kernel/kernelError";
import { NotebookKernels } from "./kernel/notebookKernels";
import { languageModule } from "./language/languageModule";
import { startModules, type NamedModule } from "./startModules";
import { devicesModule } from "./views/devices/devicesModule";
import { statusBarModule } from "./views/devices/statusBar";
import { methodsModule } from "./views/methods/methodsModule";
import { modelGraph } from "./views/modelGraph/modelGraph";
import { runsModule } from "./views/runs/runsModule";
import { variablesModule } from "./views/variables/variablesModule";

/** They start in this order and end in the reverse one. A name stands in the log, and in the message where its module fails. */
const MODULES: readonly NamedModule[] = [
  // Then what works on cells while one types.
  ["language", languageModule],

  // Then commands, before the views whose buttons call them.
  ["commands", commandsModule],

  // Views are last: they show what the others know.
  ["runs", runsModule],
  ["methods", methodsModule],
  ["variables", variablesModule],
  ["model graph", modelGraph],
  ["devices", devicesModule],
  ["status bar", statusBarModule],
  ["Jupyter server", offerServer],
];

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("IsoFLOP", { log: true });
  context.subscriptions.push(log);
  try {
    const config = new Config(vscode);
    const kernels = new NotebookKernels({ vs: vscode, context, config, log });
    context.subscriptions.push(kernels);
    // The controller is first: an open notebook waits for it, everything else can come a little later.
    startModules({ vs: vscode, context, config, log, kernels }, [["controller", (services) => controllerModule(services, kernels)], ...MODULES]);
    void kernels.clean().catch((error: unknown) => log.warn(reasonOf(error)));
  } catch (error) {
    // The editor does not show that an extension failed to activate.
    void vscode.window.showErrorMessage(`IsoFLOP did not start: ${reasonOf(error)}`);
    throw error;
  }
}
