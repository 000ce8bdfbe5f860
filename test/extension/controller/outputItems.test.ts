/** @file Outputs of the kernel as the editor takes them: what its serializer writes back, links into cells, nothing foreign made a link. */
import { describe, expect, it } from "vitest";
import { costText } from "../../../extension/controller/cellCosts";
import { linkedTraceback } from "../../../extension/controller/errorLinks";
import { outputOf } from "../../../extension/controller/outputItems";
import { fakeVscode } from "../fakeVscode";

const context = { vs: fakeVscode(), orderOf: (label: string) => (label === "3" ? 12 : undefined) };
const text = (item: { readonly data: Uint8Array }): string => Buffer.from(item.data).toString("utf8");

describe("an output", () => {
  it("keeps text as text, JSON as JSON and pictures as bytes, with what the file needs", () => {
    const data = { "application/vnd.isoflop.figure.v1+json": { a: [1] }, "image/svg+xml": "<svg/>", "image/png": "AAEC", "text/plain": "words" };
    const output = outputOf({ type: "display_data", data, metadata: { vscode_altText: "words" }, displayId: "d" }, context);
    expect(output.items.map((item) => [item.mime, item.mime === "image/png" ? [...item.data] : text(item)])).toEqual([
      ["application/vnd.isoflop.figure.v1+json", '{"a":[1]}'],
      ["image/svg+xml", "<svg/>"],
      ["image/png", [0, 1, 2]],
      ["text/plain", "words"],
    ]);
    expect(output.metadata).toEqual({ outputType: "display_data", metadata: { vscode_altText: "words" }, transient: { display_id: "d" } });
  });

  it("of a string that is JSON stays a string", () => {
    const output = outputOf({ type: "execute_result", data: { "application/json": "[1]" }, metadata: {}, displayId: undefined, executionCount: 4 }, context);
    expect(text(output.items[0])).toBe('"[1]"');
    expect(output.metadata).toMatchObject({ outputType: "execute_result", executionCount: 4 });
  });

  it("of an error links to its cells in the editor and leaves the file's text as it was", () => {
    const traceback = ["RangeError: no", "  at f (cell 3, line 5:9)", "  at cell 4, line 1"];
    const output = outputOf({ type: "error", ename: "RangeError", evalue: "no", traceback }, context);
    expect(JSON.parse(text(output.items[0]))).toEqual({ name: "RangeError", message: "no", stack: "RangeError: no\n  at f (<a href='vscode-notebook-cell:?execution_count=12&line=5'>cell 3, line 5:9</a>)\n  at cell 4, line 1" });
    expect(output.metadata).toMatchObject({ originalError: { traceback } });
  });
});

describe("a traceback", () => {
  it("makes no element of a link that the text holds", () => {
    const stack = linkedTraceback(["Error: <a href='command:evil' onclick=x>here</a>", "<A\thref='x'>"], () => 1);
    expect(stack).not.toMatch(/<a\s/i);
  });
});

describe("a cost", () => {
  it.each([
    [{ durationMs: 1000, flops: 1.234e9 }, "1.23 GFLOP · 1.23 GFLOP/s"],
    [{ durationMs: 500, flops: 2e12, joules: 12.34 }, "2 TFLOP · 4 TFLOP/s · 12.3 J"],
    [{ durationMs: 1000, flops: 999_999 }, "1.00 MFLOP · 1.00 MFLOP/s"],
    [{ durationMs: 0, flops: 10 }, "10 FLOP"],
    [{ durationMs: 5, flops: 0 }, ""],
    [{ durationMs: 5 }, ""],
    [{ durationMs: 5, joules: 0.5 }, "0.5 J"],
  ])("of %j is told as %s", (cost, said) => {
    expect(costText(cost)).toBe(said);
  });
});
