/** @file Variables: their tree, kept up to date while a cell runs, and their commands. */
import { copyVariableName } from "../../commands/copyVariableName";
import { viewVariable } from "../../commands/viewVariable";
import { visualize } from "../../commands/visualize";
import type { KernelState, Module } from "../../services";
import { CurrentKernel } from "../currentKernel";
import { ViewPanels } from "../viewPanels";
import { MORE_COMMAND, VariablesTree } from "./variablesTree";

/** While a cell runs. */
const LIVE_MS = 1000;
const MESSAGES: Readonly<Partial<Record<KernelState, string>>> = { starting: "The kernel starts.", reconnecting: "The kernel does not answer. It is asked again." };

export const variablesModule: Module = (services) => {
  const { vs } = services;
  const current = new CurrentKernel(services);
  const panels = new ViewPanels(services);
  const tree = new VariablesTree(vs, current);
  const view = vs.window.createTreeView("isoflop.variables", { treeDataProvider: tree, showCollapseAll: true });
  let shown = current.kernel;
  let timer: NodeJS.Timeout | undefined;
  let waiting = false;

  // At most once a second, and the last change is always shown.
  const soon = (): void => {
    if (!view.visible) {
      waiting = true;
      return;
    }
    timer ??= setTimeout(() => {
      timer = undefined;
      tree.refresh();
      if (current.kernel?.state === "busy") soon();
    }, LIVE_MS);
  };
  const look = (): void => {
    const { kernel } = current;
    if (kernel !== shown || kernel?.state === "starting") tree.reset();
    shown = kernel;
    view.message = kernel === undefined ? undefined : MESSAGES[kernel.state];
    if (kernel?.state === "busy") soon();
  };
  look();
  return vs.Disposable.from(
    current,
    panels,
    view,
    current.onDidChange(look),
    current.onDidChangeVariables(() => (timer === undefined && view.visible ? tree.refresh() : soon())),
    view.onDidChangeVisibility(({ visible }) => {
      if (visible && waiting) tree.refresh();
      waiting = false;
    }),
    vs.commands.registerCommand(MORE_COMMAND, (path: unknown) => {
      if (typeof path === "string") tree.more(path);
    }),
    viewVariable(services, panels),
    copyVariableName(services),
    visualize(services, panels),
    { dispose: () => clearTimeout(timer) },
  );
};
