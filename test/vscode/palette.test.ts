/** @file What a user finds: commands in the palette, views in the side bar, the walkthrough, a model file. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inVsCode, PICTURES } from "./suite";

const LONG_MS = 300_000;

inVsCode("a user", {}, (suite) => {
  it("makes a new notebook from the palette and runs its first cell", async () => {
    const window = await suite.open();
    await window.command("IsoFLOP: New Notebook");
    await window.notebookShows();
    await expect.poll(() => window.kernelLabel(), { timeout: LONG_MS }).toMatch(/IsoFLOP/);
    expect((await window.cells()).some(({ language }) => language === "isoflop-ts")).toBe(true);
  });

  it("finds variables, runs, methods and devices in the side bar", async () => {
    const window = await suite.openCells("side.ipynb", [
      'import { runs, tensor } from "isoflop";\nconst weights = tensor([[1, 2], [3, 4]]);\nconst label = "text";\nconst run = runs.start({ name: "tried" });\nrun.log({ loss: 2 });\nawait run.finish();',
    ]);
    expect((await window.runCell(0, LONG_MS)).success).toBe(true);
    await window.page.locator('.activitybar .action-label[aria-label="IsoFLOP"]').first().click();
    const rows = window.page.locator(".sidebar .pane-body .monaco-list-row");
    await rows.filter({ hasText: "weights" }).first().waitFor();
    await rows.filter({ hasText: "tried" }).first().waitFor();
    await window.screenshot(join(PICTURES, "side-bar.png"));
    const panes = await window.page.locator(".sidebar .pane-header .title").allTextContents();
    expect(panes.map((title) => title.trim())).toEqual(["Variables", "Runs", "Methods", "Devices"]);
  });

  it("exports a model and opens its file as a graph", async () => {
    const window = await suite.openCells("model.ipynb", [
      'import { exportOnnx, tensor } from "isoflop";\nimport { writeFileSync } from "node:fs";\nwriteFileSync("sum.onnx", await exportOnnx((x: ReturnType<typeof tensor>) => x.mul(x).sum(), [tensor([1, 2, 3])]));',
    ]);
    expect((await window.runCell(0, LONG_MS)).success).toBe(true);
    const file = join(suite.server.workspace, "sum.onnx");
    expect(existsSync(file)).toBe(true);
    await window.host.run(async (vs, path: string) => void (await vs.commands.executeCommand("vscode.open", vs.Uri.file(path))), file);
    const frame = await window.frameWith("[data-ready]");
    await window.screenshot(join(PICTURES, "model-graph.png"));
    expect(await frame.locator("body").innerText()).toMatch(/Mul|ReduceSum/);
  });

  it("is led from an open notebook to a comparison by the walkthrough", async () => {
    const window = await suite.open();
    await window.command("IsoFLOP: Open Walkthrough");
    const page = window.page.locator(".gettingStartedContainer");
    for (const title of ["Open a notebook", "Run it", "Change something", "Compare at equal FLOPs"]) await page.getByText(title, { exact: true }).first().waitFor();
    await window.screenshot(join(PICTURES, "walkthrough.png"));
    await page.getByText("Open the first notebook").first().click();
    await window.notebookShows();
    expect((await window.cells()).length).toBeGreaterThan(10);

    await window.command("IsoFLOP: Open Walkthrough");
    await page.getByText("Run it", { exact: true }).first().click();
    await page.getByText("Run all cells").first().click();
    await window.notebookShows();
    await window.until((cells) => cells.some(({ success, outputs }) => success === true && outputs.length > 0), LONG_MS);
  });
});
