/** @file Everything that can be asked about the cells of one notebook. */
import type ts from "typescript";
import { type Cell, CellProgram } from "./cellProgram";
import { format, outline, tokens } from "./cellText";
import type { LanguageOptions } from "./compilerHost";
import { Completer } from "./completer";
import { Diagnostics } from "./diagnostics";
import { Hovers } from "./hover";
import { Importables } from "./importable";
import type { LanguageMethod, LanguageParams, LanguageResult } from "./messages";
import { References } from "./references";

type Handlers = { readonly [M in LanguageMethod]: (params: LanguageParams<M>) => LanguageResult<M> };

/** Names that are not found. */
const MISSING: ReadonlySet<number> = new Set([2304, 2503, 2552, 2580, 2583, 2584]);

export class NotebookLanguage {
  readonly cells: CellProgram;
  private readonly importables: Importables;
  private readonly handlers: Handlers;

  constructor(options: LanguageOptions, cancellation?: ts.HostCancellationToken) {
    const cells = new CellProgram(options, cancellation);
    const hovers = new Hovers(cells);
    const references = new References(cells);
    const diagnostics = new Diagnostics(cells);
    const importables = new Importables(cells);
    const completer = new Completer(cells, hovers, importables);
    this.cells = cells;
    this.importables = importables;
    /** A cell that has gone has no answers. */
    const inCell = <P extends { readonly cell: string }, R>(none: R, answer: (module: NonNullable<ReturnType<CellProgram["cell"]>>, params: P) => R) => (params: P): R => {
      const module = cells.cell(params.cell);
      return module === undefined ? none : answer(module, clamped(params, module.code.length));
    };
    this.handlers = {
      complete: inCell<LanguageParams<"complete">, LanguageResult<"complete">>(undefined, (module, params) => completer.at(module, params)),
      resolve: inCell<LanguageParams<"resolve">, LanguageResult<"resolve">>(undefined, (module, params) => completer.resolve(module, params)),
      hover: inCell<LanguageParams<"hover">, LanguageResult<"hover">>(undefined, (module, { offset }) => hovers.at(module, offset)),
      signature: inCell<LanguageParams<"signature">, LanguageResult<"signature">>(undefined, (module, params) => hovers.signature(module, params)),
      definition: inCell<LanguageParams<"definition">, LanguageResult<"definition">>([], (module, { offset }) => references.definition(module, offset)),
      references: inCell<LanguageParams<"references">, LanguageResult<"references">>([], (module, params) => references.references(module, params)),
      highlights: inCell<LanguageParams<"highlights">, LanguageResult<"highlights">>([], (module, { offset }) => references.highlights(module, offset)),
      prepareRename: inCell<LanguageParams<"prepareRename">, LanguageResult<"prepareRename">>(GONE, (module, { offset }) => references.prepareRename(module, offset)),
      rename: inCell<LanguageParams<"rename">, LanguageResult<"rename">>(GONE, (module, params) => references.rename(module, params)),
      outline: inCell<LanguageParams<"outline">, LanguageResult<"outline">>([], (module) => outline(cells, module)),
      format: inCell<LanguageParams<"format">, LanguageResult<"format">>([], (module, params) => format(cells, module, params)),
      tokens: inCell<LanguageParams<"tokens">, LanguageResult<"tokens">>([], (module) => tokens(cells, module)),
      diagnostics: ({ cell }) => diagnostics.of(cell),
      fixes: inCell<LanguageParams<"fixes">, LanguageResult<"fixes">>([], (module, { start, end }) => {
        const missing = diagnostics.of(module.id).filter((found) => MISSING.has(found.code) && found.start <= end && found.end >= start);
        return missing.flatMap((found) => {
          const name = module.code.slice(found.start, found.end);
          const item = importables.all().find((candidate) => candidate.name === name);
          return item === undefined ? [] : [{ title: `Add import from "${item.from}"`, edits: importables.edit(module, item) }];
        });
      }),
    };
  }

  /** All cells in order, as they are now. */
  update(cells: readonly Cell[]): void {
    this.cells.update(cells);
  }

  ask<M extends LanguageMethod>(method: M, params: LanguageParams<M>): LanguageResult<M> {
    return this.handlers[method](params);
  }

  /** Does now what the first question would wait for: types are read, and what could be imported is found. */
  warm(): void {
    this.importables.all();
  }

  dispose(): void {
    this.cells.dispose();
  }
}

const GONE = { refused: "the cell is no longer there" } as const;

/** An offset behind the end, from before an edit, means the end. */
function clamped<P extends object>(params: P, length: number): P {
  return "offset" in params && typeof params.offset === "number" && params.offset > length ? { ...params, offset: length } : params;
}
