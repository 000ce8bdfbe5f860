/** @file The kernel in the editor's kernel picker: which notebooks it is for, and what running, interrupting and closing them does. */
import type * as vscode from "vscode";
import { version } from "../../package.json";
import { reasonOf } from "../kernel/kernelError";
import type { NotebookKernels } from "../kernel/notebookKernels";
import type { Services } from "../services";
import { askUser } from "./askUser";
import { CellCosts } from "./cellCosts";
import { followNotebooks } from "./followNotebooks";
import { interruptCells } from "./interruptCells";
import { registerKernelCommands } from "./kernelCommands";
import { CONTROLLER_ID, LANGUAGES, NOTEBOOK_TYPE } from "./notebookFormat";
import { NotebookRunner } from "./notebookRunner";
import { OurNotebooks } from "./ourNotebooks";
import { openRendererMessages } from "./rendererMessages";

const UNTRUSTED = "No cell runs in a workspace that is not trusted: a cell is a program with all your rights.";
const MANAGE_TRUST = "Manage Workspace Trust";

/** Registers the controller. `local`: the kernels of `services`, as what runs cells sees them. */
export function controllerModule(services: Services, local: NotebookKernels): vscode.Disposable {
  const { vs, config, log } = services;
  const controller = vs.notebooks.createNotebookController(CONTROLLER_ID, NOTEBOOK_TYPE, "IsoFLOP");
  controller.supportedLanguages = [...LANGUAGES];
  controller.supportsExecutionOrder = true;
  const costs = new CellCosts(vs);
  const messages = openRendererMessages(services);
  const runners = new Map<vscode.NotebookDocument, NotebookRunner>();

  const interrupt = async (notebook: vscode.NotebookDocument): Promise<void> => {
    runners.get(notebook)?.cancelPrepared();
    const kernel = local.of(notebook.uri);
    if (kernel !== undefined) await interruptCells(kernel, services);
  };
  const runnerOf = (notebook: vscode.NotebookDocument): NotebookRunner => {
    const known = runners.get(notebook);
    if (known !== undefined) return known;
    const post = ({ displayId, mime, payload }: { readonly displayId: string; readonly mime: string; readonly payload: unknown }): void => messages.update(notebook, { type: "update", displayId, mime, payload });
    const made = new NotebookRunner({ vs, log, notebook, controller, kernels: local, costs, post, ask: (event, token) => void askUser({ vs, event, token, interrupt: () => void interrupt(notebook) }) });
    runners.set(notebook, made);
    return made;
  };
  const run = async (notebook: vscode.NotebookDocument, cells: readonly vscode.NotebookCell[]): Promise<void> => {
    if (!vs.workspace.isTrusted) return tellUntrusted(vs);
    await runnerOf(notebook).run(cells);
    // After the cells have gone: nobody waits for it.
    await ours.adopt(notebook);
    void vs.commands.executeCommand("setContext", "isoflop.hasRun", true);
  };
  const reattach = async (notebook: vscode.NotebookDocument): Promise<void> => {
    if (!vs.workspace.isTrusted) return;
    try {
      await local.reattach(notebook);
    } catch (error) {
      log.error(`the notebook's kernel was found, but not attached to: ${reasonOf(error)}`);
    }
  };
  const ours = new OurNotebooks(vs, controller, (notebook, selected) => {
    if (selected) void reattach(notebook);
  });

  controller.executeHandler = (cells, notebook) => run(notebook, cells);
  controller.interruptHandler = interrupt;
  const describe = (): void => {
    const running = local.active?.info;
    controller.description = vs.workspace.isTrusted ? `${running?.device ?? config.device} · ${version}` : "off: the workspace is not trusted";
    controller.detail = running?.executor ?? "TypeScript on this machine";
  };
  describe();

  return vs.Disposable.from(
    controller,
    costs.register(),
    messages,
    ours,
    registerKernelCommands({ ...services, local, run }),
    local.onWillOpen((kernel) => {
      const notebook = vs.workspace.notebookDocuments.find(({ uri }) => uri.toString() === kernel.notebook.toString());
      if (notebook !== undefined) runnerOf(notebook).listen(kernel);
    }),
    local.onDidChange(describe),
    config.onDidChange(describe),
    vs.window.onDidChangeActiveNotebookEditor(describe),
    vs.workspace.onDidGrantWorkspaceTrust(() => {
      describe();
      for (const notebook of vs.workspace.notebookDocuments) if (ours.has(notebook)) void reattach(notebook);
    }),
    followNotebooks(services, local, (notebook) => {
      runners.get(notebook)?.dispose();
      runners.delete(notebook);
    }),
    { dispose: () => runners.forEach((runner) => runner.dispose()) },
  );
}

async function tellUntrusted(vs: typeof vscode): Promise<void> {
  const choice = await vs.window.showWarningMessage(UNTRUSTED, MANAGE_TRUST);
  if (choice === MANAGE_TRUST) await vs.commands.executeCommand("workbench.trust.manage");
}
