import { EventEmitter } from "node:events";
import type * as vscode from "vscode";
import { describe, expect, it } from "vitest";
import { commandsModule } from "../../../extension/commands/commandsModule";
import { expressionOf } from "../../../extension/commands/copyVariableName";
import { compiledIn } from "../../../extension/commands/showCellCost";
import type { Kernel } from "../../../extension/services";
import { bar, statusNodes } from "../../../extension/views/devices/devicesTree";
import { statusBarModule, statusText } from "../../../extension/views/devices/statusBar";
import { cellsToInsert, methodsIn } from "../../../extension/views/methods/methodCatalogue";
import { methodsModule } from "../../../extension/views/methods/methodsModule";
import { variablesModule } from "../../../extension/views/variables/variablesModule";
import { describeVariable, type VariableNode } from "../../../extension/views/variables/variablesTree";
import type { KernelStatus, Variable } from "../../../kernel/protocol/jupyter";
import { fakeEditor, type FakeEditor } from "./fakeEditor";

const open = (): FakeEditor => fakeEditor({ root: process.cwd() });

interface Answering extends Kernel {
  status: KernelStatus | undefined;
  state: Kernel["state"];
  readonly asked: { readonly type: string; readonly content: unknown }[];
  say(type: string): void;
}

function kernelWith(answer: (type: string, content: { readonly path?: string; readonly view?: string; readonly limit?: number }) => unknown): Answering {
  const events = new EventEmitter();
  const asked: { type: string; content: unknown }[] = [];
  const kernel = {
    notebook: { toString: () => "file:///a.ipynb" },
    state: "idle",
    status: undefined,
    info: undefined,
    asked,
    request: (type: string, content: object) => {
      asked.push({ type, content });
      return Promise.resolve(answer(type, content));
    },
    onMessage: (listen: (message: unknown) => void) => {
      events.on("message", listen);
      return { dispose: () => events.off("message", listen) };
    },
    say: (type: string) => events.emit("message", { header: { msg_type: type } }),
    interrupt: () => Promise.resolve(void asked.push({ type: "interrupt", content: {} })),
  };
  // SAFETY: a kernel as far as the views use one.
  return kernel as unknown as Answering;
}

const variable = (part: Partial<Variable>): Variable => ({ name: "x", type: "number", summary: "1", children: 0, path: "x", ...part });
const status: KernelStatus = { executor: "native", device: "cpu", rssBytes: 2 ** 30, freeBytes: 2 ** 30, totalBytes: 4 * 2 ** 30, cpuLoad: 1.5, flopsPerSecond: 34e9, gpus: [] };

