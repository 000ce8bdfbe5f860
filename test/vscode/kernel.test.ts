/** @file Running cells: outputs, errors, interrupts, kernels that die, windows that reload. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { processesOf } from "./server";
import { inVsCode } from "./suite";

const LONG_MS = 300_000;

/** A model so large that one step takes seconds. */
const LONG_STEP = `import { compile, nn, random, valueAndGrad } from "isoflop";
const big = nn.gpt({ vocab: 256, depth: 8, width: 768, heads: 8, context: 256, key: random.key(0) });
const tokens = random.int(random.key(1), [16, 256], { low: 0, high: 256 });
const step = compile((model: typeof big) => valueAndGrad((m: typeof big) => nn.crossEntropy(m.call(tokens), tokens))(model));
for (let k = 0; k < 100; k++) {
  console.log("step", k);
  await (await step(big))[0].data();
}`;

inVsCode("a kernel", {}, (suite) => {
  const kernelsNow = (): readonly number[] => processesOf(suite.server.root, "dist/main.js");

  it("is picked by itself, and keeps names from cell to cell", async () => {
    const window = await suite.openCells("first.ipynb", ["const x = 20", "x + 22", 'console.log("hello"); console.error("careful")']);
    await expect.poll(() => window.kernelLabel(), { timeout: LONG_MS }).toMatch(/IsoFLOP/);
    await window.runAll();
    const cells = await window.until((now) => now.every(({ success }) => success === true), LONG_MS);
    expect(cells.map(({ order }) => order)).toEqual([1, 2, 3]);
    expect(cells[1].outputs[0].text).toBe("42");
    expect(cells[2].outputs.map(({ text }) => text).join("")).toMatch(/hello[\s\S]*careful/);
  });

  it("shows where a cell failed, and does not run the cells after it", async () => {
    const window = await suite.openCells("error.ipynb", ["const a = 1;\nthrow new RangeError(`too far: ${a}`)", "2"]);
    await window.runAll();
    const cells = await window.until((now) => now[0].success === false, LONG_MS);
    expect(cells[0].outputs[0].mimes).toContain("application/vnd.code.notebook.error");
    expect(cells[0].outputs[0].text).toMatch(/RangeError[\s\S]*too far: 1[\s\S]*cell 1, line 2/);
    await sleep(500); // The second cell would have run by now.
    expect((await window.cells())[1].success).not.toBe(true);
  });

  it("stops a hot loop on interrupt and keeps state", async () => {
    const window = await suite.openCells("hot.ipynb", ["let count = 0", 'console.log("hot"); for (;;) count++', "count > 0"]);
    await window.runCell(0, LONG_MS);
    await window.startCell(1);
    await window.until((now) => now[1].outputs.some(({ text }) => text.includes("hot")), LONG_MS);
    await window.command("IsoFLOP: Interrupt Kernel");
    await window.until((now) => now[1].success === false);
    expect((await window.runCell(2)).outputs[0].text).toBe("true");
  });

  it("stops a long training step on interrupt and keeps state", async () => {
    const window = await suite.openCells("long.ipynb", [LONG_STEP, "typeof big"]);
    await window.startCell(0);
    await window.until((now) => now[0].outputs.some(({ text }) => text.includes("step 0")), LONG_MS);
    await window.command("IsoFLOP: Interrupt Kernel");
    const cells = await window.until((now) => now[0].success === false, LONG_MS);
    expect(cells[0].outputs.map(({ text }) => text).join("")).not.toContain("step 1");
    expect((await window.runCell(1)).outputs[0].text).toMatch(/object/);
  });

  it("that is killed in mid-run is told of, and the next run starts a fresh one", async () => {
    const window = await suite.openCells("killed.ipynb", ['console.log("runs"); for (;;) await new Promise((go) => setTimeout(go, 50))', "6 * 7"]);
    const before = kernelsNow();
    await window.startCell(0);
    await window.until((now) => now[0].outputs.some(({ text }) => text.includes("runs")), LONG_MS);
    for (const pid of kernelsNow().filter((each) => !before.includes(each))) process.kill(pid, "SIGKILL");
    await window.until((now) => now[0].success === false, LONG_MS);
    expect((await window.runCell(1, LONG_MS)).outputs[0].text).toBe("42");
  });

  it("goes on while the window reloads, and every line it wrote is there afterwards", async () => {
    const code = 'for (let k = 0; k < 40; k++) { console.log("line", k); await new Promise((go) => setTimeout(go, 250)); }';
    const window = await suite.openCells("reload.ipynb", [code, '"after"']);
    await window.startCell(0);
    await window.until((now) => now[0].outputs.some(({ text }) => text.includes("line 2")), LONG_MS);
    await window.host.run(async (vs) => void (await vs.workspace.saveAll()));
    await window.reload();
    // The window opens what it had open, unless it was reloaded before it had noted that.
    await window.openNotebook(join(suite.server.workspace, "reload.ipynb"));
    const cells = await window.until((now) => now[0].success === true, LONG_MS);
    const lines = cells[0].outputs.map(({ text }) => text).join("").match(/line \d+/g) ?? [];
    expect(lines).toEqual(Array.from({ length: 40 }, (_, k) => `line ${k}`));
    expect((await window.runCell(1)).outputs[0].text).toMatch(/after/);
  });
});
