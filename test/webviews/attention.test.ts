/** @file The attention view in a browser: heads, tokens, locks, comparison, keyboard, damage; and its parts alone. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttentionPayload } from "../../kernel/display/schema";
import { view } from "../../kernel/display/view";
import { decode, meanChange, difference, sums, thumbnail, top, usualHighest } from "../../webviews/renderers/attention/grids";
import { attentionModel, columnOfRow, isMasked, readable, rowOfColumn } from "../../webviews/renderers/attention/model";
import { firstHead, orderOf, patternOf, patternThreshold } from "../../webviews/renderers/attention/order";
import { AXIS_FONT_PX, cellAt, cornerOf, mapLayout, standUpright } from "../../webviews/renderers/attention/mapLayout";
import { chosenOf, moved } from "../../webviews/renderers/attention/state";
import { labelEvery, pan, reveal, wholeOf, zoom } from "../../webviews/renderers/attention/window";
import { attentionExample, attentionWeights, PLANTED, WORDS } from "./lawExamples";
import { axeViolations, hasChromium, openView, overflows, setTheme, shot, startViews, type ViewPage, type Views } from "./views";

describe("the model of attention", () => {
  it("finds the planted heads and starts with the one for induction", () => {
    const model = attentionModel(attentionExample());
    const place = (index: number): readonly number[] => [model.heads[index].layer, model.heads[index].head];
    expect(place(firstHead(model))).toEqual(PLANTED.induction);
    const threshold = patternThreshold(model);
    const found = model.heads.flatMap((head) => patternOf(head, threshold)?.pattern ?? []);
    expect(found.sort()).toEqual(["first", "induction", "previous", "self"]);
  });

  it("decodes the weights that the kernel gave, to half of one of its 254 levels", () => {
    const source = attentionWeights();
    const model = attentionModel(attentionExample());
    const count = WORDS.length ** 2;
    for (const head of [0, 6, 9]) {
      const decoded = decode(model.heads[head], model);
      const high = model.heads[head].grid?.high ?? NaN;
      const worst = Array.from({ length: count }, (_, i) => Math.abs((decoded?.values[i] ?? NaN) - Number(source.data[head * count + i]))).reduce(
        (most, off) => Math.max(most, off),
        0,
      );
      expect(worst).toBeLessThan((high / 254) * 0.51);
    }
  });

  it("rows and columns of queries that start late meet at the same tokens", () => {
    const empty = attentionModel({ ...attentionExample(), heads: [] });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 5 }), (queries, offset, block) => {
        const model = {
          ...empty,
          rows: Math.ceil(queries / block),
          columns: Math.ceil((queries + offset) / block),
          block,
          offset,
          keys: queries + offset,
        };
        for (let row = 0; row < model.rows; row++) {
          const column = columnOfRow(model, row);
          expect(Math.abs((rowOfColumn(model, column) ?? NaN) - row)).toBeLessThanOrEqual(offset % block === 0 ? 0 : 1);
          expect(isMasked(model, row, column)).toBe(false);
        }
      }),
    );
  });

  it("heads that do not match their size are kept without a map; counts that lie cost nothing", () => {
    const payload = attentionExample();
    const broken: AttentionPayload = {
      ...payload,
      heads: payload.heads.map((head, i) =>
        i === 2 ? { ...head, weights: { ...head.weights, shape: [5, 5] } } : i === 3 ? { ...head, weights: { ...head.weights, data: "AAAA" } } : head,
      ),
    };
    expect(
      attentionModel(broken)
        .heads.map(({ grid }) => grid !== undefined)
        .slice(0, 5),
    ).toEqual([true, true, false, false, true]);
    const huge = attentionModel({ ...payload, queries: 1e6, keys: 1e6, layers: 1e6 });
    expect(huge.heads.every(({ grid }) => grid === undefined)).toBe(true);
    expect(huge.labels.length).toBeLessThanOrEqual(4096);
  });

  it("joined tokens are told apart by a space, unless they bring their own", () => {
    const joined = (tokens: readonly string[]): readonly string[] =>
      attentionModel({ ...attentionExample(), heads: [], tokens, keys: tokens.length, queries: tokens.length, block: 2 }).labels;
    expect(joined(["the", "cat", "sat"])).toEqual(["the cat", "sat"]);
    expect(joined(["The", " cat", "s"])).toEqual(["The cat", "s"]);
    expect(joined(["a", "b", "c"])).toEqual(["ab", "c"]);
  });

  it("labels show what cannot be seen: line ends, lone spaces, nothing", () => {
    expect([" the", "\n", " ", "", "a\tb", "\u202Eevil"].map(readable)).toEqual(["the", "⏎", "␣", "∅", "a⇥b", "�evil"]);
  });
});

describe("the parts of the map", () => {
  const weights = { rows: 2, columns: 3, values: Float32Array.of(0.5, 0.5, 0, 0.1, NaN, 0.9) };

  it("sums, top entries, usual highest value and differences leave out what is not finite", () => {
    const { row, column } = sums(weights);
    expect([...row].map((value) => Number(value.toFixed(3)))).toEqual([1, 1]);
    expect([...column].map((value) => Number(value.toFixed(3)))).toEqual([0.6, 0.5, 0.9]);
    expect(top(weights.values, 2)).toEqual([5, 0]);
    expect(usualHighest(weights)).toBeCloseTo(0.9);
    const self = difference(weights, weights);
    expect(self === undefined ? NaN : meanChange(self)).toBe(0);
    expect(difference(weights, { ...weights, columns: 2 })).toBeUndefined();
  });

  it("a small map keeps a line of single cells", () => {
    const side = 512;
    const values = new Float32Array(side * side);
    for (let i = 0; i < side; i++) values[i * side + i] = 1;
    const small = thumbnail({ rows: side, columns: side, values }, { side: 64, signed: false });
    for (let i = 0; i < 64; i++) expect(small.bytes[i * 64 + i]).toBe(254);
    expect(small.bytes.reduce((count, byte) => count + (byte > 0 ? 1 : 0), 0)).toBe(64);
  });

  it("the cell under a pixel is the one whose corner is before it, at any zoom", () => {
    const size = { rows: 40, columns: 40 };
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 39 }),
        fc.integer({ min: 0, max: 39 }),
        fc.double({ min: 1, max: 8, noNaN: true }),
        (row, column, factor) => {
          const window = reveal(zoom(wholeOf(size), size, { factor, x: 0.5, y: 0.5 }), size, { row, column });
          const layout = mapLayout({ width: 400, height: 380, label: 40, window });
          const corner = cornerOf(layout, window, { row, column });
          expect(cellAt(layout, window, { x: corner.x + layout.cell.width / 2, y: corner.y + layout.cell.height / 2 })).toEqual({ row, column });
        },
      ),
    );
  });

  it("a window never leaves the map", () => {
    const size = { rows: 20, columns: 30 };
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.double({ min: 0.1, max: 10, noNaN: true }),
            fc.double({ min: -50, max: 50, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
          ),
          { maxLength: 8 },
        ),
        (steps) => {
          let window = wholeOf(size);
          for (const [factor, by, at] of steps) window = pan(zoom(window, size, { factor, x: at, y: 1 - at }), size, { rows: by, columns: -by });
          expect(window.row).toBeGreaterThanOrEqual(0);
          expect(window.column).toBeGreaterThanOrEqual(0);
          expect(window.row + window.rows).toBeLessThanOrEqual(20 + 1e-9);
          expect(window.column + window.columns).toBeLessThanOrEqual(30 + 1e-9);
        },
      ),
    );
    expect(labelEvery(4, 12)).toBe(5);
  });

  it("arrows stay inside of the map, and a stored choice of another payload is not trusted", () => {
    const model = attentionModel(attentionExample());
    expect(moved(model, { row: 0, column: 0 }, { key: "ArrowUp", ctrlKey: false })).toEqual({ row: 0, column: 0 });
    expect(moved(model, { row: 1, column: 1 }, { key: "End", ctrlKey: false })).toEqual({ row: 1, column: WORDS.length - 1 });
    expect(moved(model, { row: 1, column: 1 }, { key: "a", ctrlKey: false })).toBeUndefined();
    const wrong = chosenOf(model, { head: 99, locked: -1, compare: "head:500", highlight: "<b>", window: { row: "x" } });
    expect(wrong).toMatchObject({ head: firstHead(model), locked: undefined, compare: "", highlight: "pattern", window: wholeOf(model) });
  });

  it("strongest first puts heads without a score last and keeps the others in place order", () => {
    const model = attentionModel(attentionExample());
    const order = orderOf(model.heads, (i) => (i === 5 ? null : i === 9 ? 1 : 0));
    expect([order[0], order.at(-1)]).toEqual([9, 5]);
    expect(order.slice(1, -1)).toEqual([...order.slice(1, -1)].sort((a, b) => a - b));
  });
});

describe.skipIf(!hasChromium)("attention in a browser", () => {
  let views: Views;
  let opened: ViewPage;
  beforeAll(async () => {
    views = await startViews();
    opened = await views.openPage({ width: 1200 });
  });
  afterAll(async () => {
    await opened.close();
    await views.close();
  });
  const token = (id: string, index: number) => opened.page.locator(`#${id} [role=option]`).nth(index);
  const readout = (id: string) => opened.page.locator(`#${id} .iso-readout`);

  it("a token under the pointer shows where it looks: the induction head looks past the last same word", async () => {
    const { page } = opened;
    await openView(page, "attention", attentionExample(), { id: "hover" });
    // The second "cat" looks at what followed the first: "sat".
    const second = WORDS.indexOf("cat", 2);
    await token("hover", second).hover();
    await expect.poll(() => readout("hover").textContent()).toMatch(new RegExp(`^“cat” \\(${second}\\) looks most at “sat” \\(2\\) 0\\.\\d+`));
    await page.locator("#hover").getByRole("button", { name: "seen by" }).click();
    await token("hover", 2).hover();
    await expect.poll(() => readout("hover").textContent()).toMatch(new RegExp(`^“sat” \\(2\\) is looked at most by .*“cat” \\(${second}\\)`));
  });

  it("bytes of a word stay on one line, their labels above the map are not turned, and the text begins with what the last one looks at", async () => {
    const own = await views.openPage({ width: 1200 });
    const { page } = own;
    const letters = [..."to be or not to be that is the question whether it is nobler"];
    const frame = await openView(page, "attention", attentionExample({ tokens: letters }), { id: "bytes" });
    const lines = await frame.locator(".attention-word").evaluateAll((words) => words.map((word) => new Set([...word.children].map((token) => Math.round(token.getBoundingClientRect().top))).size));
    expect(lines.length).toBe(14);
    expect(new Set(lines)).toEqual(new Set([1]));
    expect(await frame.locator(".attention-ranked em").textContent()).toBe(`“r” (${letters.length - 1}) looks most at`);
    await frame.getByRole("button", { name: "seen by" }).click();
    await expect.poll(() => frame.locator(".attention-ranked em").textContent()).toBe("“t” (0) is looked at most by");
    expect(standUpright(9)).toBe(true);
    expect(mapLayout({ width: 400, height: 400, label: 9, window: { row: 0, column: 0, rows: 9, columns: 9 } }).plot.y).toBeGreaterThan(AXIS_FONT_PX + 15);
    expect(await own.problems()).toEqual([]);
    await own.close();
  });

  it("a click locks a token, other tokens then tell of the pair, Escape unlocks", async () => {
    const { page } = opened;
    await openView(page, "attention", attentionExample(), { id: "lock" });
    const second = WORDS.indexOf("cat", 2);
    await token("lock", second).click();
    await token("lock", 2).hover();
    await expect
      .poll(() => readout("lock").textContent())
      .toMatch(new RegExp(`^locked · “cat” \\(${second}\\) looks at “sat” \\(2\\): 0\\.\\d+, rank 1$`));
    await page.mouse.move(2, 2);
    await expect.poll(() => readout("lock").textContent()).toMatch(/^locked · “cat”/);
    await page.keyboard.press("Escape");
    await expect.poll(() => readout("lock").textContent()).not.toMatch(/^locked/);
  });

  it("by keyboard alone: to another head, into its map, over its cells, lock, unlock, and back to the heads", async () => {
    const { page } = opened;
    const frame = await openView(page, "attention", attentionExample(), { id: "keys" });
    const start = frame.locator("[role=gridcell][tabindex='0']");
    await start.focus();
    expect(await start.getAttribute("aria-label")).toMatch(/^layer 2, head 1: previous .* induction 0\.8/);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => frame.locator("h4").nth(1).textContent()).toContain("Layer 1, head 2 · previous token 0.9");
    await page.keyboard.press("Enter");
    const map = frame.getByRole("grid", { name: /Map/ });
    expect(await map.evaluate((element) => element === document.activeElement)).toBe(true);
    for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
    await expect.poll(() => map.getByRole("gridcell").textContent()).toMatch(/^“The?.*” \(3\)|“on” \(3\) looks at “sat” \(2\): 0\.9/);
    await page.keyboard.press("Enter");
    await expect.poll(() => readout("keys").textContent()).toMatch(/^locked/);
    await page.keyboard.press("Escape");
    await expect.poll(() => readout("keys").textContent()).not.toMatch(/^locked/);
    await page.keyboard.press("Escape");
    expect(await frame.locator("[role=gridcell][tabindex='0']").evaluate((element) => element === document.activeElement)).toBe(true);
  });

  it("two heads compared show their difference; a pinned view is compared head by head; unpinning ends it", async () => {
    const { page } = opened;
    const first = await openView(page, "attention", attentionExample({ title: "before" }), { id: "one" });
    const second = await openView(page, "attention", attentionExample({ title: "after", seed: 9 }), { id: "two" });
    await second.getByRole("combobox", { name: "Compare with" }).selectOption({ label: "layer 1, head 2" });
    await expect.poll(() => second.locator("h4").nth(1).textContent()).toMatch(/minus layer 1, head 2 · mean change 0\.[89]/);
    await first.getByRole("button", { name: /Pin/ }).click();
    await second.getByRole("combobox", { name: "Compare with" }).selectOption({ label: "pinned 1: before" });
    await expect.poll(() => second.locator("h4").nth(1).textContent()).toMatch(/minus pin 1: before · mean change 0\.0/);
    await first.getByRole("button", { name: /Pin/ }).click();
    await expect.poll(() => second.locator("h4").nth(1).textContent()).not.toContain("minus");
  });

  it("a pinned view of other size says why there is no difference", async () => {
    const { page } = opened;
    const small = await openView(page, "attention", attentionExample({ tokens: WORDS.slice(0, 9), title: "short" }), { id: "short" });
    const large = await openView(page, "attention", attentionExample(), { id: "long" });
    await small.getByRole("button", { name: /Pin/ }).click();
    const list = large.getByRole("combobox", { name: "Compare with" });
    await list.selectOption((await list.locator("option", { hasText: "short" }).getAttribute("value")) ?? "");
    await expect.poll(() => readout("long").textContent()).toContain(`has maps of 9 × 9 cells, this view of ${WORDS.length} × ${WORDS.length}`);
    await small.getByRole("button", { name: /Pin/ }).click();
  });

  it("zoom shows fewer cells and Escape the whole map again; what was chosen is there after a new rendering", async () => {
    const { page } = opened;
    const frame = await openView(page, "attention", attentionExample(), { id: "state" });
    await frame.getByRole("button", { name: /Zoom in/ }).click();
    await token("state", 4).click();
    expect(await frame.getByRole("button", { name: /Fit/ }).isDisabled()).toBe(false);
    await page.evaluate(() => window.editor.dispose("state"));
    const again = await openView(page, "attention", attentionExample(), { id: "state" });
    await expect.poll(() => again.getByRole("button", { name: /Fit/ }).isDisabled()).toBe(false);
    await expect
      .poll(() =>
        again
          .locator("[role=option]")
          .nth(4)
          .evaluate((element) => element.style.boxShadow),
      )
      .toContain("2px");
  });

  it("damaged maps are said to be damaged, lying counts and strange tokens do no harm", async () => {
    const { page } = opened;
    const payload = attentionExample();
    const tokens = WORDS.map((word, i) => (i === 0 ? "<img src=x onerror=alert(1)>" : i === 1 ? "\u202E" : word));
    const broken = {
      ...payload,
      layers: 1000,
      headsPerLayer: 1000,
      tokens,
      heads: payload.heads.map((head) => ({ ...head, weights: { ...head.weights, data: "!!!!" } })),
    };
    const frame = await openView(page, "attention", broken, { id: "broken" });
    expect(await frame.getAttribute("data-error")).toBeNull();
    await frame.locator("[role=gridcell]").nth(3).hover();
    expect(await frame.locator("[role=gridcell]").nth(3).getAttribute("aria-label")).toContain("its weights are damaged");
    expect(await frame.locator("img").count()).toBe(0);
    const notFinite = view.attention({
      weights: [
        [
          [NaN, 1],
          [Infinity, 0.5],
        ],
      ],
    }).payload;
    await openView(page, "attention", notFinite, { id: "nan" });
    await openView(page, "attention", { ...payload, heads: [] }, { id: "empty" });
    const refused = await openView(page, "attention", { ...payload, queries: "many" }, { id: "refused" });
    expect(await refused.getAttribute("data-error")).toContain("queries");
    expect(await opened.problems()).toEqual([]);
  });

  it("no accessibility violation in any theme, nothing sticks out at 480 to 1200 px, and the theme switches live", async () => {
    for (const width of [480, 700, 1200]) {
      const small = await views.openPage({ width });
      const frame = await openView(small.page, "attention", attentionExample(), { id: "a11y" });
      await frame.locator("[role=option]").nth(12).click();
      expect(await overflows(small.page), `${width} px`).toBe(false);
      for (const theme of ["light", "dark", "high-contrast", "high-contrast-light"] as const) {
        await setTheme(small.page, theme);
        await small.page.waitForFunction((kind) => document.body.dataset["vscodeThemeKind"] === `vscode-${kind}`, theme);
        if (width === 700) expect(await axeViolations(small.page), theme).toEqual([]);
        await shot(small.page, `attention-${theme}-${width}`);
      }
      expect(await small.problems()).toEqual([]);
      await small.close();
    }
  });

  it("exports hold the pictures: an SVG without references to elsewhere, a PNG", async () => {
    const { page } = opened;
    const frame = await openView(page, "attention", attentionExample(), { id: "export" });
    for (const [label, start] of [
      ["SVG", "<svg"],
      ["PNG", "\u0089PNG"],
    ] as const) {
      const before = await page.evaluate(() => window.editor.posted.length);
      await frame.getByRole("button", { name: /Export/ }).click();
      await frame.getByRole("menuitem", { name: label, exact: true }).click();
      await expect.poll(() => page.evaluate((count) => window.editor.posted.length > count, before)).toBe(true);
      const file = await page.evaluate(() => {
        const last: unknown = window.editor.posted.at(-1);
        return typeof last === "object" && last !== null && "base64" in last && typeof last.base64 === "string" ? atob(last.base64) : "";
      });
      expect(file.slice(0, 4)).toBe(start);
      if (label === "SVG") expect(file).not.toMatch(/(href|src)="(?!data:image\/png)/);
    }
  });
});
