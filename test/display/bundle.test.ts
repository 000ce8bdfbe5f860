/** @file Any value becomes a bundle; displays are sent, updated in place and never lost. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bundleMetadata, resolveBundle, toBundle } from "../../kernel/display/bundle";
import { clearOutput, display, setDisplaySink, settleDisplays, type DisplayMessage } from "../../kernel/display/display";
import { bundleBytes, DISPLAY, OUTPUT_BUDGET_BYTES } from "../../kernel/display/displayable";
import { html, Markup, md, svg } from "../../kernel/display/html";
import { view } from "../../kernel/display/view";
import { ArgumentError } from "../../kernel/errors";
import { encodePng } from "../../kernel/media/png";
import { lehmer } from "./pictures";

const lazy = (value: number) => ({
  dtype: "float32",
  shape: [2],
  host: () => Promise.resolve({ dtype: "float32" as const, shape: [2], data: Float32Array.of(value, value) }),
});

describe("a bundle", () => {
  it("of anything has text, fits the budget, and is never an exception", () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSet: true,
          withTypedArray: true,
          withSparseArray: true,
          withNullPrototype: true,
        }),
        (value) => {
          const bundle = toBundle(value);
          expect(typeof bundle["text/plain"]).toBe("string");
          expect(bundleBytes(bundle)).toBeLessThanOrEqual(OUTPUT_BUDGET_BYTES);
        },
      ),
    );
  });

  it("shows strings as they are, values as Node inspects them, without colours", () => {
    expect(toBundle("a\nb")).toEqual({ "text/plain": "a\nb" });
    expect(toBundle(42n)).toEqual({ "text/plain": "42n" });
    expect(toBundle({ a: [1, { b: null }] })).toEqual({ "text/plain": "{ a: [ 1, { b: null } ] }" });
    expect(toBundle("x".repeat(100_000))["text/plain"]).toMatch(/\(40000 of 100000 characters left out\)$/);
  });

  it("of an array of records is a table", () => {
    const bundle = toBundle([
      { method: "adamw", loss: 1.42 },
      { method: "<b>", loss: NaN },
    ]);
    expect(bundle["text/html"]).toContain('<th scope="col" style="text-align:right">loss</th>');
    expect(bundle["text/html"]).toContain("&#60;b&#62;");
    expect(bundle["text/plain"]).toBe("2 rows × 2 columns.\nmethod  loss\n──────  ────\nadamw   1.42\n<b>      NaN");
    expect(Object.keys(toBundle([{ a: 1 }, { b: 2 }]))).toEqual(["text/plain"]);
  });

  it("of PNG bytes is the picture; one over the budget is shown smaller", () => {
    const random = lehmer();
    const small = encodePng({ dtype: "uint8", shape: [4, 6], data: new Uint8Array(24) });
    expect(toBundle(small)).toEqual({
      "image/png": Buffer.from(small).toString("base64"),
      "text/plain": `PNG image of 6 × 4 pixels, ${small.length} bytes`,
    });
    const large = toBundle(encodePng({ dtype: "uint8", shape: [400, 500, 3], data: Uint8Array.from({ length: 600_000 }, () => random() * 256) }));
    expect(large["text/plain"]).toMatch(/500 × 400 pixels, \d+ bytes, shown smaller/);
    expect(large["image/png"]).toBeDefined();
    expect(bundleBytes(large)).toBeLessThanOrEqual(OUTPUT_BUDGET_BYTES);
  });

  it("of a display method over the budget leaves out the largest part and says so", () => {
    const bundle = toBundle({ [DISPLAY]: () => ({ "text/html": "x".repeat(300_000), "image/svg+xml": "<svg/>", "text/plain": "words" }) });
    expect(bundle).toEqual({ "image/svg+xml": "<svg/>", "text/plain": "words\n(text/html left out: over the budget of an output, 200000 bytes)" });
    expect(() => toBundle({ [DISPLAY]: () => 5 })).toThrow(/display method returned 5/);
  });

  it("of a Promise is refused with the advice to await it; lazy tensors only wait", async () => {
    expect(() => toBundle(Promise.resolve(1))).toThrow(/a Promise cannot be displayed\n {2}help: await it/);
    await expect(resolveBundle(Promise.resolve(1))).rejects.toThrow(ArgumentError);
    expect(() => toBundle(lazy(1))).toThrow(/await it first/);
    expect((await resolveBundle(lazy(3)))["text/plain"]).toContain("float32 [2], 8 B: all values 3");
    expect((await resolveBundle(view.tensor(lazy(4), { title: "w" })))["text/plain"]).toMatch(/^w\n.*all values 4/);
  });

  it("survives objects that fight back", () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    );
    expect(typeof toBundle([hostile])["text/plain"]).toBe("string");
    expect(
      toBundle([
        {
          get a() {
            throw new Error("getter");
          },
        },
      ])["text/plain"],
    ).toContain("getter");
  });

  it("with a picture carries its alt text for VS Code", () => {
    expect(bundleMetadata(view.progress({ done: 1, total: 2 })[DISPLAY]())).toEqual({ vscode_altText: "1 of 2 steps (50 %)" });
    expect(bundleMetadata({ "text/plain": "words" })).toEqual({});
  });
});

describe("tagged templates", () => {
  it("escape what is interpolated, and only that", () => {
    const inner = html`<b>${"<i>"}</b>`;
    expect(toBundle(html`<p title="${'"'}">${inner}${[1, "&"]}${null}</p>`)).toEqual({
      "text/html": '<p title="&#34;"><b>&#60;i&#62;</b>1&#38;</p>',
      "text/plain": "<i> 1&",
    });
    const title = md`# ${"*a*"} ${new Markup("text/markdown", "*b*")}`;
    expect(toBundle(title)["text/markdown"]).toBe("# \\*a\\* *b*");
    expect(toBundle(svg`<svg><text>${"<"}</text></svg>`)["image/svg+xml"]).toBe("<svg><text>&#60;</text></svg>");
  });
});

describe("display()", () => {
  let messages: DisplayMessage[];
  const texts = (): string[] =>
    messages.map((message) => (message.msg_type === "clear_output" ? "clear" : `${message.msg_type}: ${String(message.content.data["text/plain"])}`));

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    messages = [];
    setDisplaySink((message) => messages.push(message));
  });
  afterEach(async () => {
    await settleDisplays().catch(() => undefined);
    setDisplaySink(undefined);
    vi.useRealTimers();
  });

  it("sends Jupyter's messages with one id", () => {
    const handle = display("a", { id: "loss" });
    vi.advanceTimersByTime(150);
    handle.update("b");
    clearOutput({ wait: true });
    expect(messages).toEqual([
      { msg_type: "display_data", content: { data: { "text/plain": "a" }, metadata: {}, transient: { display_id: "loss" } } },
      { msg_type: "update_display_data", content: { data: { "text/plain": "b" }, metadata: {}, transient: { display_id: "loss" } } },
      { msg_type: "clear_output", content: { wait: true } },
    ]);
  });

  it("joins updates to ten a second and always delivers the last", () => {
    const handle = display(0);
    for (let i = 1; i <= 1000; i++) {
      handle.update(i);
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(100);
    expect(messages.length).toBeGreaterThanOrEqual(10);
    expect(messages.length).toBeLessThanOrEqual(12);
    expect(texts().at(-1)).toBe("update_display_data: 1000");
  });

  it("delivers what waits when the cell ends, lazy tensors too, in order", async () => {
    const handle = display("first");
    handle.update("second");
    const other = display(lazy(7));
    await settleDisplays();
    expect(texts()).toHaveLength(3);
    expect(texts()).toEqual(["display_data: first", "update_display_data: second", expect.stringContaining("all values 7")]);
    await other.done();
  });

  it("reports a lazy display that fails, and lives on", async () => {
    display({ dtype: "float32", shape: [1], host: () => Promise.reject(new Error("device lost")) });
    await expect(settleDisplays()).rejects.toThrow("device lost");
    display("next");
    expect(texts()).toEqual(["display_data: next"]);
  });

  it("refuses a Promise at once; in an update that waits the error takes the place of the output", () => {
    expect(() => display(Promise.resolve(1))).toThrow(/await it/);
    const handle = display("a");
    handle.update(Promise.resolve(1));
    vi.advanceTimersByTime(100);
    expect(texts()[1]).toContain("the display failed: a Promise cannot be displayed");
  });

  it("prints text when nobody listens", () => {
    setDisplaySink(undefined);
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    display(view.progress({ done: 1, total: 4 }));
    expect(write).toHaveBeenCalledWith("1 of 4 steps (25 %)\n");
    write.mockRestore();
  });
});
