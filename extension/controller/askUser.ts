/** @file Questions of cells: an input box at the top of the window. */
import type * as vscode from "vscode";
import type { KernelEvent } from "../kernel/kernelEvent";

/** Sends what the user entered; Escape interrupts the cell, as an empty answer could be taken for one. `token`: the cell has ended, nobody waits for an answer. */
export async function askUser({ vs, event, interrupt, token }: AskOptions): Promise<void> {
  const { prompt, password } = event.request;
  const options = { prompt: prompt === "" ? "A cell asks for input." : prompt, title: "Input for the cell", placeHolder: "Enter sends it, Escape interrupts the cell", password, ignoreFocusOut: true };
  const value = await vs.window.showInputBox(options, token);
  if (token.isCancellationRequested) return;
  if (value === undefined) interrupt();
  else event.answer(value);
}

export interface AskOptions {
  readonly vs: typeof vscode;
  readonly event: Extract<KernelEvent, { readonly kind: "input" }>;
  readonly interrupt: () => void;
  readonly token: vscode.CancellationToken;
}
