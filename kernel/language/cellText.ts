/** @file What needs the text of a cell more than its types: outline, formatting, colours. */
import ts from "typescript";
import type { CellModule, CellProgram } from "./cellProgram";
import type { CellEdit, LanguageParams, OutlineItem } from "./messages";

/** Functions, classes and variables of a cell, nested as they are. */
export function outline(cells: CellProgram, module: CellModule): readonly OutlineItem[] {
  const items = (nodes: readonly ts.NavigationTree[] | undefined): OutlineItem[] =>
    (nodes ?? []).flatMap(({ text, kind, spans, nameSpan, childItems }) => {
      const [first] = spans;
      const span = first === undefined ? undefined : cells.toCell(module, first.start, first.length);
      if (span === undefined || text === "" || kind === ts.ScriptElementKind.alias) return [];
      const name = nameSpan === undefined ? undefined : cells.toCell(module, nameSpan.start, nameSpan.length);
      return [{ ...span, name: text, kind, nameStart: name?.start ?? span.start, nameEnd: name?.end ?? span.end, children: items(childItems) }];
    });
  return items(cells.service.getNavigationTree(module.path).childItems);
}

export function format(cells: CellProgram, module: CellModule, { options, start, end, typed }: LanguageParams<"format">): readonly CellEdit[] {
  const settings: ts.FormatCodeSettings = {
    ...ts.getDefaultFormatCodeSettings(module.code.includes("\r\n") ? "\r\n" : "\n"),
    indentSize: options.tabSize,
    tabSize: options.tabSize,
    convertTabsToSpaces: options.insertSpaces,
    semicolons: ts.SemicolonPreference.Ignore,
  };
  const changes = cells.alone(module.code, (service, path) => {
    if (typed !== undefined) return service.getFormattingEditsAfterKeystroke(path, typed.offset, typed.key, settings);
    if (start !== undefined && end !== undefined) return service.getFormattingEditsForRange(path, start, end, settings);
    return service.getFormattingEditsForDocument(path, settings);
  });
  return changes.map(({ span, newText }) => ({ cell: module.id, start: span.start, end: span.start + span.length, text: newText }));
}

/** For each name five numbers: start, length, type, modifiers, 0, as in `LanguageMethods.tokens`. */
export function tokens(cells: CellProgram, module: CellModule): readonly number[] {
  const whole = { start: module.prefix.text.length, length: module.source.code.length };
  const { spans } = cells.service.getEncodedSemanticClassifications(module.path, whole, ts.SemanticClassificationFormat.TwentyTwenty);
  const found: number[] = [];
  for (let k = 0; k + 2 < spans.length; k += 3) {
    const span = cells.toCell(module, spans[k], spans[k + 1]);
    // The type is in the upper bits, from 1; the modifiers are the lower eight.
    if (span !== undefined && spans[k + 2] >= 256) found.push(span.start, span.end - span.start, (spans[k + 2] >> 8) - 1, spans[k + 2] & 255, 0);
  }
  return found;
}
