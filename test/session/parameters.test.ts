import { describe, expect, it } from "vitest";
import { ArgumentError } from "../../kernel/errors";
import { parseNotebook, sourceOf } from "../../kernel/session/notebook";
import { setParameters } from "../../kernel/session/parameters";
import { valueOf } from "./runCells";

const cell = (source: string, tags: readonly string[] = []): object => ({ cell_type: "code", metadata: { tags }, source });
const notebook = (...cells: readonly object[]): ReturnType<typeof parseNotebook> => parseNotebook(JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }), "a.ipynb");
const set = (source: string, name: string, value: string): string => sourceOf(setParameters(notebook(cell(source)), new Map([[name, value]])).cells[0]);

describe("setting parameters", () => {
  it.each([
    ["const lr = 1e-3 // rate", "lr", "0.5", "const lr = 0.5 // rate"],
    ["const lr = 1e-3", "lr", "3e-4", "const lr = 0.0003"],
    ["let n: number = 2 ** 10, m = 1", "n", "1_000", "let n: number = 1000, m = 1"],
    ["const n = -5", "n", "-.5", "const n = -0.5"],
    ["const name = 'a'", "name", "3", 'const name = "3"'],
    ["const name = 'a'", "name", '"quoted"', 'const name = "quoted"'],
    ["const name = `t`", "name", "it's `${x}`", 'const name = "it\'s `${x}`"'],
    ["const on = false", "on", "true", "const on = true"],
    ["const sizes = [1, 2] as const", "sizes", "[3,4]", "const sizes = [3,4]"],
    ["export let o = { a: 1 }", "o", '{"a": 2}', 'export let o = {"a":2}'],
    ["const x = compute()", "x", "5", "const x = 5"],
    ["const x = compute()", "x", "free text", 'const x = "free text"'],
    ["// const seed = 1\nconst s = 'const seed = 2', seed = 3", "seed", "4", "// const seed = 1\nconst s = 'const seed = 2', seed = 4"],
  ])("in `%s`, %s=%s gives `%s`", (source, name, value, expected) => {
    expect(set(source, name, value)).toBe(expected);
  });

  it("prefers cells tagged as parameters, then the first declaration", () => {
    const tagged = setParameters(notebook(cell("let k = 1"), cell("let k = 2", ["parameters"]), cell("let k = 3")), new Map([["k", "9"]]));
    expect(tagged.cells.map(sourceOf)).toEqual(["let k = 1", "let k = 9", "let k = 3"]);
    const plain = setParameters(notebook(cell("function f() { const k = 0 }"), cell("let k = 1"), cell("let k = 2")), new Map([["k", "9"]]));
    expect(plain.cells.map(sourceOf)).toEqual(["function f() { const k = 0 }", "let k = 9", "let k = 2"]);
  });

  it.each([
    ["const steps = 10", "steps", "ten", "`steps` holds a number, this is a string"],
    ["const steps = 10", "steps", "[1]", "`steps` holds a number, this is an array"],
    ["const on = true", "on", "1", "`on` holds a boolean, this is a number"],
    ["const list = [1]", "list", '{"a":1}', "`list` holds an array, this is an object"],
    ["const n: number = read()", "n", "null", "`n` holds a number, this is null"],
    ["const steps = 10", "stepz", "1", "did you mean `steps`?"],
    ["let unset: number; import { q } from 'z'", "unset", "1", "no cell declares `unset`"],
  ])("in `%s`, %s=%s is refused: %s", (source, name, value, message) => {
    expect(() => set(source, name, value)).toThrow(ArgumentError);
    expect(() => set(source, name, value)).toThrow(message);
  });

  it("gives the cell the value that was asked for", async () => {
    expect(await valueOf([set("const text = 'a'", "text", "</script>\u2028\\n'\""), "JSON.stringify(text)"])).toBe(JSON.stringify("</script>\u2028\\n'\""));
  });
});
