/** @file How long the editor's questions take on a notebook of 100 cells: the latest edit and the answer to it, medians. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError } from "../errors";
import { median } from "../fit/statistics";
import { NotebookLanguage } from "../language/notebookLanguage";

export interface LanguageTimes {
  readonly cells: number;
  readonly lines: number;
  /** From nothing to the first completion. */
  readonly firstMs: number;
  /** The first completion in a notebook that has been open for a moment. */
  readonly warmFirstMs: number;
  /** After a typed character: the cells are told, then one question is answered. */
  readonly completionMs: number;
  readonly hoverMs: number;
  readonly signatureMs: number;
  readonly definitionMs: number;
  /** Of the cell that was edited. */
  readonly diagnosticsMs: number;
  /** Of all cells, after an edit in one that other cells cannot see. */
  readonly allDiagnosticsMs: number;
  /** Of all cells, after an edit that changes the type of a name. */
  readonly typeChangedMs: number;
}

interface Place {
  readonly cell: string;
  readonly offset: number;
}

const CELLS = 100;
const ROUNDS = 21;
const TYPED = "\nweights.sha";
/** The type of `seed` is the number. */
const TYPED_NUMBER = "\nconst seed = 123";

/** The cells of the first notebook, over and over: each copy declares the same names anew, and later cells use the latest. */
export function languageTimes(): LanguageTimes {
  const { folder, codes } = realCode();
  const cells = Array.from({ length: CELLS }, (_, k) => ({ id: `cell-${k}`, code: codes[k % codes.length] }));
  const started = performance.now();
  const language = new NotebookLanguage({ cwd: folder });
  let now = cells;
  const write = (round: number, end: string): Place => {
    const at = 40 + round;
    const code = `${cells[at].code}\nconst weights = await tensor([${round}]);${end}`;
    now = cells.with(at, { ...cells[at], code });
    language.update(now);
    return { cell: cells[at].id, offset: code.length };
  };
  language.ask("complete", write(0, TYPED));
  const firstMs = performance.now() - started;
  const warmFirstMs = warmFirst(folder, cells);
  for (const { id } of now) language.ask("diagnostics", { cell: id });
  const askAll = (): void => now.forEach(({ id }) => language.ask("diagnostics", { cell: id }));
  const timed = (ask: (at: Place) => void, typed = TYPED): number =>
    median(
      Array.from({ length: ROUNDS }, (_, round) => {
        // As it was before the last character all is told: the editor asks after each.
        write(round, typed.slice(0, -1));
        askAll();
        const start = performance.now();
        ask(write(round, typed));
        return performance.now() - start;
      }),
    );
  const report = {
    cells: CELLS,
    lines: cells.reduce((sum, { code }) => sum + code.split("\n").length, 0),
    firstMs,
    warmFirstMs,
    completionMs: timed((at) => language.ask("complete", at)),
    hoverMs: timed(({ cell, offset }) => language.ask("hover", { cell, offset: offset - TYPED.length + 2 })),
    signatureMs: timed(({ cell, offset }) => language.ask("signature", { cell, offset: offset - TYPED.length - 3, retrigger: false })),
    definitionMs: timed(({ cell, offset }) => language.ask("definition", { cell, offset: offset - TYPED.length + 2 })),
    diagnosticsMs: timed(({ cell }) => language.ask("diagnostics", { cell })),
    allDiagnosticsMs: timed(askAll),
    typeChangedMs: timed(askAll, TYPED_NUMBER),
  };
  language.dispose();
  return report;
}

/** What the worker does when a notebook is opened, then a character and its completion. Files of the libraries have been read before. */
function warmFirst(folder: string, cells: readonly { readonly id: string; readonly code: string }[]): number {
  const language = new NotebookLanguage({ cwd: folder });
  language.update(cells);
  language.warm();
  const [first, ...rest] = cells;
  const code = `${first.code}\nDate.`;
  const started = performance.now();
  language.update([{ ...first, code }, ...rest]);
  language.ask("complete", { cell: first.id, offset: code.length });
  const ms = performance.now() - started;
  language.dispose();
  return ms;
}

export function printLanguage({ cells, lines, firstMs, completionMs, hoverMs, signatureMs, definitionMs, diagnosticsMs, allDiagnosticsMs, typeChangedMs, warmFirstMs }: LanguageTimes): void {
  console.log(`language service, ${cells} cells of ${lines} lines, after a typed character, median of ${ROUNDS}`);
  const rows = [["completion", completionMs], ["hover", hoverMs], ["signature", signatureMs], ["definition", definitionMs], ["errors of the cell", diagnosticsMs], ["errors of all cells", allDiagnosticsMs], ["errors of all, a type changed", typeChangedMs], ["first completion, from nothing", firstMs], ["first completion, open notebook", warmFirstMs]] as const;
  for (const [name, ms] of rows) console.log(`  ${name.padEnd(32)} ${ms.toFixed(1).padStart(7)} ms`);
}

function realCode(): { readonly folder: string; readonly codes: readonly string[] } {
  const here = dirname(fileURLToPath(import.meta.url));
  for (const folder of [join(here, "../notebooks"), join(here, "../../notebooks")]) {
    try {
      // SAFETY: the notebook is one of the repository's own files.
      const { cells } = JSON.parse(readFileSync(join(folder, "00-start.ipynb"), "utf8")) as { readonly cells: readonly { readonly cell_type: string; readonly source: readonly string[] | string }[] };
      return { folder, codes: cells.filter(({ cell_type: type }) => type === "code").map(({ source }) => (typeof source === "string" ? source : source.join(""))) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  throw new ArgumentError("the notebook 00-start.ipynb is not there", { where: here, help: "run it in a checkout or from the packaged extension" });
}
