import { describe, expect, it } from "vitest";
import { runCells, valueOf } from "./runCells";

/** Name of the case, cells, what the last one shows. The cases of tslab's converter and executor, and what a notebook's user expects besides. */
const CASES: readonly (readonly [string, readonly string[], string])[] = [
  ["a constant is declared again", ["const x = 1", "const x = 'two'", "x"], "two"],
  ["let becomes const and const becomes let", ["let x = 1; const y = 2", "const x = y; let y = 5", "y = 7; [x, y]"], "[ 2, 7 ]"],
  ["var is declared again, as anything", ["var x = 1", "let x = 2", "var x = 3", "x"], "3"],
  ["a function replaces a variable, and a variable a function", ["const f = 1", "function f() { return 2 }", "const g = f()", "const f = 9; [f, g]"], "[ 9, 2 ]"],
  ["a class replaces a class; old instances stay what they are", ["class A { x = 1 }; const a = new A()", "class A { y = 2 }", "[a, new A(), a instanceof A]"], "[ A { x: 1 }, A { y: 2 }, false ]"],
  ["a value replaces a class", ["class A {}", "let A = 10", "A"], "10"],
  ["a type after a class leaves its value", ["class A { k = 3 }", "interface A { x: number }", "new A().k"], "3"],
  ["a value replaces an enum", ["enum A { K = 1 }", "let A = 10", "A"], "10"],
  ["an enum is replaced, not extended", ["enum E { A, B }", "enum E { C }", "E"], "{ '0': 'C', C: 0 }"],
  ["an enum merges within its cell", ["enum E { A = 1 } enum E { B = 2 }", "[E.A, E.B, E[2]]"], "[ 1, 2, 'B' ]"],
  ["const enums are there in later cells", ["const enum E { A = 5 }", "E.A"], "5"],
  ["a namespace is replaced, not extended", ["namespace N { export const a = 1 }", "namespace N { export const b = 2 }", "N"], "{ b: 2 }"],
  ["a namespace adds to a function of its cell", ["function f() { return f.k }\nnamespace f { export const k = 4 }", "f()"], "4"],
  ["types and interfaces are declared again", ["type T = number; interface I { a: T }", "type T = string; interface I { b: T }", "const v: I = { b: 'ok' }; v.b"], "ok"],
  ["a type and a value share a name", ["type P = { x: number }; const P = (x: number): P => ({ x })", "const p: P = P(3); p.x"], "3"],
  ["an import is overwritten by a variable", ["import { cpus } from 'node:os'", "let cpus = 10", "cpus += 1; cpus"], "11"],
  ["an import is overwritten by an import", ["import { basename as f } from 'node:path'", "import { dirname as f } from 'node:path'", "f('/a/b')"], "/a"],
  ["a namespace import is overwritten by a value", ["import * as os from 'node:os'", "let os = 10", "os"], "10"],
  ["a type of an import's name leaves the import", ["import { sep } from 'node:path'", "type sep = number", "typeof sep"], "string"],
  ["a value of an imported type's name", ["import type { CpuInfo } from 'node:os'", "let CpuInfo = 10", "CpuInfo"], "10"],
  ["destructuring declares all its names", ["const { a, b: { c = 5, ...d }, ...e } = { a: 1, b: { x: 2 }, f: 3 } as any; const [g, , h = g, ...i] = [1, 2, undefined, 4]", "[a, c, d, e, g, h, i]"], "[ 1, 5, { x: 2 }, { f: 3 }, 1, 1, [ 4 ] ]"],
  ["destructured names are declared again", ["const { a, b } = { a: 1, b: 2 }", "const [b, a] = [3, 4]", "[a, b]"], "[ 4, 3 ]"],
  ["destructuring assignment swaps names of earlier cells", ["let a = 1, b = 2", "[a, b] = [b, a]", "({ a, x: b = 9 } = { a: a + 5 } as any)", "[a, b]"], "[ 7, 9 ]"],
  ["a function sees a later value of what it uses", ["let k = 1; const f = () => k", "k = 2", "const k = 3", "f()"], "3"],
  ["a function calls one that a later cell declares", ["function f() { return g() }", "function g() { return 6 }", "f()"], "6"],
  ["a closure's counter goes on", ["let n = 0; const tick = () => ++n", "tick(); tick()", "n"], "2"],
  ["functions are there before their line", ["const v = early()\nfunction early() { return 8 }", "v"], "8"],
  ["var is there before its line", ["const before = typeof late; var late = 1", "before"], "undefined"],
  ["var in blocks and loops belongs to the notebook", ["for (var i = 0; i < 3; i++) { var sq = i * i } if (true) { var flag = true }", "[i, sq, flag]"], "[ 3, 4, true ]"],
  ["let in blocks and loops does not", ["let i = 'outer'; for (let i = 0; i < 3; i++) {} { let i = 5 }", "i"], "outer"],
  ["a variable is made from its old self", ["let x = 2", "let x = x * 10", "x"], "20"],
  ["exports are declarations", ["export const a = 1; export function b() { return 2 } export class C { c = 3 }\nexport { a as z }", "[a, b(), new C().c]"], "[ 1, 2, 3 ]"],
  ["a default export is an expression", ["const k = 4", "export default { k }"], "{ k: 4 }"],
  ["declare makes nothing", ["const v = 1", "declare const v: string; declare function f(): void", "v"], "1"],
  ["decorators run", ["const log: string[] = []; function dec(v: unknown, c: ClassDecoratorContext) { log.push(String(c.name)) }", "@dec class D { m() { return 1 } }", "[log, new D().m()]"], "[ [ 'D' ], 1 ]"],
  ["generics, overloads, casts and satisfies are erased", ["function id<T>(x: T): T; function id(x: any) { return x }\nconst v = id<number>(5 as unknown as number)! satisfies number", "v"], "5"],
  ["abstract classes and parameter properties", ["abstract class B { constructor(protected readonly k = 1, public j = 2) {} abstract f(): number }", "class E extends B { override f() { return this.k + this.j } }\nnew E().f()"], "3"],
];

