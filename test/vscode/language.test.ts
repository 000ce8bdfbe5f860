/** @file The language of cells as the editor asks for it: completion, hover, diagnostics, definition, rename over all cells. */
import { expect, it } from "vitest";
import { inVsCode } from "./suite";
import type { Workbench } from "./workbench";

const LONG_MS = 60_000;

const CELLS = [
  'import { tensor } from "isoflop";\nconst weights = tensor([1, 2, 3]);\nconst answer: number = 42;',
  "weights.\n",
  "const twice = answer * 2;\nawait Promise.resolve(twice);",
  "const answer = 'redeclared';",
  "const wrong: string = twice;",
];

interface At {
  readonly cell: number;
  readonly line: number;
  readonly column: number;
}

const diagnostics = (window: Workbench): Promise<readonly (readonly string[])[]> =>
  window.host.run((vs) => {
    const cells = vs.window.activeNotebookEditor?.notebook.getCells() ?? [];
    return cells.map((cell) => vs.languages.getDiagnostics(cell.document.uri).filter(({ severity }) => severity === vs.DiagnosticSeverity.Error).map(({ message }) => message));
  });

/** Asks as the editor does; what comes back is brought into JSON there. */
const hoverAt = (window: Workbench, at: At): Promise<string> =>
  window.host.run(async (vs, { cell, line, column }: At) => {
    const { document } = (vs.window.activeNotebookEditor?.notebook.getCells() ?? [])[cell];
    const hovers: { contents: ({ value: string } | string)[] }[] = await vs.commands.executeCommand("vscode.executeHoverProvider", document.uri, new vs.Position(line, column));
    return hovers.flatMap(({ contents }) => contents.map((part) => (typeof part === "string" ? part : part.value))).join("\n");
  }, at);

inVsCode("cells as a language", {}, (suite) => {
  it("complete, with what other cells declare", async () => {
    const window = await suite.openCells("complete.ipynb", CELLS);
    const labels = (): Promise<readonly string[]> =>
      window.host.run(async (vs) => {
        const { document } = (vs.window.activeNotebookEditor?.notebook.getCells() ?? [])[1];
        const list: { items: { label: string | { label: string } }[] } = await vs.commands.executeCommand("vscode.executeCompletionItemProvider", document.uri, new vs.Position(0, 8), ".");
        return list.items.map(({ label }) => (typeof label === "string" ? label : label.label));
      });
    await expect.poll(labels, { timeout: LONG_MS }).toEqual(expect.arrayContaining(["matmul", "shape", "sum"]));
  });

  it("tell types on hover, of names from other cells and of isoflop itself", async () => {
    const window = await suite.openCells("hover.ipynb", CELLS);
    await expect.poll(() => hoverAt(window, { cell: 2, line: 0, column: 15 }), { timeout: LONG_MS }).toContain("answer: number");
    expect(await hoverAt(window, { cell: 0, line: 1, column: 8 })).toContain("Tensor");
  });

  it("show type errors, and none for top-level await or what is declared again", async () => {
    const window = await suite.openCells("errors.ipynb", CELLS.filter((_, at) => at !== 1));
    await expect.poll(async () => (await diagnostics(window)).map((each) => each.length), { timeout: LONG_MS }).toEqual([0, 0, 0, 1]);
    expect((await diagnostics(window))[3][0]).toContain("not assignable to type 'string'");
  });

  it("go to a definition in another cell, and rename it in all", async () => {
    const window = await suite.openCells("rename.ipynb", ["const first = 1;", "first + 1;", "const other = first;"]);
    const target = (): Promise<number> =>
      window.host.run(async (vs) => {
        const cells = vs.window.activeNotebookEditor?.notebook.getCells() ?? [];
        const found: ({ uri: unknown } | { targetUri: unknown })[] = await vs.commands.executeCommand("vscode.executeDefinitionProvider", cells[1].document.uri, new vs.Position(0, 2));
        const uris = found.map((each) => String("uri" in each ? each.uri : each.targetUri));
        return cells.findIndex(({ document }) => uris.includes(String(document.uri)));
      });
    await expect.poll(target, { timeout: LONG_MS }).toBe(0);
    const texts = await window.host.run(async (vs) => {
      const cells = vs.window.activeNotebookEditor?.notebook.getCells() ?? [];
      const edit: Parameters<typeof vs.workspace.applyEdit>[0] = await vs.commands.executeCommand("vscode.executeDocumentRenameProvider", cells[2].document.uri, new vs.Position(0, 16), "begin");
      await vs.workspace.applyEdit(edit);
      return cells.map(({ document }) => document.getText());
    });
    expect(texts).toEqual(["const begin = 1;", "begin + 1;", "const other = begin;"]);
  });
});
