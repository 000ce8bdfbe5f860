import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CellChecker } from "../../kernel/language/cellChecker";

let cwd = "";
let checker: CellChecker;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "check-"));
  writeFileSync(join(cwd, "given.ts"), "export const answer: number = 42; export interface Options { lr: number } export class Model { depth = 1 }");
  writeFileSync(join(cwd, "local.ts"), "export const here = 'text'");
  checker = new CellChecker({ cwd, types: { isoflop: join(cwd, "given.ts") } });
});
afterAll(() => rmSync(cwd, { recursive: true }));

const check = (...cells: string[]): string[] => checker.check(cells).map(({ cell, line, column, code, message }) => `${cell + 1}:${line}:${column} ${code} ${message}`);

describe("type errors over a notebook", () => {
  it.each<readonly [string, readonly string[]]>([
    ["variables, functions, classes, enums and types of earlier cells", ["let x = 1; function f(s: string) { return s } class A { k = 1 } enum E { B } type T = number; namespace N { export const q = 1 }", "const y: number = x + new A().k + E.B + N.q; const t: T = f('a').length; y + t"]],
    ["declaring anything again with another type", ["const x = 1; class A {} type T = string; function f() {}", "const x = 'a'; let A = 10; type T = number; const f = 5", "x.toUpperCase(); A.toFixed(); const t: T = f"]],
    ["top-level await and for await", ["const v = await Promise.resolve(1)", "for await (const x of [v]) x.toFixed()"]],
    ["functions that later cells declare", ["const f = () => later(1)", "function later(n: number) { return n }"]],
    ["assignments to variables of earlier cells", ["let x = 1; var y: string | undefined", "x = 2; y = 'a'; x++; [x, y] = [1, 'b']"]],
    ["imports, their types too, in later cells", ["import { answer, type Options, Model } from 'isoflop'; import * as os from 'node:os'; import { here } from './local'", "const o: Options = { lr: answer }; const m: Model = new Model(); os.cpus().length + o.lr + m.depth + here.length"]],
    ["a value of an imported name with a type of it", ["import { cpus } from 'node:os'", "type cpus = number; const n: cpus = cpus().length"]],
    ["Node's globals, console and require", ["console.log(process.pid, Buffer.from('a'), require('os'), setTimeout, fetch, structuredClone)"]],
    ["an object as the last line", ["const b = 1", "{ a: 1, b }"]],
    ["parameters without types, exports and empty cells", ["export const f = (x) => x; export { f as g }; export default 3", "", "// nothing", "f(1)"]],
  ])("accepts %s", (_, cells) => {
    expect(check(...cells)).toEqual([]);
  });

  it("finds wrong types at their place, also of names of earlier cells", () => {
    expect(check("const x: number = 'a'", "let y = 1", "// comment\ny = 'b'\nx.length")).toEqual(["1:1:7 2322 Type 'string' is not assignable to type 'number'.", "3:2:1 2322 Type 'string' is not assignable to type 'number'.", "3:3:3 2339 Property 'length' does not exist on type 'number'."]);
  });

  it("finds assignments to constants and imports, missing names and missing exports", () => {
    expect(check("const k = 1; import { answer, nope } from 'isoflop'", "k = 2", "answer = 3", "missing + 1").map((text) => text.split(" ").slice(0, 2).join(" "))).toEqual(["1:1:31 2305", "2:1:1 2588", "3:1:1 2588", "4:1:1 2304"]);
  });

  it("tells a syntax error and goes on with the other cells", () => {
    expect(check("let a = ;", "const b: string = 5", "let c = 1; let c = 2").map((text) => text.split(" ").slice(0, 2).join(" "))).toEqual(["1:1:9 0", "2:1:7 2322", "3:1:16 0"]);
  });

  it("sees edits", () => {
    expect(check("const n = 1", "n.length")).toHaveLength(1);
    expect(check("const n = 'one'", "n.length")).toHaveLength(0);
  });
});
