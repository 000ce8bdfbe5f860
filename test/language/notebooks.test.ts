/** @file The library and the notebooks that come with it, as the editor sees them: every namespace has its types, no cell has an error. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { NotebookLanguage } from "../../kernel/language/notebookLanguage";

const FOLDER = resolve(import.meta.dirname, "../../notebooks");
const notebooks = readdirSync(FOLDER).filter((name) => name.endsWith(".ipynb"));

it("every namespace of the library offers what it holds", () => {
  const namespaces = [...readFileSync(resolve(FOLDER, "../kernel/index.ts"), "utf8").matchAll(/^export \* as (\w+) /gm)].map(([, name]) => name);
  expect(namespaces.length).toBeGreaterThan(8);
  const language = new NotebookLanguage({ cwd: FOLDER });
  try {
    const offered = namespaces.map((name) => {
      const code = `import { ${name} } from "isoflop";\n${name}.`;
      language.update([{ id: "0", code }]);
      const items = language.ask("complete", { cell: "0", offset: code.length })?.items ?? [];
      return [name, items.length > 0] as const;
    });
    expect(Object.fromEntries(offered)).toEqual(Object.fromEntries(namespaces.map((name) => [name, true])));
  } finally {
    language.dispose();
  }
});

it.each(notebooks)("%s has no error", (name) => {
  // SAFETY: our own file, in Jupyter's format.
  const { cells } = JSON.parse(readFileSync(resolve(FOLDER, name), "utf8")) as { readonly cells: readonly { readonly cell_type: string; readonly source: string | readonly string[] }[] };
  const language = new NotebookLanguage({ cwd: FOLDER });
  try {
    const codes = cells.filter((cell) => cell.cell_type === "code").map(({ source }) => (typeof source === "string" ? source : source.join("")));
    language.update(codes.map((code, at) => ({ id: String(at), code })));
    const errors = codes.flatMap((code, at) =>
      language.ask("diagnostics", { cell: String(at) }).flatMap(({ start, end, message, severity }) => (severity === "error" ? [`cell ${at + 1}, "${code.slice(start, end)}": ${message}`] : [])),
    );
    expect(errors).toEqual([]);
  } finally {
    language.dispose();
  }
});
