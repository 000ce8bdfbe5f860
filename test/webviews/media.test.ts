/** @file Media in a browser: images, video, 3D with and without WebGL, and pictures that lie about themselves. */
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { geometryView } from "../../kernel/display/geometryView";
import { imagesView, videoView } from "../../kernel/display/mediaGrid";
import { hostArrayFrom, type HostTensor } from "../../kernel/graph/dtype";
import { axeViolations, hasChromium, openView, overflows, setTheme, shot, startViews, type ViewPage, type Views } from "./views";

function made(shape: readonly number[], value: (i: number) => number): HostTensor {
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { dtype: "float32", shape, data: hostArrayFrom("float32", Array.from({ length: size }, (_, i) => value(i))) };
}
/** Image n has brightness n / count. */
const images = imagesView(made([12, 16, 16], (i) => (Math.floor(i / 256) / 12) * 0.8 + ((i % 16) / 16) * 0.2), { title: "samples", captions: Array.from({ length: 12 }, (_, i) => `class ${i}, a caption that is rather long`) }).payload;
const video = videoView(made([24, 20, 30], (i) => (i % 30 === Math.floor(i / 600) ? 1 : (i % 600) / 1500)), { title: "denoising" }).payload;
const angle = (i: number): number => Math.floor(i / 3) * 0.02;
const cloud = geometryView(made([1500, 3], (i) => [Math.cos(angle(i)) * (1 + angle(i) / 20), angle(i) / 10, Math.sin(angle(i)) * (1 + angle(i) / 20)][i % 3]), { title: "points" }).payload;
const tetrahedron = geometryView(made([4, 3], (i) => [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][i]), { triangles: made([4, 3], (i) => [0, 1, 2, 0, 1, 3, 0, 2, 3, 1, 2, 3][i]), colours: made([4, 3], (i) => [0.9, 0.2, 0.2, 0.2, 0.8, 0.3, 0.2, 0.3, 0.9, 0.9, 0.8, 0.2][i]), title: "mesh" }).payload;

/** Busy machines take their time. */
const SLOW = { timeout: 20_000 };

/** The file that the export menu gives. */
async function exported({ page }: ViewPage, id: string, label: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const before = await page.evaluate(() => window.editor.posted.length);
  await page.locator(`#${id}`).getByRole("button", { name: "Export" }).click();
  await page.locator(`#${id}`).getByRole("menuitem", { name: label, exact: true }).click();
  await expect.poll(() => page.evaluate(() => window.editor.posted.length), SLOW).toBeGreaterThan(before);
  const posted = await page.evaluate(() => window.editor.posted.at(-1));
  return { name: posted?.name ?? "", bytes: Buffer.from(posted?.base64 ?? "", "base64") };
}

