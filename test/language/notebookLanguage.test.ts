import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CellSpan, FileSpan } from "../../kernel/language/messages";
import { NotebookLanguage } from "../../kernel/language/notebookLanguage";
import { applied, notebook } from "./helpers";

let cwd = "";
let language: NotebookLanguage;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "language-"));
  writeFileSync(join(cwd, "given.ts"), "/** Makes noise. */\nexport function noise(amount: number): number[] { return [amount] }\n/** A model. */\nexport class Model {\n  /** Layers. */\n  depth = 1\n}\nexport type Shape = readonly number[];");
  writeFileSync(join(cwd, "local.ts"), "export const here = 'text'");
  writeFileSync(join(cwd, "data.json"), '{ "rows": [1, 2] }');
  writeFileSync(join(cwd, "package.json"), '{ "dependencies": { "some-plots": "1" } }');
  mkdirSync(join(cwd, "node_modules/some-plots"), { recursive: true });
  language = new NotebookLanguage({ cwd, types: { isoflop: join(cwd, "given.ts") } });
});
afterAll(() => {
  language.dispose();
  rmSync(cwd, { recursive: true });
});

/** Errors as "cell code text". */
const errors = (...cells: string[]): string[] => {
  const { codes } = notebook(cells, language);
  return codes.flatMap((code, index) => language.ask("diagnostics", { cell: String(index) }).flatMap(({ start, end, code: number, severity }) => (severity === "error" ? [`${index} ${number} ${code.slice(start, end)}`] : [])));
};

const completions = (...cells: string[]): string[] => {
  const { at } = notebook(cells, language);
  return (language.ask("complete", at)?.items ?? []).map(({ name }) => name);
};

const hover = (...cells: string[]): { readonly signature: string; readonly docs: string; readonly live?: string } | undefined => {
  const { at } = notebook(cells, language);
  const found = language.ask("hover", at);
  return found === undefined ? undefined : { signature: found.signature, docs: found.docs, live: found.live };
};

const texts = (codes: readonly string[], places: readonly (CellSpan | FileSpan)[]): string[] => places.map((place) => ("cell" in place ? `${place.cell}@${place.start} ${codes[Number(place.cell)].slice(place.start, place.end)}` : place.file)).sort();

const rename = (name: string, ...cells: string[]): readonly string[] | string => {
  const { at, codes } = notebook(cells, language);
  const found = language.ask("rename", { ...at, name });
  return "refused" in found ? found.refused : applied(codes, found.edits);
};

