import fc from "fast-check";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import type { Cell } from "../../kernel/language/cellProgram";
import { NotebookLanguage } from "../../kernel/language/notebookLanguage";

const NAMES = ["a", "b", "c", "Kind"] as const;
/** Lines that declare, use, shadow and break. */
const LINES: readonly ((name: string, other: string) => string)[] = [
  (name) => `const ${name} = 1`,
  (name) => `let ${name} = "text"`,
  (name, other) => `let ${name} = ${other}`,
  (name, other) => `function ${name}(p: number) { return ${other} }`,
  (name) => `class ${name} { static width = 1 }`,
  (name, other) => `class ${name} { inner = ${other} }`,
  (name, other) => `const ${name} = { deep: () => ${other} }`,
  (name) => `${name}.deep().inner.width`,
  (name) => `interface ${name} { x: number }`,
  (name, other) => `${name} = ${other}`,
  (name) => `${name}.toFixed()`,
  (name, other) => `{ ${name}, o: ${other} }`,
  (name) => `const { ${name} } = { ${name}: 1`,
  (name) => `import { ${name} } from "node:os"`,
  () => "// 👩🏽‍🚀",
  () => "`open ${",
];

const line = fc.tuple(fc.nat(LINES.length - 1), fc.constantFrom(...NAMES), fc.constantFrom(...NAMES)).map(([k, name, other]) => LINES[k](name, other));
const code = fc.array(line, { maxLength: 3 }).chain((lines) => fc.constantFrom("\n", "\r\n").map((end) => lines.join(end)));
type Edit = { readonly kind: "insert" | "change" | "delete" | "move"; readonly at: number; readonly to: number; readonly code: string };
const edit: fc.Arbitrary<Edit> = fc.record({ kind: fc.constantFrom("insert", "change", "delete", "move"), at: fc.nat(20), to: fc.nat(20), code });

let lastId = 0;
function edited(cells: readonly Cell[], { kind, at, to, code: text }: Edit): readonly Cell[] {
  const index = at % (cells.length + 1);
  const cell = cells[index];
  if (kind === "insert" || cell === undefined) return cells.toSpliced(index, 0, { id: `c${++lastId}`, code: text });
  if (kind === "change") return cells.with(index, { ...cell, code: text });
  const rest = cells.toSpliced(index, 1);
  return kind === "delete" ? rest : rest.toSpliced(to % (rest.length + 1), 0, cell);
}

/** All that is told of a notebook, with cells called by their places. */
function told(language: NotebookLanguage, cells: readonly Cell[]): unknown {
  const place = (id: string): number => cells.findIndex((cell) => cell.id === id);
  return cells.map(({ id, code: text }) => ({
    diagnostics: language.ask("diagnostics", { cell: id }).map((found) => ({ ...found, cell: place(found.cell) })),
    definition: language.ask("definition", { cell: id, offset: Math.floor(text.length / 2) }).map((found) => ("cell" in found ? { ...found, cell: place(found.cell) } : found)),
    hover: language.ask("hover", { cell: id, offset: Math.floor(text.length / 2) })?.signature,
    names: language.ask("complete", { cell: id, offset: text.length })?.items.filter(({ sortText }) => sortText < "15").map(({ name, kind }) => `${name} ${kind}`).sort(),
  }));
}

describe("a notebook that is edited", () => {
  it("is the same as if it had been written so at once", () => {
    const types = {};
    const cwd = tmpdir();
    const old = new NotebookLanguage({ cwd, types });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        let cells: readonly Cell[] = [];
        for (const each of edits) {
          cells = edited(cells, each);
          old.update(cells);
          // What is asked now must not be remembered too long.
          for (const { id } of cells) old.ask("diagnostics", { cell: id });
        }
        const fresh = new NotebookLanguage({ cwd, types });
        fresh.update(cells);
        expect(told(old, cells)).toEqual(told(fresh, cells));
        fresh.dispose();
      }),
      { numRuns: 10 },
    );
    old.dispose();
  });

  it("keeps the texts of cells that an edit does not concern", () => {
    const language = new NotebookLanguage({ cwd: tmpdir(), types: {} });
    const cells = Array.from({ length: 100 }, (_, k) => ({ id: `c${k}`, code: `const x${k} = ${k === 0 ? "1" : `x${k - 1} + 1`}` }));
    language.update(cells);
    const before = language.cells.cells.map(({ text }) => text);
    language.update(cells.with(50, { id: "c50", code: "const more = 1; const x50 = x49 + more" }).toSpliced(20, 0, { id: "new", code: "const fresh = 1" }));
    const after = language.cells.cells.filter(({ id }) => id !== "new").map(({ text }) => text);
    expect(after.filter((text, k) => text !== before[k])).toHaveLength(1);
  });

  it("is not taken for another notebook of the same folder", () => {
    const [one, two] = [0, 1].map(() => new NotebookLanguage({ cwd: tmpdir(), types: {} }));
    one.update([{ id: "c", code: "const a: string = 1" }]);
    two.update([{ id: "c", code: "const a: string = 'b'" }]);
    expect([one, two].map((language) => language.ask("diagnostics", { cell: "c" }).length)).toEqual([1, 0]);
  });

  it("is checked where the edit can be seen: in the cell alone while the types of its names stay, else in all that take from it, directly or not", () => {
    const language = new NotebookLanguage({ cwd: tmpdir(), types: {} });
    const { service } = language.cells;
    const asked: string[] = [];
    const check = service.getSemanticDiagnostics.bind(service);
    service.getSemanticDiagnostics = (path) => {
      asked.push(language.cells.cellAt(path)?.id ?? path);
      return check(path);
    };
    const codes = ["class Kind { x = 1 }\nfor (const k of [1]) k", "const made = new Kind()", "made.x.toPrecision()", "const other = 1"];
    const checked = (...edits: (readonly [at: number, code: string])[]): string[] => {
      for (const [at, text] of edits) codes[at] = text;
      language.update(codes.map((text, at) => ({ id: String(at), code: text })));
      asked.length = 0;
      const errors = codes.flatMap((_, at) => language.ask("diagnostics", { cell: String(at) }).filter(({ severity }) => severity === "error"));
      return [...new Set(asked), ...errors.map(({ cell }) => `error in ${cell}`)];
    };
    expect(checked()).toEqual(["0", "1", "2", "3"]);
    expect(checked([0, "class Kind { x = 1 }\nfor (const k of [1, 2]) k"])).toEqual(["0"]);
    // The type of `made` is called Kind as before; what Kind is, is another.
    expect(checked([0, "class Kind { x = 'text' }"])).toEqual(["0", "1", "2", "error in 2"]);
    expect(checked([3, "const other = 2"])).toEqual(["3", "error in 2"]);
    language.dispose();
  });
});
