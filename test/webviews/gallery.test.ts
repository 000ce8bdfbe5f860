/** @file Every view in every theme and from narrow to wide: nothing sticks out, nothing is hard to read, nothing complains. Pictures go to out/views. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXAMPLES } from "../display/pictures";
import { GALLERY } from "./galleryExamples";
import type { ThemeKind } from "./themes";
import { axeViolations, hasChromium, openView, overflows, setTheme, shot, startViews, type Views } from "./views";

const THEMES: readonly ThemeKind[] = ["light", "dark", "high-contrast", "high-contrast-light"];
/** One example of each view in all themes; its others, which have the same colours, in one. */
const themesOf = (name: string): readonly ThemeKind[] => (name in EXAMPLES || ["table", "video"].includes(name) ? THEMES : ["dark"]);

describe.skipIf(!hasChromium)("the gallery of views", () => {
  let views: Views;
  beforeAll(async () => {
    views = await startViews();
  });
  afterAll(() => views.close());

  it.each(Object.entries(GALLERY))("%s is drawn with no violation, error or request", async (name, make) => {
    const display = make();
    const opened = await views.openPage({ width: 1100, height: 500 });
    const { page } = opened;
    const frame = await openView(page, display.view, display.payload);
    expect(await frame.getAttribute("data-error")).toBeNull();
    for (const theme of themesOf(name)) {
      await setTheme(page, theme);
      // Two frames: a switch redraws plots in the next one.
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      expect(await axeViolations(page), theme).toEqual([]);
      await shot(page, `${name}-${theme}`);
    }
    expect(await opened.problems()).toEqual([]);
    await opened.close();
  });

  it.each([400, 600, 1600])("at %i pixels nothing sticks out", async (width) => {
    const opened = await views.openPage({ width, height: 600 });
    const wide: string[] = [];
    for (const [name, make] of Object.entries(GALLERY)) {
      const display = make();
      await openView(opened.page, display.view, display.payload);
      await opened.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      if (await overflows(opened.page)) wide.push(name);
      await shot(opened.page, `${name}-${width}`);
      await opened.page.evaluate(() => window.editor.dispose("out"));
    }
    expect(wide).toEqual([]);
    await opened.close();
  });
});