describe("names in later cells", () => {
  it.each(CASES)("%s", async (_, cells, expected) => {
    expect(await valueOf(cells)).toBe(expected);
  });

  it("refuses the same name twice in one cell, at its place", async () => {
    const { errors, results } = await runCells(["let a = 1\nlet a = 2", "typeof a"]);
    expect(errors[0]).toBe("SyntaxError: the cell declares `a` twice (let and let)");
    expect(results[0].error?.traceback[1]).toBe("  at cell 1, line 2:5");
    expect(results[1].value?.["text/plain"]).toBe("undefined");
  });

  it("refuses assignment to a constant of this and of an earlier cell, not to one declared anew", async () => {
    const { errors, shown } = await runCells(["const a = 1", "a = 2", "const b = 1; b++", "let a = 5; a = 6", "({ a, b } = { a: 7, b: 8 })", "[a, b]"]);
    expect(errors).toEqual([undefined, "TypeError: `a` is a constant and cannot be assigned to", "TypeError: `b` is a constant and cannot be assigned to", undefined, "TypeError: `b` is a constant and cannot be assigned to", undefined]);
    expect(shown[5]).toBe("[ 7, 1 ]");
  });

  it("keeps what a failing cell assigned before it failed, and says of the rest that it has no value", async () => {
    const { shown, errors } = await runCells(["let a = 1; throw new Error('x'); let b = 2", "a", "b", "typeof b"]);
    expect(shown[1]).toBe("1");
    expect(errors[2]).toBe("ReferenceError: b has no value yet: what declares it has not run to that point");
  });

  it("names functions and classes after their variables", async () => {
    expect(await valueOf(["const f = () => 1, C = class {}, g = function () {}, ünï = async () => 2", "[f.name, C.name, g.name, ünï.name]"])).toBe("[ 'f', 'C', 'g', 'ünï' ]");
  });

  it("calls functions without a `this`", async () => {
    expect(await valueOf(["function f() { return this }", "[f(), (f)(), typeof this]"])).toBe("[ undefined, undefined, 'undefined' ]");
  });

  it("keeps two sessions apart", async () => {
    await runCells(["var shared = 1"]);
    expect(await valueOf(["typeof shared"])).toBe("undefined");
    expect("shared" in globalThis).toBe(false);
  });
});
