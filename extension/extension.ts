/** @file Start and end of the extension: its modules, in the order in which they need each other. */
import * as vscode from "vscode";
import { Config } from "./config";
export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("IsoFLOP", { log: true });
  context.subscriptions.push(log);
  log.info(`settings read, device ${new Config(vscode).device}`);
}
