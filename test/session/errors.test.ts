import { describe, expect, it } from "vitest";
import { ShapeError } from "../../kernel/errors";
import { runCells } from "./runCells";

describe("errors of cells", () => {
  it("tells cell and line of every call on the way, after types and enums moved all lines", async () => {
    const cells = ["interface Long {\n  a: number;\n  b: string;\n}\nenum E { A }\nexport function f(n: number): number {\n  // comment\n  if (n === 0) throw new TypeError(`deep`);\n  return f(n - 1);\n}", "const x: number = 1;\nf(x)"];
    const { results } = await runCells(cells);
    expect(results[1].error?.traceback).toEqual([
      "TypeError: deep",
      "  at f (cell 1, line 8:22)",
      "  at f (cell 1, line 9:11)",
      "  at cell 2, line 2:2",
      "",
      "  7 |   // comment",
      "> 8 |   if (n === 0) throw new TypeError(`deep`);",
      "    |                      ^",
      "  9 |   return f(n - 1);",
    ]);
  });

  it("puts its place into an error of ours that has none, before the help", async () => {
    const fail = (): never => {
      throw new ShapeError("add: [2] and [3]", { help: "make them equal" });
    };
    const { results } = await runCells(["import { fail } from 'lib'\nfail()"], { modules: { lib: { fail } } });
    expect(results[0].error).toMatchObject({ ename: "ShapeError", evalue: "add: [2] and [3]\n  at cell 1, line 2:5\n  help: make them equal" });
    expect(results[0].error?.traceback.slice(0, 4)).toEqual(["ShapeError: add: [2] and [3]", "  at cell 1, line 2:5", "  help: make them equal", ""]);
  });

  it("tells the place that an error of ours knows in terms of cells, once", async () => {
    const fail = (): never => {
      const where = /\((isoflop:.*)\)|at (isoflop:.*)$/m.exec(new Error().stack ?? "");
      throw new ShapeError("add: [2] and [3]", { where: where?.[1] ?? where?.[2], help: "make them equal" });
    };
    const { results } = await runCells(["import { fail } from 'lib'\nfail()"], { modules: { lib: { fail } } });
    expect(results[0].error?.evalue).toBe("add: [2] and [3]\n  at cell 1, line 2:5\n  help: make them equal");
    expect(results[0].error?.traceback.slice(0, 4)).toEqual(["ShapeError: add: [2] and [3]", "  at cell 1, line 2:5", "  help: make them equal", ""]);
  });

  it.each([
    ["throw 'text'", "Thrown: 'text'"],
    ["throw null", "Thrown: null"],
    ["throw { code: 5 }", "Thrown: { code: 5 }"],
    ["await Promise.reject(new RangeError('r'))", "RangeError: r"],
    ["nothing", "ReferenceError: nothing is not defined"],
    ["undeclared = 1", "ReferenceError: undeclared is not defined"],
    ["null.x", "TypeError: Cannot read properties of null (reading 'x')"],
    ["const e = new Error('m'); e.stack = undefined; throw e", "Error: m"],
    ["class MyError extends Error { name = 'MyError' }; throw new MyError('own')", "MyError: own"],
    ["process.exit(3)", "ArgumentError: a cell called process.exit(3)"],
    ["(function f(): void { f() })()", "RangeError: Maximum call stack size exceeded"],
  ])("%s", async (code, expected) => {
    const { errors, shown } = await runCells([code, "'still here'"]);
    expect(errors[0]).toBe(expected);
    expect(shown[1]).toBe("still here");
  });

  it("tells causes", async () => {
    const { results } = await runCells(["throw new Error('outer', { cause: new TypeError('inner') })"]);
    expect(results[0].error?.traceback.at(-1)).toBe("caused by TypeError: inner");
  });

  it("survives errors whose message looks like a stack", async () => {
    const { results } = await runCells(["throw new Error('a\\n    at fake (file.ts:1:1)')"]);
    expect(results[0].error?.traceback.slice(0, 3)).toEqual(["Error: a", "    at fake (file.ts:1:1)", "  at cell 1, line 1:7"]);
  });
});
