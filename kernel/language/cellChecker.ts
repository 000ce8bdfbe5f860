/** @file Type errors of a notebook given as texts: what headless runs and tools need of the language service. */
import ts from "typescript";
import { CellProgram } from "./cellProgram";
import type { LanguageOptions } from "./compilerHost";
import { Diagnostics } from "./diagnostics";

export interface CellError {
  /** Index among the checked cells. */
  readonly cell: number;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** TypeScript's number of the error; 0 for what it has no number for. */
  readonly code: number;
  readonly message: string;
}

/** Checks the same notebook again and again, fast after the first time. Execution never waits for it. */
export class CellChecker {
  private readonly cells: CellProgram;
  private readonly diagnostics: Diagnostics;

  constructor(options: LanguageOptions) {
    this.cells = new CellProgram(options);
    this.diagnostics = new Diagnostics(this.cells);
  }

  /** Errors of all cells, in order. */
  check(codes: readonly string[]): CellError[] {
    this.cells.update(codes.map((code, index) => ({ id: String(index), code })));
    return codes.flatMap((code, cell) => {
      const source = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext);
      return this.diagnostics.of(String(cell)).flatMap(({ start, end, code: number, message, severity }) => {
        if (severity !== "error") return [];
        const from = source.getLineAndCharacterOfPosition(start);
        const to = source.getLineAndCharacterOfPosition(end);
        return [{ cell, line: from.line + 1, column: from.character + 1, endLine: to.line + 1, endColumn: to.character + 1, code: number, message }];
      });
    });
  }
}