describe("the Variables view", () => {
  it("shows the kernel's names with shape and bytes, their children, and more when asked", async () => {
    const many = Array.from({ length: 500 }, (_, i) => variable({ name: String(i), path: `list.${i}` }));
    const kernel = kernelWith((_, { path, limit = 0 }) => (path === "list" ? { status: "ok", variables: many.slice(0, limit), total: 500 } : { status: "ok", variables: [variable({ name: "list", path: "list", children: 500 }), variable({ name: "w", path: "w", type: "Tensor", dtype: "float32", shape: [16, 128], bytes: 8192 })], total: 2 }));
    const editor = open();
    editor.useKernel(kernel);
    const module = variablesModule(editor.services);
    const { provider } = editor.tree("isoflop.variables");
    const roots = (await provider.getChildren()) ?? [];
    expect(roots).toHaveLength(2);
    expect(await provider.getTreeItem(roots[1])).toMatchObject({ label: "w", description: "float32 [16, 128] · 8 KiB", contextValue: "variable tensor" });
    const below = (await provider.getChildren(roots[0])) ?? [];
    expect(below).toHaveLength(201);
    const more: vscode.TreeItem = await provider.getTreeItem(below[200]);
    expect(more.label).toBe("300 more…");
    await editor.call("isoflop.moreVariables", ...(more.command?.arguments ?? []));
    expect(await provider.getChildren(roots[0])).toHaveLength(401);
    module.dispose();
  });

  it("keeps what it knew while a busy kernel refuses, and forgets it with the kernel", async () => {
    let refuse = false;
    const kernel = kernelWith(() => (refuse ? { status: "aborted" } : { status: "ok", variables: [variable({})], total: 1 }));
    const editor = open();
    editor.useKernel(kernel);
    const module = variablesModule(editor.services);
    const { provider } = editor.tree("isoflop.variables");
    expect(await provider.getChildren()).toHaveLength(1);
    refuse = true;
    expect(await provider.getChildren()).toHaveLength(1);
    kernel.state = "dead";
    editor.useKernel(undefined);
    expect(await provider.getChildren()).toEqual([]);
    module.dispose();
  });

  it("opens a variable in a panel with what the kernel gives, or says why not", async () => {
    const kernel = kernelWith((type, { path }) => (type === "isoflop_view_request" && path === "w" ? { status: "ok", data: { "text/plain": "w" }, metadata: {} } : { status: "error", evalue: "it is gone" }));
    const editor = open();
    editor.useKernel(kernel);
    const module = variablesModule(editor.services);
    const node = (name: string): VariableNode => ({ kind: "variable", variable: variable({ name, path: name }) });
    await editor.call("isoflop.viewVariable", node("w"));
    editor.panels[0].receive({ type: "ready" });
    expect(editor.panels[0].posted).toContainEqual({ type: "bundle", title: "w", data: { "text/plain": "w" } });
    await editor.call("isoflop.viewVariable", node("other"));
    expect(editor.shown.at(-1)).toMatchObject({ kind: "error", message: expect.stringContaining("it is gone") });
    await editor.call("isoflop.copyVariableName", node("w"));
    expect(editor.clipboard).toEqual(["w"]);
    module.dispose();
  });

  it("offers for each picture only what fits, and says what to do where nothing does", async () => {
    const kernel = kernelWith((type) => (type === "isoflop_variables_request" ? { status: "ok", variables: [variable({}), variable({ name: "m", path: "m", dtype: "float32", shape: [4, 4], type: "Tensor" })], total: 2 } : { status: "ok", data: {}, metadata: {} }));
    const editor = open();
    editor.useKernel(kernel);
    const module = variablesModule(editor.services);
    editor.answers.push(0);
    await editor.call("isoflop.visualizeSpectrum");
    expect(kernel.asked.at(-1)).toEqual({ type: "isoflop_view_request", content: { path: "m", view: "spectrum" } });
    await editor.call("isoflop.visualizeAttention");
    expect(editor.shown.at(-1)?.message).toMatch(/no variable of the notebook fits\n {2}help: /);
    module.dispose();
  });

  it("tells a path as an expression", () => {
    expect(["x", "blocks.0.up", "a.b-c", "a.ü"].map(expressionOf)).toEqual(["x", "blocks[0].up", 'a["b-c"]', "a.ü"]);
    expect(describeVariable(variable({ dtype: "int8", shape: [], bytes: 1, device: "webgpu" }))).toBe("int8 [] · 1 B · webgpu");
  });
});

describe("status bar and devices", () => {
  it("say device, memory and rate, and warn once until all is well again", () => {
    const kernel = kernelWith(() => ({ status: "ok" }));
    const editor = open();
    const module = statusBarModule(editor.services);
    expect(editor.statusBar.visible).toBe(false);
    kernel.status = status;
    editor.useKernel(kernel);
    expect(editor.statusBar).toMatchObject({ text: "$(chip) cpu  1 GiB  34 GFLOP/s", visible: true });
    const told = (): number => editor.shown.filter(({ kind }) => kind === "warning").length;
    kernel.status = { ...status, warning: "memory is short" };
    editor.useKernel(kernel);
    editor.useKernel(kernel);
    expect(editor.statusBar.backgroundColor?.id).toBe("statusBarItem.warningBackground");
    expect(told()).toBe(1);
    kernel.status = status;
    editor.useKernel(kernel);
    kernel.status = { ...status, warning: "memory is short" };
    editor.useKernel(kernel);
    expect(told()).toBe(2);
    kernel.state = "reconnecting";
    editor.useKernel(kernel);
    expect(editor.statusBar.text).toContain("does not answer");
    module.dispose();
  });

  it("show the memory of the GPU where one computes", () => {
    const gpus = [{ name: "H200", usedBytes: 3 * 2 ** 30, totalBytes: 139 * 2 ** 30, load: 0.5, watts: 300.4 }];
    expect(statusText(undefined, { ...status, device: "cuda", gpus, flopsPerSecond: 0 })).toBe("$(chip) cuda  3 GiB");
    const nodes = statusNodes({ ...status, gpus });
    expect(nodes.at(-1)).toMatchObject({ label: "H200", children: [{ label: "Memory" }, { description: "▰▰▰▰▰▱▱▱▱▱ 50 %" }, { description: "300 W" }] });
    const inUse = statusNodes({ ...status, deviceMemory: { bytesInUse: 2 ** 30, peakBytes: 3 * 2 ** 30, bytesReserved: 4 * 2 ** 30 } }).at(-1);
    expect(inUse).toMatchObject({ description: "1 GiB, at most 3 GiB", tooltip: expect.stringContaining("4 GiB") });
    expect([bar(-1), bar(2)]).toEqual(["▱".repeat(10), "▰".repeat(10)]);
  });
});

