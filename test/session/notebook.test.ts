import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../kernel/errors";
import { formatNotebook, parseNotebook, sourceOf, tagsOf, toLines } from "../../kernel/session/notebook";

const notebook = (cells: readonly object[], more: object = {}): string => JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5, ...more });
const code = (source: unknown, more: object = {}): object => ({ cell_type: "code", id: "a1", metadata: {}, source, outputs: [], execution_count: null, ...more });

describe("notebook files", () => {
  it("keeps unknown fields, ids and the order of keys", () => {
    const text = `${JSON.stringify({ metadata: { z: 1, kernelspec: { name: "k" }, a: [{}] }, zzz: true, cells: [{ source: ["x\n", "y"], foreign: 5, id: "q", metadata: { tags: ["t"], vs: { b: 1 } }, cell_type: "code", outputs: [{ output_type: "stream", text: ["o"], name: "stdout", more: 1 }], execution_count: 7 }], nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
    expect(formatNotebook(parseNotebook(text, "a.ipynb"))).toBe(text);
  });

  it("writes sources as lines and ends with a newline", () => {
    const text = formatNotebook(parseNotebook(notebook([code("a\nb\n"), { cell_type: "markdown", metadata: {}, source: "# x" }]), "a.ipynb"));
    expect(text.endsWith("}\n")).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ cells: [{ source: ["a\n", "b\n"] }, { source: ["# x"] }] });
  });

  it("accepts a byte-order mark, cells without metadata, and format 4.0", () => {
    const parsed = parseNotebook(`\ufeff${notebook([{ cell_type: "code", source: "1" }], { nbformat_minor: 0 })}`, "a.ipynb");
    expect(parsed.cells[0]).toMatchObject({ metadata: {}, outputs: [], execution_count: null });
    expect(tagsOf(parsed.cells[0])).toEqual([]);
  });

  it.each([
    ["an empty file", "", "the notebook is an empty file"],
    ["a truncated file", notebook([code("x")]).slice(0, -9), "the notebook is not JSON"],
    ["another file", "#!/bin/sh\n", "the notebook is not JSON"],
    ["a list", "[]", "the file holds JSON, but no notebook"],
    ["an object without a format", "{}", "it has no `nbformat`"],
    ["format 3", '{"nbformat": 3, "worksheets": []}', "has format 3, which is older than 4"],
    ["format 5", '{"nbformat": 5, "cells": []}', "has format 5; 4 is known"],
    ["no cells", '{"nbformat": 4, "cells": {}}', "has no list of cells"],
    ["a cell that is none", notebook([]).replace("[]", "[7]"), "cell 1 of the file: no object"],
    ["a cell of unknown type", notebook([{ cell_type: "heading", source: "" }]), 'its type is "heading"'],
    ["a source of numbers", notebook([code([1, 2])]), "its source is neither text nor lines of text"],
    ["metadata that is a list", notebook([code("", { metadata: [] })]), "its metadata is no object"],
    ["outputs that are text", notebook([code("", { outputs: "none" })]), "its outputs are no list of objects"],
    ["an output without a type", notebook([code("", { outputs: [{}] })]), "its outputs are no list of objects"],
    ["hostile nesting", `{"nbformat": 4, "cells": [], "x": ${"[".repeat(50_000)}${"]".repeat(50_000)}}`, "nested more than 200 levels deep"],
  ])("refuses %s in three lines", (_, text, message) => {
    const parse = (): unknown => parseNotebook(text, "dir/a.ipynb");
    expect(parse).toThrow(FormatError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(/\n {2}at dir\/a\.ipynb\n {2}help: .+$/);
  });

  it("does not let keys of objects change other objects", () => {
    parseNotebook('{"nbformat": 4, "cells": [], "metadata": {}, "__proto__": {"polluted": 1}}', "a.ipynb");
    expect("polluted" in {}).toBe(false);
  });

  it("any text survives being cut into lines", () => {
    fc.assert(fc.property(fc.array(fc.constantFrom("a", "\n", "\r\n", "é", "\u2028", "")), (parts) => {
      const text = parts.join("");
      const lines = toLines(text);
      expect(lines.join("")).toBe(text);
      expect(lines.every((line, k) => line !== "" && (k === lines.length - 1 || line.endsWith("\n")))).toBe(true);
    }));
  });

  it("any notebook reads back as it was written", () => {
    const cell = fc.record({ cell_type: fc.constantFrom("code", "markdown", "raw"), source: fc.string(), metadata: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })) });
    fc.assert(fc.property(fc.array(cell), (cells) => {
      const parsed = parseNotebook(notebook(cells), "a.ipynb");
      const again = parseNotebook(formatNotebook(parsed), "a.ipynb");
      expect(again.cells.map(sourceOf)).toEqual(cells.map(({ source }) => source));
      expect(formatNotebook(again)).toBe(formatNotebook(parsed));
    }));
  });
});
