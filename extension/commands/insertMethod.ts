/** @file "Insert Method into Cell": what a method is, as cells of the notebook in front. */
import type * as vscode from "vscode";
import type { Services } from "../services";
import { cellsToInsert, methodsIn, notebookOf } from "../views/methods/methodCatalogue";
import { insertCells, requireNotebook } from "./notebookCells";
import { slugOf } from "./openMethod";
import { register } from "./register";
import { UserError } from "./userError";

export function insertMethod(services: Services, notebooks: string): vscode.Disposable {
  const { vs } = services;
  return register(services, "insertMethod", async (given) => {
    const editor = requireNotebook(services);
    const able = methodsIn(notebooks).filter(({ notebook }) => notebook !== undefined && cellsToInsert(notebook).length > 0);
    const slug = slugOf(given) ?? (await vs.window.showQuickPick(able.map((method) => ({ label: method.title, detail: method.claim, slug: method.slug })), { placeHolder: "Method to insert" }))?.slug;
    if (slug === undefined) return;
    const notebook = notebookOf(notebooks, slug);
    const cells = notebook === undefined ? [] : cellsToInsert(notebook);
    if (cells.length === 0) throw new UserError(`the method ${slug} has no cells to insert`, "open its notebook instead, where it has one");
    await insertCells(services, editor, cells);
  });
}
