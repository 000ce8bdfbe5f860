/** @file Arrays of a running Python kernel, read through the Jupyter extension. */
import type { Kernel } from "@vscode/jupyter-extension";
import type * as vscode from "vscode";
import { UserError } from "../commands/userError";
import { LIST_ARRAYS, MARK, readArray } from "./pythonCode";

export interface PythonArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Bytes of an .npy file, and the shapes before and after cutting. */
export interface PythonData {
  readonly npy: Uint8Array;
  readonly whole: readonly number[];
  readonly kept: readonly number[];
}

/** Arrays among the kernel's global names. */
export async function listArrays(kernel: Kernel, token: vscode.CancellationToken): Promise<readonly PythonArray[]> {
  const found = await answerOf(kernel, LIST_ARRAYS, token);
  if (!Array.isArray(found)) throw new UserError("the Python kernel's answer was not understood", "run the cell again, then try once more");
  return found.flatMap((entry: unknown): PythonArray[] => {
    if (!Array.isArray(entry)) return [];
    const [name, shape, dtype]: readonly unknown[] = entry;
    return typeof name === "string" && isShape(shape) && typeof dtype === "string" ? [{ name, shape, dtype }] : [];
  });
}

/** @throws {UserError} when it cannot be read, with Python's reason. */
export async function fetchArray(kernel: Kernel, name: string, token: vscode.CancellationToken): Promise<PythonData> {
  const answer = await answerOf(kernel, readArray(name), token);
  if (typeof answer === "object" && answer !== null) {
    if ("error" in answer) throw new UserError(`${name} cannot be read: ${String(answer.error)}`, "numpy must be there; convert the value to a numeric array");
    if ("npy" in answer && typeof answer.npy === "string" && "whole" in answer && isShape(answer.whole) && "kept" in answer && isShape(answer.kept)) return { npy: Buffer.from(answer.npy, "base64"), whole: answer.whole, kept: answer.kept };
  }
  throw new UserError("the Python kernel's answer was not understood", "run the cell again, then try once more");
}

const isShape = (value: unknown): value is readonly number[] => Array.isArray(value) && value.every((size) => typeof size === "number");

const STDOUT = "application/vnd.code.notebook.stdout";
const ERROR = "application/vnd.code.notebook.error";

/** The JSON behind our mark in what `code` prints. */
async function answerOf(kernel: Kernel, code: string, token: vscode.CancellationToken): Promise<unknown> {
  const decoder = new TextDecoder();
  let printed = "";
  for await (const { items } of kernel.executeCode(code, token)) {
    for (const { mime, data } of items) {
      if (mime === STDOUT) printed += decoder.decode(data);
      if (mime === ERROR) throw new UserError(`the Python kernel failed: ${decoder.decode(data).slice(0, 300)}`, "look at the kernel's own output");
    }
  }
  const at = printed.lastIndexOf(MARK);
  if (at < 0) throw new UserError("the Python kernel did not answer", "wait until it is idle, then try once more");
  try {
    return JSON.parse(printed.slice(at + MARK.length));
  } catch {
    throw new UserError("the Python kernel's answer was cut off", "choose a smaller array, or a part of it");
  }
}
