import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as vscode from "vscode";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvCell, runsCell } from "../../../extension/commands/fitScalingLaw";
import { runsModule } from "../../../extension/views/runs/runsModule";
import type { RunNode } from "../../../extension/views/runs/runsTree";
import { start } from "../../../kernel/runs/index";
import type { ToRunsPanel } from "../../../webviews/panels/runsMessages";
import { fakeEditor, type FakeEditor } from "./fakeEditor";

let workspace: string;
let folder: string;
let editor: FakeEditor;
let module: vscode.Disposable;

beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "isoflop-runs-view-"));
  folder = join(workspace, ".isoflop", "runs");
  editor = fakeEditor({ workspace, root: process.cwd() });
  module = runsModule(editor.services);
});
afterEach(() => {
  module.dispose();
  rmSync(workspace, { recursive: true, force: true });
});

const nodes = async (parent?: RunNode): Promise<RunNode[]> => {
  const found = await editor.tree("isoflop.runs").provider.getChildren(parent);
  // SAFETY: the tree gives its own nodes.
  return (found ?? []) as RunNode[];
};
const item = async (node: RunNode): Promise<vscode.TreeItem> => editor.tree("isoflop.runs").provider.getTreeItem(node);

async function record(name: string, { group = "", losses = [3, 2], flops = 1e9 }: { readonly group?: string; readonly losses?: readonly number[]; readonly flops?: number } = {}) {
  const run = start({ name, group, folder, config: { lr: losses.length } });
  run.cost({ flops, bytesMoved: 0, peakBytes: 0, parameters: flops / 1e3 });
  for (const loss of losses) run.log({ loss });
  await run.finish();
  return run;
}

describe("the Runs view", () => {
  it("is empty without runs, so that the welcome shows", async () => {
    expect(await nodes()).toEqual([]);
  });

  it("shows runs by group with last loss, FLOPs and state", async () => {
    await record("alone");
    await record("a", { group: "sweep", losses: [3, 2.5] });
    await record("b", { group: "sweep" });
    const [group, alone] = await nodes();
    expect((await item(group)).label).toBe("sweep");
    expect((await nodes(group)).map((node) => node.kind === "run" && node.run.name)).toEqual(["b", "a"]);
    const shown = await item(alone);
    expect(shown.label).toBe("alone");
    expect(shown.description).toMatch(/^loss 2 · 2 GFLOP · /);
    expect(shown.contextValue).toBe("run finished");
    expect(shown.iconPath).toMatchObject({ id: "pass" });
  });

  it("names a damaged run instead of hiding it, and deletes it when told to", async () => {
    mkdirSync(join(folder, "broken"), { recursive: true });
    writeFileSync(join(folder, "broken", "run.json"), "{");
    const [node] = await nodes();
    expect(await item(node)).toMatchObject({ label: "broken", description: "cannot be read" });
    editor.answers.push("Delete");
    await editor.call("isoflop.deleteRun", node);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("deletes nothing without a yes, and all selected ones with it", async () => {
    await record("a");
    await record("b");
    const all = await nodes();
    editor.answers.push(undefined);
    await editor.call("isoflop.deleteRun", all[0], all);
    expect(readdirSync(folder)).toHaveLength(2);
    expect(editor.shown.at(-1)?.message).toBe("Delete 2 runs?");
    editor.answers.push("Delete");
    await editor.call("isoflop.deleteRun", all[0], all);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says how to make a run where there are none to compare", async () => {
    await editor.call("isoflop.compareRuns");
    expect(editor.shown).toEqual([{ kind: "error", message: expect.stringMatching(/no runs yet\n {2}help: .*runs\.start/) }]);
  });
});

describe("the runs panel", () => {
  it("gets the chosen runs once its page listens, and again when one has changed", async () => {
    await record("a", { losses: [3, NaN, 1] });
    const live = start({ name: "live", folder });
    live.log({ loss: 5 });
    await editor.call("isoflop.compareRuns", (await nodes())[0], await nodes());
    const [panel] = editor.panels;
    expect(panel.posted).toEqual([]);
    expect(panel.html).toMatch(/default-src 'none'; script-src 'nonce-[^']+' https:\/\/page;/);
    panel.receive({ type: "ready" });
    await expect.poll(() => panel.posted.length).toBe(1);
    // SAFETY: what the panel posts.
    const first = panel.posted[0] as ToRunsPanel;
    const a = first.runs.find(({ name }) => name === "a");
    expect(a).toMatchObject({ notFinite: 1, stepFlops: 1e9, metrics: { loss: { step: [1, 3], flops: [1e9, 3e9], tokens: [null, null], value: [3, 1] } } });
    live.log({ loss: 4 });
    await editor.call("isoflop.refreshRuns");
    await expect.poll(() => panel.posted.length).toBe(2);
    await live.finish();
  });

  it("takes no file but one that the page offers, under a name without folders", async () => {
    await record("a");
    await record("b");
    await editor.call("isoflop.compareRuns", (await nodes())[0], await nodes());
    for (const message of [null, 7, { type: "save" }, { type: "save", name: 1, base64: "" }]) editor.panels[0].receive(message);
    expect(editor.shown).toEqual([]);
  });
});

describe("cells that fit a law", () => {
  it("hold names as text, whatever is in them, and paths from the notebook", () => {
    const code = runsCell({ runs: [{ id: "x", folder: join(workspace, ".isoflop", "runs", "x") }], axis: { label: "FLOPs", field: "run.last.flops" }, metric: '"; evil(); "', notebook: join(workspace, "a.ipynb") });
    expect(code).toContain('["x", ".isoflop/runs"]');
    expect(code).toContain('["FLOPs", "\\"; evil(); \\""]');
    expect(code).toContain("run.last!.flops");
    expect(csvCell({ path: "p.csv", delimiter: ";", x: "N", y: "loss" })).toContain('data.csv("p.csv", { delimiter: ";" })');
  });
});
