import { describe, expect, it } from "vitest";
import type { OutputMessage } from "../../kernel/protocol/messages";
import { MAX_STREAM_CHARACTERS, Outputs } from "../../kernel/session/outputs";

const text = (name: "stdout" | "stderr", content: string): OutputMessage => ({ msg_type: "stream", content: { name, text: content } });
const shown = (data: Record<string, unknown>, id?: string): OutputMessage => ({ msg_type: "display_data", content: { data, metadata: {}, transient: { display_id: id } } });
const update = (data: Record<string, unknown>, id: string): OutputMessage => ({ msg_type: "update_display_data", content: { data, metadata: { m: 1 }, transient: { display_id: id } } });

describe("outputs of cells as nbformat stores them", () => {
  it("joins text of one stream, until another output comes between", () => {
    const outputs = new Outputs();
    for (const message of [text("stdout", "a\nb"), text("stdout", "c\n"), text("stderr", "e"), text("stdout", "d"), shown({ "text/plain": "x" }), text("stdout", "f")]) outputs.add(message, "1");
    expect(outputs.of("1")).toEqual([
      { name: "stdout", output_type: "stream", text: ["a\n", "bc\n"] },
      { name: "stderr", output_type: "stream", text: ["e"] },
      { name: "stdout", output_type: "stream", text: ["d"] },
      { data: { "text/plain": ["x"] }, metadata: {}, output_type: "display_data" },
      { name: "stdout", output_type: "stream", text: ["f"] },
    ]);
  });

  it("puts updates into the displays they name, also those of earlier cells, and drops updates of nothing", () => {
    const outputs = new Outputs();
    outputs.add(shown({ "text/plain": "old" }, "p"), "1");
    outputs.add(shown({ "text/plain": "other" }, "q"), "1");
    outputs.add(shown({ "text/plain": "old again" }, "p"), "2");
    outputs.add(update({ "text/plain": "new\nline" }, "p"), "3");
    outputs.add(update({ "text/plain": "lost" }, "nobody"), "3");
    expect(outputs.of("1").map(({ data }) => data)).toEqual([{ "text/plain": ["new\n", "line"] }, { "text/plain": ["other"] }]);
    expect(outputs.of("2")).toEqual([{ data: { "text/plain": ["new\n", "line"] }, metadata: { m: 1 }, output_type: "display_data" }]);
    expect(outputs.of("3")).toEqual([]);
  });

  it("clears at once, or when the next output comes", () => {
    const outputs = new Outputs();
    outputs.add(text("stdout", "a"), "1");
    outputs.add({ msg_type: "clear_output", content: { wait: true } }, "1");
    expect(outputs.of("1")).toHaveLength(1);
    outputs.add(text("stdout", "b"), "1");
    expect(outputs.of("1")).toEqual([{ name: "stdout", output_type: "stream", text: ["b"] }]);
    outputs.add({ msg_type: "clear_output", content: { wait: false } }, "1");
    expect(outputs.of("1")).toEqual([]);
  });

  it("stores SVG and text as lines, base64 and JSON as they are", () => {
    const outputs = new Outputs();
    const data = { "image/svg+xml": "<svg>\n</svg>", "image/png": "aGk=", "application/vnd.isoflop.figure.v1+json": { a: [1] }, "text/html": "<b>" };
    outputs.add({ msg_type: "execute_result", content: { data, metadata: {}, execution_count: 4 } }, "1");
    expect(outputs.of("1")).toEqual([{ data: { ...data, "image/svg+xml": ["<svg>\n", "</svg>"], "text/html": ["<b>"] }, execution_count: 4, metadata: {}, output_type: "execute_result" }]);
  });

  it("cuts what a runaway loop prints, and says so once", () => {
    const outputs = new Outputs();
    for (let k = 0; k < 30; k++) outputs.add(text("stdout", "x".repeat(100_000)), "1");
    const [stream] = outputs.of("1");
    const written = String(Array.isArray(stream.text) ? stream.text.join("") : "");
    expect(written.length).toBeLessThan(MAX_STREAM_CHARACTERS + 200);
    expect(written.split("the rest is left out")).toHaveLength(2);
  });

  it("keeps an error's traceback and forgets a cell that runs again", () => {
    const outputs = new Outputs();
    outputs.add({ msg_type: "error", content: { ename: "E", evalue: "v", traceback: ["E: v", "  at cell 1"] } }, "1");
    expect(outputs.of("1")).toEqual([{ ename: "E", evalue: "v", output_type: "error", traceback: ["E: v", "  at cell 1"] }]);
    outputs.reset("1");
    expect(outputs.of("1")).toEqual([]);
  });
});
