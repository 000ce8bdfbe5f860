/** @file The page of model graphs in a browser: modules that open, search, details, two graphs side by side, hostile graphs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { costOfNode } from "../../kernel/cost/costRules";
import { tensor, type Tensor } from "../../kernel/graph/tensor";
import { gpt } from "../../kernel/nn/gpt";
import { exportOnnx } from "../../kernel/onnx/export";
import { modelGraph } from "../../kernel/onnx/modelGraph";
import type { ModelGraph } from "../../kernel/onnx/modelGraphSchema";
import { key } from "../../kernel/random";
import "../../kernel/runtime/realize";
import { layoutOf } from "../../webviews/panels/modelGraph/layout";
import { type Item, moduleId } from "../../webviews/panels/modelGraph/modules";
import { axeViolations, hasChromium, setTheme, shot, startViews, type ViewPage, type Views } from "./views";

const fixture = (name: string): ModelGraph => modelGraph(readFileSync(join("test", "onnx", "fixtures", name)));

async function ourGraph(depth: number, width: number): Promise<ModelGraph> {
  const model = gpt({ vocab: 40, depth, width, heads: 2, context: 8, key: key(0) });
  const ids = tensor({ dtype: "int64", shape: [2, 8], data: new BigInt64Array(16) });
  return modelGraph(await exportOnnx((m: typeof model, x: Tensor) => m.call(x), [model, ids]), { flops: (outputs) => outputs.reduce((sum, each) => sum + costOfNode(each).flops, 0) });
}

/** The page as the extension's webview loads it. */
async function openGraph(views: Views, options: Parameters<Views["openPage"]>[0] = {}): Promise<ViewPage> {
  const opened = await views.openPage({ width: 1200, height: 760, ...options });
  await opened.page.evaluate(() => {
    let state: unknown;
    Object.assign(window, { acquireVsCodeApi: () => ({ postMessage: (message: never) => window.editor.posted.push(message), getState: () => state, setState: (next: unknown) => (state = next) }) });
    const script = document.createElement("script");
    script.type = "module";
    script.src = "/webviews/panels/modelGraph.js";
    document.body.append(script);
  });
  await opened.page.getByText("Reading the model").waitFor();
  return opened;
}

async function show(page: Page, message: unknown): Promise<void> {
  await page.evaluate((data) => window.postMessage(data, "*"), message);
  await page.locator(".iso[data-ready]").waitFor();
}
const graphs = (...list: readonly (readonly [string, ModelGraph])[]): unknown => ({ type: "graphs", graphs: list.map(([name, graph]) => ({ name, graph })) });

/** Busy machines take their time. */
const SLOW = { timeout: 20_000 };

