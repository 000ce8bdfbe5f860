/** @file Questions of cells: an input box at the top of the window. */
import type * as vscode from "vscode";
import { type KernelEvent } from "../kernel/kernelEvent";

/** Sends what the user entered; Escape interrupts the cell, as an empty answer could be taken for one. */
export async function askUser(vs: typeof vscode, { request: { prompt, password }, answer }: Extract<KernelEvent, { readonly kind: "input" }>, interrupt: () => void): Promise<void> {
  const value = await vs.window.showInputBox({ prompt: prompt === "" ? "A cell asks for input." : prompt, title: "Input for the cell", placeHolder: "Enter sends it, Escape interrupts the cell", password, ignoreFocusOut: true });
  if (value === undefined) interrupt();
  else answer(value);
}
