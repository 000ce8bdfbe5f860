/** @file Kernels of notebooks against the real kernel process: started, found again, killed, replaced. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type * as vscode from "vscode";
import { Config } from "../../../extension/config";
import type { KernelEvent } from "../../../extension/kernel/kernelEvent";
import type { Heartbeat, LocalKernel } from "../../../extension/kernel/localKernel";
import { NotebookKernels } from "../../../extension/kernel/notebookKernels";
import { kernelName } from "../../../extension/kernel/notebookMemory";
import { fakeLog, fakeMemento, fakeVscode, type FakeOptions } from "../fakeVscode";

const REPOSITORY = resolve(import.meta.dirname, "../../..");
const START_MS = 60_000;

let root = "";
let windows: NotebookKernels[] = [];
let memento = fakeMemento();
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ik-"));
  memento = fakeMemento();
});
afterEach(async () => {
  for (const kernels of windows) await kernels.of(notebook().uri)?.shutdown();
  for (const kernels of windows) kernels.dispose();
  windows = [];
  await rm(root, { recursive: true, force: true });
});

const notebook = (): vscode.NotebookDocument => {
  const path = join(root, "a.ipynb");
  // SAFETY: of the document, kernels use the URI; of the URI, these.
  return { uri: { scheme: "file", fsPath: path, toString: () => pathToFileURL(path).href } } as unknown as vscode.NotebookDocument;
};

/** What a window has: the extension and its state, in a world of its own. */
function openWindow(options: FakeOptions & { readonly settings?: Readonly<Record<string, unknown>>; readonly heartbeat?: Heartbeat } = {}): NotebookKernels {
  const vs = fakeVscode(options);
  Object.assign(vs.workspace, { getConfiguration: () => ({ get: (name: string) => options.settings?.[name] }) });
  // SAFETY: of the context, kernels use these.
  const context = { extensionPath: REPOSITORY, workspaceState: memento } as unknown as vscode.ExtensionContext;
  const kernels = new NotebookKernels({ vs, context, config: new Config(vs), log: fakeLog() }, join(root, "run"), options.heartbeat);
  windows.push(kernels);
  return kernels;
}

/** Every event of the window's kernel, from its start. */
function record(kernels: NotebookKernels): KernelEvent[] {
  const events: KernelEvent[] = [];
  kernels.onWillOpen((kernel) => kernel.onEvent((event) => events.push(event)));
  return events;
}

const run = (kernel: LocalKernel, msgId: string, code: string): void => kernel.execute(msgId, { code, isoflop_cell: "1", allow_stdin: true });
const until = (events: readonly KernelEvent[], holds: (event: KernelEvent) => boolean) => expect.poll(() => events.some(holds), { timeout: START_MS, interval: 5 }).toBe(true);
const isIdle = (msgId: string) => (event: KernelEvent) => event.kind === "message" && event.msgId === msgId && event.message.msg_type === "status" && event.message.content.execution_state === "idle";
const texts = (events: readonly KernelEvent[]): string => events.flatMap((event) => (event.kind === "message" && event.message.msg_type === "stream" ? [event.message.content.text] : [])).join("");