describe("what a notebook may say without an error", () => {
  it.each<readonly [string, readonly string[]]>([
    ["one expression", ["1 + 1"]],
    ["names of earlier cells of every kind", ["let x = 3, y = 4; function f(a: number, b = 1) { return a + b } enum E { A } class C { v = 1 }", "let z: number = f(x + y) + E.A + new C().v"]],
    ["a variable declared again, with another type", ["let x = 3", "let x = 'abc'", "x.toUpperCase()"]],
    ["a variable made from the one it replaces", ["let x = [1]", "let y = x.map((v) => v * 2); y"]],
    ["a class, an enum, an interface and an alias declared again", ["class A { a = 1 } enum E { A } interface I { a: number } type T = number", "class A { b = 'x' } enum E { B } interface I { b: string } type T = string", "new A().b.length; E.B; const i: I = { b: '' }; const t: T = i.b; t"]],
    ["an import declared again", ["import { cpus } from 'node:os'", "const cpus = 5", "cpus.toFixed()"]],
    ["the same import twice", ["import { cpus } from 'node:os'", "import { cpus } from 'node:os'; cpus()"]],
    ["destructuring, with defaults and rest", ["let { a, ...rest } = { a: 1, b: 2 }; let [p, , q = 3] = [1, 2]", "a + rest.b + p + q"]],
    ["top-level await, in expressions, loops and using", ["const v = await Promise.resolve(1); for await (const x of [v]) x.toFixed()", "await new Promise((done) => setTimeout(done, v))"]],
    ["functions that use what a later cell declares", ["const use = () => later() + 1", "function later() { return 1 }"]],
    ["recursion over cells", ["function even(n: number): boolean { return n === 0 || odd(n - 1) }", "function odd(n: number): boolean { return n > 0 && even(n - 1) }"]],
    ["overloads and generics", ["function g(a: string): string; function g(a: number): number; function g(a: any) { return a } const id = <T>(x: T): T => x", "g(1).toFixed(); g('a').length; id(1).toFixed()"]],
    ["a namespace that adds to a function", ["function h() { return h.k } namespace h { export const k = 1 }", "h().toFixed(); h.k"]],
    ["JSON, local files, packages of Node, dynamic imports", ["import data from './data.json'; import { here } from './local'; import fs from 'node:fs'; import * as path from 'path'", "data.rows.length + here.length; fs.existsSync(path.join('a')); (await import('node:os')).cpus()"]],
    ["assertions, satisfies, non-null and optional chains", ["const o = { a: { b: 1 } } satisfies object as { a?: { b: number } }", "o.a?.b; o.a!.b"]],
    ["decorators, private members, static blocks", ["const d = <T>(v: T, _: unknown): T => v; class K { #x = 1; static s = 0; static { K.s = 1 } @d get() { return this.#x } }", "new K().get() + K.s"]],
    ["import.meta, process, Buffer, fetch, URL, timers", ["import.meta.url; import.meta.dirname; process.argv; Buffer.from('a'); fetch; new URL('http://a'); setInterval; structuredClone(1); performance.now(); globalThis"]],
    ["arrays that begin empty, here and in a later cell", ["const losses = []; losses.push(1); losses.push(2)", "losses.push(3); Math.max(...losses)"]],
    ["parameters, members and indices without a type", ["const f = (a, b) => a + b; function g({ x, ...rest }) { return [x, rest] }", "const table = { a: 1 }; const key = 'a' as string; table[key]; let later; later = f(1, 2); g(later)"]],
    ["exports and comments alone", ["export const e = 1; export default e", "// nothing", "", "e"]],
    ["ts-nocheck for a cell", ["// @ts-nocheck\nconst n: number = 'a'", "// @ts-ignore\nconst m: number = 'a'"]],
    ["labels, with and regular expressions", ["outer: for (const i of [1]) { for (;;) continue outer } /a|b/u.test('a')"]],
  ])("%s", (_, cells) => {
    expect(errors(...cells)).toEqual([]);
  });

  it("but mistakes are told, at their place", () => {
    expect(errors("let x = 1", "const y: string = x; nope()", "import { gone } from 'isoflop'; import 'not-there'")).toEqual(["1 2322 y", "1 2304 nope", "2 2305 gone", "2 2882 'not-there'"]);
  });

  it("messages call classes that were declared again by their cells", () => {
    const { codes } = notebook(["class A { a = 1 }", "const first = new A()", "class A { b = 1 }", "const second: A = first"], language);
    const [found] = language.ask("diagnostics", { cell: String(codes.length - 1) });
    expect(found.message).not.toContain("isoflop-cell");
    expect(found.message).toContain("'b' is missing");
  });

  it("what is unused inside of functions is faded, what another cell could use is not", () => {
    const { codes } = notebook(["import { noise } from 'isoflop'; const top = 1; function f(a: number) { const inner = 1; return 2; }"], language);
    const hints = language.ask("diagnostics", { cell: "0" }).filter(({ severity }) => severity === "unused");
    expect(hints.map(({ start, end }) => codes[0].slice(start, end))).toEqual(["a", "inner"]);
  });
});

