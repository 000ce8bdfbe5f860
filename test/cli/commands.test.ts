import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../kernel/commands/main";
import { setDisplaySink } from "../../kernel/display/display";
import { experiment } from "../../kernel/index";
import { start } from "../../kernel/runs/index";

let folder: string;
let out: string;
let err: string;

setDisplaySink(() => undefined);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "isoflop-commands-"));
  out = err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((out += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((err += String(text)), true));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe("isoflop runs", () => {
  it("lists, shows, exports and deletes", async () => {
    const run = start({ name: "a,b", folder, config: { lr: 1 } });
    run.log({ loss: 2, 'odd "name", x': NaN });
    run.log({ loss: 1 }, { flops: 5e9 });
    await run.finish();
    expect(await main(["runs", "--folder", folder])).toBe(0);
    expect(out).toMatch(new RegExp(`^id .*\\n${run.id} +finished +2 +1 +5 GFLOP`));
    out = "";
    expect(await main(["runs", "list", "--json", "--folder", folder])).toBe(0);
    expect(JSON.parse(out)).toMatchObject([{ id: run.id, status: "finished" }]);
    out = "";
    await main(["runs", "show", run.id, "--folder", folder]);
    expect(out).toMatch(/^a,b\n {2}id {6}/);
    await main(["runs", "export", run.id, "--folder", folder, "-o", join(folder, "x.csv")]);
    expect(readFileSync(join(folder, "x.csv"), "utf8").replace(/^(\d+),[\d.]+,/gm, "$1,T,")).toBe('step,seconds,flops,tokens,loss,"odd ""name"", x"\n1,T,,,2,NaN\n2,T,5000000000,,1,\n');
    expect(await main(["runs", "delete", run.id, "--folder", folder])).toBe(0);
    expect(existsSync(run.folder)).toBe(false);
  });

  it("says what it does not understand, and what is not there", async () => {
    expect(await main(["runs", "fly"])).toBe(2);
    expect(await main(["runs", "show"])).toBe(2);
    expect(await main(["runs", "show", "none", "--folder", folder])).toBe(1);
    expect(err).toMatch(/cannot fly[^]*show which run\?[^]*no such run\n {2}at .*none\n {2}help: /);
  });
});

describe("isoflop compose", () => {
  const cell = (source: string, tags: readonly string[]) => ({ cell_type: "code", metadata: { tags }, source, execution_count: null, outputs: [] });

  it("prints the grid that is there, and says where the notebook is newer", async () => {
    writeFileSync(join(folder, "composition.ipynb"), JSON.stringify({ cells: [cell("const seeds = 2;", ["parameters"]), cell("experiment({ seeds });", ["experiment"])], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    expect(await main(["compose", "--show", "--notebooks", folder])).toBe(1);
    expect([out, err]).toEqual(["", expect.stringContaining("there is no result")]);
    const losing = (loss: number) => async () => Promise.resolve({ loss });
    await experiment({ slug: "composition", seeds: 2, results: join(folder, "results"), metrics: { loss: {} }, accept: {}, arms: { plain: { role: "baseline", run: losing(4) }, a: { role: "method", run: losing(3) }, b: { role: "method", run: losing(3.5) }, a_and_b: { role: "method", run: losing(2.75) } } });
    expect(await main(["compose", "--show", "--notebooks", folder])).toBe(1);
    expect(out).toContain("a and b, by +0.250");
    expect(err).toContain("the result is stale");
  });

  it("refuses what it does not know", async () => {
    expect(await main(["compose", "--seeds", "none"])).toBe(2);
    expect(await main(["compose", "--show", "--notebooks", join(folder, "none")])).toBe(2);
    expect(err).toMatch(/no number from 1[^]*there is no notebook of composition\n {2}at .*\n {2}help: /);
  });
});

describe("isoflop html", () => {
  it("writes a page beside the notebook and executes nothing", async () => {
    const path = join(folder, "a.ipynb");
    writeFileSync(path, JSON.stringify({ cells: [{ cell_type: "code", metadata: {}, source: `require("fs").writeFileSync(${JSON.stringify(join(folder, "ran"))}, "")`, execution_count: 1, outputs: [{ output_type: "stream", name: "stdout", text: "kept" }] }], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    expect(await main(["html", path])).toBe(0);
    expect(readFileSync(join(folder, "a.html"), "utf8")).toContain("kept");
    expect(existsSync(join(folder, "ran"))).toBe(false);
    expect(await main(["html", path, "-o", path])).toBe(2);
    expect(await main(["html", join(folder, "none.ipynb")])).toBe(1);
    expect(await main(["html"])).toBe(2);
  });
});

describe("isoflop doctor", () => {
  it("looks at each part of the machine and says what to do where one is missing", async () => {
    expect(await main(["doctor", "--json"])).toBe(0);
    const checks: readonly { readonly name: string; readonly state: string; readonly help?: string }[] = JSON.parse(out);
    expect(checks.map(({ name }) => name).slice(0, 8)).toEqual(["Node.js", "onnxruntime", "executor", "telemetry", "own operators", "processor", "memory", "WebGPU"]);
    for (const { state, help } of checks) if (state !== "ok") expect(help).toBeTruthy();
    expect(await main(["doctor", "--what"])).toBe(2);
  });
});
