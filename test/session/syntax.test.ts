import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runCells, valueOf } from "./runCells";

const CASES: readonly (readonly [string, readonly string[], string | undefined])[] = [
  ["top-level await", ["const v = await Promise.resolve(3)", "await (async () => v + 1)()"], "4"],
  ["await in every place of a statement", ["const o = { [await 'k']: await 1, f: [await 2] }; for (const x of await [3]) { o.f.push(await x) }", "o"], "{ k: 1, f: [ 2, 3 ] }"],
  ["async iteration", ["async function* g() { yield 1; yield 2 } let s = 0; for await (const x of g()) s += x", "s"], "3"],
  ["generators", ["function* g(): Generator<number> { let i = 0; while (true) yield i++ }", "const [a, b, c] = g(); [a, b, c]"], "[ 0, 1, 2 ]"],
  ["labelled loops", ["let n = 0; outer: for (let i = 0; i < 5; i++) for (let j = 0; j < 5; j++) { if (j === 2) continue outer; if (i === 3) break outer; n++ }", "n"], "6"],
  ["do, while, for-in, without blocks", ["let n = 0; do n++; while (n < 3) while (n < 5) n++\nfor (const k in { a: 1, b: 2 }) n += k.length", "n"], "7"],
  ["a switch with names of its own", ["let x = 'out'; switch (1 as number) { case 1: { let x = 'in'; break } default: let y = x }", "x"], "out"],
  ["using disposes at the end of its cell", ["const log: string[] = []; class R { [Symbol.dispose]() { log.push('gone') } }", "using r = new R(); log.push('here'); const inside = log.length", "[log, inside]"], "[ [ 'here', 'gone' ], 1 ]"],
  ["await using", ["const log: number[] = []", "await using r = { async [Symbol.asyncDispose]() { await 0; log.push(1) } }", "log"], "[ 1 ]"],
  ["unicode identifiers", ["const größe = 1, 変数 = 2, \\u0061b = 3", "[größe, 変数, ab]"], "[ 1, 2, 3 ]"],
  ["template strings that hold code", ["const a = 1; const t = `let a = 2; ${`nested ${a} import x from 'y'`} }`", "t"], "let a = 2; nested 1 import x from 'y' }"],
  ["strings and comments that hold code", ["const a = 'const a = 2' // let a = 3\n/* class a {} */", "a"], "const a = 2"],
  ["regular expressions that hold code", ["const r = /const x = (\\d+)/; const m = r.exec('const x = 5')!", "m[1]"], "5"],
  ["a tagged template of an earlier cell", ["const tag = (s: TemplateStringsArray, ...v: unknown[]) => s.join('|') + v.join()", "tag`a${1}b${2}c`"], "a|b|c1,2"],
  ["a line that starts with a parenthesis after one without a semicolon", ["const f = () => 1\nconst g = (x: number) => x\n;(f())\nlet h = f\n;[h] = [() => 5]", "h()"], "5"],
  ["a line that starts with a function call after a value", ["const f = () => 1", "const a = 2\nf()"], "1"],
  ["a line that starts with a template", ["const a = 1\n;`x${a}`"], "x1"],
  ["return value broken by a line end", ["const f = () => {\n  return\n  5\n}", "String(f())"], "undefined"],
  ["an object literal as the last line", ["const b = 2", "{ a: 1, b }"], "{ a: 1, b: 2 }"],
  ["an object literal with methods and spreads", ["const x = { p: 1 }", "{ ...x, m() { return 1 }, ['k']: 2 };"], "{ p: 1, m: [Function: m], k: 2 }"],
  ["an empty object", ["{}"], "{}"],
  ["a block that is none", ["{ const z = 1; globalThis.Math.abs(z) }"], undefined],
  ["a labelled expression is an object", ["{ a: 1 }"], "{ a: 1 }"],
  ["the last expression, with a semicolon and a comment behind", ["1 + 1; // two"], "2"],
  ["nothing for an assignment", ["let q = 1", "q = 5"], undefined],
  ["nothing for void", ["void 5"], undefined],
  ["nothing for a declaration after an expression", ["5; const later = 1"], undefined],
  ["nothing for an empty cell, comments and types", ["// only this\n/* and this */", "", "type T = 1; interface I {}", "  \n"], undefined],
  ["a directive is a string", ["'use strict'"], "use strict"],
  ["the value of a promise that was not awaited", ["const slow = async () => { await 0; return 9 }", "slow()"], "9"],
  ["names that globals have", ["const name = 'mine'; let fetch = 3; function escape() { return 4 }", "[name, fetch, escape()]"], "[ 'mine', 3, 4 ]"],
  ["names that the cell's surroundings have", ["const require = 1, console = 2, module = 3, exports = 4, $cell_names = 5", "[require, console, module, exports, $cell_names]"], "[ 1, 2, 3, 4, 5 ]"],
  ["names that every object has", ["const constructor = 1, toString = 2, hasOwnProperty = 3, __proto__ = 4", "[constructor, toString, hasOwnProperty, __proto__]"], "[ 1, 2, 3, 4 ]"],
  ["shorthand properties and default parameters", ["let a = 1", "const f = (b = a, { c = a } = {}) => ({ a, b, c }); f()"], "{ a: 1, b: 1, c: 1 }"],
  ["parameters and catch variables hide names", ["let e = 'outer', p = 'outer'", "const f = (p: string) => p; let got; try { throw 'thrown' } catch (e) { got = e } [f('arg'), got, e, p]"], "[ 'arg', 'thrown', 'outer', 'outer' ]"],
  ["a class sees itself by its own name", ["class N { static make() { return new N() } next?: N }", "const M = N; class N2 extends M {}; N2.make() instanceof N"], "true"],
  ["private names, accessors and static blocks", ["class C { static #n = 1; static { C.#n++ } static get n() { return C.#n } accessor z = 2 }", "[C.n, new C().z]"], "[ 2, 2 ]"],
  ["typeof of what is not there", ["typeof nothing", "typeof nothing + typeof Math"], "undefinedobject"],
  ["operators on names of earlier cells", ["let a: number | null = 1, o: any = { k: { v: 1 } }", "a++; a **= 3; a ??= 7; o.k.v ||= 5; delete o.k; [a, o, o?.k?.v]"], "[ 8, {}, undefined ]"],
  ["new and optional calls", ["class P { constructor(readonly v = 1) {} }; let f: any", "[new P(2).v, new P().v, f?.(1), f?.x]"], "[ 2, 1, undefined, undefined ]"],
  ["eval and arguments mean what they mean", ["function f() { return arguments.length }", "[f(1, 2), (0, eval)('1 + 1')]"], "[ 2, 2 ]"],
  ["import.meta", ["typeof import.meta.url + import.meta.url.startsWith('file:')"], "stringtrue"],
  ["line ends of Windows", ["const a = 1\r\nconst b = 2\r\na + b\r\n"], "3"],
];

