/** @file What is wrong in a cell: errors of syntax and of types, and what is unused. Cells that an edit cannot have touched are not looked at again. */
import ts from "typescript";
import type { CellModule, CellProgram } from "./cellProgram";
import { CellShapes } from "./cellShapes";
import type { CellDiagnostic, CellSpan } from "./messages";

const CANNOT_FIND_NAME: ReadonlySet<number> = new Set([2304, 2552, 2580, 2583, 2584]);
/** In a notebook a parameter or a variable without a type is no mistake. */
const IMPLICIT_ANY: ReadonlySet<number> = new Set([
  7005, 7006, 7008, 7009, 7010, 7011, 7012, 7013, 7014, 7015, 7016, 7017, 7018, 7019, 7020, 7022, 7023, 7024, 7025, 7031, 7032, 7033, 7034, 7036, 7039, 7050, 7051, 7052, 7053, 7055, 7057,
]);
const ASSIGNS_IMPORT = 2632;
const ASSIGNS_CONSTANT = 2588;

interface Checked {
  readonly key: string;
  readonly external: string;
  readonly found: readonly CellDiagnostic[];
}

export class Diagnostics {
  private readonly checked = new Map<string, Checked>();
  private readonly shapes: CellShapes;

  constructor(private readonly cells: CellProgram) {
    this.shapes = new CellShapes(cells);
  }

  /** In order of place; empty for a cell that is not there. */
  of(id: string): readonly CellDiagnostic[] {
    const module = this.cells.cell(id);
    if (module === undefined) return [];
    const external = this.cells.ownFiles();
    this.shapes.refresh(external);
    const key = this.keyOf(module);
    const old = this.checked.get(id);
    if (old !== undefined && old.key === key && old.external === external) return old.found;
    const found = [...this.errors(module), ...this.hints(module)].sort((a, b) => a.start - b.start || a.end - b.end);
    this.checked.set(id, { key, external, found });
    for (const known of this.checked.keys()) if (this.cells.cell(known) === undefined) this.checked.delete(known);
    return found;
  }

  /** The cell's text, and what can be seen of all cells whose names it uses, directly or not. */
  private keyOf(module: CellModule): string {
    const seen = new Set<CellModule>([module]);
    for (const { prefix } of seen) {
      for (const { from } of prefix.links.values()) {
        const next = this.cells.cell(from);
        if (next !== undefined) seen.add(next);
      }
    }
    seen.delete(module);
    return [String(module.version), ...[...seen].map((used) => `${this.shapes.changesOf(used)} ${used.id}`)].join("\n");
  }

  private errors(module: CellModule): CellDiagnostic[] {
    const { error } = module.source;
    if (error !== undefined) {
      const start = offsetOf(module.code, error.position.line, error.position.column);
      return [{ cell: module.id, start, end: Math.min(module.code.length, start + 1), code: 0, message: error.message, severity: "error" }];
    }
    return this.cells.service.getSemanticDiagnostics(module.path).flatMap((diagnostic) => this.error(module, diagnostic));
  }

  private error(module: CellModule, { start, length = 1, code, messageText }: ts.Diagnostic): CellDiagnostic[] {
    // What was added is ours, and complaints about it are no news to the user.
    const span = start === undefined ? undefined : this.cells.toCell(module, start, length);
    if (start === undefined || span === undefined) return [];
    if (IMPLICIT_ANY.has(code)) return [];
    const name = module.text.slice(start, start + length);
    // Node's types may be missing where its names are not.
    if (CANNOT_FIND_NAME.has(code) && (name in globalThis || name === "require")) return [];
    if (code === ASSIGNS_IMPORT) return this.assignment(module, name, span);
    return [{ ...span, code, message: this.cells.readable(ts.flattenDiagnosticMessageText(messageText, "\n")), severity: "error" }];
  }

  /** What another cell declares may be assigned to, but for constants and imports. */
  private assignment(module: CellModule, name: string, span: CellSpan): CellDiagnostic[] {
    const from = module.prefix.links.get(name)?.from;
    const kind = (from === undefined ? module : this.cells.cell(from))?.source.declarations.get(name)?.kind;
    if (kind !== "const" && kind !== "import") return [];
    return [{ ...span, code: ASSIGNS_CONSTANT, message: `Cannot assign to '${name}' because it is a constant.`, severity: "error" }];
  }

  /** Shown faded or struck through. */
  private hints(module: CellModule): CellDiagnostic[] {
    if (module.source.error !== undefined) return [];
    return this.cells.service.getSuggestionDiagnostics(module.path).flatMap(({ start, length, code, messageText, reportsUnnecessary, reportsDeprecated }) => {
      const span = reportsUnnecessary === undefined && reportsDeprecated === undefined ? undefined : this.cells.toCell(module, start, length);
      if (span === undefined) return [];
      return [{ ...span, code, message: this.cells.readable(ts.flattenDiagnosticMessageText(messageText, "\n")), severity: reportsDeprecated === undefined ? "unused" : "deprecated" }];
    });
  }
}

/** Of a line and column, both from 1, as the parser counts them. */
function offsetOf(code: string, line: number, column: number): number {
  const source = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ESNext);
  return Math.min(code.length, ts.getPositionOfLineAndCharacter(source, Math.min(line, source.getLineStarts().length) - 1, 0) + column - 1);
}
