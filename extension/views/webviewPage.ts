/** @file The page of a webview panel: one script of ours, and nothing from anywhere else. */
import { randomBytes } from "node:crypto";
import type * as vscode from "vscode";
import type { Services } from "../services";

/** The folder that panels may load from. */
export const webviewFolder = ({ vs, context }: Pick<Services, "vs" | "context">): vscode.Uri => vs.Uri.joinPath(context.extensionUri, "dist", "webviews");

export interface PageOptions {
  readonly webview: vscode.Webview;
  /** Under `dist/webviews`: "panels/runs.js". */
  readonly script: string;
  /** Shown by the tab's accessible name; text. */
  readonly title: string;
}

/** The HTML. Scripts run by nonce only (and the chunks that ours imports), styles are ours, pictures are data; no network. */
export function webviewPage(services: Pick<Services, "vs" | "context">, { webview, script, title }: PageOptions): string {
  const nonce = randomBytes(16).toString("base64");
  const source = webview.asWebviewUri(services.vs.Uri.joinPath(webviewFolder(services), ...script.split("/"))).toString();
  const policy = `default-src 'none'; script-src 'nonce-${nonce}' ${webview.cspSource}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
</head>
<body>
<main id="main"></main>
<script type="module" nonce="${nonce}" src="${escape(source)}"></script>
</body>
</html>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]);
