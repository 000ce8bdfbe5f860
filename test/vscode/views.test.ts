/** @file Every view in a cell's output, in all themes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { expect, it } from "vitest";
import { exhibits, galleryNotebook } from "./galleryNotebook";
import { inVsCode, PICTURES } from "./suite";
import type { Workbench } from "./workbench";

const SETTLE_MS = 500;

/** What views say of themselves: empty where all is well. */
async function errorsOf(frame: Frame): Promise<readonly string[]> {
  const failed = await frame.locator("[data-error]").all();
  return Promise.all(failed.map(async (view) => `${await view.getAttribute("data-view")}: ${await view.getAttribute("data-error")}`));
}

inVsCode("views", {}, (suite) => {
  const openGallery = async (): Promise<Workbench> => {
    const path = join(suite.server.workspace, "gallery.ipynb");
    writeFileSync(path, galleryNotebook());
    const window = await suite.open();
    await window.openNotebook(path);
    return window;
  };

  it("are drawn in a notebook that is opened, each with its sentence and its menu", async () => {
    const window = await openGallery();
    for (const [at, { name, view }] of exhibits().entries()) {
      await window.reveal(at);
      const frame = await window.frameWith(`[data-view="${view}"][data-ready]`);
      const visible = frame.locator(`[data-view="${view}"][data-ready]`).last();
      await visible.scrollIntoViewIfNeeded();
      await window.page.waitForTimeout(SETTLE_MS);
      await window.screenshot(join(PICTURES, `light-${name}.png`));
      expect.soft(await errorsOf(frame), name).toEqual([]);
      expect.soft((await visible.boundingBox())?.height, name).toBeGreaterThan(30);
    }
  });

  it("follow the theme of the editor without being drawn anew", async () => {
    const window = await openGallery();
    const frame = await window.frameWith('[data-view="figure"][data-ready]');
    const element = frame.locator('[data-view="figure"][data-ready]').first();
    const handle = await element.elementHandle();
    const colourOf = (): Promise<string> => element.evaluate((node) => node.ownerDocument.defaultView.getComputedStyle(node).color);
    const colours = [await colourOf()];
    for (const theme of ["dark", "hc", "light"] as const) {
      await window.theme(theme);
      await expect.poll(colourOf).not.toBe(colours.at(-1));
      colours.push(await colourOf());
      await window.page.waitForTimeout(SETTLE_MS);
      await window.screenshot(join(PICTURES, `theme-${theme}.png`));
    }
    expect(colours.at(-1)).toBe(colours[0]);
    expect(await handle?.evaluate((node) => node.isConnected)).toBe(true);
    expect(await errorsOf(frame)).toEqual([]);
  });
});
