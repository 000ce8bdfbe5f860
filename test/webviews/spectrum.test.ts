/** @file The spectrum view in a browser: layers, scrubber, measures; and its parts alone. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SpectrumPayload } from "../../kernel/display/schema";
import { view } from "../../kernel/display/view";
import { allSteps, changedMost, shortNames, spectrumAt, tailLine, visibleValues } from "../../webviews/renderers/spectrum/series";
import { significant } from "../../webviews/shared/format";
import { powerSpectrum } from "../display/pictures";
import { spectrumExample } from "./lawExamples";
import { axeViolations, hasChromium, openView, overflows, setTheme, shot, startViews, type ViewPage, type Views } from "./views";

describe("the data of spectra", () => {
  it("the spectrum shown is the last one taken at the step or before it", () => {
    const [layer] = spectrumExample().layers;
    expect([0, 99, 100, 1999, 2000, 9999, -5].map((step) => spectrumAt(layer, step))).toEqual([0, 0, 1, 6, 7, 7, 0]);
    expect(spectrumAt({ ...layer, steps: [] }, 3)).toBe(-1);
    expect(allSteps([layer, { ...layer, steps: [50, 100] }])).toEqual([0, 50, 100, 200, 400, 800, 1200, 1600, 2000]);
  });

  it("names lose what all of them share, and nothing else", () => {
    expect(shortNames(["blocks.0.mlp.up.weight", "blocks.0.mlp.down.weight", "blocks.1.mlp.up.weight"])).toEqual([
      "0.mlp.up",
      "0.mlp.down",
      "1.mlp.up",
    ]);
    expect(shortNames(["blocks.0.up.weight", "blocks.1.up.weight"])).toEqual(["blocks.0", "blocks.1"]);
    expect(shortNames(["head"])).toEqual(["head"]);
    expect(shortNames(["a", "a"])).toEqual(["a", "a"]);
    expect(shortNames(["a.b", "a"])).toEqual(["a.b", "a"]);
  });

  it("the line of the tail exponent lies on an exact power law", () => {
    const [layer] = view.spectrum({ layers: [{ name: "w", singularValues: [powerSpectrum(200, 0.7)] }] }).payload.layers;
    const line = tailLine(layer, 0);
    if (line === undefined) throw new Error("no line");
    line.x.forEach((rank, i) => expect(line.y[i] / (3 * rank ** -0.7)).toBeCloseTo(1, 2));
    expect(tailLine({ ...layer, tailExponent: [null] }, 0)).toBeUndefined();
  });

  it("the layers that changed most are chosen, the first where none changed", () => {
    const { layers } = spectrumExample({ layers: 20 });
    expect([...changedMost(layers, 3)].sort((a, b) => a - b)).toEqual([17, 18, 19]);
    expect([...changedMost(layers.map((layer) => ({ ...layer, effectiveRank: [3, 3] })), 2)]).toEqual([0, 1]);
  });

  it("values at rounding level and below 0 take no part in the axis", () => {
    const [layer] = spectrumExample().layers;
    expect(visibleValues([{ ...layer, singularValues: [[1, 0.5, 1e-9, 0, null, -1]] }])).toEqual([1, 0.5]);
  });
});

describe.skipIf(!hasChromium)("spectra in a browser", () => {
  let views: Views;
  let opened: ViewPage;
  beforeAll(async () => {
    views = await startViews();
    opened = await views.openPage({ width: 1100, height: 900 });
  });
  afterAll(async () => {
    await opened.close();
    await views.close();
  });

  it("the scrubber moves curves and marks, by keyboard too, and says the step", async () => {
    const { page } = opened;
    const payload = spectrumExample();
    const frame = await openView(page, "spectrum", payload, { id: "scrub" });
    await frame.getByRole("combobox", { name: "Show" }).selectOption("5");
    const layer = payload.layers[5];
    await expect
      .poll(() => frame.locator(".iso-readout").textContent())
      .toContain(`Effective rank ${significant(layer.effectiveRank.at(-1))} of ${layer.fullRank}`);
    const curve = (): Promise<string | null> => frame.locator("svg.spectrum-svg path[stroke-width='2.2']").getAttribute("d");
    const before = await curve();
    const slider = frame.getByRole("slider", { name: "Training step" });
    await slider.focus();
    await page.keyboard.press("Home");
    await expect.poll(() => frame.locator(".iso-readout").textContent()).toContain(`Effective rank ${significant(layer.effectiveRank[0])} of`);
    expect(await curve()).not.toBe(before);
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => slider.getAttribute("aria-valuetext")).toBe("step 100");
  });

  it("Play runs to the last step and stops there", async () => {
    const { page } = opened;
    const frame = await openView(page, "spectrum", spectrumExample({ layers: 2 }), { id: "play" });
    const slider = frame.getByRole("slider", { name: "Training step" });
    await slider.fill("5");
    await frame.getByRole("button", { name: /Play/ }).click();
    await expect.poll(() => slider.inputValue()).toBe("7");
    await expect.poll(() => frame.getByRole("button", { name: /Play/ }).count()).toBe(1);
  });

  it("a click opens a layer, another goes back; the pointer reads a singular value; compared layers are all read", async () => {
    const { page } = opened;
    const payload = spectrumExample();
    const frame = await openView(page, "spectrum", payload, { id: "layers" });
    expect(await frame.locator("[data-layer]").count()).toBe(6);
    // Axis titles stand at the outer panels only, and the plots of a row stay equally wide.
    expect(await frame.getByText("singular value", { exact: true }).count()).toBe(2);
    expect(await frame.getByText("rank index", { exact: true }).count()).toBeGreaterThanOrEqual(2);
    const widths = await frame.locator("[data-layer] > svg").evaluateAll((plots) => plots.map((plot) => Math.round(plot.getBoundingClientRect().width)));
    expect(Math.max(...widths) - Math.min(...widths)).toBeLessThanOrEqual(1);
    const picture = frame.locator("svg.spectrum-svg");
    const small = await frame.locator("[data-layer='2'] svg").boundingBox();
    const whole = await picture.boundingBox();
    if (small === null || whole === null) throw new Error("no panel");
    await picture.click({ position: { x: small.x - whole.x + 60, y: small.y - whole.y + 60 } });
    const list = frame.getByRole("combobox", { name: "Show" });
    await expect.poll(() => list.inputValue()).toBe("2");
    await picture.hover({ position: { x: 70, y: 120 } });
    await expect.poll(() => frame.locator(".iso-readout").textContent()).toMatch(/^1\.mlp\.up, rank 1: σ \d/);
    await picture.click({ position: { x: 300, y: 120 } });
    await expect.poll(() => list.inputValue()).toBe("all");
    await list.selectOption("overlay");
    await picture.hover({ position: { x: 200, y: 100 } });
    await expect.poll(() => frame.locator(".iso-readout").textContent()).toMatch(/^rank \d+: 0\.mlp\.up σ .*, 2\.mlp\.down σ /);
  });

  it("a click on a measure goes to its step", async () => {
    const { page } = opened;
    const frame = await openView(page, "spectrum", spectrumExample(), { id: "measure" });
    const box = await frame.locator("svg.spectrum-svg").boundingBox();
    if (box === null) throw new Error("no picture");
    await frame.locator("svg.spectrum-svg").click({ position: { x: 50, y: box.height - 90 } });
    await expect.poll(() => frame.getByRole("slider").getAttribute("aria-valuetext")).toMatch(/^step (0|100)$/);
  });

  it("hostile payloads are refused or drawn, never run", async () => {
    const payload = spectrumExample({ layers: 1 });
    const [layer] = payload.layers;
    const with_ = (change: Partial<SpectrumPayload["layers"][number]>): SpectrumPayload => ({ ...payload, layers: [{ ...layer, ...change }] });
    const short = await openView(opened.page, "spectrum", with_({ effectiveRank: [1] }), { id: "short" });
    expect(await short.getAttribute("data-error")).toContain("layers[0]");
    const nothing = await openView(
      opened.page,
      "spectrum",
      with_({
        singularValues: layer.singularValues.map((values) => values.map(() => null)),
        name: "<img src=x onerror=alert(1)>",
        fullRank: 1_000_000_000,
      }),
      { id: "null" },
    );
    expect(await nothing.getByText("no finite values above 0").count()).toBe(1);
    expect(await nothing.locator("img").count()).toBe(0);
    const none = await openView(opened.page, "spectrum", { ...payload, layers: [] }, { id: "none" });
    expect(await none.getAttribute("data-error")).toBeNull();
    const still = await openView(
      opened.page,
      "spectrum",
      view.spectrum({ layers: [{ name: "w", singularValues: [powerSpectrum(30, 1)] }] }).payload,
      { id: "still" },
    );
    expect(await still.getByRole("slider").count()).toBe(0);
    expect(await opened.problems()).toEqual([]);
  });

  it("no accessibility violation in any theme, nothing sticks out at 480 to 1200 px, many layers or few", async () => {
    for (const width of [480, 700, 1200]) {
      const own = await views.openPage({ width, height: 1400 });
      await openView(own.page, "spectrum", spectrumExample(), { id: "a" });
      const many = await openView(own.page, "spectrum", spectrumExample({ layers: 40, ranks: 32 }), { id: "b" });
      expect(await many.locator(".iso-readout").textContent()).toMatch(/^The \d+ of 40 layers that changed most\./);
      expect(await overflows(own.page), `${width} px`).toBe(false);
      for (const theme of ["light", "dark", "high-contrast", "high-contrast-light"] as const) {
        await setTheme(own.page, theme);
        await own.page.waitForTimeout(50);
        if (width === 700) expect(await axeViolations(own.page), theme).toEqual([]);
        await shot(own.page, `spectrum-${theme}-${width}`);
      }
      expect(await own.problems()).toEqual([]);
      await own.close();
    }
  });
});
