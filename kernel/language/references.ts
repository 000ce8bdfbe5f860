/** @file Where a name is declared and used, over all cells, and what to change to give it another. */
import ts from "typescript";
import type { CellModule, CellProgram } from "./cellProgram";
import type { CellEdit, CellSpan, FileSpan, RenamePlace, RenameResult } from "./messages";
import { Places, type ProgramPlace } from "./places";

type Found = CellSpan | FileSpan;

export class References {
  private readonly places: Places;

  constructor(private readonly cells: CellProgram) {
    this.places = new Places(cells);
  }

  definition(module: CellModule, offset: number): readonly Found[] {
    const definitions = this.places.definitions({ path: module.path, position: this.cells.toModule(module, offset) });
    return unique(definitions.map(({ fileName, textSpan }) => this.places.found(fileName, textSpan)));
  }

  references(module: CellModule, { offset, declaration }: { readonly offset: number; readonly declaration: boolean }): readonly Found[] {
    const found = this.follow({ path: module.path, position: this.cells.toModule(module, offset) }, ({ path, position }) =>
      (this.cells.service.findReferences(path, position) ?? []).flatMap(({ references }) => references),
    );
    return unique(found.filter(({ isDefinition }) => declaration || isDefinition !== true).map(({ fileName, textSpan }) => this.places.found(fileName, textSpan)));
  }

  highlights(module: CellModule, offset: number): readonly (CellSpan & { readonly write: boolean })[] {
    const found = this.cells.service.getDocumentHighlights(module.path, this.cells.toModule(module, offset), [module.path]) ?? [];
    return found.flatMap(({ highlightSpans }) =>
      highlightSpans.flatMap(({ textSpan, kind }) => {
        const span = this.cells.toCell(module, textSpan.start, textSpan.length);
        return span === undefined ? [] : [{ ...span, write: kind === ts.HighlightSpanKind.writtenReference }];
      }),
    );
  }

  prepareRename(module: CellModule, offset: number): RenamePlace | { readonly refused: string } {
    const info = this.cells.service.getRenameInfo(module.path, this.cells.toModule(module, offset), {});
    if (!info.canRename) return { refused: info.localizedErrorMessage };
    const span = this.cells.toCell(module, info.triggerSpan.start, info.triggerSpan.length);
    return span === undefined ? { refused: "You cannot rename this element." } : { ...span, name: info.displayName };
  }

  /** All cells are changed, or nothing is. */
  rename(module: CellModule, { offset, name }: { readonly offset: number; readonly name: string }): RenameResult {
    if (!isIdentifier(name)) return { refused: `\`${name}\` is no name that a variable may have` };
    const place = this.prepareRename(module, offset);
    if ("refused" in place) return place;
    const found = this.follow({ path: module.path, position: this.cells.toModule(module, offset) }, ({ path, position }) =>
      // Each cell by itself: what follows from it for others is known from the names they take.
      (this.cells.service.findRenameLocations(path, position, false, false, { providePrefixAndSuffixTextForRename: true }) ?? []),
    );
    const outside = found.find(({ fileName }) => this.cells.cellAt(fileName) === undefined);
    if (outside !== undefined) return { refused: `\`${place.name}\` is declared in ${outside.fileName}, not in this notebook` };
    const edits = found.flatMap(({ fileName, textSpan, prefixText = "", suffixText = "" }): CellEdit[] => {
      const span = this.cells.spanIn(fileName, textSpan);
      return span === undefined ? [] : [{ ...span, text: `${prefixText}${name}${suffixText}` }];
    });
    return { edits: unique(edits) };
  }

  /** What `find` finds at a place, and at the places in other cells that stand for the same name. */
  private follow<T extends ts.DocumentSpan>(start: ProgramPlace, find: (place: ProgramPlace) => readonly T[]): T[] {
    const key = ({ path, position }: ProgramPlace): string => `${path} ${position}`;
    const open = [start];
    const seen = new Set([key(start)]);
    const found: T[] = [];
    for (const place of open) {
      for (const item of find(place)) {
        const shared = this.places.sharedAt(item.fileName, item.textSpan.start);
        if (shared === undefined) found.push(item);
        else {
          for (const next of this.places.anchors(shared)) {
            if (seen.has(key(next))) continue;
            seen.add(key(next));
            open.push(next);
          }
        }
      }
    }
    return found;
  }
}

function unique<T extends Found>(found: readonly (T | undefined)[]): T[] {
  const byPlace = new Map<string, T>();
  for (const item of found) {
    if (item === undefined) continue;
    const key = "cell" in item ? `${item.cell} ${item.start} ${item.end}` : `${item.file} ${item.line} ${item.column}`;
    if (!byPlace.has(key)) byPlace.set(key, item);
  }
  return [...byPlace.values()];
}

function isIdentifier(name: string): boolean {
  const scanner = ts.createScanner(ts.ScriptTarget.ESNext, true, ts.LanguageVariant.Standard, name);
  return scanner.scan() === ts.SyntaxKind.Identifier && scanner.getTokenEnd() === name.length;
}