describe("the Methods view", () => {
  it("has all 49 methods in groups, and does not call one available that has no notebook", async () => {
    const editor = open();
    const module = methodsModule(editor.services);
    const { provider } = editor.tree("isoflop.methods");
    const groups = (await provider.getChildren()) ?? [];
    const methods = (await Promise.all(groups.map(async (group) => provider.getChildren(group)))).flatMap((list) => list ?? []);
    expect(methods).toHaveLength(49);
    const there = methodsIn("notebooks").filter(({ notebook }) => notebook !== undefined).length;
    const items = await Promise.all(methods.map(async (method) => provider.getTreeItem(method)));
    expect(items.filter(({ contextValue }) => contextValue?.includes("notebook"))).toHaveLength(there);
    expect(items.filter(({ description }) => String(description).includes("not yet available"))).toHaveLength(49 - there);
    module.dispose();
  });

  it("says so where a method has no notebook, and takes nothing for a slug that is a path", async () => {
    const editor = open();
    const module = methodsModule(editor.services);
    await editor.call("isoflop.openMethod", "no-such-method");
    expect(editor.shown.at(-1)?.message).toMatch(/no notebook yet/);
    await editor.call("isoflop.openMethod", "../../etc/passwd");
    expect(editor.shown).toHaveLength(1);
    expect(cellsToInsert("package.json")).toEqual([]);
    expect(cellsToInsert("missing.ipynb")).toEqual([]);
    module.dispose();
  });

  it("writes papers in full: ids of arXiv, a sentence each, no two alike", () => {
    const methods = methodsIn("notebooks");
    for (const { paper, claim, title } of methods) {
      expect(paper.arxiv, title).toMatch(/^\d{4}\.\d{5}$/);
      expect(claim, title).toMatch(/^[A-Z].{40,260}\.$/);
    }
    expect(new Set(methods.map(({ slug }) => slug)).size).toBe(49);
  });
});

describe("commands", () => {
  it("find the compiled functions that a cell names", () => {
    const there = [{ name: "step", type: "Compiled", summary: "" }, { name: "evaluate", type: "function", summary: "compiled function" }, { name: "n", type: "number", summary: "3" }];
    expect(compiledIn("const step = compile((x) => x);\nevaluate(n)", there)).toEqual(["step", "evaluate"]);
    expect(compiledIn("const later = compile((x) => x)", there)).toEqual([]);
  });

  it("open the walkthrough of this extension, and say what is missing where no notebook is open", async () => {
    const editor = open();
    const module = commandsModule(editor.services);
    await editor.call("isoflop.openWalkthrough");
    expect(editor.executed).toEqual([{ command: "workbench.action.openWalkthrough", args: ["isoflop.isoflop#start", false] }]);
    await editor.call("isoflop.exportHtml");
    await editor.call("isoflop.showCellCost");
    expect(editor.shown.map(({ message }) => message)).toEqual(Array(2).fill(expect.stringContaining("no notebook is open")));
    module.dispose();
  });
});