describe.skipIf(!hasChromium)("media", () => {
  let views: Views;
  let opened: ViewPage;
  beforeAll(async () => {
    views = await startViews({ webgl: false });
    opened = await views.openPage();
  });
  afterAll(async () => {
    await opened.close();
    await views.close();
  });

  it("shows each image at its place, and one large with its pixels, by keyboard alone", async () => {
    const { page } = opened;
    const frame = await openView(page, "media", images, { id: "grid" });
    const tiles = frame.locator(".iso-media-tile");
    expect(await tiles.count()).toBe(12);
    await tiles.first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    expect(await frame.locator(".iso-media-caption").textContent()).toContain("class 2");
    await page.keyboard.press("ArrowRight");
    expect(await frame.locator(".iso-media-caption").textContent()).toContain("class 3");
    const large = frame.locator(".iso-media-stage canvas");
    expect(await large.evaluate((canvas) => getComputedStyle(canvas).imageRendering)).toBe("pixelated");
    const { name, bytes } = await exported(opened, "grid", "PNG");
    expect(name).toMatch(/image-4\.png$|samples/);
    const picture = decode(bytes);
    expect([picture.width, picture.height]).toEqual([16, 16]);
    expect(Math.abs(picture.data[0] - 0.2 * 255)).toBeLessThan(3);
    await large.focus();
    await page.keyboard.press("Escape");
    expect(await tiles.nth(3).evaluate((tile) => tile === document.activeElement)).toBe(true);
  });

  it("plays, stops at a frame by scrubbing, steps by keys, and keeps the frame when drawn again", async () => {
    const { page } = opened;
    const frame = await openView(page, "media", video, { id: "video" });
    const scrubber = frame.getByRole("slider");
    const at = async (): Promise<number> => Number(await scrubber.inputValue());
    await frame.getByRole("button", { name: "Play" }).click();
    await expect.poll(at, SLOW).toBeGreaterThan(1);
    await scrubber.fill("5");
    expect(await frame.getByRole("button", { name: "Play" }).count()).toBe(1);
    await frame.getByRole("application").focus();
    await page.keyboard.press("ArrowRight");
    expect(await at()).toBe(6);
    await page.keyboard.press("End");
    expect(await at()).toBe(23);
    await page.keyboard.press("Home");
    await frame.getByRole("button", { name: "Frame 24" }).click();
    await page.evaluate(() => window.editor.dispose("video"));
    const again = await openView(page, "media", video, { id: "video" });
    expect(await again.getByRole("slider").inputValue()).toBe("23");
  });

  it("without loop a video ends at its last frame", async () => {
    const { page } = opened;
    const frame = await openView(page, "media", video, { id: "once" });
    await frame.getByRole("button", { name: "Loop" }).click();
    await frame.getByRole("combobox", { name: "Speed" }).selectOption("4");
    await frame.getByRole("button", { name: "Play" }).click();
    await frame.getByRole("button", { name: "Play" }).waitFor();
    expect(await frame.getByRole("slider").inputValue()).toBe("23");
  });

  it("says that there is no WebGL and shows a still", async () => {
    for (const [id, payload] of [["still-cloud", cloud], ["still-mesh", tetrahedron]] as const) {
      const frame = await openView(opened.page, "media", payload, { id });
      await frame.getByText("no WebGL").waitFor();
      const coloured = await frame.locator("canvas").evaluate((canvas: HTMLCanvasElement) => canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data.filter((_, i) => i % 4 === 3).filter((alpha) => alpha > 0).length);
      expect(coloured).toBeGreaterThan(1000);
    }
    await shot(opened.page, "media-still");
  });

  it.each([
    ["a PNG that is none", { ...images, png: "AAAA" }],
    ["a PNG cut in half", { ...images, png: images.kind === "images" ? images.png.slice(0, 80) : "" }],
    ["tiles beyond the picture", { ...images, tileWidth: 4000 }],
    ["a picture that unfolds beyond memory", { ...images, png: bomb() }],
    ["captions that are not one for each", { ...images, captions: ["<img src=x onerror=alert(1)>"] }],
    ["triangles that name points that are not there", { ...tetrahedron, triangles: Buffer.from(new Uint32Array(12).fill(99).buffer).toString("base64") }],
    ["another kind", { ...images, kind: "html" }],
  ])("refuses %s", async (_, payload) => {
    const frame = await openView(opened.page, "media", payload, { id: "bad" });
    expect(await frame.getAttribute("data-error")).not.toBeNull();
  });

  it("captions are text", async () => {
    const frame = await openView(opened.page, "media", { ...images, captions: Array.from({ length: 12 }, () => "<img src=x onerror=alert(1)>") }, { id: "text" });
    expect(await frame.locator("img").count()).toBe(0);
  });

  it("takes another kind in place of the one shown", async () => {
    const frame = await openView(opened.page, "media", images, { id: "kind" });
    await openView(opened.page, "media", video, { id: "kind" });
    await frame.getByRole("button", { name: "Play" }).waitFor();
    expect(await frame.locator(".iso-media-tile").count()).toBe(0);
  });

  it.each(["light", "dark", "high-contrast", "high-contrast-light"] as const)("axe finds nothing in %s", async (theme) => {
    const page = await views.openPage({ theme });
    const frame = await openView(page.page, "media", images, { id: "images" });
    await openView(page.page, "media", video, { id: "video" });
    await openView(page.page, "media", cloud, { id: "cloud" });
    expect(await axeViolations(page.page)).toEqual([]);
    await frame.locator(".iso-media-tile").first().click();
    await shot(page.page, `media-${theme}`);
    expect(await axeViolations(page.page)).toEqual([]);
    expect(await overflows(page.page)).toBe(false);
    // The attempt at WebGL is logged by three.js; nothing else may go wrong.
    expect((await page.problems()).filter((problem) => !problem.includes("WebGL"))).toEqual([]);
    await page.close();
  });
});

describe.skipIf(!hasChromium)("3D", () => {
  let views: Views;
  beforeAll(async () => {
    views = await startViews();
  });
  afterAll(() => views.close());

  it("turns by keys, keeps the camera, exports GLB, survives a lost context, and changes with the theme", async () => {
    const opened = await views.openPage();
    const { page } = opened;
    const frame = await openView(page, "media", cloud, { id: "cloud" });
    await openView(page, "media", tetrahedron, { id: "mesh" });
    const scene = frame.getByRole("application");
    await scene.focus();
    await shot(page, "media-3d-light");
    const before = (await exported(opened, "cloud", "PNG")).bytes;
    await scene.focus();
    for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowLeft");
    const turned = (await exported(opened, "cloud", "PNG")).bytes;
    expect(turned.equals(before)).toBe(false);
    const { bytes } = await exported(opened, "mesh", "GLB");
    expect(bytes.subarray(0, 4).toString("latin1")).toBe("glTF");
    await setTheme(page, "dark");
    await shot(page, "media-3d-dark");
    expect(await axeViolations(page)).toEqual([]);
    await frame.locator("canvas").evaluate((canvas: HTMLCanvasElement) => canvas.getContext("webgl2")!.getExtension("WEBGL_lose_context")!.loseContext());
    await frame.getByText("context was lost").waitFor();
    await frame.getByRole("button", { name: "Try again" }).click();
    await frame.getByRole("application").waitFor();
    expect((await opened.problems()).filter((problem) => !/WebGL|GPU stall|Context Lost/i.test(problem))).toEqual([]);
    await opened.close();
  });
});

/** The header of a PNG of 60,000 × 60,000 pixels. */
function bomb(): string {
  const bytes = Buffer.alloc(64);
  Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82]).copy(bytes);
  bytes.writeUInt32BE(60_000, 16);
  bytes.writeUInt32BE(60_000, 20);
  return bytes.toString("base64");
}