describe("completion", () => {
  it("gives members, names of the cell, of other cells, and of what could be imported", () => {
    expect(completions("const model = { depth: 2, width: 3 }", "model.‸")).toEqual(expect.arrayContaining(["depth", "width"]));
    expect(completions("const earlier = 1; let other = 'a'; interface Only {}", "const mine = 1; e‸", "const later = 1")).toEqual(expect.arrayContaining(["earlier", "other", "mine", "later"]));
    expect(completions("n‸")).toContain("noise");
    expect(completions("readF‸")).toContain("readFileSync");
    expect(completions("someP‸")).toContain("somePlots");
  });

  it("leaves out types where a value stands, and values where a type stands", () => {
    const cells = ["interface Only { a: 1 } const value = 1"] as const;
    expect(completions(...cells, "o‸")).not.toContain("Only");
    const types = completions(...cells, "let x: O‸");
    expect(types).toContain("Only");
    expect(types).not.toContain("value");
  });

  it.each([
    ["an open call", "Math.max(model.‸"],
    ["an open function", "const f = () => { const k = 1; model.‸"],
    ["an open template", "`width ${model.‸"],
    ["an open class", "class A { run() { return model.‸"],
    ["an open object", "const o = { a: model.‸"],
    ["before more code", "model.‸\nconst next = 1;"],
    ["an optional chain", "model?.‸"],
  ])("works in a half-typed cell: %s", (_, code) => {
    expect(completions("const model = { depth: 2, width: 3 }", code, "const after: string = 1")).toEqual(expect.arrayContaining(["depth", "width"]));
  });

  it("offers no name in a string, a comment or after a number's dot", () => {
    expect(completions("const earlier = 1", "'ea‸'")).not.toContain("earlier");
    expect(completions("const earlier = 1", "// ea‸")).not.toContain("earlier");
    expect(completions("const earlier = 1", "earlier.‸")).not.toContain("noise");
  });

  it("offers modules in an import and names in its braces", () => {
    expect(completions("import {} from 'iso‸'")).toContain("isoflop");
    expect(completions("import { ‸ } from 'isoflop'")).toEqual(expect.arrayContaining(["noise", "Model"]));
  });

  it.each([
    ["nothing imported", "noi‸", 'import { noise } from "isoflop";\nnoi'],
    ["another name imported from there", "import { Model } from 'isoflop';\nnoi‸", "import { Model, noise } from 'isoflop';\nnoi"],
    ["only types imported from there", "import type { Model } from 'isoflop';\nnoi‸", "import { noise } from \"isoflop\";\nimport type { Model } from 'isoflop';\nnoi"],
  ])("adds the import of what is taken: %s", (_, code, expected) => {
    const { at, codes } = notebook([code], language);
    const details = language.ask("resolve", { ...at, name: "noise", from: "isoflop" });
    expect(details).toMatchObject({ docs: "Makes noise.", signature: "noise: (amount: number) => number[]" });
    expect(applied(codes, details?.edits ?? [])).toEqual([expected]);
  });

  it("imports packages of the folder whole", () => {
    const { at, codes } = notebook(["someP‸"], language);
    expect(applied(codes, language.ask("resolve", { ...at, name: "somePlots", from: "some-plots" })?.edits ?? [])).toEqual(['import * as somePlots from "some-plots";\nsomeP']);
  });

  it("tells signature and documentation of names of other cells", () => {
    const cells = ["/** How wide. */\nlet width = 3", "wi‸"] as const;
    const { at } = notebook(cells, language);
    expect(language.ask("resolve", { ...at, name: "width" })).toMatchObject({ signature: "let width: number", docs: "How wide.", edits: [] });
  });

  it("asks for live members where no type is known", () => {
    const { at } = notebook(["const thing: any = 1", "thing.parts[0].‸"], language);
    expect(language.ask("complete", at)).toMatchObject({ live: "thing.parts.0" });
    const other = notebook(["function f(inner: any) { inner.‸ }"], language);
    expect(language.ask("complete", other.at)?.live).toBeUndefined();
  });
});

describe("hover", () => {
  it("tells type and documentation, in whatever cell the name is declared", () => {
    expect(hover("/** How wide. */\nlet width = 3", "wid‸th + 1")).toEqual({ signature: "let width: number", docs: "How wide.", live: "width" });
    expect(hover("/** Twice.\n * @param x - what\n */\nconst twice = (x: number) => 2 * x", "twi‸ce(1)")).toMatchObject({ signature: "twice(x: number): number", docs: "Twice.\n\n*@param* `x` — what" });
    expect(hover("import { Model } from 'isoflop'; const m = new Model()", "m.dep‸th")).toMatchObject({ signature: "(property) Model.depth: number", docs: "Layers.", live: "m.depth" });
  });

  it("has no live value for what lives in a function", () => {
    expect(hover("const x = 1; function f(x: string) { return x‸ }")?.live).toBeUndefined();
    expect(hover("for (const step of [1]) { step‸ }")?.live).toBeUndefined();
  });
});