describe.skipIf(!hasChromium)("model graphs", () => {
  let views: Views;
  let small: ModelGraph;
  let larger: ModelGraph;
  beforeAll(async () => {
    views = await startViews();
    [small, larger] = [await ourGraph(2, 16), await ourGraph(3, 24)];
  });
  afterAll(() => views.close());

  it("titles of nested modules stand above each other", () => {
    const items: readonly Item[] = [
      { id: moduleId("a"), kind: "group", parent: "", ref: "a" },
      { id: moduleId("a.b"), kind: "group", parent: "a", ref: "a.b" },
      { id: moduleId("a.b.c"), kind: "group", parent: "a.b", ref: "a.b.c" },
      { id: "n0", kind: "op", parent: "a.b.c", ref: 0 },
    ];
    const { boxes } = layoutOf({ items, edges: [] }, () => ({ width: 80, height: 30 }));
    const tops = items.map(({ id }) => boxes.get(id)?.y ?? NaN);
    expect(tops[0]).toBeGreaterThanOrEqual(0);
    for (let i = 1; i < 3; i++) expect(tops[i] - tops[i - 1]).toBeGreaterThanOrEqual(14);
    expect(tops[3] - tops[2]).toBeGreaterThanOrEqual(20);
  });

  it("opens and closes modules by click and by keys, and the graph stays whole", async () => {
    const opened = await openGraph(views);
    const { page } = opened;
    await show(page, graphs(["gpt.onnx", small]));
    await page.getByRole("button", { name: "Close all" }).click();
    const blocks = page.getByRole("button", { name: /Module blocks,/ });
    expect(await blocks.getAttribute("aria-expanded")).toBe("false");
    const few = await page.locator(".graph-item").count();
    await blocks.focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("button", { name: /Module blocks,/ }).getAttribute("aria-expanded")).toBe("true");
    expect(await page.locator(".graph-item").count()).toBeGreaterThan(few);
    await page.getByRole("button", { name: /Module blocks\.0,/ }).click();
    await shot(page, "graph-light");
    await page.getByRole("button", { name: /Module blocks\.0,/ }).focus();
    await page.keyboard.press("Enter");
    expect(await page.getByRole("button", { name: /Module blocks\.0,/ }).getAttribute("aria-expanded")).toBe("false");
    expect(await opened.problems()).toEqual([]);
    await opened.close();
  });

  it("writes what passes along a line where it covers no words", async () => {
    const opened = await openGraph(views);
    const { page } = opened;
    for (const name of ["gpt.onnx", "convNet.onnx"]) {
      await show(page, graphs([name, name === "gpt.onnx" ? small : fixture(name)]));
      const [labels, covered] = await page.evaluate(() => {
        const boxes = (selector: string): { readonly text: string; readonly box: DOMRect }[] => [...document.querySelectorAll(selector)].map((element) => ({ text: element.textContent ?? "", box: element.getBoundingClientRect() }));
        const words = boxes(".graph-item text");
        const shapes = boxes(".graph-shape");
        const meets = (a: DOMRect, b: DOMRect): boolean => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
        const covers = shapes.flatMap((shape, i) => [...words, ...shapes.slice(i + 1)].filter(({ box }) => meets(shape.box, box)).map(({ text }) => `${shape.text} covers ${text}`));
        return [shapes.length, covers] as const;
      });
      expect(labels, name).toBeGreaterThan(3);
      expect(covered, name).toEqual([]);
    }
    await opened.close();
  });

  it("finds a node, opens what is around it, and tells all of it", async () => {
    const opened = await openGraph(views);
    const { page } = opened;
    await show(page, graphs(["gpt.onnx", small]));
    await page.getByRole("button", { name: "Close all" }).click();
    await page.getByRole("searchbox").fill("blocks.1 softmax");
    await page.keyboard.press("Enter");
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByRole("heading", { name: "Softmax" }).waitFor();
    expect(await details.textContent()).toContain("4×8×8");
    expect(await details.textContent()).toContain("axis");
    expect(await page.locator('.graph-item[data-selected="true"]').count()).toBe(1);
    expect(await opened.problems()).toEqual([]);
    await opened.close();
  });

  it("moves between items by arrows, zooms by keys, and exports what is drawn", async () => {
    const opened = await openGraph(views);
    const { page } = opened;
    await show(page, graphs(["transformer.onnx", fixture("transformer.onnx")]));
    const focused = (): Promise<string | null> => page.evaluate(() => document.activeElement?.getAttribute("data-id") ?? null);
    await page.locator('.graph-item[tabindex="0"]').focus();
    const before = await focused();
    await page.keyboard.press("ArrowDown");
    expect(await focused()).not.toBe(before);
    const place = (): Promise<string | null> => page.locator(".graph-canvas > g").getAttribute("transform");
    const at = await place();
    await page.keyboard.press("+");
    expect(await place()).not.toBe(at);
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "PNG" }).click();
    await expect.poll(() => page.evaluate(() => window.editor.posted.some(({ type }) => type === "save")), SLOW).toBe(true);
    expect(await opened.problems()).toEqual([]);
    await opened.close();
  });

  it("shows two graphs side by side and marks what is alike, differs, and is only in one", async () => {
    const opened = await openGraph(views, { theme: "dark" });
    const { page } = opened;
    await show(page, graphs(["a.onnx", small], ["b.onnx", larger]));
    expect(await page.locator(".graph-pane").count()).toBe(2);
    await page.getByText(/modules alike/).waitFor();
    const [left, right] = [page.locator(".graph-pane").first(), page.locator(".graph-pane").last()];
    expect(await right.getByRole("button", { name: /Module blocks\.2,.*only here/ }).count()).toBe(1);
    expect(await left.getByRole("button", { name: /Module blocks\.0,.*changed/ }).count()).toBe(1);
    // An open module is taken by its title: in its middle lie its parts.
    await left.getByRole("button", { name: /Module blocks\.0,/ }).click({ position: { x: 14, y: 10 } });
    expect(await right.locator('.graph-item[data-selected="true"]').getAttribute("aria-label")).toMatch(/Module blocks\.0,/);
    await shot(page, "graph-compare-dark");
    expect(await axeViolations(page)).toEqual([]);
    await opened.close();
    const alike = await openGraph(views);
    await show(alike.page, graphs(["a.onnx", small], ["copy.onnx", small]));
    await alike.page.getByText(/ 0 differ/).waitFor();
    await alike.close();
  });

  it("draws a thousand nodes without modules", async () => {
    const opened = await openGraph(views);
    const values = Array.from({ length: 1501 }, (_, i) => ({ name: `v${i}`, dtype: "float32", shape: [1], constant: false }));
    const nodes = Array.from({ length: 1500 }, (_, i) => ({ op: "Add", domain: "", name: `n${i}`, path: [], inputs: [i, Math.max(0, i - 7)], outputs: [i + 1], attributes: [], parameters: 0, flops: 1 }));
    await show(opened.page, graphs(["flat.onnx", { ...small, values, nodes, inputs: [0], outputs: [1500] }]));
    expect(await opened.page.locator(".graph-item").count()).toBe(1502);
    expect(await opened.problems()).toEqual([]);
    await opened.close();
  });

  it.each([
    ["names that are markup", (graph: ModelGraph) => ({ ...graph, name: "<img src=x onerror=alert(1)>", nodes: graph.nodes.map((node) => ({ ...node, op: "<script>alert(1)</script>", path: ["<b>", "__proto__", ...node.path] })) })],
    ["values that are not there", (graph: ModelGraph) => ({ ...graph, outputs: [999_999] })],
    ["nodes that are no nodes", (graph: ModelGraph) => ({ ...graph, nodes: [null] })],
    ["a node that reads what it makes", (graph: ModelGraph) => ({ ...graph, nodes: graph.nodes.map((node) => ({ ...node, inputs: node.outputs })) })],
  ])("stays whole with %s", async (_, change) => {
    const opened = await openGraph(views);
    await show(opened.page, graphs(["bad.onnx", change(small) as ModelGraph]));
    expect(await opened.page.locator("main img, main script, main b").count()).toBe(0);
    expect(await opened.problems()).toEqual([]);
    await opened.close();
  });

  it("says in the words of the error why a file cannot be shown", async () => {
    const opened = await openGraph(views);
    await show(opened.page, { type: "failed", message: "FormatError: not a readable ONNX file\n  at byte 3\n  help: fetch it again" });
    expect(await opened.page.getByRole("alert").textContent()).toContain("help: fetch it again");
    await opened.close();
  });

  it.each(["light", "dark", "high-contrast", "high-contrast-light"] as const)("axe finds nothing in %s", async (theme) => {
    const opened = await openGraph(views, { theme: "light" });
    await show(opened.page, graphs(["convNet.onnx", fixture("convNet.onnx")]));
    await setTheme(opened.page, theme);
    await opened.page.locator('.graph-item[data-kind="op"]').nth(3).click();
    await shot(opened.page, `graph-${theme}`);
    expect(await axeViolations(opened.page)).toEqual([]);
    expect(await opened.problems()).toEqual([]);
    await opened.close();
  });
});
