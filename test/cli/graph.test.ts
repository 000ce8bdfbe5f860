/** @file `isoflop graph`: table and JSON of a model, and files that are none. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { main } from "../../kernel/commands/main";
import type { ModelGraph } from "../../kernel/onnx/modelGraphSchema";

const MODEL = join("test", "onnx", "fixtures", "transformer.onnx");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "isoflop-graph-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    vi.spyOn(process[stream], "write").mockImplementation((part) => {
      text[stream] += String(part);
      return true;
    });
  const code = await main(["graph", ...args]);
  vi.restoreAllMocks();
  return { code, ...text };
}

describe("isoflop graph", () => {
  it("prints the modules of a model with parameters and FLOPs", async () => {
    const { code, stdout } = await run(MODEL);
    expect(code).toBe(0);
    expect(stdout).toMatch(/95 nodes, 816 parameters/);
    expect(stdout).toMatch(/^mlp\.0 +3 +144 +272 FLOP$/m);
  });

  it("prints the whole graph as JSON", async () => {
    const { stdout } = await run(MODEL, "--json");
    const graph: ModelGraph = JSON.parse(stdout);
    expect(graph.nodes).toHaveLength(95);
    expect(graph.parameters).toBe(816);
  });

  it.each<readonly [string, () => string]>([
    ["a missing file", () => join(folder, "no.onnx")],
    ["a folder", () => folder],
    ["a file that is no model", () => join("package.json")],
    ["an empty file", () => {
      writeFileSync(join(folder, "empty.onnx"), "");
      return join(folder, "empty.onnx");
    }],
  ])("says what is wrong with %s, and what to do", async (_, file) => {
    const { code, stdout, stderr } = await run(file(), "--json");
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^FormatError: .*\n(.*\n)*  help: /);
  });

  it("wants one file", async () => {
    expect((await run()).code).toBe(2);
    expect((await run("a", "b")).code).toBe(2);
  });
});
