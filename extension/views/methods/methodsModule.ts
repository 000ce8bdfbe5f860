/** @file Methods: their tree and their commands. */
import { insertMethod } from "../../commands/insertMethod";
import { openMethod } from "../../commands/openMethod";
import type { Module } from "../../services";
import { methodsIn } from "./methodCatalogue";
import { MethodsTree } from "./methodsTree";

export const methodsModule: Module = (services) => {
  const { vs, context } = services;
  const folder = context.asAbsolutePath("notebooks");
  const methods = methodsIn(folder);
  const view = vs.window.createTreeView("isoflop.methods", { treeDataProvider: new MethodsTree(vs, methods), showCollapseAll: true });
  view.description = `${methods.filter(({ notebook }) => notebook !== undefined).length} of ${methods.length}`;
  return vs.Disposable.from(view, openMethod(services, folder), insertMethod(services, folder));
};