describe("the syntax of cells", () => {
  it.each(CASES)("%s", async (_, cells, expected) => {
    expect(await valueOf(cells)).toBe(expected);
  });

  it.each([
    ["a stray token", "let q = ;", "Expression expected.", "line 1:9"],
    ["an unclosed brace", "const a = 1\nif (a) {\n", "'}' expected.", "line 3:1"],
    ["a return at the top", "const a = 1\nreturn a", "`return` outside of a function; the value of the last line is shown by itself", "line 2:1"],
    ["await in a plain function", "type A = 1\nfunction f() {\n  await 3\n}", "await is only valid in async functions and the top level bodies of modules", "line 3:3"],
    ["a name twice in a function", "interface I {}\nconst f = () => { let z; let z }", "Identifier 'z' has already been declared", "line 2:30"],
    ["JSX", "const a = <div>hi</div>", "JSX is no part of a cell; build the markup as a string, or with a function call per element", "line 1:11"],
    ["break outside of a loop", "break", "", "line 1:1"],
  ])("tells where %s is", async (_, code, message, place) => {
    const { results } = await runCells([code, "1"]);
    expect(results[0].error).toMatchObject({ ename: "SyntaxError" });
    expect(results[0].error?.evalue).toContain(message);
    expect(results[0].error?.traceback[1]).toBe(`  at cell 1, ${place}`);
    expect(results[1].value?.["text/plain"]).toBe("1");
  });

  it("gives the same values wherever a program is cut into cells", async () => {
    const name = fc.constantFrom("a", "b", "c");
    const expression = fc.oneof(fc.integer({ min: 0, max: 9 }).map(String), name, fc.tuple(name, fc.constantFrom("+", "*", "-"), name).map((parts) => parts.join(" ")));
    const statement = fc.oneof(
      fc.tuple(name, expression).map(([n, e]) => `${n} = (${e}) % 1000`),
      fc.tuple(name, expression).map(([n, e]) => `for (let i = 0; i < 3; i++) ${n} += ${e}`),
      fc.tuple(name, name).map(([n, m]) => `[${n}, ${m}] = [${m}, ${n}]`),
      fc.tuple(name, name).map(([n, m]) => `{ let ${n} = 7, z = 2; ${n} += z; for (let ${m} of [4]) ${n} -= ${m} }`),
      fc.tuple(name, name, expression).map(([n, m, e]) => `((${n}) => { ${m} = ${n} })(${e})`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { minLength: 1, maxLength: 8 }), fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), async (statements, cuts) => {
        const program = [`let a = 1, b = 2, c = 3`, ...statements];
        const whole: unknown = new Function(`${program.join(";\n")};\nreturn String([a, b, c])`)();
        const cells = [""];
        program.forEach((line, k) => {
          cells[cells.length - 1] += `${line};\n`;
          if (cuts[k] === true) cells.push("");
        });
        expect(await valueOf([...cells, "String([a, b, c])"])).toBe(whole);
      }),
      { numRuns: 40 },
    );
  });
});
