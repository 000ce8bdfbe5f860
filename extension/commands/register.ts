/** @file Registers a command so that what goes wrong in it is told to the user in the three lines of its error. */
import type * as vscode from "vscode";
import { reasonOf } from "../kernel/kernelError";
import type { Services } from "../services";

/** `run` under the name `isoflop.<name>`, with the arguments of whoever calls it. */
export function register({ vs, log }: Pick<Services, "vs" | "log">, name: string, run: (...args: readonly unknown[]) => unknown): vscode.Disposable {
  return vs.commands.registerCommand(`isoflop.${name}`, async (...args: readonly unknown[]) => {
    try {
      return await run(...args);
    } catch (error) {
      log.error(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      void vs.window.showErrorMessage(`IsoFLOP: ${reasonOf(error)}`);
      return undefined;
    }
  });
}