describe("over cell borders", () => {
  const cells = ["let rate = 1; const keep = { rate };", "rate += 1; const f = (rate: number) => rate;", "const rate = 'new'; rate.length", "rate.‸length"];

  it("goes to the declaration that counts", () => {
    const { at, codes } = notebook(["const a = 1", "const a = 2", "a‸", "const a = 3"], language);
    expect(texts(codes, language.ask("definition", at))).toEqual(["1@6 a"]);
    const variable = notebook(["let b = 1", "b‸ = 2"], language);
    expect(texts(variable.codes, language.ask("definition", variable.at))).toEqual(["0@4 b"]);
    const library = notebook(["import { noise } from 'isoflop'", "noise‸(1)"], language);
    expect(texts(library.codes, language.ask("definition", library.at))).toEqual([join(cwd, "given.ts")]);
  });

  it("finds all uses, and none of what shadows it", () => {
    for (const from of [["let ra‸te = 1; const keep = { rate };", ...cells.slice(1, 3), "rate"], [cells[0], "ra‸te += 1; const f = (rate: number) => rate;", cells[2], "rate"]]) {
      const { at, codes } = notebook(from, language);
      expect(texts(codes, language.ask("references", { ...at, declaration: true }))).toEqual(["0@29 rate", "0@4 rate", "1@0 rate"]);
    }
  });

  it("renames in all cells, from any of them, and leaves what shadows it", () => {
    const expected = ["let speed = 1; const keep = { rate: speed };", "speed += 1; const f = (rate: number) => rate;", "const rate = 'new'; rate.length", "rate.length"];
    expect(rename("speed", "let ra‸te = 1; const keep = { rate };", cells[1], cells[2], "rate.length")).toEqual(expected);
    expect(rename("speed", cells[0], "ra‸te += 1; const f = (rate: number) => rate;", cells[2], "rate.length")).toEqual(expected);
    expect(rename("speed", cells[0], cells[1], cells[2], "ra‸te.length")).toEqual([cells[0], cells[1], "const speed = 'new'; speed.length", "speed.length"]);
  });

  it("renames functions, types and what is destructured", () => {
    expect(rename("g", "function f() { return f }", "f‸()")).toEqual(["function g() { return g }", "g()"]);
    expect(rename("B", "interface A { x: 1 }", "let v: A‸; const w = (a: A) => a")).toEqual(["interface B { x: 1 }", "let v: B; const w = (a: B) => a"]);
    expect(rename("c", "const { a, b } = { a: 1, b: 2 }", "a‸ + b")).toEqual(["const { a: c, b } = { a: 1, b: 2 }", "c + b"]);
  });

  it("gives an import another name instead of changing the library", () => {
    expect(rename("hiss", "import { noise } from 'isoflop'", "noi‸se(1)")).toEqual(["import { noise as hiss } from 'isoflop'", "hiss(1)"]);
    expect(rename("hiss", "import { noi‸se } from 'isoflop'; noise(2)", "noise(1)")).toEqual(["import { noise as hiss } from 'isoflop'; hiss(2)", "hiss(1)"]);
  });

  it("refuses names that are none, and what the library declares", () => {
    expect(rename("not ok", "const a‸ = 1")).toContain("no name");
    expect(rename("class", "const a‸ = 1")).toContain("no name");
    expect(rename("deep", "import { Model } from 'isoflop'; new Model().dep‸th")).toContain("not in this notebook");
  });
});

