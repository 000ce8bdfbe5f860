/** @file A workspace that is not trusted: notebooks are read, nothing runs. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { galleryNotebook } from "./galleryNotebook";
import { processesOf } from "./server";
import { inVsCode } from "./suite";

inVsCode("a workspace that is not trusted", { trust: "none" }, (suite) => {
  it("runs no cell and starts no kernel", async () => {
    const window = await suite.openCells("a.ipynb", ['require("node:fs").writeFileSync("ran", "")']);
    expect(await window.host.run((vs) => vs.workspace.isTrusted)).toBe(false);
    // Not awaited: the editor asks whether to trust, and waits for the answer.
    void window.startCell(0).catch(() => undefined);
    await window.page.locator(".monaco-dialog-box", { hasText: /trust/i }).waitFor();
    await window.page.keyboard.press("Escape");
    await sleep(3000); // A kernel would have started by now.
    expect((await window.cells())[0].success).toBeUndefined();
    expect(processesOf(suite.server.root, "dist/main.js")).toEqual([]);
  });

  it("shows stored outputs", async () => {
    const path = join(suite.server.workspace, "gallery.ipynb");
    writeFileSync(path, galleryNotebook());
    const window = await suite.open();
    await window.openNotebook(path);
    const frame = await window.frameWith("[data-view][data-ready], .output svg, .output pre");
    expect(await frame.locator("[data-error]").count()).toBe(0);
  });
});