describe.skipIf(!existsSync(join(REPOSITORY, "dist/main.js")))("kernels of notebooks", () => {
  it("run cells and tell what comes of them, in order", async () => {
    const kernels = openWindow();
    const events = record(kernels);
    const [kernel, same] = await Promise.all([kernels.start(notebook()), kernels.start(notebook())]);
    expect(same).toBe(kernel);
    run(kernel, "m1", "console.log('one'); 40 + 2");
    await until(events, (event) => event.kind === "reply");
    await until(events, isIdle("m1"));
    expect(texts(events)).toBe("one\n");
    expect(events.find((event) => event.kind === "reply")).toMatchObject({ msgId: "m1", content: { status: "ok", isoflop: { durationMs: expect.any(Number) } } });
    expect(kernel.state).toBe("idle");
    expect(kernel.info?.pid).toBe(kernel.found?.record.pid);
  });

  it("are found again by the next window, which is told only what came after what it knows", async () => {
    const first = openWindow();
    const events = record(first);
    const kernel = await first.start(notebook());
    run(kernel, "m1", "console.log('before')");
    await until(events, isIdle("m1"));
    run(kernel, "m2", "for (let k = 0; k < 8; k++) { console.log(k); await new Promise((go) => setTimeout(go, 50)); }");
    await until(events, (event) => event.kind === "message" && event.msgId === "m2" && event.message.msg_type === "stream");
    const settled = Math.max(...events.flatMap((event) => (event.kind === "message" && event.msgId === "m1" ? [event.seq] : [])));
    const { record: process } = kernel.found ?? expect.fail("it runs");
    await first.memories.set(notebook().uri, { kernel: kernelName(process), settled, displays: [] });
    first.dispose();

    const second = openWindow();
    const later = record(second);
    const again = await second.reattach(notebook());
    expect(again?.info?.pid).toBe(process.pid);
    expect(later.find((event) => event.kind === "attached")).toMatchObject({ pending: [{ msg_id: "m2", started: true }], from: settled });
    await until(later, isIdle("m2"));
    expect(texts(later)).toBe("0\n1\n2\n3\n4\n5\n6\n7\n");
    // States of the moment have no number.
    const numbers = later.flatMap((event) => (event.kind === "reply" || (event.kind === "message" && !event.message.msg_type.startsWith("isoflop_")) ? [event.seq] : []));
    expect(numbers).toEqual(numbers.map((_, at) => settled + 1 + at));
  });

  it("that are killed are told of within moments; the next start is a fresh process", async () => {
    const kernels = openWindow();
    const events = record(kernels);
    const kernel = await kernels.start(notebook());
    const pid = kernel.info?.pid ?? 0;
    run(kernel, "m1", "globalThis.kept = 1; for (;;) await new Promise((go) => setTimeout(go, 20))");
    await until(events, (event) => event.kind === "message" && event.message.msg_type === "execute_input");
    const waiting = kernel.request("isoflop_variables_request", { path: "a" }).catch((error: unknown) => error);
    process.kill(pid, "SIGKILL");
    await until(events, (event) => event.kind === "ended");
    expect(events.find((event) => event.kind === "ended")).toMatchObject({ reason: expect.stringMatching(`process ${pid}.*killed`) });
    await waiting;
    expect(kernels.of(notebook().uri)).toBeUndefined();
    const next = await kernels.start(notebook());
    expect(next.info?.pid).not.toBe(pid);
  });

  it("whose heartbeats stop are shown as reconnecting; they go on where they were when they beat again, and are dead when their process is", async () => {
    const kernels = openWindow({ heartbeat: { everyMs: 200, silenceMs: 2000 } });
    const events = record(kernels);
    const kernel = await kernels.start(notebook());
    const pid = kernel.info?.pid ?? 0;
    const states: string[] = [];
    kernels.onDidChange(({ state }) => void (state !== states.at(-1) && states.push(state)));
    const becomes = (state: string) => expect.poll(() => kernel.state, { timeout: START_MS, interval: 5 }).toBe(state);
    run(kernel, "m1", "for (let k = 0; k < 20; k++) { console.log(k); await new Promise((go) => setTimeout(go, 20)); }");
    await until(events, () => texts(events).includes("3\n"));
    process.kill(pid, "SIGSTOP");
    await becomes("reconnecting");
    process.kill(pid, "SIGCONT");
    await until(events, isIdle("m1"));
    await becomes("idle");
    expect(kernel.info?.pid).toBe(pid);
    expect(texts(events)).toBe(Array.from({ length: 20 }, (_, k) => `${k}\n`).join(""));
    expect(states.slice(0, 3)).toEqual(["busy", "reconnecting", expect.stringMatching(/busy|idle/)]);

    process.kill(pid, "SIGSTOP");
    await becomes("reconnecting");
    expect(kernels.of(notebook().uri)).toBe(kernel);
    process.kill(pid, "SIGKILL");
    await becomes("dead");
    expect(events.at(-1)).toMatchObject({ kind: "ended", reason: expect.stringContaining(`process ${pid}`) });
    expect((await kernels.start(notebook())).info?.pid).not.toBe(pid);
  });

  it("stop a hot loop when interrupted and keep their names; restarted, they have none", async () => {
    const kernels = openWindow();
    const events = record(kernels);
    const kernel = await kernels.start(notebook());
    run(kernel, "m1", "let count = 0; console.log('now'); for (;;) count++");
    await until(events, (event) => event.kind === "message" && event.message.msg_type === "stream");
    await kernel.interrupt();
    await until(events, isIdle("m1"));
    run(kernel, "m2", "console.log(count > 0)");
    await until(events, isIdle("m2"));
    expect(texts(events)).toBe("now\ntrue\n");
    const folder = kernel.found?.folder ?? "";
    await kernel.restart();
    expect(existsSync(folder)).toBe(false);
    run(kernel, "m3", "console.log(typeof count)");
    await until(events, isIdle("m3"));
    expect(texts(events)).toBe("now\ntrue\nundefined\n");
  });

  it("ask for input and take the answer", async () => {
    const kernels = openWindow();
    const events = record(kernels);
    const kernel = await kernels.start(notebook());
    kernel.onEvent((event) => {
      if (event.kind === "input") event.answer(`${event.request.prompt}!`);
    });
    run(kernel, "m1", 'import { input } from "isoflop"; console.log(await input("name"))');
    await until(events, isIdle("m1"));
    expect(texts(events)).toBe("name!\n");
  });

  it("do not start in a workspace that is not trusted", async () => {
    await expect(openWindow({ trusted: false }).start(notebook())).rejects.toThrow(/not trusted[\s\S]*help: trust the workspace/);
    expect(existsSync(join(root, "run"))).toBe(false);
  });

  it("say which setting is wrong when the program cannot be run", async () => {
    await expect(openWindow({ settings: { nodePath: "/nowhere/node" } }).start(notebook())).rejects.toThrow(/cannot be run[\s\S]*\/nowhere\/node[\s\S]*isoflop\.nodePath/);
  });

  it("show the end of the log of a process that ends at once", async () => {
    const program = join(root, "node.sh");
    await writeFile(program, "#!/bin/sh\necho out of luck >&2\nexit 3\n", { mode: 0o700 });
    await expect(openWindow({ settings: { nodePath: program } }).start(notebook())).rejects.toThrow(/ended while it started \(code 3\)[\s\S]*out of luck/);
  });
});
