/** @file The first notebook, from its first cell to its last, as a new user runs it; only with fewer steps. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY } from "./server";
import { inVsCode, PICTURES } from "./suite";

const WHOLE_RUN_MS = 170_000;
const SETTLE_MS = 1000;

inVsCode("the first notebook", {}, (suite) => {
  it("runs from its first cell to its last and draws every view", async () => {
    const notebook = readFileSync(join(REPOSITORY, "notebooks/00-start.ipynb"), "utf8");
    expect(notebook).toContain("const steps = 600;");
    const path = join(suite.server.workspace, "00-start.ipynb");
    writeFileSync(path, notebook.replace("const steps = 600;", "const steps = 24;"));
    const window = await suite.open();
    await window.openNotebook(path);
    await expect.poll(() => window.kernelLabel(), { timeout: WHOLE_RUN_MS }).toMatch(/IsoFLOP/);
    await window.host.run(async (vs) => void (await vs.commands.executeCommand("notebook.clearAllCellsOutputs")));
    await window.runAll();
    const cells = await window.until((now) => now.every(({ language, success }) => language === "markdown" || success !== undefined), WHOLE_RUN_MS);
    expect(cells.filter(({ success }) => success === false).map(({ outputs }) => outputs.map(({ text }) => text))).toEqual([]);
    for (const [at, { outputs }] of cells.entries()) {
      for (const view of outputs.flatMap(({ mimes }) => mimes.flatMap((mime) => /^application\/vnd\.isoflop\.(.*)\.v1\+json$/.exec(mime)?.[1] ?? []))) {
        await window.reveal(at);
        const frame = await window.frameWith(`[data-view="${view}"][data-ready]`);
        await window.page.waitForTimeout(SETTLE_MS);
        await window.screenshot(join(PICTURES, `start-${String(at).padStart(2, "0")}-${view}.png`));
        expect(await frame.locator("[data-error]").count(), view).toBe(0);
      }
    }
  }, WHOLE_RUN_MS + 120_000);
});
