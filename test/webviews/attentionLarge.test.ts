/** @file The attention view with as much as fits in it: what it does while the pointer moves, the page scrolls and heads are changed, in counts. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyWhile, countWork, work } from "./countWork";
import { largeAttention } from "./lawExamples";
import { hasChromium, openView, startViews, type Views } from "./views";

describe.skipIf(!hasChromium)("a large attention view", () => {
  let views: Views;
  beforeAll(async () => {
    views = await startViews();
  }, 120_000);
  afterAll(() => views.close());

  it("12 × 12 heads at 512 tokens: a frame of a moving pointer decodes and paints no map, scrolling does nothing, zoom copies one map, another head decodes one", async () => {
    const own = await views.openPage({ width: 1200 });
    const { page } = own;
    const frame = await openView(page, "attention", largeAttention(), { id: "large" });
    const map = frame.locator(".attention-map .attention-over");
    const box = await map.boundingBox();
    if (box === null) throw new Error("the map is not on the page");
    await countWork(page, "#large");
    // The small maps are made a few at a time.
    await expect.poll(async () => (await work(page, 10)).decoded).toBe(0);
    const over = async (i: number): Promise<void> => page.mouse.move(box.x + 90 + i * 9, box.y + 330);
    await over(0);
    await work(page, 2);

    const said = new Set<string>();
    for (let i = 1; i <= 20; i++) {
      await over(i);
      const { frames, ...done } = await work(page, 2);
      said.add((await frame.locator(".iso-readout").textContent()) ?? "");
      expect(done, `frame ${i}`).toMatchObject({ decoded: 0, pixels: 0, images: 0 });
      expect(done.texts, "labels of the cell in question").toBeLessThanOrEqual(6 * frames);
      // Arcs, ranked bars and the readout are new; of the 128 tokens those change whose weight does.
      expect(done.nodes, "nodes of the page").toBeLessThanOrEqual(400 * frames);
    }
    expect(said.size).toBeGreaterThan(15);

    const MOVES = 100;
    const { taskMs, scriptMs } = await busyWhile(page, async () => {
      for (let i = 0; i < MOVES; i++) {
        await over(i % 40);
        await work(page, 1);
      }
    });
    console.log(`12 × 12 heads at 512 tokens: a move of the pointer keeps the main thread busy for ${(taskMs / MOVES).toFixed(1)} ms, ${(scriptMs / MOVES).toFixed(1)} ms of them in scripts`);

    await page.mouse.wheel(0, 200);
    expect(await work(page, 4)).toMatchObject({ decoded: 0, pixels: 0, images: 0 });

    await map.dispatchEvent("wheel", { deltaY: -300, ctrlKey: true, clientX: box.x + 300, clientY: box.y + 300 });
    const zoomed = await work(page, 3);
    expect(zoomed).toMatchObject({ decoded: 0, pixels: 0, images: 1 });

    const SIDE = 128;
    await frame.locator("[role=gridcell][tabindex='0']").focus();
    await work(page, 2);
    await page.keyboard.press("ArrowRight");
    const moved = await work(page, 3);
    expect(moved).toMatchObject({ decoded: SIDE * SIDE, pixels: SIDE * SIDE });
    expect(moved.images, "the map, and the grid of small maps").toBeLessThanOrEqual(1 + 12 * 12);
    expect(await own.problems()).toEqual([]);
    await own.close();
  });
});
