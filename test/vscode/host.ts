/** @file The extension host as seen from a test: functions that run there with the `vscode` module. */
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type * as vscode from "vscode";
import { polled } from "./polling";

const READY_MS = 300_000;

export interface Host {
  /** What `work` gives, run inside the extension host. It is sent as text: it sees nothing but its two arguments, and gives JSON.
   * @throws {Error} with the stack of the other side. */
  run<T, A = undefined>(work: (vs: typeof vscode, argument: A) => T | PromiseLike<T>, argument?: A): Promise<T>;
  /** Which extension host answers now; "" where there was none yet. */
  current(): string;
  /** Resolves when an extension host runs that is another than `previous`: that of a window before may still answer for a while. */
  ready(previous: string): Promise<void>;
}

export function hostOf(root: string): Host {
  // The newest extension host writes there where it listens.
  const pointer = join(root, "driver.address");
  const current = (): string => (existsSync(pointer) ? readFileSync(pointer, "utf8") : "");
  const run = async (work: unknown, argument: unknown): Promise<unknown> => {
    const answer: { readonly value?: unknown; readonly error?: string } = JSON.parse(await ask(current(), JSON.stringify({ code: String(work), argument })));
    if (answer.error !== undefined) throw new Error(`in the extension host: ${answer.error}`);
    return answer.value;
  };
  return {
    // SAFETY: the other side evaluates `work` itself, so the answer is of its type, as far as JSON keeps it.
    run: <T, A>(work: (vs: typeof vscode, argument: A) => T | PromiseLike<T>, argument?: A) => run(work, argument) as Promise<T>,
    current,
    ready: async (previous) => {
      const runs = async (): Promise<boolean> => current() !== previous && (await run("() => true", undefined).catch(() => false)) === true;
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
