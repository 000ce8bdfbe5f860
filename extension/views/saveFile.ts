/** @file Saves what a panel offers where the user says. */
import { basename } from "node:path";
import type * as vscode from "vscode";
import type { Services } from "../services";

/** Pictures and tables of panels: more is a mistake. */
const MAX_BASE64_CHARACTERS = 200e6;

export interface OfferedFile {
  readonly name: string;
  readonly base64: string;
}

/** The file that an untrusted page asks to save, or undefined for anything else. */
export function readOfferedFile(message: unknown): OfferedFile | undefined {
  if (typeof message !== "object" || message === null || !("type" in message) || message.type !== "save") return undefined;
  if (!("name" in message) || !("base64" in message) || typeof message.name !== "string" || typeof message.base64 !== "string") return undefined;
  return message.base64.length > MAX_BASE64_CHARACTERS ? undefined : { name: basename(message.name.replaceAll("\\", "/")).slice(0, 120) || "isoflop", base64: message.base64 };
}

/** Asks where, and writes; does nothing where the user says no, or the workspace is not trusted. */
export async function saveFile({ vs }: Pick<Services, "vs">, { name, base64 }: OfferedFile): Promise<void> {
  if (!vs.workspace.isTrusted) return;
  const folder = vs.workspace.workspaceFolders?.[0]?.uri;
  const target: vscode.Uri | undefined = await vs.window.showSaveDialog(folder === undefined ? {} : { defaultUri: vs.Uri.joinPath(folder, name) });
  if (target !== undefined) await vs.workspace.fs.writeFile(target, Buffer.from(base64, "base64"));
}