describe("positions", () => {
  it("are those of the cell's text, with emoji, with CRLF, and where the last line is an object", () => {
    expect(errors("const wide = '👩🏽‍🚀'; const x: number = wide", "a\r\n\r\nconst y: number = 'b'\r\n", "const t = 1\n{ a: t, b: nope }")).toEqual(["0 2322 x", "1 2304 a", "1 2322 y", "2 2304 nope"]);
    expect(hover("const wide = '👩🏽‍🚀'; const af‸ter = 1")?.signature).toBe("const after: 1");
    expect(completions("const o = { '👩🏽‍🚀': 1, deep: 2 };\r\no.‸")).toContain("deep");
    expect(rename("u", "let t‸ = 1", "/* 👩🏽‍🚀 */ t;\r\n{ t, b: t }")).toEqual(["let u = 1", "/* 👩🏽‍🚀 */ u;\r\n{ t: u, b: u }"]);
  });

  it("behind the end of a cell, from before an edit, are its end", () => {
    notebook(["const a = 1"], language);
    expect(language.ask("hover", { cell: "0", offset: 999 })).toBeUndefined();
    expect(language.ask("hover", { cell: "gone", offset: 0 })).toBeUndefined();
  });
});

describe("the rest", () => {
  it("helps with calls", () => {
    const { at } = notebook(["/** Adds.\n * @param b the second */ function add(a: number, b: number) { return a + b }", "add(1, ‸"], language);
    const help = language.ask("signature", { ...at, retrigger: false, trigger: "," });
    expect(help).toMatchObject({ activeParameter: 1, signatures: [{ label: "add(a: number, b: number): number", docs: "Adds." }] });
    const [{ label, parameters }] = help?.signatures ?? [];
    expect(parameters.map(({ start, end, docs }) => [label.slice(start, end), docs])).toEqual([["a: number", ""], ["b: number", "the second"]]);
  });

  it("outlines a cell without what was added to it", () => {
    notebook(["const shared = 1", "import { noise } from 'isoflop'; class A { m() {} } const f = () => shared"], language);
    expect(language.ask("outline", { cell: "1" }).map(({ name, children }) => [name, children.map((child) => child.name)])).toEqual([["A", ["m"]], ["f", []]]);
  });

  it("formats a cell, a part of it, and what a typed character finishes", () => {
    const options = { tabSize: 2, insertSpaces: true };
    const code = "if(true){\nconst a=1\n}\n{ a:1 }";
    const { codes } = notebook([code], language);
    expect(applied(codes, language.ask("format", { cell: "0", options }))).toEqual(["if (true) {\n  const a = 1\n}\n{ a: 1 }"]);
    expect(applied(codes, language.ask("format", { cell: "0", options, start: 10, end: 19 }))[0]).toContain("const a = 1");
    expect(applied(codes, language.ask("format", { cell: "0", options, typed: { offset: 21, key: "}" } }))[0]).toContain("  const a = 1\n}");
  });

  it("highlights uses in the cell, written ones apart", () => {
    const { at, codes } = notebook(["let z = 1", "z‸ = 2; z + 1"], language);
    expect(language.ask("highlights", at).map(({ start, end, write }) => [codes[1].slice(start, end), start, write])).toEqual([["z", 0, true], ["z", 7, false]]);
  });

  it("colours names by what they are", () => {
    const { codes } = notebook(["const shared = 1", "function f(p: number) { return p + shared }"], language);
    const numbers = language.ask("tokens", { cell: "1" });
    const names = Array.from({ length: numbers.length / 5 }, (_, k) => `${codes[1].slice(numbers[5 * k], numbers[5 * k] + numbers[5 * k + 1])} ${numbers[5 * k + 2]}`);
    expect(names).toEqual(["f 10", "p 6", "p 6", "shared 7"]);
  });

  it("offers the import of a name that is not found", () => {
    const { codes } = notebook(["const a = noise(1)"], language);
    const [fix] = language.ask("fixes", { cell: "0", start: 12, end: 12 });
    expect(fix.title).toBe('Add import from "isoflop"');
    expect(applied(codes, fix.edits)).toEqual(['import { noise } from "isoflop";\nconst a = noise(1)']);
    expect(language.ask("fixes", { cell: "0", start: 0, end: 3 })).toEqual([]);
  });
});
