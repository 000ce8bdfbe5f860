/** @file The extension host as seen from a test: functions that run there with the `vscode` module. */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type * as vscode from "vscode";
import { polled } from "./polling";

const READY_MS = 300_000;

export interface Host {
  /** What `work` gives, run inside the extension host. It is sent as text: it sees nothing but its two arguments, and gives JSON.
   * @throws {Error} with the stack of the other side. */
  run<T, A = undefined>(work: (vs: typeof vscode, argument: A) => T | PromiseLike<T>, argument?: A): Promise<T>;
  /** Resolves when the window's extension host runs. */
  ready(): Promise<void>;
}

export function hostOf(root: string): Host {
  const path = join(root, "driver.sock");
  const run = async (work: unknown, argument: unknown): Promise<unknown> => {
    const answer: { readonly value?: unknown; readonly error?: string } = JSON.parse(await ask(path, JSON.stringify({ code: String(work), argument })));
    if (answer.error !== undefined) throw new Error(`in the extension host: ${answer.error}`);
    return answer.value;
  };
  return {
    // SAFETY: the other side evaluates `work` itself, so the answer is of its type, as far as JSON keeps it.
    run: <T, A>(work: (vs: typeof vscode, argument: A) => T | PromiseLike<T>, argument?: A) => run(work, argument) as Promise<T>,
    ready: async () => {
      const runs = async (): Promise<boolean> => existsSync(path) && (await run("() => true", undefined).catch(() => false)) === true;
      await polled(runs, READY_MS, (seconds) => `no extension host in ${seconds} s`);
    },
  };
}

function ask(path: string, request: string): Promise<string> {
  return new Promise((done, fail) => {
    let text = "";
    const socket = connect(path, () => socket.write(`${request}\n`));
    socket.setEncoding("utf8").on("data", (part: string) => { text += part; }).once("error", fail);
    socket.once("close", () => (text === "" ? fail(new Error("the extension host went away")) : done(text)));
  });
}
