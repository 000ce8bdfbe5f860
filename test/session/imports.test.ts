import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Session } from "../../kernel/session/session";
import { runCells, valueOf } from "./runCells";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "cells-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const file = (name: string, text: string): void => {
  mkdirSync(join(cwd, name, ".."), { recursive: true });
  writeFileSync(join(cwd, name), text);
};
const addPackage = (name: string, manifest: object, files: Readonly<Record<string, string>>): void => {
  file(`node_modules/${name}/package.json`, JSON.stringify({ name, ...manifest }));
  for (const [path, text] of Object.entries(files)) file(`node_modules/${name}/${path}`, text);
};

describe("imports of cells", () => {
  it("default, named, renamed, whole and side-effect imports reach later cells", async () => {
    const cells = ["import fs, { readFileSync, existsSync as there } from 'node:fs'; import * as path from 'node:path'; import 'node:os'", "[typeof fs.statSync, typeof readFileSync, there('/'), path.sep]"];
    expect(await valueOf(cells, { cwd })).toBe("[ 'function', 'function', true, '/' ]");
  });

  it("takes given modules as they are, and asks for them only when they are imported", async () => {
    let asked = 0;
    const modules = { isoflop: { answer: 42, nested: { f: () => "f" } }, lazy: async () => ({ count: ++asked }) };
    const { shown } = await runCells(["import { answer, nested } from 'isoflop'; import * as all from 'isoflop'; [answer, nested.f(), all.answer]", "const before = 1", "import { count } from 'lazy'; count"], { cwd, modules });
    expect(shown).toEqual(["[ 42, 'f', 42 ]", undefined, "1"]);
    expect(asked).toBe(1);
  });

  it("says which export is missing and which one was probably meant", async () => {
    const { results } = await runCells(["const a = 1;\nimport { adamW } from 'isoflop'"], { cwd, modules: { isoflop: { adamw: 1 } } });
    expect(results[0].error?.evalue).toBe("`isoflop` exports no `adamW`\n  at cell 1, line 2\n  help: did you mean `adamw`?");
  });

  it("lets a type be imported without saying so, until it is used as a value", async () => {
    const { errors } = await runCells(["import { Options, answer } from 'isoflop'; const o: Options = answer", "o", "new Options()", "const Options = 3", "Options"], { cwd, modules: { isoflop: { answer: 1 } } });
    expect(errors).toEqual([undefined, undefined, "ArgumentError: `isoflop` exports no `Options`", undefined, undefined]);
  });

  it("imports packages of the notebook's folder, ES modules and CommonJS", async () => {
    addPackage("modern", { type: "module", exports: { ".": { import: "./i.js" }, "./part": { import: "./p.js" } } }, { "i.js": "export const a = 1; export default 'd'", "p.js": "export const part = 2" });
    addPackage("@scope/old", { main: "m.js" }, { "m.js": "const make = () => ({ hidden: 5 }); module.exports = make(); " });
    expect(await valueOf(["import d, { a } from 'modern'; import { part } from 'modern/part'; import { hidden } from '@scope/old'; import whole from '@scope/old'", "[d, a, part, hidden, whole]"], { cwd })).toBe("[ 'd', 1, 2, 5, { hidden: 5 } ]");
  });

  it("says how to get a package that is missing, and finds it once it is there", async () => {
    const session = new Session({ cwd });
    const first = await session.execute("import { a } from '@new/thing/sub'");
    expect(first.error?.evalue).toBe(`the package \`@new/thing\` is not installed\n  at cell 1, line 1\n  help: npm install @new/thing   (in ${cwd})`);
    addPackage("@new/thing", { type: "module", exports: { "./sub": "./s.js" } }, { "s.js": "export const a = 'now'" });
    expect((await session.execute("import { a } from '@new/thing/sub'; a")).value).toEqual({ "text/plain": "now" });
    session.dispose();
  });

  it("tells a part that a package does not export from a missing package", async () => {
    addPackage("closed", { exports: { ".": "./i.js" } }, { "i.js": "" });
    const { errors } = await runCells(["import 'closed/inner'", "import 'node:nothing'"], { cwd });
    expect(errors[0]).toBe("ArgumentError: the package `closed` has no part `closed/inner`");
    expect(errors[1]).toContain("No such built-in module");
  });

  it("runs local TypeScript with its own imports, once", async () => {
    file("lib/a.ts", "import { b } from './b.js'; import fs from 'node:fs'; import { answer } from 'isoflop'; import data from '../data.json' with { type: 'json' }; export type T = number; export let count = 0; export const up = (): number => ++count; export const all = [b, typeof fs.statSync, answer, data.k, typeof import.meta.url]");
    file("lib/b.ts", "export enum B { X = 7 }\nexport const b: B = B.X");
    file("data.json", '{"k": "json"}');
    const cells = ["import { all, up, type T } from './lib/a'; import data, { k } from './data.json' with { type: 'json' }", "up(); import * as a from './lib/a.ts'", "[all, a.count, up(), a.count, data.k, k]"];
    expect(await valueOf(cells, { cwd, modules: { isoflop: { answer: 42 } } })).toBe("[ [ 7, 'function', 42, 'json', 'string' ], 1, 2, 2, 'json', 'json' ]");
  });

  it("runs a local file again when it or what it imports was edited, and only then", async () => {
    file("a.ts", "import { b } from './b'; export const runs = ((globalThis as any).__runs = ((globalThis as any).__runs ?? 0) + 1); export const a = `a${b}`");
    file("b.ts", "export const b = 1");
    const session = new Session({ cwd });
    const cell = "import { a, runs } from './a'; [a, runs]";
    const show = async (): Promise<unknown> => (await session.execute(cell)).value?.["text/plain"];
    expect([await show(), await show()]).toEqual(["[ 'a1', 1 ]", "[ 'a1', 1 ]"]);
    file("b.ts", "export const b = 2");
    utimesSync(join(cwd, "b.ts"), new Date(), new Date(Date.now() + 5000));
    expect(await show()).toBe("[ 'a2', 2 ]");
    session.dispose();
    Reflect.deleteProperty(globalThis, "__runs");
  });

  it("runs files that import each other, CommonJS files, folders with an index, and dynamic imports", async () => {
    file("x.ts", "import { y } from './y'; export const x = 1; export const both = () => [x, y()]");
    file("y.ts", "import { x } from './x'; export const y = () => x + 1");
    file("old.js", "module.exports = { k: 3 }");
    file("dir/index.ts", "export default await Promise.resolve(4); export const later = () => import('../old.js')");
    expect(await valueOf(["import { both } from './x'; import old, { k } from './old.js'; import d, { later } from './dir'", "const z = await import('./x.ts'); [both(), old, k, d, (await later()).k, z.x]"], { cwd })).toBe("[ [ 1, 2 ], { k: 3 }, 3, 4, 3, 1 ]");
  });

  it("tells cell and file in errors of local files", async () => {
    file("bad.ts", "interface Long {\n  a: 1\n}\nexport const f = (): never => {\n  throw new Error('inside')\n}");
    file("wrong.ts", "const = 3");
    file("no.json", "{");
    const { results, errors } = await runCells(["import { f } from './bad'\nf()", "import './wrong'", "import './absent'", "import './no.json'"], { cwd });
    expect(results[0].error?.traceback.slice(0, 3)).toEqual(["Error: inside", `  at f (${join(cwd, "bad.ts")}:5:9)`, "  at cell 1, line 2:2"]);
    expect(errors[1]).toBe("SyntaxError: Variable declaration expected. (wrong.ts)");
    expect(errors[2]).toBe("ArgumentError: there is no file `./absent`");
    expect(errors[3]).toContain("FormatError: the file is not JSON");
  });

  it("offers require and import.meta of the notebook's folder", async () => {
    file("data.json", "[1]");
    expect(await valueOf(["[require('./data.json')[0], import.meta.dirname, import.meta.resolve('./data.json')].join()"], { cwd })).toBe(`1,${cwd},file://${cwd}/data.json`);
  });
});
