/** @file The tensor view in a browser: slices, readout, copying, exact values, and shapes of every kind. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostArrayFrom, type Dtype, type HostTensor } from "../../kernel/graph/dtype";
import { tensorView } from "../../kernel/display/tensorView";
import { axeViolations, hasChromium, openView, overflows, setTheme, shot, startViews, type ViewPage, type Views } from "./views";

function made(shape: readonly number[], value: (i: number) => number, dtype: Dtype = "float32"): HostTensor {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { dtype, shape, data: hostArrayFrom(dtype, Array.from({ length: size }, (_, i) => value(i))) };
}
const wave = (i: number): number => Math.sin(i / 7) * Math.cos(i / 311) * 0.4;
const count = made([2, 3, 4], (i) => i, "int32");

/** Busy machines take their time. */
const SLOW = { timeout: 20_000 };

describe.skipIf(!hasChromium)("tensors", () => {
  let views: Views;
  let opened: ViewPage;
  beforeAll(async () => {
    views = await startViews();
    opened = await views.openPage();
  });
  afterAll(async () => {
    expect(await opened.problems()).toEqual([]);
    await opened.close();
    await views.close();
  });
  const copied = async (): Promise<string> => (await opened.page.evaluate(() => navigator.clipboard.readText())).replaceAll("\r\n", "\n");

  it("shows all of a matrix that is not zoomed, whatever its place is narrowed to", async () => {
    const { page } = opened;
    const frame = await openView(page, "tensor", tensorView(made([4, 16], (i) => i, "int32")).payload, { id: "whole" });
    const canvas = frame.locator(".iso-tensor-map");
    for (const width of [900, 640]) {
      await page.setViewportSize({ width, height: 800 });
      // The map takes its new size some frames later: a pointer that was over the old one points to another column.
      const pointAtLastColumn = async (): Promise<string | null> => {
        const box = await canvas.boundingBox();
        if (box === null) throw new Error("no map");
        await canvas.hover({ position: { x: box.width - 6, y: 40 } });
        return frame.locator(".iso-tensor-readout").textContent();
      };
      await expect.poll(pointAtLastColumn, SLOW).toMatch(/^\[\d, 15\] = /);
    }
    await page.setViewportSize({ width: 900, height: 800 });
  });

  it("copies the slice that is shown, as text, CSV and TypeScript, whole numbers exactly", async () => {
    const { page } = opened;
    const frame = await openView(page, "tensor", tensorView(count).payload, { id: "copy" });
    await frame.getByRole("slider", { name: "axis 0" }).fill("1");
    for (const [format, expected] of [
      ["CSV", "12,13,14,15\n16,17,18,19\n20,21,22,23\n"],
      ["text", "12  13  14  15\n16  17  18  19\n20  21  22  23\n"],
      ["TypeScript", "[\n  [12, 13, 14, 15],\n  [16, 17, 18, 19],\n  [20, 21, 22, 23],\n]"],
    ]) {
      await frame.getByRole("combobox", { name: "Copy as" }).selectOption(format);
      await frame.getByRole("button", { name: "Copy what is shown" }).click();
      await frame.getByText(`copied as ${format}`).first().waitFor();
      expect(await copied()).toBe(expected);
    }
  });

  it("shows, counts and copies few elements exactly, those that are not finite too", async () => {
    const { page } = opened;
    const source = (values: readonly number[]): HostTensor => made([2, values.length / 2], (i) => values[i]);
    const frame = await openView(page, "tensor", tensorView(source([1.5, 2.5, 3.5, 42.5])).payload, { id: "exact" });
    const readout = frame.locator(".iso-tensor-readout");
    await frame.getByRole("application").focus();
    await page.keyboard.press("ArrowRight");
    expect(await readout.textContent()).toBe("[0, 1] = 2.5");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowLeft");
    expect(await readout.textContent()).toBe("[1, 0] = 3.5");
    expect(await frame.locator("tr", { hasText: "mean" }).textContent()).toBe("mean12.512.5");
    expect(await frame.locator(".iso-tensor-facts").textContent()).toBe("float32 [2, 2] · exact values");
    await frame.getByRole("button", { name: "Copy what is shown" }).click();
    await frame.getByText("copied as text").first().waitFor();
    expect(await copied()).toBe("1.5   2.5\n3.5  42.5\n");
    await shot(page, "tensor-exact");
    const broken = await openView(page, "tensor", tensorView(source([0.1, NaN, -Infinity, 1e-20])).payload, { id: "exact-not-finite" });
    await broken.getByRole("application").focus();
    await page.keyboard.press("ArrowRight");
    expect(await broken.locator(".iso-tensor-readout").textContent()).toBe("[0, 1] = NaN");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowLeft");
    expect(await broken.locator(".iso-tensor-readout").textContent()).toBe("[1, 0] = −∞");
    expect(await broken.locator("tr", { hasText: "infinite" }).textContent()).toBe("⚠ infinite1 (25 %)1 (25 %)");
    await broken.getByRole("combobox", { name: "Copy as" }).selectOption("CSV");
    await broken.getByRole("button", { name: "Copy what is shown" }).click();
    await expect.poll(copied, SLOW).toBe("0.1,NaN\n-Infinity,1e-20\n");
  });

  it("tells how far values are known that it holds as bytes alone", async () => {
    const { page } = opened;
    const frame = await openView(page, "tensor", { ...tensorView(made([2, 2], (i) => [1.5, 2.5, 3.5, 42.5][i])).payload, exact: undefined }, { id: "bytes" });
    await frame.getByRole("application").focus();
    await page.keyboard.press("ArrowRight");
    expect(await frame.locator(".iso-tensor-readout").textContent()).toBe("[0, 1] = 2.47 ± 0.08");
    expect(await frame.locator(".iso-tensor-facts").textContent()).toContain("values to ±0.081");
  });

  it("shows any two axes: choosing the axis of the other one exchanges them", async () => {
    const { page } = opened;
    const frame = await openView(page, "tensor", tensorView(count).payload, { id: "axes" });
    await frame.getByRole("combobox", { name: "Rows" }).selectOption("2");
    await frame.getByRole("combobox", { name: "Copy as" }).selectOption("CSV");
    await frame.getByRole("button", { name: "Copy what is shown" }).click();
    await frame.getByText("copied as CSV").first().waitFor();
    expect(await copied()).toBe("0,4,8\n1,5,9\n2,6,10\n3,7,11\n");
    await frame.getByRole("combobox", { name: "Columns" }).selectOption("0");
    await frame.getByRole("button", { name: "Copy what is shown" }).click();
    await expect.poll(copied, SLOW).toBe("0,12\n1,13\n2,14\n3,15\n");
  });

  it("reads values by pointer and by keys, at their place in the whole tensor", async () => {
    const { page } = opened;
    const frame = await openView(page, "tensor", tensorView(count).payload, { id: "read" });
    const map = frame.getByRole("application");
    await map.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const readout = frame.locator(".iso-tensor-readout");
    expect(await readout.textContent()).toMatch(/^\[0, \d, \d\] = \d+$/);
    const before = await readout.textContent();
    await page.keyboard.press("End");
    expect(await readout.textContent()).not.toBe(before);
    expect(await readout.textContent()).toMatch(/^\[0, \d, 3\] = /);
    const box = await map.boundingBox();
    await page.mouse.move(box!.x + 46 + 24, box!.y + 22 + 24);
    expect(await readout.textContent()).toBe("[0, 0, 0] = 0");
  });

  it.each<readonly [string, HostTensor]>([
    ["scalar", made([], () => 3.5)],
    ["one", made([1, 1], () => -2)],
    ["vector", made([300], wave)],
    ["long-vector", made([60_000], wave)],
    ["tall", made([400, 3], wave)],
    ["empty", made([0, 4], () => 0)],
    ["bool", made([6, 9], (i) => i % 2, "bool")],
    ["five", made([2, 3, 4, 12, 20], wave)],
    ["cut", made([300, 512], wave)],
    ["not-finite", made([8, 16], (i) => (i === 3 ? NaN : i === 20 ? Infinity : i - 60))],
    ["all-nan", made([3, 3], () => NaN)],
  ])("stands for %s", async (name, source) => {
    const { page } = opened;
    const { payload } = tensorView(source, { title: name });
    const frame = await openView(page, "tensor", payload, { id: "shape" });
    expect(await frame.getAttribute("data-error")).toBeNull();
    expect(await frame.locator(".iso-tensor-facts").textContent()).toContain(`[${source.shape.join(", ")}]`);
    if (name === "cut") expect(await frame.locator(".iso-tensor-facts").textContent()).toContain("shown: the first");
    if (name === "not-finite") expect(await frame.locator(".iso-tensor-bad").count()).toBeGreaterThan(0);
    expect(await overflows(page)).toBe(false);
    await shot(page, `tensor-${name}`);
  });

  it("keeps axes, place and colours when it is drawn again", async () => {
    const { page } = opened;
    const five = tensorView(made([2, 3, 4, 12, 20], wave)).payload;
    const frame = await openView(page, "tensor", five, { id: "state" });
    await frame.getByRole("slider", { name: "axis 1" }).fill("2");
    await frame.getByRole("combobox", { name: "Colours" }).selectOption("grey");
    await page.evaluate(() => window.editor.dispose("state"));
    const again = await openView(page, "tensor", five, { id: "state" });
    expect(await again.getByRole("combobox", { name: "Colours" }).inputValue()).toBe("grey");
    expect(await again.locator(".iso-tensor-readout").textContent()).toContain("[0, 2, 0, :, :]");
  });

  it("keeps its height when values, axes and colours change", async () => {
    const { page } = opened;
    const frame = await openView(page, "tensor", tensorView(made([2, 3, 4, 12, 20], wave)).payload, { id: "height" });
    const height = async (): Promise<number> => (await frame.boundingBox())!.height;
    const first = await height();
    await frame.getByRole("combobox", { name: "Rows" }).selectOption("0");
    await frame.getByRole("button", { name: "log counts" }).click();
    await frame.getByRole("combobox", { name: "Range of" }).selectOption("slice");
    expect(await height()).toBe(first);
  });

  it.each([
    ["bytes that are too few", { values: { shape: [100, 100], low: 0, high: 1, data: "AAAA" } }],
    ["a shape that is text", { shape: "<script>" }],
    ["exact elements that are too few", { exact: { type: "float32", data: "AAAA" } }],
    ["exact elements that are no base64", { exact: { type: "float32", data: "<script>" } }],
    ["values larger than the tensor", { shape: [1, 1] }],
    ["edges that do not fit", { histogram: { edges: [0], counts: [1, 2] } }],
  ])("refuses %s with words, and draws nothing", async (_, change) => {
    const payload = { ...tensorView(count).payload, ...change };
    const frame = await openView(opened.page, "tensor", payload, { id: "bad" });
    expect(await frame.getAttribute("data-error")).not.toBeNull();
    expect(await frame.locator("canvas").count()).toBe(0);
  });

  it.each(["light", "dark", "high-contrast", "high-contrast-light"] as const)("axe finds nothing in %s", async (theme) => {
    const page = await views.openPage({ theme, height: 600 });
    await openView(page.page, "tensor", tensorView(made([4, 40, 60], (i) => (i === 77 ? NaN : wave(i))), { title: "blocks.0.mlp.up.weight" }).payload);
    await page.page.locator("canvas").first().focus();
    await page.page.keyboard.press("ArrowRight");
    await shot(page.page, `tensor-${theme}`);
    await openView(page.page, "tensor", tensorView(made([3, 5], (i) => [1.5, 2.5, -42.5, NaN, Infinity, 1e-9, 123456, 1 / 3][i % 8] * (i < 8 ? 1 : -1.1))).payload, { id: "few" });
    await page.page.locator(".iso-tensor-facts", { hasText: "[3, 5]" }).scrollIntoViewIfNeeded();
    await shot(page.page, `tensor-exact-${theme}`);
    expect(await axeViolations(page.page)).toEqual([]);
    expect(await page.problems()).toEqual([]);
    await page.close();
  });

  it("changes colours with the theme while it is shown, and fits a narrow output", async () => {
    const page = await views.openPage({ width: 420, height: 900 });
    await openView(page.page, "tensor", tensorView(made([4, 40, 60], wave)).payload);
    await setTheme(page.page, "dark");
    expect(await overflows(page.page)).toBe(false);
    await shot(page.page, "tensor-narrow");
    await page.close();
  });
});
