/** @file Figures in a browser: what no picture of one theme shows. */
import { describe, expect, it } from "vitest";
import { view } from "../../kernel/display/view";
import { openedPage } from "./openedPage";
import { hasChromium, openView } from "./views";

describe.skipIf(!hasChromium)("figures", () => {
  const opened = openedPage();

  it("words over a heat map are dark on light cells and light on dark ones", async () => {
    const { payload } = view.figure({
      marks: [
        { type: "heatmap", values: [[-1, 0], [0, 1]], map: "diverging" },
        { type: "text", x: [0, 1, 0, 1], y: [0, 0, 1, 1], text: ["low", "none", "zero", "high"] },
      ],
    });
    const frame = await openView(opened().page, "figure", payload, { id: "ink" });
    const ink = (word: string): Promise<string> => frame.locator(".textpoint text", { hasText: word }).evaluate((node) => getComputedStyle(node).fill);
    const [dark, light] = ["rgb(27, 27, 27)", "rgb(255, 255, 255)"];
    expect([await ink("low"), await ink("none"), await ink("zero"), await ink("high")]).toEqual([light, dark, dark, light]);
    expect(await opened().problems()).toEqual([]);
  });
});
