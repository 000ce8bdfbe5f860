/** @file "Open Method": a notebook of the package as a copy of the user's own. */
import { copyFile, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { basename } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";
import { methodsIn, notebookOf, type Method } from "../views/methods/methodCatalogue";
import { NOTEBOOK_TYPE } from "./notebookCells";
import { register } from "./register";
import { UserError } from "./userError";

/** Takes a slug ("start" is the tour), an item of the Methods view, or asks. */
export function openMethod(services: Services, notebooks: string): vscode.Disposable {
  return register(services, "openMethod", async (given) => {
    const slug = slugOf(given) ?? (await pickMethod(services, methodsIn(notebooks).filter(({ notebook }) => notebook !== undefined)));
    if (slug === undefined) return;
    const source = notebookOf(notebooks, slug);
    if (source === undefined) throw new UserError(`the method ${slug} has no notebook yet`, "see the Methods view for those that have");
    const target = await copyToWorkspace(services, source);
    if (target === undefined) return;
    const { vs } = services;
    const document = await vs.workspace.openNotebookDocument(target);
    await vs.window.showNotebookDocument(document);
  });
}

/** The slug that an argument of a command names. */
export function slugOf(given: unknown): string | undefined {
  if (typeof given === "string") return /^[a-z0-9-]{1,60}$/.test(given) ? given : undefined;
  if (typeof given !== "object" || given === null || !("method" in given)) return undefined;
  const { method } = given;
  return typeof method === "object" && method !== null && "slug" in method && typeof method.slug === "string" ? method.slug : undefined;
}

/** The method that the user picks among those given; the tour is offered first. */
export async function pickMethod({ vs }: Pick<Services, "vs">, methods: readonly Method[]): Promise<string | undefined> {
  const tour = { label: "$(book) First notebook", description: "train a GPT from text to picture", slug: "start" };
  const items = [tour, ...methods.map(({ title, claim, acts, slug }) => ({ label: `$(notebook) ${title}`, description: acts, detail: claim, slug }))];
  return (await vs.window.showQuickPick(items, { placeHolder: "Method", matchOnDetail: true, matchOnDescription: true }))?.slug;
}

/** Where the user's copy is: in the first workspace folder, else where they say. One that is there already is opened as it is. */
async function copyToWorkspace({ vs }: Services, source: string): Promise<vscode.Uri | undefined> {
  const name = basename(source);
  const folder = vs.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === "file")?.uri;
  const target = folder === undefined ? await vs.window.showSaveDialog({ title: "Keep your copy of the notebook as", saveLabel: "Open", defaultUri: vs.Uri.joinPath(vs.Uri.file(homedir()), name), filters: { Notebook: ["ipynb"] } }) : vs.Uri.joinPath(folder, name);
  if (target === undefined) return undefined;
  const open = vs.workspace.notebookDocuments.find(({ uri, notebookType }) => notebookType === NOTEBOOK_TYPE && uri.toString() === target.toString());
  if (open !== undefined) return target;
  await copyFile(source, target.fsPath, constants.COPYFILE_EXCL).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw new UserError(`the notebook cannot be copied: ${error instanceof Error ? error.message : String(error)}`, "open a folder that can be written");
  });
  return target;
}
