/** @file Notebooks for tests of the language service: cells with marks for the cursor. */
import type { NotebookLanguage } from "../../kernel/language/notebookLanguage";
import type { CellEdit } from "../../kernel/language/messages";

export interface Marked {
  readonly language: NotebookLanguage;
  readonly codes: readonly string[];
  /** Where `|` stood. */
  readonly at: { readonly cell: string; readonly offset: number };
}

const CURSOR = "‸";

/** A notebook of these cells; `‸` marks the cursor. Cells are called "0", "1", … */
export function notebook(cells: readonly string[], language: NotebookLanguage): Marked {
  const cell = cells.findIndex((code) => code.includes(CURSOR));
  const codes = cells.map((code) => code.replace(CURSOR, ""));
  language.update(codes.map((code, index) => ({ id: String(index), code })));
  return { language, codes, at: { cell: String(Math.max(0, cell)), offset: Math.max(0, cells[Math.max(0, cell)].indexOf(CURSOR)) } };
}

/** The cells after the edits. */
export function applied(codes: readonly string[], edits: readonly CellEdit[]): string[] {
  return codes.map((code, index) =>
    edits
      .filter(({ cell }) => cell === String(index))
      .toSorted((a, b) => b.start - a.start)
      .reduce((text, { start, end, text: next }) => text.slice(0, start) + next + text.slice(end), code),
  );
}
